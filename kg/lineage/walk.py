"""Where to begin, and a direction -> the steps from there through the runs, with the metres that count."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from kg import model
from kg.lineage.graph import Direction, Reach, Span, Step
from kg.lineage.links import SPLIT_FROM, Links
from kg.lineage.positions import Section, join, union, within

_ROUNDS = 400
"""Steps from the start after which metres are no longer told apart: only a circle of webs is that long."""


@dataclass(frozen=True)
class Ends:
    """What a run took in or gave out: things, and the sections of webs among them by web."""

    things: frozenset[str]
    sections: dict[str, list[Section]] = field(default_factory=dict)


@dataclass
class Walk:
    """The steps of a walk, and what was met on it."""

    links: Links
    direction: Direction
    steps: dict[tuple[str, str, str], Step] = field(default_factory=dict)
    reach: dict[str, Reach] = field(default_factory=dict)
    distance: dict[str, int] = field(default_factory=dict)
    pieces: dict[str, set[str]] = field(default_factory=dict)
    lost: dict[str, str] = field(default_factory=dict)
    beside: dict[str, str] = field(default_factory=dict)
    unfollowed: set[str] = field(default_factory=set)
    _ends: dict[tuple[str, str], Ends] = field(default_factory=dict)

    def ends(self, run: str, side: str) -> Ends:
        """Return what a run took in (`hasInput`) or gave out (`hasOutput`)."""
        if (run, side) not in self._ends:
            things: set[str] = set()
            sections: dict[str, list[Section]] = {}
            for other in self.links.objects(run, side):
                section = self.links.section(other)
                if section:
                    sections.setdefault(section.web, []).append(section)
                    things.add(section.web)
                elif side == model.HAS_OUTPUT or not self.links.states(
                    run, model.HAS_PROCESS_PARAMETER, other
                ):
                    # A parameter may be an input of its run to EMMO; it is no thing that went in.
                    things.add(other)
            self._ends[run, side] = Ends(frozenset(things), sections)
        return self._ends[run, side]

    def begin(self, things: Iterable[str], runs: Iterable[str], reach: Reach, depth: int | None) -> None:
        """Follow things, all of them or these metres, and runs, as far as `depth` runs away."""
        fresh: dict[str, Reach] = {}
        for thing in things:
            self.reach[thing], self.distance[thing] = reach, 0
            fresh[thing] = reach
        for run in runs:
            for thing, new in self.from_run(run).items():
                fresh[thing] = join(fresh[thing], new) if thing in fresh else new
        far = 1 if runs else 0
        for thing, new in list(fresh.items()):
            if far and not self.grow(thing, new, far):
                del fresh[thing]
        while fresh:
            if depth is not None and far >= depth:
                self.unfollowed |= {thing for thing in fresh if self.leads_on(thing)}
                return
            far += 1
            found: dict[str, Reach] = {}
            for thing in sorted(fresh):
                for other, new in self.follow(thing, self.reach[thing]).items():
                    new = None if far > _ROUNDS else new
                    found[other] = join(found[other], new) if other in found else new
            fresh = {thing: new for thing, new in found.items() if self.grow(thing, new, far)}

    def grow(self, thing: str, new: Reach, far: int) -> bool:
        """Add to what is reached of a thing; return whether it was less before."""
        if thing not in self.reach:
            self.reach[thing], self.distance[thing] = new, far
            return True
        before = self.reach[thing]
        self.reach[thing] = join(before, new)
        return self.reach[thing] != before

    def leads_on(self, thing: str) -> bool:
        """Return whether there is a run or a part further on."""
        near = model.HAS_OUTPUT if self.direction == "up" else model.HAS_INPUT
        return bool(self.links.subjects(near, thing))

    def say(self, step: Step) -> None:
        """Take down a step; the same step for other metres is one with it."""
        key = (step.source, step.run, step.made)
        known = self.steps.get(key)
        if known:
            step = Step(*key, join(known.source_at, step.source_at), join(known.made_at, step.made_at))
        self.steps[key] = step

    def from_run(self, run: str) -> dict[str, Reach]:
        """Return what a run leads to when it is where the walk begins: all of its inputs or outputs."""
        self.distance.setdefault(run, 0)
        taken, given = self.ends(run, model.HAS_INPUT), self.ends(run, model.HAS_OUTPUT)
        far = taken if self.direction == "up" else given
        for sections in far.sections.values():
            self.pieces.setdefault(run, set()).update(section.iri for section in sections)
        found: dict[str, Reach] = {}
        for thing in sorted(far.things):
            found[thing] = _spans(far.sections.get(thing, []))
            step = (thing, run, "") if self.direction == "up" else ("", run, thing)
            at = (found[thing], None) if self.direction == "up" else (None, found[thing])
            self.say(Step(*step, *at))
        return found

    def follow(self, thing: str, reach: Reach) -> dict[str, Reach]:
        """Return what is one run away from a thing, or from these metres of it."""
        up = self.direction == "up"
        found: dict[str, Reach] = {}

        def add(other: str, at: Reach) -> None:
            found[other] = join(found[other], at) if other in found else at

        beside = set(
            self.links.objects(thing, model.MADE_FROM) if up else self.links.subjects(model.MADE_FROM, thing)
        )
        for section in self.sections_of(thing):
            # What a section is made of is told with the run.
            beside.discard(section.iri)
        met: set[str] = set()
        for run in self.runs_of(thing):
            met |= self.ends(run, model.HAS_INPUT if up else model.HAS_OUTPUT).things
            for other, at in self.through(run, thing, reach, beside).items():
                add(other, at)
        parts = (
            self.links.objects(thing, model.HAS_PART) if up else self.links.subjects(model.HAS_PART, thing)
        )
        # What no run tells of: a part is behind the whole as an input is behind an output.
        for other in dict.fromkeys((*parts, *sorted(beside))):
            if other not in met and other != thing and not self.links.section(other):
                self.say(Step(other, "", thing) if up else Step(thing, "", other))
                add(other, None)
        return found

    def sections_of(self, thing: str) -> list[Section]:
        """Return the sections of a web that any run took or gave."""
        if not self.links.has_sections:
            return []
        found = (self.links.section(iri) for iri in self.links.subjects(SPLIT_FROM, thing))
        return [section for section in found if section]

    def runs_of(self, thing: str) -> list[str]:
        """Return the runs to follow from a thing: those that made it, or those that used it.

        Going up, a run that took the thing in and gave nothing out is told too: it measured the thing.
        Where only a section of the thing is recorded as taken or given, that run counts as well.
        """
        links, up = self.links, self.direction == "up"
        nodes = [thing, *(section.iri for section in self.sections_of(thing))]
        near = model.HAS_OUTPUT if up else model.HAS_INPUT
        runs = dict.fromkeys(run for node in nodes for run in links.subjects(near, node))
        if up:
            runs |= dict.fromkeys(run for node in nodes for run in links.measuring(node))
        return list(runs)

    def through(self, run: str, thing: str, reach: Reach, beside: set[str]) -> dict[str, Reach]:
        """Return what a run leads to from one of its ends, and take down the steps."""
        up = self.direction == "up"
        taken, given = self.ends(run, model.HAS_INPUT), self.ends(run, model.HAS_OUTPUT)
        measured = up and thing not in given.things
        near, far = (given, taken) if up and not measured else (taken, given)
        mine = near.sections.get(thing, [])
        touched = [section for section in mine if within(section, reach)]
        if mine and not touched:
            self.beside[run] = thing
            return {}
        if reach is not None and not mine and far.things - {thing}:
            self.lost[run] = thing
        self.distance.setdefault(run, self.distance[thing])
        self.pieces.setdefault(run, set()).update(section.iri for section in touched)
        spans = (span for section in mine for span in within(section, reach))
        at: Reach = (union(spans) or None) if mine else None
        if measured:
            self.say(Step(thing, run, "", at, None))
            return {}
        found: dict[str, Reach] = {}
        for other in sorted(self.choose(thing, near, far, beside)):
            apart = self.carried(thing, mine, reach, other, far.sections.get(other, []))
            if apart != ():
                found[other] = apart
                self.say(Step(other, run, thing, apart, at) if up else Step(thing, run, other, at, apart))
        if thing in far.things:
            self.say(Step(thing, run, thing, at, at))
        elif not far.things:
            self.say(Step("", run, thing, None, at) if up else Step(thing, run, "", at, None))
        return found

    def choose(self, thing: str, near: Ends, far: Ends, beside: set[str]) -> Iterable[str]:
        """Return the things on the far side of a run that belong to a thing on its near side.

        Where the record says what a thing was made from, only that counts. Else it is all of the run,
        but for what only changed its state in it: of the cells of one rack none is made from another.
        """
        others = far.things - {thing}
        sections = {section.iri: web for web, found in far.sections.items() for section in found}
        webs = {web for iri, web in sections.items() if iri in beside}
        exact = {other for other in others if other in beside or other in webs}
        if exact or beside:
            return exact
        return others - near.things

    def carried(
        self, thing: str, mine: list[Section], reach: Reach, other: str, sections: list[Section]
    ) -> Reach:
        """Return the metres of a web beyond a run; an empty reach where these metres do not lead to it.

        `mine` and `sections` are the sections of the two things in this run. Where the record says which of
        them was made from which, only that counts.
        """
        if not mine and not sections:
            return None
        near: list[Section | None] = [*mine] or [None]
        beyond: list[Section | None] = [*sections] or [None]
        pairs = [(one, far) for one in near for far in beyond]
        stated = [
            (one, far)
            for one, far in pairs
            if self.is_made(one.iri if one else thing, far.iri if far else other)
        ]
        spans: list[Span] = []
        for one, far in stated or pairs:
            touched = within(one, reach) if one else ()
            if one and not touched:
                continue
            if far is None:
                return None
            spans += [one.carry(span, far) for span in touched] if one else [far.span]
        return union(spans)

    def is_made(self, near: str, far: str) -> bool:
        """Return whether the record says that one end of a run is made from the other."""
        made, source = (near, far) if self.direction == "up" else (far, near)
        return source in self.links.objects(made, model.MADE_FROM)


def _spans(sections: list[Section]) -> Reach:
    return union(section.span for section in sections) or None
