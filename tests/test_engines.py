"""The compiled route of validation and pySHACL find the same."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox
import pytest
from click.testing import CliRunner

from kg import ntriples
from kg.check import check
from kg.cli import main
from kg.iri import DEFAULT_BASE
from kg.labels import expand
from kg.load import Loader
from kg.namespaces import PREFIXES
from kg.resources import PACKAGE
from kg.store import Store
from kg.storecheck import check_triples
from kg.terms import vocabulary
from kg.validate import Result, Scope, engines, validate

TESTS = PACKAGE.parent / "tests"
SHAPES = sorted((TESTS / "shapes").glob("*/*.ttl"))
MAPPED = sorted((TESTS / "cases").glob("*/expected.ttl"))
SCOPES: tuple[Scope, ...] = ("record", "line")


def triples_of(path: Path) -> list[ox.Triple]:
    text = path.read_text(encoding="utf-8")
    if path.name == "expected.ttl":
        head = "".join(f"@prefix {prefix}: <{iri}> .\n" for prefix, iri in PREFIXES.items())
        text = head + expand(text, vocabulary())
    return [quad.triple for quad in ox.parse(text, format=ox.RdfFormat.TURTLE, base_iri=DEFAULT_BASE)]


def plain(results: list[Result]) -> list[tuple[str, ...]]:
    """Return results without the names that pySHACL makes up for paths on each run."""
    return sorted((r.focus, r.value, r.rule, r.severity, r.message) for r in results)


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store with a small line that has the faults of the sample line."""
    from kg.plant import generate

    folder = tmp_path_factory.mktemp("line")
    generate(folder / "records", seed=11, cells=16)
    Loader(folder / "store").load([folder / "records"])
    return folder / "store"


def test_there_are_cases() -> None:
    assert len(SHAPES) >= 70
    assert len(MAPPED) >= 6


def test_every_rule_of_the_house_is_compiled() -> None:
    ways = [way for scope in SCOPES for way in engines(scope).values()]

    assert len(ways) > 340
    assert [way for way in ways if way not in ("columns", "set query")] == []


@pytest.mark.parametrize("case", [*SHAPES, *MAPPED], ids=lambda path: f"{path.parent.name}/{path.stem}")
@pytest.mark.parametrize("scope", SCOPES)
def test_both_engines_find_the_same_in_each_case(case: Path, scope: Scope) -> None:
    triples = triples_of(case)

    assert plain(validate(triples, scope)) == plain(validate(triples, scope, engine="pyshacl"))


@pytest.mark.parametrize("scope", SCOPES)
def test_both_engines_find_the_same_in_a_line_with_faults(line: Path, scope: Scope) -> None:
    store = Store.open(line)
    triples = list(store.triples(store.graphs()))
    triples += [triple for case in SHAPES if case.name.startswith("bad_") for triple in triples_of(case)]

    found = plain(validate(triples, scope))
    assert len(found) > 10
    assert found == plain(validate(triples, scope, engine="pyshacl"))


# A store


def test_a_store_is_checked_from_the_columns_beside_it(line: Path) -> None:
    store = Store.open(line)
    expected = plain(check_triples(store, engine="pyshacl"))

    assert plain(check_triples(store)) == expected
    kept = sorted(path.name for path in (line / "columns").iterdir())
    assert len(kept) >= 3
    assert plain(check_triples(store)) == expected
    assert sorted(path.name for path in (line / "columns").iterdir()) == kept


def test_columns_of_a_graph_that_changed_are_made_anew(tmp_path: Path) -> None:
    table, place = tmp_path / "kalander_x.xlsx", tmp_path / "store"
    table.write_bytes((TESTS / "plant" / "kalander_2026-03.xlsx").read_bytes())
    Loader(place).load([table])
    before = [finding.rule for finding in check(Store.open(place))]
    first = {path.name for path in (place / "columns").iterdir()}
    sound(table)
    Loader(place).load([table])

    assert [rule.rpartition("#")[2] for rule in before if "LineLoad" in rule] == ["LineLoad-plausible"]
    assert [f for f in check(Store.open(place)) if "LineLoad" in f.rule] == []
    assert first & {path.name for path in (place / "columns").iterdir()} == set()


def sound(table: Path) -> None:
    """Put the decimal sign where it belongs in the sample workbook."""
    import openpyxl

    book = openpyxl.load_workbook(table)
    for row in book["Kalander"].iter_rows():
        for cell in row:
            if str(cell.value) in ("2649", "2649.0"):
                cell.value = 264.9
    book.save(table)


def test_what_columns_do_not_show_is_given_to_pyshacl_whole() -> None:
    """Data that orders classes itself changes what a shape is about."""
    text = """
    <https://x.org/q> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://x.org/Mine> .
    <https://x.org/Mine> <http://www.w3.org/2000/01/rdf-schema#subClassOf> <BVCOX#LineLoad> .
    <https://x.org/q> <https://w3id.org/emmo#EMMO_bed1d005_b04e_4a90_94cf_02bc678a8569> <https://x.org/unit> .
    """
    triples = list(ntriples.read(text.replace("BVCOX#", PREFIXES["bvcox"])))

    found = [result.rule.rpartition("#")[2] for result in validate(triples, "record")]
    assert found == ["LineLoad-unit"]


# The command


def test_engine_can_be_asked_for_and_explained(line: Path) -> None:
    runs = [
        CliRunner().invoke(main, ["validate", "--store", str(line), "--json", "--engine", engine])
        for engine in ("compiled", "pyshacl")
    ]
    told = CliRunner().invoke(main, ["validate", "--explain-engine"])

    assert runs[0].stdout == runs[1].stdout
    assert told.exit_code == 0
    assert told.stdout.splitlines()[-1] == "pySHACL: 0 rules"
