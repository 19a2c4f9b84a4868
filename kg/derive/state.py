"""The entries of derived graphs in the catalogue: of which state of the files and rules each one is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import pyoxigraph as ox

from kg import catalogue
from kg import ntriples as nt
from kg.catalogue import KGC
from kg.derive.rule import Rule
from kg.namespaces import PREFIXES
from kg.store import CATALOGUE_GRAPH, DERIVED, Store, vocabulary_digest

ENGINE = "1"
"""Raised when the same rule would be run to another result."""


@dataclass(frozen=True)
class State:
    """A derived graph: the rule, how many triples, when and how it was made, and of which state of the files.

    `how` is `whole` or, where only what a changed file concerns was made anew, `part`.
    """

    rule: str
    triples: int
    made_at: str
    how: str
    seconds: float
    basis: str
    digest: str
    files: int


def basis(entries: Iterable[catalogue.Entry]) -> str:
    """Return the digest of a state of the source files."""
    told = sorted(f"{e.graph} {e.sha256} {e.digest} {e.loaded}" for e in entries if e.outcome == "loaded")
    return hashlib.sha256("\n".join([vocabulary_digest(), *told]).encode()).hexdigest()


def digest(rule: Rule, used: Iterable[str]) -> str:
    """Return the digest of a rule; `used` are those of the rules that it uses."""
    parts = [ENGINE, rule.text, rule.about.focus, *rule.about.spread, *used]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def ntriples(state: State) -> str:
    """Return the entry of a derived graph as N-Triples for the catalogue graph."""
    graph = ox.NamedNode(DERIVED + state.rule)
    xsd = PREFIXES["xsd"]
    now = datetime.now(UTC).isoformat(timespec="seconds")
    told: list[tuple[str, ox.NamedNode | ox.Literal]] = [
        (PREFIXES["rdf"] + "type", ox.NamedNode(KGC + "DerivedGraph")),
        (PREFIXES["dcterms"] + "title", ox.Literal(state.rule)),
        (
            PREFIXES["prov"] + "generatedAtTime",
            ox.Literal(state.made_at or now, datatype=ox.NamedNode(xsd + "dateTime")),
        ),
        (KGC + "triples", ox.Literal(state.triples)),
        (KGC + "made", ox.Literal(state.how)),
        (KGC + "seconds", ox.Literal(round(state.seconds, 3))),
        (KGC + "basis", ox.Literal(state.basis)),
        (KGC + "digest", ox.Literal(state.digest)),
        (KGC + "files", ox.Literal(state.files)),
    ]
    return nt.write(ox.Triple(graph, ox.NamedNode(link), value) for link, value in told)


def states(store: Store) -> dict[str, State]:
    """Return the derived graphs of a store by rule."""
    rows = store.query(
        f"""SELECT * WHERE {{ GRAPH <{CATALOGUE_GRAPH}> {{
            ?graph a kgc:DerivedGraph ; dcterms:title ?rule ; prov:generatedAtTime ?at ;
              kgc:triples ?triples ; kgc:made ?how ;
              kgc:seconds ?seconds ; kgc:basis ?basis ; kgc:digest ?digest ; kgc:files ?files
        }} }}"""
    )
    found = {}
    for row in rows:
        rule = row["rule"].value
        found[rule] = State(
            rule,
            int(row["triples"].value),
            row["at"].value,
            row["how"].value,
            float(row["seconds"].value),
            row["basis"].value,
            row["digest"].value,
            int(row["files"].value),
        )
    return found
