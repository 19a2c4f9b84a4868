"""The fast road of validation and pySHACL find the same."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox
import pytest

from kg.load import Loader
from kg.resources import PACKAGE
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
