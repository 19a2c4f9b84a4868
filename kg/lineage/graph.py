"""What a trace is: things, runs, and the steps that lead from one thing through a run to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Direction = Literal["up", "down"]


@dataclass(frozen=True)
class Value:
    """The value of a quantity, in its unit.

    `term` is the label of its class and `name` the end of its IRI, which tells two values of one term apart:
    `LineLoad.set`. `how` is `measured`, `set`, `nominal` or `modelled`.
    """

    term: str
    value: float
    unit: str
    name: str = ""
    how: str = "measured"
    iri: str = ""
    number: str = ""
    term_iri: str = ""
    unit_iri: str = ""


@dataclass(frozen=True)
class Thing:
    """A thing on the way: classes by label, texts by property, values, and where it is recorded."""

    iri: str
    id: str
    classes: tuple[str, ...]
    label: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)
    properties: tuple[Value, ...] = ()
    sources: tuple[str, ...] = ()
    class_iris: tuple[str, ...] = ()


@dataclass(frozen=True)
class Run:
    """A process run on the way. `parts` counts its steps or cycles; `readings` are those of its metres."""

    iri: str
    id: str
    classes: tuple[str, ...]
    start: str = ""
    end: str = ""
    comment: str = ""
    tools: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    parameters: tuple[Value, ...] = ()
    readings: tuple[Value, ...] = ()
    sources: tuple[str, ...] = ()
    parts: int = 0
    class_iris: tuple[str, ...] = ()
    tool_iris: tuple[str, ...] = ()
    agent_iris: tuple[str, ...] = ()

    @property
    def machines(self) -> str:
        """Return the machines by the last part of their names: `KAL-1`."""
        return ", ".join(tool.rpartition("/")[2] for tool in self.tools)

    @property
    def operators(self) -> str:
        """Return the operators by the last part of their names."""
        return ", ".join(agent.rpartition("/")[2] for agent in self.agents)


@dataclass(frozen=True, order=True)
class Span:
    """A piece of a web between two running metres, `start` before `end`."""

    start: float
    end: float

    def __str__(self) -> str:
        return f"{self.start:.6g} to {self.end:.6g} m"

    def overlap(self, other: Span) -> Span | None:
        """Return what two pieces have in common; pieces that only touch have nothing."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        if start < end or (start == end and (self.start == self.end or other.start == other.end)):
            return Span(start, end)
        return None


Reach = tuple[Span, ...] | None
"""Pieces of a web, sorted and apart from each other; None is all of a thing."""


@dataclass(frozen=True)
class Step:
    """One way through a run: `made` came out of it, `source` went in.

    A run that only changes or measures a thing has it as `source`, and as `made` where it gives it out again.
    Without a run, `source` is a part of `made`, or what it is recorded to be made from.
    `source_at` and `made_at` are the metres that count, where the record says them.
    """

    source: str
    run: str
    made: str
    source_at: Reach = None
    made_at: Reach = None


@dataclass(frozen=True)
class Gap:
    """Something that could not be followed: what it is, where, and why."""

    kind: str
    where: str
    text: str


@dataclass(frozen=True)
class Trace:
    """What is behind a thing (`up`) or what came of it (`down`).

    `asked` says in words what was asked; `roots` are the things or runs where the walk began.
    `things` and `runs` are by IRI, in the order in which they were found; `distance` says how many runs far.
    `beside` counts runs on the webs on the way that took or gave other metres of them.
    """

    base: str
    direction: Direction
    asked: str
    roots: tuple[str, ...]
    things: Mapping[str, Thing]
    runs: Mapping[str, Run]
    steps: tuple[Step, ...]
    gaps: tuple[Gap, ...] = ()
    distance: Mapping[str, int] = field(default_factory=dict)
    beside: int = 0
