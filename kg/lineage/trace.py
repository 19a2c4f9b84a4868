"""A thing -> the runs and things behind it (up) or after it (down), with parameters and machines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import unquote

import pyoxigraph as ox

from kg import model
from kg.errors import KgError
from kg.iri import shorten
from kg.names import find
from kg.store import Store
from kg.terms import Vocabulary, vocabulary

Direction = Literal["up", "down"]


@dataclass(frozen=True)
class Value:
    """The value of a quantity, in its unit."""

    term: str
    value: float
    unit: str
    name: str = ""


@dataclass
class Thing:
    """A thing on the way: its IRI, its classes by label, its properties, and where it is recorded."""

    iri: str
    classes: list[str]
    label: str = ""
    properties: list[Value] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    seen: bool = False


@dataclass
class Run:
    """A process run on the way: parameters, machines, times, and the things on its far side."""

    iri: str
    classes: list[str]
    start: str = ""
    end: str = ""
    comment: str = ""
    tools: list[str] = field(default_factory=list)
    parameters: list[Value] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    things: list[Thing] = field(default_factory=list)
    parts: int = 0


class Tracer:
    """One walk through the store."""

    def __init__(self, store: Store, direction: Direction) -> None:
        self.store, self.direction = store, direction
        self.words: Vocabulary = vocabulary()
        self.done: set[str] = set()
        up = direction == "up"
        self.near = model.HAS_OUTPUT if up else model.HAS_INPUT
        self.far = model.HAS_INPUT if up else model.HAS_OUTPUT

    def objects(self, subject: str, predicate: str) -> list[str]:
        """Return the values of a property, each once, sorted."""
        quads = self.store.db.quads_for_pattern(ox.NamedNode(subject), ox.NamedNode(predicate), None, None)
        return sorted({quad.object.value for quad in quads if not isinstance(quad.object, ox.Triple)})

    def subjects(self, predicate: str, object_: str) -> list[str]:
        """Return what has a thing as the value of a property, each once, sorted."""
        quads = self.store.db.quads_for_pattern(None, ox.NamedNode(predicate), ox.NamedNode(object_), None)
        return sorted({quad.subject.value for quad in quads if isinstance(quad.subject, ox.NamedNode)})

    def label(self, iri: str) -> str:
        """Return the label of a term, or the name below the base of anything else."""
        try:
            return self.words.term(iri).label
        except KgError:
            return shorten(iri, self.store.base)

    def classes(self, iri: str) -> list[str]:
        """Return the labels of the classes of a thing."""
        return [self.label(type_) for type_ in self.objects(iri, model.RDF_TYPE)]

    def values(self, bearer: str, has: str) -> list[Value]:
        """Return the quantities of a thing or run."""
        found = []
        kinds = set(model.VALUE_KINDS.values())
        for quantity in self.objects(bearer, has):
            numbers = self.objects(quantity, model.HAS_NUMERICAL_PART)
            value = next(
                (text for part in numbers for text in self.objects(part, model.HAS_NUMBER_VALUE)), None
            )
            if value is None:
                continue
            terms = [
                self.label(type_) for type_ in self.objects(quantity, model.RDF_TYPE) if type_ not in kinds
            ]
            unit = next((self.words.units.get(iri) for iri in self.objects(quantity, model.HAS_UNIT)), None)
            name = quantity.partition("#")[2]
            term = terms[0] if terms else name
            found.append(Value(term, float(value), unit.name if unit else "", name))
        return sorted(found, key=lambda value: (value.term, value.name))

    def sources(self, iri: str) -> list[str]:
        """Return the rows that a thing or run comes from, as `file#row=17`, or the node of an RDF source."""
        start = self.store.base + "file/"
        return [unquote(place.removeprefix(start)) for place in self.objects(iri, model.DERIVED_FROM)]

    def far_things(self, run: str, thing: str) -> list[str]:
        """Return the things on the far side of a run that belong to a thing on its near side.

        Where the record says what a thing was made from, only that counts; else all of the run.
        """
        parameters = set(self.objects(run, model.HAS_PROCESS_PARAMETER))
        far = [other for other in self.objects(run, self.far) if other not in parameters and other != thing]
        made = (
            self.objects(thing, model.MADE_FROM)
            if self.direction == "up"
            else self.subjects(model.MADE_FROM, thing)
        )
        exact = [other for other in far if other in made]
        return exact or [] if made else far

    def run(self, iri: str, thing: str) -> Run:
        """Return a run, with the things on its far side."""
        comment = " ".join(self.objects(iri, model.TEXT_PROPERTIES["comment"]))
        run = Run(
            iri,
            self.classes(iri),
            next(iter(self.objects(iri, model.START)), ""),
            next(iter(self.objects(iri, model.END)), ""),
            comment,
            [self.label(tool) for tool in self.objects(iri, model.HAS_TOOL)],
            self.values(iri, model.HAS_PROCESS_PARAMETER),
            self.sources(iri),
        )
        run.parts = len(self.objects(iri, model.HAS_SUB_PROCESS))
        run.things = [self.thing(other) for other in self.far_things(iri, thing)]
        return run

    def runs_of(self, thing: str) -> list[str]:
        """Return the runs to follow from a thing: those that made it, or those that used it.

        Going up, a run that took the thing in and gave nothing out is told too: it measured the thing.
        """
        runs = self.subjects(self.near, thing)
        if self.direction == "up":
            measured = (
                run
                for run in self.subjects(model.HAS_INPUT, thing)
                if not self.objects(run, model.HAS_OUTPUT)
            )
            runs += [run for run in measured if run not in runs]
        return sorted(runs, key=lambda run: (next(iter(self.objects(run, model.START)), ""), run))

    def thing(self, iri: str) -> Thing:
        """Return a thing, with the runs behind or after it; a thing that was told already only by name."""
        labels = self.objects(iri, model.TEXT_PROPERTIES["label"])
        thing = Thing(iri, self.classes(iri), labels[0] if labels else "")
        if iri in self.done:
            thing.seen = True
            return thing
        self.done.add(iri)
        thing.properties = self.values(iri, model.HAS_PROPERTY)
        thing.sources = self.sources(iri)
        for run in self.runs_of(iri):
            if run not in self.done:
                thing.runs.append(self.run(run, iri))
        # A part is behind the whole as an input is behind an output.
        parts = (
            self.objects(iri, model.HAS_PART)
            if self.direction == "up"
            else self.subjects(model.HAS_PART, iri)
        )
        told = {other.iri for run in thing.runs for other in run.things}
        extra = [part for part in parts if part not in told and part not in self.done]
        if extra:
            name = "part" if self.direction == "up" else "part of"
            thing.runs.append(Run("", [name], things=[self.thing(part) for part in extra]))
        return thing


def trace(store: Store, name: str, direction: Direction = "up") -> Thing:
    """Return what is behind a thing (`up`) or what came of it (`down`).

    Raises KgError where nothing or more than one thing has this name.
    """
    return Tracer(store, direction).thing(find(store, name))


def as_dict(thing: Thing, base: str) -> dict[str, Any]:
    """Return a trace for machines."""

    def values(found: Iterable[Value]) -> list[dict[str, Any]]:
        return [
            {"term": value.term, "name": value.name, "value": value.value, "unit": value.unit}
            for value in found
        ]

    return {
        "id": shorten(thing.iri, base),
        "iri": thing.iri,
        "classes": thing.classes,
        "label": thing.label,
        "properties": values(thing.properties),
        "sources": thing.sources,
        "told_before": thing.seen,
        "runs": [
            {
                "id": shorten(run.iri, base),
                "iri": run.iri,
                "classes": run.classes,
                "start": run.start,
                "end": run.end,
                "comment": run.comment,
                "tools": run.tools,
                "parameters": values(run.parameters),
                "sources": run.sources,
                "sub_processes": run.parts,
                "things": [as_dict(other, base) for other in run.things],
            }
            for run in thing.runs
        ],
    }
