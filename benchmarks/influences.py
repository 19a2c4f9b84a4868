"""Influences on the sample line: how many planted relations are found, and how many found ones are false.

What is true is worked out from `relations.json` of each line: a parameter is right for a property where a
chain of relations leads from one to the other, and goes with it where both have a cause in common. All else
is false, decoys and every recorded value that no relation names among them.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kg.influence.combine import Entry, Ranking, influences
from kg.load import Loader
from kg.plant.generate import generate
from kg.store import Store
from kg.values import open as open_values

SIZES = (48, 100, 200, 500)
SEEDS = 3
SIDES = ("positive", "negative")
ELECTRODES = {"Cathode": "positive", "Anode": "negative"}
OF_A_SIDE = ("slurry batch", "coated web", "dried web", "calendered web")

Node = tuple[str, str]
"""A term, and the side of the cell that bears it; the side is empty for the cell as a whole."""

IMPLIED = (
    # kg.plant.physics.calendered_porosity: the load that is needed grows with the mass loading.
    ("MassLoading", SIDES, "Porosity", SIDES),
    ("MassLoading", SIDES, "DryCoatingThickness", SIDES),
    *(("Porosity", SIDES, made, SIDES) for made in ("CalenderedDensity", "CompactionRate")),
    ("Porosity", SIDES, "CalenderedCoatingThickness", SIDES),
    # kg.plant.physics.pore_volume: both coatings say how far the electrolyte fills the pores.
    *(
        (pores, SIDES, property_, ("",))
        for pores in ("CalenderedCoatingThickness", "Porosity")
        for property_ in (
            "DischargingCapacity", "InitialCoulombicEfficiency", "ACInternalResistance", "FormationGasVolume"
        )
    ),
    ("ElectrolyteVolume", ("",), "FormationGasVolume", ("",)),
)  # fmt: skip
"""What the formulas of the sample line say beside the relations that it lists."""

READINGS = (
    ("CalenderedCoatingThickness", SIDES, "RollGap", SIDES),
    ("DryCoatingThickness", SIDES, "ElectrodeThickness", SIDES),
    ("CoatingLineSpeed", SIDES, "DryerLineSpeed", SIDES),
    ("CoatingLineSpeed", SIDES, "DryingDuration", SIDES),
    ("CalenderedCoatingThickness", SIDES, "StackThickness", ("",)),
    ("CalenderedCoatingThickness", SIDES, "CellThickness", ("",)),
    *(
        ("MassLoading", SIDES, mass, ("",))
        for mass in ("StackMass", "DryCellMass", "WetCellMass", "DegassedCellMass")
    ),
    *(("ElectrolyteVolume", ("",), mass, ("",)) for mass in ("WetCellMass", "DegassedCellMass")),
    *(
        (cause, ("",), reading, ("",))
        for cause in ("DischargingCapacity", "InitialCoulombicEfficiency")
        for reading in ("FirstChargeCapacity", "FirstDischargeCapacity")
    ),
)  # fmt: skip
"""Values of the files that are read off something else; nothing comes of them."""


@dataclass(frozen=True)
class Truth:
    """What holds in one line: the planted relations with their signs, and all that leads to what."""

    planted: dict[Node, dict[Node, int]]
    parents: dict[Node, frozenset[Node]]

    def causes(self, node: Node) -> frozenset[Node]:
        """Return all from which a chain leads to a node."""
        found: set[Node] = set()
        queue = [node]
        while queue:
            for parent in self.parents.get(queue.pop(), ()):
                if parent not in found:
                    found.add(parent)
                    queue.append(parent)
        return frozenset(found)

    def goes_with(self, one: Node, other: Node) -> bool:
        """Return whether one leads to the other, or both have a cause in common."""
        return bool((self.causes(one) | {one}) & (self.causes(other) | {other}))


def truth(record: dict[str, Any]) -> Truth:
    """Return what holds in a line, from its `relations.json`."""
    planted: dict[Node, dict[Node, int]] = {}
    parents: dict[Node, set[Node]] = {}
    for relation in record["relations"]:
        ends = SIDES if relation["bearer"] in OF_A_SIDE else ("",)
        whole = relation["step"] in ("filling", "formation", "stacking")
        for end in ends:
            starts = ("",) if whole else (end,) if end else tuple(
                side for name, side in ELECTRODES.items() if relation["electrode"] in (None, name)
            )  # fmt: skip
            for start in starts:
                node = (relation["property"], end)
                planted.setdefault(node, {})[relation["parameter"], start] = relation["sign"]
                parents.setdefault(node, set()).add((relation["parameter"], start))
    for cause, starts, effect, ends in (*IMPLIED, *READINGS):
        for start in starts:
            for end in ends:
                if start == end or "" in (start, end):
                    parents.setdefault((effect, end), set()).add((cause, start))
    return Truth(planted, {node: frozenset(found) for node, found in parents.items()})


@dataclass
class Score:
    """Counts over properties and lines: planted relations, how many were found, and what was found beside."""

    planted: int = 0
    right: int = 0
    wrong_sign: int = 0
    first: int = 0
    found: int = 0
    causes: int = 0
    false: int = 0
    shares: tuple[float, ...] = ()
    seconds: float = 0.0

    def add(self, ranking: Ranking, known: Truth) -> list[str]:
        """Add one ranking, and return what was false in it."""
        assert ranking.table is not None
        ends = [(ranking.label, side) for side in ranking.table.stratum_names]
        false: list[str] = []
        found = 0
        for entry in ranking.entries:
            starts = _nodes(entry, ends)
            is_false = not any(known.goes_with(start, end) for start, end in starts)
            if entry.observed is None or not entry.observed.found:
                continue
            found += 1
            if is_false:
                false.append(f"{ranking.label}: {entry.title} [{entry.step_label}] q={entry.observed.q:.4f}")
            elif any(start in known.causes(end) for start, end in starts):
                self.causes += 1
        for label, side in _planted(ranking, known, ends):
            entries = [entry for entry in ranking.entries if (entry.label, entry.side) == (label, side)]
            signs = {known.planted[end][start] for entry in entries for start, end in _nodes(entry, ends)
                     if start in known.planted.get(end, {})}  # fmt: skip
            seen = [entry for entry in entries if entry.observed is not None and entry.observed.found]
            self.planted += 1
            self.right += any(entry.sign in signs for entry in seen)
            self.wrong_sign += bool(seen) and not any(entry.sign in signs for entry in seen)
            self.first += _is_first(entries, ranking, known, ends)
        self.found += found
        self.false += len(false)
        self.shares += (len(false) / max(1, found),)
        return false


def _is_first(entries: Sequence[Entry], ranking: Ranking, known: Truth, ends: Sequence[Node]) -> bool:
    """Return whether one of some entries stands before each entry that is false."""
    for entry in ranking.entries:
        if entry in entries:
            return True
        if entry.observed is not None and entry.observed.tested and not any(
            known.goes_with(start, end) for start, end in _nodes(entry, ends)
        ):  # fmt: skip
            return False
    return False


def _nodes(entry: Entry, ends: Sequence[Node]) -> list[tuple[Node, Node]]:
    """Return the pairs of cause and effect that an entry may stand for; all of a thing has its side."""
    return [((entry.label, entry.side or end[1]), end) for end in ends]


def _planted(ranking: Ranking, known: Truth, ends: Sequence[Node]) -> list[tuple[str, str]]:
    own = {end[1] for end in ends} - {""}
    return sorted(
        {(label, "" if own else side) for end in ends for label, side in known.planted.get(end, {})}
    )


def measure(seed: int, cells: int, score: Score) -> list[str]:
    """Make a line, load it, look at each property that a relation names, and return what was false."""
    with tempfile.TemporaryDirectory() as folder:
        files, store = Path(folder) / "files", Path(folder) / "store"
        generate(files, seed, cells)
        record = json.loads((files / "relations.json").read_text(encoding="utf-8"))
        (files / "relations.json").unlink()
        Loader(store).load([files])
        opened = Store.open(store)
        values, known = open_values(opened), truth(record)
        false = []
        for property_ in sorted({relation["property"] for relation in record["relations"]}):
            start = time.perf_counter()
            ranking = influences(opened, property_, what="observed", values=values)
            score.seconds += time.perf_counter() - start
            false += [f"seed {seed}, {cells} cells, {line}" for line in score.add(ranking, known)]
    return false


HEAD = (
    "cells",
    "planted",
    "found",
    "sign right",
    "in the first places",
    "found in all",
    "false",
    "rate of false",
)


def report(sizes: Sequence[int] = SIZES, seeds: int = SEEDS) -> Iterator[str]:
    """Print recall, precision and the rate of false discoveries for lines of each size."""
    yield f"Influences on the sample line: {seeds} lines of each size, false discoveries aimed at: 5 %"
    yield "  ".join((*HEAD, "s for each property"))
    false: list[str] = []
    for cells in sizes:
        score = Score()
        for seed in range(1, seeds + 1):
            false += measure(seed, cells, score)
        numbers = (
            f"{cells}", f"{score.planted}", f"{score.right / score.planted:.1%}",
            f"{score.right / max(1, score.right + score.wrong_sign):.0%}",
            f"{score.first / score.planted:.1%}",
            f"{score.found}", f"{score.false}", f"{sum(score.shares) / len(score.shares):.1%}",
        )  # fmt: skip
        yield "  ".join(
            (
                *(number.rjust(len(name)) for number, name in zip(numbers, HEAD, strict=True)),
                f"{score.seconds / len(score.shares):.2f}",
            )
        )
    yield "False ones:" if false else "None is false."
    yield from false
