"""A trace down -> the cells that it reached, where each is now, and what could not be followed to a cell."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Final

from kg.lineage.graph import Gap, Reach, Thing, Trace
from kg.lineage.positions import union, words
from kg.namespaces import PREFIXES
from kg.terms import vocabulary

CELL_CLASSES: Final = (
    PREFIXES["battery"] + "battery_68ed592a_7924_45d0_a108_94d6275d57f0",  # BatteryCell
    PREFIXES["echem"] + "electrochemistry_6f2c88c9_5c04_4953_a298_032cc3ab9b77",  # ElectrochemicalCell
)
PLACES: Final = ("storagePlace", "materialLocation", "trayNumber", "trayPosition", "carrierNumber")


@dataclass(frozen=True)
class Reached:
    """A cell that was reached: its last run, what it is now, its grade, and where it is.

    `place` is the place in its record, or the machine of its last run; `built_into` are things made from it;
    `through` are the things right before it by which it was reached, with their metres.
    """

    cell: str
    last_run: str
    last_step: str
    when: str
    state: str
    grade: str
    place: str
    built_into: str
    through: str


@dataclass(frozen=True)
class Recall:
    """The cells that were reached, and what could not be followed to a cell."""

    asked: str
    cells: tuple[Reached, ...]
    gaps: tuple[Gap, ...]


def is_cell(thing: Thing) -> bool:
    """Return whether a thing is a cell by one of its classes, or by the kind in its IRI."""
    return thing.id.startswith("cell/") or any(
        vocabulary().is_a(iri, above)
        for iri in thing.class_iris
        for above in CELL_CLASSES
        if iri in vocabulary()
    )


def recall(trace: Trace) -> Recall:
    """Return the cells that a trace down reached, sorted by name, and the gaps of the walk.

    A thing that no cell was made of is a gap: it is still in store, was scrapped, or its record is missing.
    """
    cells = {iri for iri, thing in trace.things.items() if is_cell(thing)}
    touched: dict[str, dict[str, None]] = {}
    through: dict[str, dict[str, Reach]] = {}
    into: dict[str, dict[str, None]] = {}
    leads_on: set[str] = set()
    metres: dict[str, Reach] = {}
    for step in trace.steps:
        for end in {step.source, step.made} & cells:
            if step.run and (end == step.made or not step.made):
                touched.setdefault(end, {})[step.run] = None
        if step.made_at:
            metres[step.made] = union([*(metres.get(step.made) or ()), *step.made_at])
        if step.source and step.made and step.source != step.made:
            leads_on.add(step.source)
            if step.made in cells:
                through.setdefault(step.made, {})[step.source] = step.source_at
            if step.source in cells:
                into.setdefault(step.source, {})[step.made] = None
    reached = [
        _reached(trace, iri, list(touched.get(iri, ())), through.get(iri, {}), list(into.get(iri, ())))
        for iri in cells
    ]
    gaps = list(trace.gaps)
    unfollowed = {gap.where for gap in gaps}
    for iri, thing in trace.things.items():
        if iri not in leads_on and iri not in cells and thing.id not in unfollowed:
            where = f"{thing.id} {words(metres.get(iri))}".strip()
            gaps.append(Gap("end", where, "no record says what was made of it"))
    return Recall(trace.asked, tuple(sorted(reached, key=lambda one: one.cell)), tuple(gaps))


def _reached(trace: Trace, iri: str, runs: list[str], through: dict[str, Reach], into: list[str]) -> Reached:
    thing = trace.things[iri]
    last = max(
        (trace.runs[run] for run in runs), key=lambda run: (run.end or run.start, run.iri), default=None
    )
    places = [f"{name} {thing.texts[name]}" for name in PLACES if name in thing.texts]
    grade = next((text for name, text in thing.texts.items() if name.lower().endswith("grade")), "")
    ways = [f"{trace.things[one].id} {words(at)}".strip() for one, at in through.items()]
    return Reached(
        thing.id,
        last.id if last else "",
        ", ".join(last.classes) if last else "",
        (last.end or last.start) if last else "",
        _state(thing.classes, last.classes if last else ()),
        grade,
        ", ".join(places) or (f"at {last.machines}" if last and last.machines else ""),
        ", ".join(trace.things[one].id for one in into),
        ", ".join(ways),
    )


@functools.lru_cache(maxsize=1_000)
def _state(classes: tuple[str, ...], step: tuple[str, ...]) -> str:
    """Return the class that a run of a step gave a thing, where its name says so; else all of its classes."""
    if not step or len(classes) < 2:
        return ", ".join(classes)
    asked = {word.lower()[:4] for name in step for word in _words(name)}
    hits = {name: len(asked & {word.lower()[:4] for word in _words(name)}) for name in classes}
    best = max(hits.values())
    return ", ".join(name for name, hit in hits.items() if hit == best)


def _words(label: str) -> list[str]:
    return re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", label)
