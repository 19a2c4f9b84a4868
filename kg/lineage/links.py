"""A store -> what leads where in it: runs of a thing, ends of a run, sections of a web, each read once."""

from __future__ import annotations

import functools
from typing import Final

import pyoxigraph as ox

from kg import model
from kg.lineage.columns import FOLLOWED, Columns
from kg.lineage.positions import Section
from kg.namespaces import PREFIXES
from kg.store import Store, holds_records

WEB_SECTION: Final = PREFIXES["bvcox"] + "WebSection"
SPLIT_FROM: Final = PREFIXES["bvcox"] + "splitFrom"
POSITION_FROM: Final = PREFIXES["bvcox"] + "WebPositionFrom"
POSITION_TO: Final = PREFIXES["bvcox"] + "WebPositionTo"
MANY = 2_000
"""Nodes whose links are looked up one by one; for more of them, all links are taken from the columns."""
FEW = 300
"""Runs that used a thing up to which each is asked whether it gave something out."""


class Links:
    """The statements of a store that lead from one node to another."""

    def __init__(self, store: Store) -> None:
        self._store, self._db = store, store.db
        self._left = MANY
        self.columns: Columns | None = None
        self._objects: dict[tuple[str, str], list[str]] = {}
        self._subjects: dict[tuple[str, str], list[str]] = {}
        self._sections: dict[str, Section | None] = {}
        self.has_sections = bool(self._ask(None, model.RDF_TYPE, WEB_SECTION))

    def _ask(self, subject: str | None, predicate: str, object_: str | None) -> bool:
        quads = self._db.quads_for_pattern(
            ox.NamedNode(subject) if subject else None,
            ox.NamedNode(predicate),
            ox.NamedNode(object_) if object_ else None,
            None,
        )
        return next(iter(quads), None) is not None

    def states(self, subject: str, predicate: str, object_: str) -> bool:
        """Return whether this is said in any graph."""
        if (
            self.columns
            and predicate == model.HAS_PROCESS_PARAMETER
            and object_ not in self.columns.quantities
        ):
            return False
        return self._ask(subject, predicate, object_)

    def _count(self, many: int = 1) -> None:
        """Take the links from the columns from here on, once many nodes were or are to be looked up."""
        before, self._left = self._left, self._left - many
        if before > 0 >= self._left:
            self.columns = Columns.of(self._store)

    def objects(self, subject: str, predicate: str) -> list[str]:
        """Return the values of a property, each once, sorted."""
        key = (subject, predicate)
        if key not in self._objects:
            if self.columns and predicate in FOLLOWED:
                return self.columns.links(predicate).get(subject, [])
            self._count()
            quads = self._db.quads_for_pattern(ox.NamedNode(subject), ox.NamedNode(predicate), None, None)
            self._objects[key] = sorted(
                {quad.object.value for quad in quads if not isinstance(quad.object, ox.Triple)}
            )
        return self._objects[key]

    def subjects(self, predicate: str, object_: str) -> list[str]:
        """Return what has a thing as the value of a property, each once, sorted."""
        key = (predicate, object_)
        if key not in self._subjects:
            if self.columns and predicate in FOLLOWED:
                return self.columns.links(predicate, back=True).get(object_, [])
            self._count()
            quads = self._db.quads_for_pattern(None, ox.NamedNode(predicate), ox.NamedNode(object_), None)
            self._subjects[key] = sorted(
                {quad.subject.value for quad in quads if isinstance(quad.subject, ox.NamedNode)}
            )
            if predicate in FOLLOWED and len(self._subjects[key]) >= self._left:
                # Each of these will be looked up.
                self._count(self._left)
        return self._subjects[key]

    def measuring(self, thing: str) -> list[str]:
        """Return the runs that took a thing in and gave nothing out: they measured it.

        Of a lot that thousands of runs used, those are looked for in files alone in which no run gives out
        anything, as files of measurements are.
        """
        key = ("", thing)
        if key not in self._subjects:
            taken = f"?run <{model.HAS_INPUT}> <{thing}>"
            # What a query only counts or compares is never made into texts, which is most of the time.
            some = (
                f"SELECT (COUNT(*) AS ?runs) {{ SELECT ?run {{ GRAPH ?graph {{ {taken} }} }} LIMIT {FEW} }}"
            )
            if [row["runs"].value for row in self._store.query(some)] == [str(FEW)]:
                node, property_ = ox.NamedNode(thing), ox.NamedNode(model.HAS_INPUT)
                quads = [
                    quad
                    for graph in self._measurements
                    for quad in self._db.quads_for_pattern(None, property_, node, graph)
                ]
                runs = sorted(
                    {quad.subject.value for quad in quads if isinstance(quad.subject, ox.NamedNode)}
                )
                self._subjects[key] = [run for run in runs if not self._ask(run, model.HAS_OUTPUT, None)]
            else:
                given = f"OPTIONAL {{ ?run <{model.HAS_OUTPUT}> ?given }} FILTER(!BOUND(?given))"
                found = self._store.query(f"SELECT DISTINCT ?run {{ {taken} . {given} }}")
                nodes = (row["run"] for row in found)
                self._subjects[key] = sorted(run.value for run in nodes if isinstance(run, ox.NamedNode))
        return self._subjects[key]

    @functools.cached_property
    def _measurements(self) -> list[ox.NamedNode | ox.BlankNode]:
        given = ox.NamedNode(model.HAS_OUTPUT)
        return [
            graph
            for graph in self._db.named_graphs()
            if isinstance(graph, ox.NamedNode)
            and holds_records(graph.value)
            and next(iter(self._db.quads_for_pattern(None, given, None, graph)), None) is None
        ]

    def is_run(self, iri: str) -> bool:
        """Return whether something took in or gave out things."""
        return any(self._ask(iri, end, None) for end in (model.HAS_INPUT, model.HAS_OUTPUT, model.HAS_TOOL))

    def number(self, bearer: str, term: str) -> float | None:
        """Return the value of the quantity of a class that something bears."""
        for quantity in self.objects(bearer, model.HAS_PROPERTY):
            if term in self.objects(quantity, model.RDF_TYPE):
                for part in self.objects(quantity, model.HAS_NUMERICAL_PART):
                    for text in self.objects(part, model.HAS_NUMBER_VALUE):
                        return float(text)
        return None

    def section(self, iri: str) -> Section | None:
        """Return the section of a web that an IRI names; None where it is none or lacks its metres."""
        if not self.has_sections:
            return None
        if iri not in self._sections:
            webs = self.objects(iri, SPLIT_FROM)
            first, last = (
                (self.number(iri, POSITION_FROM), self.number(iri, POSITION_TO)) if webs else (None, None)
            )
            self._sections[iri] = None
            if first is not None and last is not None:
                sources = frozenset(self.objects(iri, model.MADE_FROM))
                self._sections[iri] = Section(iri, webs[0], first, last, sources)
        return self._sections[iri]
