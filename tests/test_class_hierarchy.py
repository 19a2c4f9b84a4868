"""Claims about classes at run time: the members of a class are those that reasoners find."""

from __future__ import annotations

from pathlib import Path

import owlrl
import pyoxigraph as ox
import pytest
import rdflib

from kg import model, ntriples, reasoner
from kg.derive.classes import instances
from kg.load import Loader
from kg.namespaces import PREFIXES
from kg.reasoner.assemble import axioms, read, terminology
from kg.reasoner.hermit import classify
from kg.reasoner.module import module, split
from kg.resources import vocabulary_files
from kg.store import Store
from kg.terms import vocabulary

PLANT = Path(__file__).parent / "plant"
TYPE, SUBCLASS, SAME = (
    ox.NamedNode(iri)
    for iri in (model.RDF_TYPE, PREFIXES["rdfs"] + "subClassOf", PREFIXES["owl"] + "equivalentClass")
)
THING = PREFIXES["owl"] + "Thing"

needs_hermit = pytest.mark.skipif(
    reasoner.missing() is not None, reason=f"HermiT cannot run here: {reasoner.missing()}"
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    place = tmp_path_factory.mktemp("line") / "store"
    names = ("stapeln_2026-03.csv", "filling_2026-03.csv", "formierung_2026-03.xlsx", "kalander_2026-03.xlsx")
    Loader(place, derive=False).load([PLANT / name for name in names])
    return Store.open(place)


@pytest.fixture(scope="module")
def types(store: Store) -> dict[str, frozenset[str]]:
    """Return the asserted classes of each thing, run and quantity."""
    found: dict[str, set[str]] = {}
    for triple in store.triples(store.graphs()):
        if triple.predicate == TYPE:
            found.setdefault(triple.subject.value, set()).add(triple.object.value)  # type: ignore[union-attr]
    return {thing: frozenset(classes) for thing, classes in found.items()}


@pytest.fixture(scope="module")
def links(types: dict[str, frozenset[str]]) -> set[ox.Triple]:
    """Return the axioms of our files on which the classes of the graph depend."""
    every = terminology(axioms(read(vocabulary_files())))
    declarations, statements = split(every)
    used = {iri for classes in types.values() for iri in classes}
    part = {triple for axiom in module(sorted(used), statements) for triple in axiom.triples}
    names = {node for triple in part for node in (triple.subject, triple.object)}
    return part | {triple for triple in declarations if triple.subject in names}


def members(store: Store, classes: set[str]) -> dict[str, frozenset[str]]:
    return {iri: frozenset(instances(store, iri)) for iri in sorted(classes)}


def named(links: set[ox.Triple]) -> set[str]:
    nodes = {
        node
        for triple in links
        if triple.predicate in (SUBCLASS, SAME)
        for node in (triple.subject, triple.object)
    }
    return {node.value for node in nodes if isinstance(node, ox.NamedNode) and node.value in vocabulary()}


@needs_hermit
def test_the_members_of_a_class_are_those_of_hermit(
    store: Store, types: dict[str, frozenset[str]], links: set[ox.Triple]
) -> None:
    """HermiT classifies a class for each set of asserted classes: what it stands under, its members are."""
    sets = {
        classes: f"urn:x:set-{number}"
        for number, classes in enumerate(sorted(set(types.values()), key=sorted))
    }
    asked = set(links)
    for classes, name in sets.items():
        node = ox.NamedNode(name)
        asked.add(ox.Triple(node, TYPE, ox.NamedNode(PREFIXES["owl"] + "Class")))
        asked |= {ox.Triple(node, SUBCLASS, ox.NamedNode(iri)) for iri in classes}
    verdict = classify(asked)
    above: dict[str, set[str]] = {}
    for child, parent in verdict.parents:
        above.setdefault(child, set()).add(parent)
    for same in verdict.same:
        for iri in same:
            above.setdefault(iri, set()).update(same)
    expected: dict[str, set[str]] = {}
    for thing, classes in types.items():
        found, waiting = set(), [sets[classes]]
        while waiting:
            new = above.get(waiting.pop(), set()) - found
            found |= new
            waiting += new
        for iri in found:
            expected.setdefault(iri, set()).add(thing)
    classes_ = named(links)

    assert verdict.consistent
    assert members(store, classes_) == {iri: frozenset(expected.get(iri, ())) for iri in sorted(classes_)}
    assert len(classes_) > 100


def test_the_members_of_a_class_are_those_of_owl_rl(
    store: Store, types: dict[str, frozenset[str]], links: set[ox.Triple]
) -> None:
    """Cells, their classes and the links between classes; a fifth of the cells, since owlrl is slow."""
    cells = {thing: classes for thing, classes in types.items() if thing.endswith("5") and "/cell/" in thing}
    graph = rdflib.Graph()
    taxonomy = [triple for triple in links if triple.predicate in (SUBCLASS, SAME)]
    own = {iri for classes in cells.values() for iri in classes}
    wanted = {above for iri in own for above in vocabulary().ancestors(iri)} | own
    some = [t for t in taxonomy if t.subject.value in wanted and t.object.value in wanted]  # type: ignore[union-attr]
    said = [
        ox.Triple(ox.NamedNode(one), TYPE, ox.NamedNode(iri)) for one, all_ in cells.items() for iri in all_
    ]
    graph.parse(data=ntriples.write([*some, *said]), format="nt")
    owlrl.DeductiveClosure(owlrl.OWLRL_Semantics).expand(graph)
    classes_ = {iri for iri in named(set(some)) if iri != THING}
    expected = {
        iri: frozenset(
            str(one) for one in graph.subjects(rdflib.RDF.type, rdflib.URIRef(iri)) if str(one) in cells
        )
        for iri in sorted(classes_)
    }
    found = {iri: frozenset(things & cells.keys()) for iri, things in members(store, classes_).items()}

    assert found == expected
    assert len(cells) >= 4 and len(classes_) > 10
