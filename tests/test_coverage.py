"""Names that the files of others really use -> each has a term.

The tables in tests/coverage say by hand which term a name means; `-` says that the name is no quantity and
no thing, and the note says what it is instead. The names are read out of the files here, so a new name fails.
Where ../shared is not beside the checkout, the tests that read it are skipped.
"""

from __future__ import annotations

import csv
import json
import re
import tarfile
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
import yaml

from kg.namespaces import PREFIXES
from kg.terms import AmbiguousTermError, UnknownTermError, vocabulary

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
TABLES = Path(__file__).parent / "coverage"
INFLUENCES = ROOT / "ontology" / "influences.ttl"
PASSPORT = ROOT / "ontology" / "passport.ttl"
OURS = PREFIXES["bvcox"]

needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the upstream material is not here: ../shared")


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))


def table(name: str) -> dict[str, str]:
    """Return name -> term of a table written by hand."""
    found = rows(TABLES / f"{name}.tsv")
    assert len({row["name"] for row in found}) == len(found)
    return {row["name"]: row["term"] for row in found}


def without_term(terms: Iterable[str]) -> list[str]:
    """Return the terms that the vocabulary does not know, or knows twice."""
    lost = []
    for term in sorted(set(terms) - {"-"}):
        try:
            vocabulary().resolve(term)
        except (UnknownTermError, AmbiguousTermError):
            lost.append(term)
    return lost


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


# --- what the literature says of influences


def linked(path: Path, predicate: str) -> dict[str, list[str]]:
    """Return subject -> values of one of our predicates in a Turtle file."""
    found: dict[str, list[str]] = {}
    with path.open("rb") as stream:
        for triple in ox.parse(stream, format=ox.RdfFormat.TURTLE):
            if triple.predicate.value == predicate:
                found.setdefault(triple.subject.value, []).append(triple.object.value)
    return found


@needs_shared
def test_every_parameter_and_property_of_an_influence_has_a_term() -> None:
    influences = rows(SHARED / "facts" / "influences.tsv")
    names = {row[column] for row in influences for column in ("parameter", "property")}
    labels = linked(INFLUENCES, PREFIXES["rdfs"] + "label")
    parameters = linked(INFLUENCES, OURS + "influencingParameter")
    properties = linked(INFLUENCES, OURS + "influencedProperty")
    statements = [OURS + f"influence-{number:02}" for number in range(1, len(influences) + 1)]
    said = [f"{row['parameter']} has an influence on {row['property']} of " for row in influences]
    lost = [
        words
        for one, words in zip(statements, said, strict=True)
        if not any(label.casefold().startswith(words.casefold()) for label in labels.get(one, ()))
    ]

    assert (len(influences), len(names)) == (49, 52)
    assert lost == []
    assert set(statements) == set(parameters) == set(properties)
    assert (
        without_term(term for link in (parameters, properties) for terms in link.values() for term in terms)
        == []
    )


# --- the sample line


@cache
def mappings() -> list[dict[str, Any]]:
    """Return the mappings of the steps, as they are written."""
    steps = Path(str(resources.files("kg"))) / "mappers" / "steps"
    return [
        doc for path in sorted(steps.glob("*.yaml")) for doc in yaml.safe_load_all(path.read_text("utf-8"))
    ]


def terms_of(mapping: dict[str, Any], column: dict[str, Any]) -> list[str]:
    """Return the labels of terms behind a mapped column; the time and the remark of a run have none."""
    if "id" in column:
        return [mapping["things"][column["id"]]["class"]]
    if "class" in column:
        return list(column["class"].values())
    texts = [column["text"]] if column.get("text") not in (None, "comment", "label") else []
    return texts + ([column["term"]] if "term" in column else [])


def test_every_mapped_column_of_the_sample_line_has_a_term() -> None:
    columns = [(mapping, line) for mapping in mappings() for line in mapping["columns"].values()]
    terms = [term for mapping, line in columns for term in terms_of(mapping, line)]

    assert len(mappings()) == 11
    assert (len(columns), len(terms)) == (203, 185)
    assert without_term(terms) == []


def test_every_column_that_the_sample_line_ignores_is_in_the_table() -> None:
    ignored = {name for mapping in mappings() for name in mapping.get("ignore", ())}
    terms = table("sample_line")

    assert ignored == set(terms)


# --- the line of KIproBatt


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def members(name: str) -> Iterator[str]:
    """Return the texts of an archive; some files are not UTF-8."""
    with tarfile.open(SHARED / "data" / "kiprobatt" / name) as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isfile() else None
            if file is None:
                continue
            data = file.read()
            try:
                yield data.decode()
            except UnicodeDecodeError:
                yield data.decode("cp1252")


@cache
def wiki() -> tuple[set[str], set[str]]:
    """Return the names in the wiki: all of parameters and of properties with numbers; those with numbers."""
    names, numeric = set(), set()
    for text in members("jsonld.tar.xz"):
        for node in json.loads(text).get("@graph", []):
            properties = {key for key, value in node.items() if any(map(is_number, listed(value)))}
            # The times once more as Julian days.
            properties = {key for key in properties if not key.endswith("-23aux")}
            names |= properties
            numeric |= properties
            if "Category:LabProcess-2FParameter-2FInstance" not in listed(node.get("@type")):
                continue
            own = {re.sub(r" ?\d+$", "", name) for name in listed(node.get("Property:HasName"))}
            names |= own
            tokens = [value["@id"] for value in listed(node.get("Property:HasValue"))]
            if any(re.match(r"kiprobatt:(-2D)?\d", token) for token in tokens):
                numeric |= own
    return names, numeric


