"""A fitted influence <-> a graph of its own: inputs, output, training data, error, and if it is stale."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime

import pyoxigraph as ox

from kg import catalogue
from kg import ntriples as nt
from kg.influence.combine import Ranking
from kg.influence.whatif import Answer, WhatIf, coefficients
from kg.model import DERIVED_FROM, RDF_TYPE
from kg.namespaces import PREFIXES
from kg.store import DERIVED, Store
from kg.terms import vocabulary

MODELS = DERIVED + "model/"
"""What the names of graphs of models begin with."""

_BVCOX, _DCTERMS, _SKOS, _XSD = (PREFIXES[name] for name in ("bvcox", "dcterms", "skos", "xsd"))
_SHA = PREFIXES["schema"] + "sha256"


@dataclass(frozen=True)
class Kept:
    """A model as the graph holds it; `changed` names files of its training data that are others now."""

    iri: str
    label: str
    created: str
    error: float
    valid: str
    digest: str
    changed: tuple[str, ...]

    @property
    def stale(self) -> bool:
        """Return whether the files that it was trained on have changed."""
        return bool(self.changed)


def name_of(answer: WhatIf) -> str:
    """Return the name of a model: property and parameter, as they are called."""
    return re.sub(r"[^A-Za-z0-9]+", "-", f"{answer.model.outcome}-by-{answer.entry.title}").strip("-")


def keep(store: Store, ranking: Ranking, answer: WhatIf) -> str:
    """Write the model of an answer into a graph of its own, in the place of an older one; return its IRI.

    `store` is open for writing. The graph names the files that the model was trained on, with their digests.
    """
    words, model = vocabulary(), answer.model
    iri = f"{store.base}model/{name_of(answer)}"
    columns = [answer.entry.observed.column, *(a.column for a in answer.entry.observed.adjusters)] if (
        answer.entry.observed
    ) else []  # fmt: skip
    assert ranking.table is not None
    used = ranking.table.recorded([-1, *columns])
    graphs = used["graph"].drop_nulls().unique().sort().to_list()
    digests = {entry.graph: entry.sha256 for entry in catalogue.entries(store, items=False)}
    files = {graph: digests.get(graph, "") for graph in graphs}
    inputs = [ranking.table.columns[column].term for column in columns]
    number = ox.NamedNode(_XSD + "double")
    now = ox.Literal(
        datetime.now(UTC).isoformat(timespec="seconds"), datatype=ox.NamedNode(_XSD + "dateTime")
    )
    about = f"{answer.entry.title} -> {model.outcome}"
    said: list[tuple[str, ox.NamedNode | ox.Literal]] = [
        (RDF_TYPE, ox.NamedNode(words.resolve("LinearRegressionModel").iri)),
        (RDF_TYPE, ox.NamedNode(words.resolve("SurrogateModel").iri)),
        (_SKOS + "prefLabel", ox.Literal(f"{model.outcome} by {answer.entry.title}", language="en")),
        (_BVCOX + "modelApplication", ox.Literal(about)),
        *((_BVCOX + "modelInput", ox.NamedNode(term)) for term in dict.fromkeys(inputs)),
        *([(_BVCOX + "modelOutput", ox.NamedNode(ranking.outcome))] if ranking.outcome in words else []),
        *((DERIVED_FROM, ox.NamedNode(graph)) for graph in graphs),
        (_SHA, ox.Literal(model.digest)),
        (_DCTERMS + "created", now),
        (_BVCOX + "modelError", ox.Literal(str(max(one.error for one in answer.answers)), datatype=number)),
        (_BVCOX + "modelValidity", ox.Literal("; ".join(_range(one, answer) for one in answer.answers))),
        (_BVCOX + "modelCoefficients", ox.Literal(coefficients(model, answer.answers, files))),
    ]
    subject = ox.NamedNode(iri)
    triples = [ox.Triple(subject, ox.NamedNode(predicate), object_) for predicate, object_ in said]
    store.replace(MODELS + name_of(answer), nt.write(triples), "")
    return iri


def _range(one: Answer, answer: WhatIf) -> str:
    kind = f"{one.kind}: " if one.kind else ""
    low, high = one.valid_from, one.valid_to
    return f"{kind}{answer.entry.label} {low:.6g} to {high:.6g} {answer.parameter_unit}".strip()


def kept(store: Store) -> list[Kept]:
    """Return the models of a store, each with the files of its training data that have changed since."""
    now = {entry.graph: entry.sha256 for entry in catalogue.entries(store, items=False)}
    found = []
    for node in store.db.named_graphs():
        if not isinstance(node, ox.NamedNode) or not node.value.startswith(MODELS):
            continue
        facts: dict[str, list[str]] = {}
        iri = ""
        for quad in store.db.quads_for_pattern(None, None, None, node):
            if isinstance(quad.subject, ox.NamedNode) and not isinstance(quad.object, ox.Triple):
                iri = quad.subject.value
                facts.setdefault(quad.predicate.value, []).append(quad.object.value)
        files = json.loads(facts[_BVCOX + "modelCoefficients"][0])["trained_on"]
        changed = tuple(sorted(graph for graph, sha in files.items() if now.get(graph) != sha))
        found.append(
            Kept(
                iri, facts[_SKOS + "prefLabel"][0], facts[_DCTERMS + "created"][0],
                float(facts[_BVCOX + "modelError"][0]), facts[_BVCOX + "modelValidity"][0], facts[_SHA][0],
                changed,
            )
        )  # fmt: skip
    return sorted(found, key=lambda one: one.iri)
