"""Claims about ontology/influences.ttl: its statements are those of the literature table, in known terms."""

from __future__ import annotations

import csv
import functools
import re
from collections import Counter
from pathlib import Path

import pyoxigraph as ox
import pytest

from kg.namespaces import PREFIXES
from kg.resources import folder
from kg.terms import Term, vocabulary

BVCOX, RDF, DCTERMS = PREFIXES["bvcox"], PREFIXES["rdf"], PREFIXES["dcterms"]
EMMO, RDFS = PREFIXES["emmo"], PREFIXES["rdfs"]
TABLE = Path(__file__).parents[2] / "shared" / "facts" / "influences.tsv"

PARAMETER, PROPERTY = BVCOX + "influencingParameter", BVCOX + "influencedProperty"
BEARER, STEP = BVCOX + "influenceBearer", BVCOX + "influenceStep"
DIRECTION, REMARK = BVCOX + "influenceDirection", BVCOX + "influenceRemark"
TEXTS = {
    "strength": BVCOX + "influenceStrength",
    "method": BVCOX + "evidenceMethod",
    "system": BVCOX + "evidenceSystem",
    "source": DCTERMS + "source",
    "where_stated": BVCOX + "evidenceStatedIn",
}
"""Columns of the table that a statement carries word for word."""

needs_table = pytest.mark.skipif(not TABLE.is_file(), reason="the table is not beside the checkout")


@functools.cache
def statements() -> dict[str, dict[str, list[str]]]:
    """Return for each statement the values of its fields."""
    found: dict[str, dict[str, list[str]]] = {}
    for quad in ox.parse(path=str(folder("ontology") / "influences.ttl"), format=ox.RdfFormat.TURTLE):
        name = str(quad.subject.value).removeprefix(BVCOX)
        if name.startswith("influence-"):
            found.setdefault(name, {}).setdefault(quad.predicate.value, []).append(str(quad.object.value))
    return found


@functools.cache
def table() -> list[dict[str, str]]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def one(name: str, field: str) -> str:
    """Return the one value of a field of a statement."""
    (value,) = statements()[name][field]
    return value


def direction_in_words(name: str) -> str:
    """Return direction and remark of a statement as the table writes them."""
    direction = one(name, DIRECTION).removeprefix(BVCOX).casefold()
    remark = statements()[name].get(REMARK, [""])[0]
    if not remark:
        return direction
    return remark if direction == "unstated" else f"{direction} ({remark})"


def key(row: dict[str, str]) -> str:
    """Return the sentence by which a person finds the statement of a row."""
    parameter = row["parameter"][0].upper() + row["parameter"][1:]
    return f"{parameter} has an influence on {row['property']} of the {row['bearer']} ({row['step']})"


def terms(field: str) -> list[Term]:
    known = vocabulary()
    return [known.term(iri) for fields in statements().values() for iri in fields[field]]


@needs_table
def test_each_row_of_the_table_has_its_statement_and_no_other_stands() -> None:
    rows = Counter((key(row), row["direction"], *(row[column] for column in TEXTS)) for row in table())
    stated = Counter(
        (one(name, RDFS + "label"), direction_in_words(name), *(one(name, iri) for iri in TEXTS.values()))
        for name in statements()
    )

    assert len(table()) == 49
    assert stated == rows


@needs_table
@pytest.mark.parametrize(
    ("column", "field"),
    [("parameter", PARAMETER), ("property", PROPERTY), ("bearer", BEARER), ("step", STEP)],
)
def test_the_same_words_of_one_step_are_the_same_term_everywhere(column: str, field: str) -> None:
    meant: dict[tuple[str, str], set[str]] = {}
    names = {one(name, RDFS + "label"): name for name in statements()}
    for row in table():
        meant.setdefault((row["step"], row[column]), set()).add(one(names[key(row)], field))

    assert {words: iris for words, iris in meant.items() if len(iris) != 1} == {}


@pytest.mark.parametrize("field", [PARAMETER, PROPERTY, BEARER, STEP])
def test_a_statement_names_living_classes_of_the_vocabulary(field: str) -> None:
    found = terms(field)

    assert len(found) == len(statements()) == 49
    assert {(term.kind, term.deprecated) for term in found} == {("class", False)}


@pytest.mark.parametrize("field", [PARAMETER, PROPERTY])
def test_a_parameter_and_a_property_are_quantities_or_described_properties(field: str) -> None:
    known = vocabulary()
    quantity = EMMO + "EMMO_0650c031_42b6_4f0a_b62d_d88f071da6bf"  # Quantity
    nominal = EMMO + "EMMO_909415d1_7c43_4d5e_bbeb_7e1910159f66"  # NominalProperty
    neither = {term.label for term in terms(field) if not known.ancestors(term.iri) & {quantity, nominal}}

    assert neither == set()


def test_a_direction_is_one_of_the_declared_ones() -> None:
    declared = {
        quad.subject.value
        for quad in ox.parse(path=str(folder("ontology") / "bvco_ext.ttl"), format=ox.RdfFormat.TURTLE)
        if quad.predicate.value == RDF + "type" and quad.object.value == BVCOX + "InfluenceDirection"
    }
    used = Counter(one(name, DIRECTION) for name in statements())

    assert declared == {BVCOX + name for name in ("Increasing", "Decreasing", "NonMonotonic", "Unstated")}
    assert set(used) <= declared
    assert (used[BVCOX + "Increasing"], used[BVCOX + "Decreasing"]) == (4, 7)


def test_a_statement_uses_declared_fields_and_always_names_its_source() -> None:
    known = vocabulary()
    fields = {field for values in statements().values() for field in values}
    own = {field for field in fields if field.startswith(BVCOX)}

    assert all(values.get(DCTERMS + "source") for values in statements().values())
    assert {known.term(field).kind for field in own} == {"annotation property"}


def test_statements_are_numbered_without_a_gap() -> None:
    numbers = [int(re.fullmatch(r"influence-(\d\d)", name)[1]) for name in statements()]  # type: ignore[index]

    assert numbers == list(range(1, len(statements()) + 1))


def test_label_in_a_comment_is_the_label_of_the_iri_before_it() -> None:
    known = vocabulary()
    wrong, seen = [], 0
    text = (folder("ontology") / "influences.ttl").read_text(encoding="utf-8")
    for line in text.splitlines():
        code, _, comment = line.partition("  # ")
        for prefix, local in re.findall(r"\b(\w+):(\w+_[0-9a-f]{8}_\w+)", code):
            seen += 1
            if known.term(PREFIXES[prefix] + local).label != comment.strip():
                wrong.append(line)

    assert seen > 100
    assert wrong == []


def test_the_example_of_the_page_is_a_statement_of_the_file() -> None:
    page = (Path(__file__).parents[1] / "docs" / "explanation" / "influences.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```turtle\n(.*?)```", page, re.DOTALL)

    assert example in (folder("ontology") / "influences.ttl").read_text(encoding="utf-8")