@cache
def cycler_columns() -> set[str]:
    heads = [
        next(line for line in text.splitlines() if line.startswith("Cycle"))
        for text in members("maccor.tar.xz")
    ]
    assert len(heads) == 112
    return {f"cycler: {name}" for head in heads for name in head.split("\t") if name}


@needs_shared
def test_every_name_of_kiprobatt_is_in_the_table() -> None:
    names = wiki()[0] | cycler_columns()

    assert len(names) == 79
    assert names == set(table("kiprobatt"))


@needs_shared
def test_no_name_of_kiprobatt_that_holds_numbers_is_without_a_term() -> None:
    terms = table("kiprobatt")

    assert sorted(name for name in wiki()[1] if terms[name] == "-") == []


# --- the robots of AutoBASS


def numbers(node: Any, name: str) -> Iterator[str]:
    """Return the names above the numbers of a JSON; a number as key is the number of a place."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from numbers(value, name if key.isdigit() else key)
    elif isinstance(node, list):
        for value in node:
            yield from numbers(value, name)
    elif is_number(node):
        yield name


def declared(node: Any) -> Iterator[str]:
    """Return the properties that a JSON schema declares as numbers or gives a unit."""
    if isinstance(node, list):
        for value in node:
            yield from declared(value)
    if not isinstance(node, dict):
        return
    for name, schema in (node.get("properties") or {}).items():
        choices = [schema, *schema.get("anyOf", ())]
        kinds = {each.get("type") for choice in choices for each in (choice, choice.get("items", {}))}
        if "unit" in schema or kinds & {"number", "integer"}:
            yield name
    for value in node.values():
        yield from declared(value)


def logged(text: str) -> Iterator[str]:
    """Return the names before the numbers of a log, and the amount of electrolyte."""
    for line in text.splitlines():
        event = line.partition("Event:")[2]
        for match in re.finditer(
            r"([A-Za-z_][A-Za-z_ ]*?) *: *[(\[]?-?\d|(\[\d+\]) is now stored on Tray", event
        ):
            yield f"log: {match[1] or 'is now stored on Tray'}"
        for match in re.finditer(r"\dµL ([A-Za-z ]+?) to ", event):
            yield f"log: {match[1]}"


@cache
def robot_names() -> set[str]:
    folder = SHARED / "data" / "autobass_kit"
    found: set[str] = set()
    for name in ("config.json", "Last_Result.json", "Cell_to_assemble_finales.json"):
        found |= set(numbers(json.loads((folder / name).read_text("utf-8")), ""))
    for name in ("autobass_assembly.json", "cycling.json"):
        found |= set(declared(json.loads((folder / name).read_text("utf-8"))))
    for name in ("AutoBaSS_log.txt", "Operation_log.txt"):
        found |= set(logged((folder / name).read_text("cp1252")))
    return found


@needs_shared
def test_every_name_of_a_number_in_autobass_is_in_the_table() -> None:
    names = robot_names()

    assert len(names) == 89
    assert names == set(table("autobass"))


def test_only_switches_and_the_number_of_a_bottle_are_no_quantities_of_autobass() -> None:
    terms = table("autobass")

    assert sorted(name for name, term in terms.items() if term == "-") == [
        "electrolyte_number",
        "kill_tenant",
        "result_posted",
        "result_ready",
        "success",
    ]


# --- the battery passport


@needs_shared
def test_every_data_point_of_the_passport_has_a_term() -> None:
    numbered = linked(PASSPORT, OURS + "dataPointNumber")
    names = linked(PASSPORT, OURS + "officialName")
    terms = linked(PASSPORT, OURS + "statesTerm")
    points = rows(SHARED / "facts" / "passport_ec_datapoints_v1_0.tsv")

    assert len(points) == 71
    assert [(row["nr"], row["data_point"]) for row in points] == sorted(
        ((number, names[point][0]) for point, (number,) in numbered.items()), key=lambda each: int(each[0])
    )
    assert set(numbered) == set(terms)
    assert without_term(term for stated in terms.values() for term in stated) == []


# --- the tables themselves


@pytest.mark.parametrize("name", ["autobass", "kiprobatt", "sample_line"])
def test_every_name_of_a_table_has_a_term_or_says_what_it_is(name: str) -> None:
    found = rows(TABLES / f"{name}.tsv")

    assert [row["name"] for row in found if row["term"] == "-" and not row["note"]] == []
    assert without_term(row["term"] for row in found) == []


# --- the right answers that the resolver is measured with


def test_every_right_answer_of_the_benchmark_is_a_term() -> None:
    found = {path.stem: rows(path) for path in sorted((ROOT / "benchmarks" / "headers").glob("*.tsv"))}
    answers = {row["header"]: row["answers"].split("|") for each in found.values() for row in each}

    assert len(found) == 9
    assert [name for name, each in found.items() if len({row["header"] for row in each}) < len(each)] == []
    assert [header for header, each in answers.items() if len(set(each)) < len(each) or "-" in each[1:]] == []
    assert without_term(answer for each in answers.values() for answer in each) == []
