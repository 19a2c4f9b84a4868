"""Small tables with their mapping and the graph that must come of them; see tests/cases/README.md."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox
import pytest

from kg.labels import expand
from kg.mappers.apply import apply
from kg.mappers.plan import Plan, read_plans
from kg.namespaces import PREFIXES
from kg.sources import read_table
from kg.terms import vocabulary

BASE = "https://example.org/line/"
CASES = sorted(path.parent for path in (Path(__file__).parent / "cases").glob("*/expected.ttl"))


def expected(folder: Path) -> set[str]:
    text = expand((folder / "expected.ttl").read_text(encoding="utf-8"), vocabulary())
    head = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in PREFIXES.items())
    return {str(q.triple) for q in ox.parse(head + text, format=ox.RdfFormat.TURTLE, base_iri=BASE)}


def mapped(folder: Path) -> set[str]:
    (path,) = folder.glob("table.*")
    triples: set[str] = set()
    for plan in read_plans(folder / "mapping.yaml", vocabulary()):
        assert isinstance(plan, Plan)
        result = apply(plan, read_table(path, plan.reading, plan.source), BASE, vocabulary().units)
        assert result.findings == []
        triples |= {str(q.triple) for q in ox.parse(result.ntriples(), format=ox.RdfFormat.N_TRIPLES)}
    return triples


def test_all_cases_are_found() -> None:
    assert len(CASES) == 22


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_a_table_becomes_the_graph_of_its_case(folder: Path) -> None:
    # No node is blank, so equal sets are equal graphs.
    found, wanted = mapped(folder), expected(folder)

    assert sorted(found - wanted) == []
    assert sorted(wanted - found) == []


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_a_case_says_what_it_shows(folder: Path) -> None:
    assert (folder / "note.md").read_text(encoding="utf-8").startswith("# ")
