"""A trace -> a tree for people: under each thing its runs, under each run the things on its far side."""

from __future__ import annotations

from dataclasses import dataclass

from kg.lineage.graph import Reach, Run, Step, Thing, Trace


@dataclass(frozen=True)
class Twig:
    """A run under a thing, or None for its parts; the metres of the thing that count; what is beyond it."""

    run: Run | None
    at: Reach
    branches: tuple[Branch, ...]


@dataclass(frozen=True)
class Branch:
    """A thing, or the run or machine where the walk began, and what is under it; `seen` was told above."""

    thing: Thing | None
    seen: bool
    twigs: tuple[Twig, ...]
    at: Reach = None


def tree(trace: Trace) -> tuple[Branch, ...]:
    """Return the tree of a trace, one branch for each of its roots; what comes twice is told once."""
    return _Grower(trace).grow()


class _Grower:
    """The steps of a trace by their near side, while they are told."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.near: dict[str, list[Step]] = {}
        self.of_run: dict[str, list[Step]] = {}
        for step in trace.steps:
            self.near.setdefault(self.sides(step)[0], []).append(step)
            self.of_run.setdefault(step.run, []).append(step)
        self.done: set[str] = set()

    def sides(self, step: Step) -> tuple[str, str]:
        """Return the thing that the walk came from, and the one that it went to; empty for none."""
        source, made = step.source, step.made
        if self.trace.direction == "up":
            # A run that measured a thing took it in and gave nothing out.
            measured = not made and step.run not in self.trace.roots
            return (source, "") if measured or source == made else (made, source)
        return (source, "") if source == made else (source, made)

    def grow(self) -> tuple[Branch, ...]:
        found = []
        for root in self.trace.roots:
            if root in self.trace.things:
                found.append(self.branch(root, None))
            else:
                self.done.add(root)
                run = self.trace.runs[root]
                steps = [step for step in self.of_run.get(root, ()) if "" in (step.source, step.made)]
                far = [(self.sides(step)[1], step) for step in steps]
                under = tuple(self.branch(other, self.far_at(step)) for other, step in far if other)
                found.append(Branch(None, False, (Twig(run, None, under),)))
        return tuple(found)

    def far_at(self, step: Step) -> Reach:
        return step.source_at if self.trace.direction == "up" else step.made_at

    def near_at(self, step: Step) -> Reach:
        if not step.made:
            return step.source_at
        return step.made_at if self.trace.direction == "up" else step.source_at

    def branch(self, iri: str, at: Reach) -> Branch:
        thing = self.trace.things[iri]
        if iri in self.done:
            return Branch(thing, True, (), at)
        self.done.add(iri)
        runs: dict[str, list[Step]] = {}
        for step in self.near.get(iri, ()):
            if not step.run or step.run not in self.done:
                runs.setdefault(step.run, []).append(step)
        found = []
        for name in sorted(runs, key=self.when):
            if name and name in self.done:
                continue
            if name:
                self.done.add(name)
            steps = runs[name]
            far = [(self.sides(step)[1], step) for step in steps]
            under = tuple(self.branch(other, self.far_at(step)) for other, step in far if other)
            found.append(Twig(self.trace.runs.get(name), self.near_at(steps[0]), under))
        return Branch(thing, False, tuple(found), at)

    def when(self, run: str) -> tuple[bool, str, str]:
        # Parts stand last, as before them is what was done.
        return (not run, self.trace.runs[run].start if run else "", run)
