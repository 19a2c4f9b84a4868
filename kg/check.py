"""A whole store -> what the shapes find in it, each finding with file, row and column."""

from __future__ import annotations

from collections.abc import Iterator

import pyoxigraph as ox

from kg import catalogue, model
from kg.findings import Finding
from kg.job import quantity_of
from kg.store import Store
from kg.storecheck import check_triples
from kg.terms import vocabulary
from kg.validate import Engine, Result


class Places:
    """Where the nodes of a store come from."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.names: dict[str, str] = {}
        self.columns: dict[tuple[str, str, str], str] = {}
        for entry in catalogue.entries(store):
            self.names[entry.graph] = entry.name
            for item in entry.items:
                if item.fragment:
                    self.columns[entry.graph, item.kind, item.fragment] = item.name

    def of(self, node: str) -> Iterator[tuple[str, str, str]]:
        """Return (file, place, column) for each row that a node comes from."""
        thing, fragment = quantity_of(node)
        graphs = {
            quad.graph_name for quad in self.store.db.quads_for_pattern(ox.NamedNode(node), None, None, None)
        }
        kind = thing.removeprefix(self.store.base).partition("/")[0]
        derived = ox.NamedNode(model.DERIVED_FROM)
        for subject in dict.fromkeys((node, thing)):
            found = False
            for quad in self.store.db.quads_for_pattern(ox.NamedNode(subject), derived, None, None):
                graph = quad.graph_name
                if (
                    graph in graphs
                    and isinstance(graph, ox.NamedNode)
                    and isinstance(quad.object, ox.NamedNode)
                ):
                    found = True
                    place = quad.object.value
                    here = place.removeprefix(f"{graph.value}#")
                    column = self.columns.get((graph.value, kind, fragment), "")
                    yield self.names.get(graph.value, graph.value), here, column
            if found:
                return

    def term(self, node: str) -> str:
        """Return the label of the term of a quantity, for sources without columns; else nothing."""
        if "#" not in node:
            return ""
        quads = self.store.db.quads_for_pattern(ox.NamedNode(node), ox.NamedNode(model.RDF_TYPE), None, None)
        types = {quad.object.value for quad in quads if isinstance(quad.object, ox.NamedNode)}
        labels = sorted(vocabulary().term(iri).label for iri in types if iri in vocabulary())
        kinds = {vocabulary().term(iri).label for iri in model.VALUE_KINDS.values()}
        return next((label for label in labels if label not in kinds), "")


def _finding(result: Result, places: Places) -> Finding:
    where = sorted(places.of(result.focus))
    file, place, column = where[0] if where else ("", "", "")
    column = column or places.term(result.focus)
    return Finding(
        result.rule, result.message, result.severity, file, place, column, result.value, result.focus
    )


def check(store: Store, *, engine: Engine = "compiled") -> list[Finding]:
    """Return what the shapes find in all graphs of a store, rules on records and across them."""
    results = check_triples(store, engine=engine)
    if not results:
        return []
    places = Places(store)
    found = [_finding(result, places) for result in results]
    return sorted(found, key=lambda finding: (finding.severity, finding.rule, finding.file, finding.place))
