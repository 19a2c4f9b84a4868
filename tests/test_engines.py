"""The fast road of validation and pySHACL find the same."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox
import pytest
import rdflib

from kg import model
from kg.load import Loader
from kg.namespaces import PREFIXES
from kg.resources import PACKAGE
from kg.sift import _simple as is_simple
from kg.store import Store
from kg.validate import Scope, validate

CASES = sorted((PACKAGE.parent / "tests" / "shapes").glob("*/*.ttl"))


def test_there_are_cases() -> None:
    assert len(CASES) >= 70


@pytest.mark.parametrize("case", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
@pytest.mark.parametrize("scope", ["record", "line"])
def test_fast_road_finds_what_pyshacl_finds_on_each_case(case: Path, scope: Scope) -> None:
    triples = [quad.triple for quad in ox.parse(path=case)]

    assert validate(triples, scope) == validate(triples, scope, plain=True)


@pytest.mark.parametrize("scope", ["record", "line"])
def test_fast_road_finds_what_pyshacl_finds_on_a_small_line(tmp_path: Path, scope: Scope) -> None:
    from kg.plant import generate

    generate(tmp_path / "records", seed=11, cells=16)
    Loader(tmp_path / "store").load([tmp_path / "records"])
    store = Store.open(tmp_path / "store")
    triples = list(store.triples(store.graphs()))

    assert validate(triples, scope) == validate(triples, scope, plain=True)


BEYOND = {
    "a bound on all quantities": "sh:path (emmo:PART emmo:NUMBER) ; sh:maxInclusive 1.0e0",
    "a bound and a kind of value": "sh:path (emmo:PART emmo:NUMBER) ; sh:datatype xsd:decimal",
    "two numbers": "sh:path (emmo:PART emmo:NUMBER) ; sh:minCount 2",
    "no unit": "sh:path emmo:UNIT ; sh:maxCount 0",
    "one unit for all": "sh:path emmo:UNIT ; sh:hasValue emmo:Metre",
    "three classes": "sh:path rdf:type ; sh:minCount 3",
}


@pytest.mark.parametrize("rule", BEYOND.values(), ids=BEYOND.keys())
def test_a_rule_that_is_more_than_a_bound_on_a_class_is_left_to_pyshacl(rule: str) -> None:
    names = {"PART": model.HAS_NUMERICAL_PART, "NUMBER": model.HAS_NUMBER_VALUE, "UNIT": model.HAS_UNIT}
    for name, iri in names.items():
        rule = rule.replace(f"emmo:{name}", f"<{iri}>")
    prefixes = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in PREFIXES.items())
    shapes = rdflib.Graph()
    shapes.parse(
        data=f"{prefixes}kgsh:X a sh:PropertyShape ; sh:targetObjectsOf <{model.HAS_PROPERTY}> ; {rule} .",
        format="turtle",
    )

    assert not is_simple(rdflib.URIRef(PREFIXES["kgsh"] + "X"), shapes)
