"""A trace -> the cards of its picture, and the arrows between them.

A card is a thing with the run that made it, or a run that changed or measured a thing. Cards of one kind that
are many become one card.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

import pyoxigraph as ox

from kg.lineage.graph import Run, Span, Thing, Trace, Value
from kg.lineage.positions import union, words
from kg.namespaces import PREFIXES
from kg.resources import folder

Sort = Literal["material", "step", "change", "measurement"]

LINES = 3
"""Values on a card."""


@dataclass(frozen=True)
class Card:
    """What stands on a card: title, name, where and when, values by name; `count` things are one card."""

    key: str
    sort: Sort
    title: str
    name: str
    about: str = ""
    lines: tuple[tuple[str, str], ...] = ()
    count: int = 1
    is_root: bool = False
    values: tuple[Value, ...] = ()
    note: str = ""
    metres: str = ""


@dataclass(frozen=True)
class Arrow:
    """A way from one card to another."""

    source: str
    target: str


@dataclass(frozen=True)
class Picture:
    """Cards by key, arrows between them, and the column of each card from the left."""

    cards: dict[str, Card]
    arrows: tuple[Arrow, ...]
    columns: dict[str, int]


def spoken(label: str) -> str:
    """Return a label as words.

    >>> spoken("FabricatedElectrodeCalendering"), spoken("ACInternalResistance")
    ('Fabricated electrode calendering', 'AC internal resistance')
    """
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^A-Za-z0-9]+", label)
    text = " ".join(word if word.isupper() and len(word) > 1 else word.lower() for word in words)
    text = re.sub(r"\beol\b", "EOL", text)
    return text[:1].upper() + text[1:]


@functools.cache
def _weights() -> Counter[str]:
    """Return how many statements of the ontology speak of an influence of or on each term."""
    found: Counter[str] = Counter()
    wanted = {PREFIXES["bvcox"] + name for name in ("influencingParameter", "influencedProperty")}
    for quad in ox.parse(path=str(folder("ontology") / "influences.ttl")):
        if quad.predicate.value in wanted and isinstance(quad.object, ox.NamedNode):
            found[quad.object.value] += 1
    return found


_AMBIENT = ("DewPoint", "Ambient", "RelativeHumidity", "Count", "Width")


def main_values(values: Iterable[Value]) -> tuple[Value, ...]:
    """Return the values that matter most first.

    What was set and measured is what a run is held at, so it goes first; the measured one stands for both.
    Then come the terms of which most influences are stated, and the surroundings last.
    """
    best: dict[str, Value] = {}
    hows: dict[str, set[str]] = {}
    for value in values:
        hows.setdefault(value.term, set()).add(value.how)
        if value.term not in best or (best[value.term].how == "set" and value.how != "set"):
            best[value.term] = value

    def rank(value: Value) -> tuple[bool, bool, int, int]:
        ambient = any(word in value.term for word in _AMBIENT)
        held = {"set", "measured"} <= hows[value.term]
        return (ambient, not held, -_weights()[value.term_iri], list(best).index(value.term))

    return tuple(sorted(best.values(), key=rank))


def number(value: float, digits: int = 4) -> str:
    """Return a number with as many digits as a card has room for."""
    return f"{value:,.0f}".replace(",", " ") if abs(value) >= 10**digits else f"{value:.{digits}g}"


def _line(value: Value) -> tuple[str, str]:
    unit = "" if value.unit == "1" else value.unit
    return spoken(value.term), f"{number(value.value)} {unit}".rstrip()


def _when(run: Run | None) -> str:
    return run.start[:16].replace("T", " ") if run else ""


def _about(run: Run | None) -> str:
    return " · ".join(filter(None, [run.machines, _when(run)])) if run else ""


class _Dealer:
    """A trace while its cards are dealt."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.cards: dict[str, Card] = {}
        self.arrows: dict[tuple[str, str], None] = {}
        self.at: dict[str, list[Span]] = {}
        self.makers: dict[str, list[str]] = {}
        self.changes: dict[str, list[str]] = {}
        self.measures: dict[str, list[str]] = {}
        for step in trace.steps:
            for end, reach in ((step.source, step.source_at), (step.made, step.made_at)):
                # A fault on a web has metres of its own, which are told with it.
                self.at.setdefault(end if step.made else f"{step.run} {end}", []).extend(reach or ())
            if step.run and step.made and step.source != step.made:
                self.makers.setdefault(step.made, []).append(step.run)
            elif step.run and step.made:
                self.changes.setdefault(step.made, []).append(step.run)
            elif step.run:
                self.measures.setdefault(step.source, []).append(step.run)
        for thing, runs in self.changes.items():
            changing = dict.fromkeys(sorted(runs, key=self.when))
            self.changes[thing] = list(changing)
            self.makers[thing] = [run for run in self.makers.get(thing, ()) if run not in changing]

    def when(self, run: str) -> tuple[str, str]:
        return (self.trace.runs[run].start, run)

    def deal(self) -> None:
        for iri, thing in self.trace.things.items():
            self.thing(iri, thing)
        for step in self.trace.steps:
            if step.source and step.made and step.source != step.made:
                self.arrow(step.source, step.run, step.made)

    def metres(self, key: str) -> str:
        return words(union(self.at.get(key, ()))).replace(" to ", " … ")

    def thing(self, iri: str, thing: Thing) -> None:
        runs = [self.trace.runs[run] for run in sorted(set(self.makers.get(iri, ())), key=self.when)]
        maker = runs[0] if runs else None
        values = (*(maker.parameters if maker else ()), *thing.properties)
        changes = self.changes.get(iri, ())
        if maker and changes:
            values = maker.parameters or values
        steps = ", ".join(maker.classes[:1]) if maker else ", ".join(thing.classes[:1])
        title = spoken(steps) if steps else "Thing"
        title = f"{title}, {len(runs)} runs" if len(runs) > 1 else title
        name = thing.id.partition("/")[2] or thing.id
        name = f"{name} · {thing.label}" if thing.label else name
        card = Card(iri, "step" if maker else "material", title, name, _about(maker))
        note = " ".join(run.comment for run in runs if run.comment)
        self.cards[iri] = replace(
            card, is_root=iri in self.trace.roots, values=values, note=note, metres=self.metres(iri)
        )
        last = iri
        for number_, name in enumerate(changes):
            run = self.trace.runs[name]
            key = f"{name} {iri}"
            # What a cell shows in the end stands on the last card, what a run was set to on its own.
            shows = thing.properties if number_ == len(changes) - 1 else ()
            self.run(key, run, "change", (*run.parameters, *shows) if not shows else (*shows,), thing)
            self.arrows[last, key] = None
            last = key
        for name in self.measures.get(iri, ()):
            run = self.trace.runs[name]
            if run.parameters or run.readings or run.comment or name in self.trace.roots:
                key = f"{name} {iri}"
                self.run(key, run, "measurement", (*run.readings, *run.parameters), thing)
                self.arrows[last, key] = None

    def run(self, key: str, run: Run, sort: Sort, values: tuple[Value, ...], thing: Thing) -> None:
        title = spoken(run.classes[0]) if run.classes else "Run"
        name = thing.id.partition("/")[2] or thing.id
        card = Card(key, sort, title, name, _about(run), is_root=run.iri in self.trace.roots)
        metres = self.metres(key) if sort == "measurement" else ""
        self.cards[key] = replace(card, values=values, note=run.comment, metres=metres)

    def arrow(self, source: str, run: str, made: str) -> None:
        begin = source
        for change in self.changes.get(source, ()):
            if not run or self.when(change) <= self.when(run):
                begin = f"{change} {source}"
        end = made
        if run in self.changes.get(made, ()):
            end = f"{run} {made}"
        if begin != end:
            self.arrows[begin, end] = None


def layers(keys: Iterable[str], arrows: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Return the column of each card: to the right of all that lead to it, and as near as can be.

    An arrow that closes a circle does not count.
    """
    before: dict[str, list[str]] = {key: [] for key in keys}
    after: dict[str, list[str]] = {key: [] for key in before}
    for source, target in arrows:
        before[target].append(source)
        after[source].append(target)
    found: dict[str, int] = {}
    open_: set[str] = set()

    for start in before:
        stack = [(start, False)]
        while stack:
            key, ready = stack.pop()
            if ready:
                open_.discard(key)
                found[key] = max((found[one] + 1 for one in before[key] if one in found), default=0)
            elif key not in found and key not in open_:
                open_.add(key)
                stack.append((key, True))
                stack += [(one, False) for one in before[key] if one not in found and one not in open_]
    for key in sorted(found, key=lambda key: -found[key]):
        later = [found[one] for one in after[key] if found[one] > found[key]]
        if not before[key] and later:
            found[key] = min(later) - 1
    return found


def picture(trace: Trace, *, together: int = 8) -> Picture:
    """Return the cards of a trace; more than `together` cards of one kind in a column become one."""
    dealer = _Dealer(trace)
    dealer.deal()
    columns = layers(dealer.cards, dealer.arrows)
    kinds: dict[tuple[int, str, str], list[str]] = {}
    for key, card in dealer.cards.items():
        kinds.setdefault((columns[key], card.title, _kind(trace, key)), []).append(key)
    into: dict[str, str] = {}
    cards: dict[str, Card] = {}
    for members in kinds.values():
        if len(members) <= together:
            for key in members:
                into[key] = key
                card = dealer.cards[key]
                cards[key] = replace(card, lines=tuple(map(_line, main_values(card.values)[:LINES])))
            continue
        group = _group([dealer.cards[key] for key in members], _kind(trace, members[0]))
        cards[group.key] = group
        into |= dict.fromkeys(members, group.key)
    ends = dict.fromkeys((into[source], into[target]) for source, target in dealer.arrows)
    return Picture(
        cards,
        tuple(Arrow(source, target) for source, target in ends if source != target),
        {into[key]: column for key, column in columns.items()},
    )


def _kind(trace: Trace, key: str) -> str:
    thing = key.rpartition(" ")[2]
    node = trace.things.get(thing) or trace.runs.get(thing)
    return node.id.partition("/")[0] if node else ""


def _group(cards: list[Card], kind: str) -> Card:
    """Return one card for many, with the range of each value."""
    first, names = cards[0], sorted(card.name for card in cards)
    ranges: dict[str, list[Value]] = {}
    for card in cards:
        for value in main_values(card.values):
            ranges.setdefault(value.term, []).append(value)
    lines = []
    for values in list(ranges.values())[:LINES]:
        low, high = min(v.value for v in values), max(v.value for v in values)
        unit = "" if values[0].unit == "1" else values[0].unit
        ends = [number(low, 3), number(high, 3)]
        span = ends[0] if ends[0] == ends[1] else f"{ends[0]} … {ends[1]}"
        lines.append((spoken(values[0].term), f"{span} {unit}".rstrip()))
    noun = f"{kind}es" if kind.endswith("ch") else f"{kind}s"
    about = f"{names[0]} to {names[-1]}"
    return Card(
        f"group {first.key}",
        first.sort,
        first.title,
        f"{len(cards)} {noun}",
        about,
        tuple(lines),
        len(cards),
        any(card.is_root for card in cards),
        note=f"{sum(bool(card.note) for card in cards)} with a note" if any(c.note for c in cards) else "",
    )
