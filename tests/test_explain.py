"""Claims about proofs: every statement leads to rules, rows and files that can be checked by hand."""

from __future__ import annotations

import csv
import json
import random
import re
from collections import Counter
from pathlib import Path
from urllib.parse import unquote

import openpyxl
import pyoxigraph as ox
import pytest
from click.testing import CliRunner

from kg import model
from kg.cli import main
from kg.derive import rules
from kg.errors import KgError
from kg.explain import NotSaidError, Proof, Row, explain, read_statement
from kg.explain.patterns import alternatives
from kg.load import Loader
from kg.resources import PACKAGE
from kg.store import DERIVED, Store, holds_records

PLANT = Path(__file__).parent / "plant"
OPERATIONS = Path(__file__).parent / "plant_operations"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("line") / "store"
    records = [path for path in sorted(PLANT.glob("*_*.*")) if path.suffix != ".md"]
    Loader(place).load([*records, *sorted(OPERATIONS.glob("*.csv"))])
    return place


@pytest.fixture(scope="module")
def store(place: Path) -> Store:
    return Store.open(place)


def cell_by_hand(row: Row, column: str) -> str:
    """Return the text of a cell, read without any code of the product."""
    path = next(folder / row.file for folder in (PLANT, OPERATIONS) if (folder / row.file).is_file())
    if path.suffix == ".xlsx":
        named = dict(part.split("=") for part in row.place.split("&"))
        book = openpyxl.load_workbook(path, data_only=True)
        sheet = book[named["sheet"]] if "sheet" in named else book.worksheets[0]
        header = next(n for n in range(1, 9) for cell in sheet[n] if str(cell.value).strip() == column)
        place = next(cell.column for cell in sheet[header] if str(cell.value).strip() == column)
        return str(sheet.cell(int(named["row"]), place).value)
    if path.suffix == ".json":
        node = json.loads(path.read_text(encoding="utf-8"))
        steps = row.place.strip("/").split("/")
        above = []
        for step in steps:
            above.append(node)
            node = node[int(step)] if isinstance(node, list) else node[step]
        for one in [node, *reversed(above)]:
            value = one
            for key in column.rpartition("[].")[2].split("."):
                value = value.get(key) if isinstance(value, dict) else None
            if value is not None:
                return str(value)
        raise AssertionError(f"no {column} in {row.place}")
    data = path.read_bytes()
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("cp1252")
    lines = text.splitlines()
    for sign in (";", ",", "\t"):
        table = list(csv.reader(lines, delimiter=sign))
        header_ = next((line for line in table if column in line), None)
        if header_:
            return table[int(row.place.removeprefix("row=")) - 1][header_.index(column)]
    raise AssertionError(f"no column {column} in {row.file}")


def same(text: str, other: str) -> bool:
    try:
        return float(text.replace(",", ".")) == float(other.replace(",", "."))
    except ValueError:
        return text.strip() == other.strip() or text.strip()[:16] == other.strip().replace("T", " ")[:16]


def check_by_hand(store: Store, proof: Proof) -> Counter[str]:
    """Check each statement of a proof in the store and each row in its file; count the kinds."""
    seen = Counter([proof.kind])
    quads = list(
        store.db.quads_for_pattern(proof.subject, proof.predicate, proof.object, None)  # type: ignore[arg-type]
    )
    graphs = {quad.graph_name.value for quad in quads if isinstance(quad.graph_name, ox.NamedNode)}
    if proof.kind == "asserted":
        assert any(holds_records(graph) for graph in graphs)
        assert proof.rows
        for row in proof.rows:
            graph = f"{store.base}file/{row.file}"
            assert unquote(graph) in {unquote(name) for name in graphs}
            assert row.cells and row.mapping and row.line
            mapping = next(
                path
                for part in ("steps", "operations")
                for path in PACKAGE.glob(f"mappers/{part}/{row.mapping}")
            )
            line = mapping.read_text(encoding="utf-8").splitlines()[row.line - 1]
            assert any(column in line for column, _ in row.cells) or ": {kind: " in line or "links:" in line
            for column, text in row.cells:
                assert same(cell_by_hand(row, column), text), (row, column)
    elif proof.kind == "vocabulary":
        assert proof.stated_by
    else:
        rule = next((rule for rule in rules() if rule.name == proof.rule), None)
        assert proof.premises or proof.kind == "hierarchy"
        if rule is not None and rule.about.kept:
            assert f"{DERIVED}{rule.name}" in graphs
    for premise in proof.premises:
        seen += check_by_hand(store, premise)
    return seen


@pytest.mark.parametrize("rule", [rule for rule in rules() if rule.about.kept], ids=lambda rule: rule.name)
def test_random_derived_statements_lead_down_to_rows(store: Store, rule: object) -> None:
    graph = rule.graph  # type: ignore[attr-defined]
    triples = sorted(store.triples([graph]), key=str)
    chosen = random.Random(7).sample(triples, min(5, len(triples)))
    for triple in chosen:
        proof = explain(store, triple.subject, triple.predicate, triple.object, few=6)  # type: ignore[arg-type]

        assert proof.rule == rule.name  # type: ignore[attr-defined]
        assert check_by_hand(store, proof)["asserted"] + check_by_hand(store, proof)["vocabulary"] > 0
    assert chosen


def test_random_recorded_statements_have_their_cell(store: Store) -> None:
    chance = random.Random(3)
    triples = sorted(store.triples(store.graphs()), key=str)
    checked = 0
    for triple in chance.sample(triples, 60):
        if triple.predicate.value == model.DERIVED_FROM:
            continue
        proof = explain(store, triple.subject, triple.predicate, triple.object)  # type: ignore[arg-type]
        check_by_hand(store, proof)
        number = triple.predicate.value == model.HAS_NUMBER_VALUE
        if number:
            assert isinstance(triple.object, ox.Literal)
            quantity = ox.NamedNode(str(triple.subject.value).removesuffix(".number"))  # type: ignore[union-attr]
            tokens = store.db.quads_for_pattern(quantity, ox.NamedNode(model.SOURCE_TOKEN), None, None)
            # A value that was converted keeps what the file says.
            said = [quad.object.value.partition(" ")[0] for quad in tokens] or [triple.object.value]  # type: ignore[union-attr]
            assert any(same(text, one) for one in said for row in proof.rows for _, text in row.cells)
        checked += 1

    assert checked > 40


def asked(store: Store, *words: str) -> Proof:
    found = read_statement(store, words)
    return explain(store, found.subject, found.predicate, found.object)


def test_a_value_is_named_as_people_name_it(store: Store) -> None:
    proof = asked(store, "KA-C-0001", "LineLoad")

    assert proof.object == ox.Literal(292.7)
    assert [row.place for row in proof.rows] == ["row=4"]
    assert proof.rows[0].cells == (("Linienlast ist [N/mm]", "292.7"),)


def test_a_parameter_is_inherited_though_no_graph_says_so(store: Store) -> None:
    proof = asked(store, "PC-0001", "inheritsParameter", "KA-C-0001#LineLoad")

    assert proof.rule == "inherited-parameters"
    assert {leaf.kind for leaf in proof.leaves()} == {"asserted", "vocabulary"}
    assert check_by_hand(store, proof)["derived"] == 3


def test_a_class_above_is_proved_by_the_links_between_classes(store: Store) -> None:
    proof = asked(store, "PC-0001", "a", "FabricatedElectrochemicalCell")

    assert proof.kind == "hierarchy"
    assert [premise.kind for premise in proof.premises] == ["asserted", "vocabulary", "vocabulary"]


def test_what_hermit_inferred_says_so(store: Store) -> None:
    text = (PACKAGE.parent / "ontology" / "classified.ttl").read_text(encoding="utf-8")
    found = next(iter(ox.parse(text.encode(), format=ox.RdfFormat.TURTLE)))
    proof = explain(store, found.subject, found.predicate, found.object)  # type: ignore[arg-type]

    assert "HermiT inferred" in " ".join(proof.stated_by)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("PC-0001", "LineLoadd"), "is no value of 'cell/PC-0001' and no property"),
        (("PC-0001", "madeFrom"), "madeFrom has 4 values"),
        (
            ("PC-0001", "madeFrom", "PC-0002"),
            "the store does not say this of 'cell/PC-0001'. It says madeFrom:",
        ),
        (("PC-00001", "madeFrom"), "nothing in the store is called 'PC-00001'"),
        (("PC-0001",), "give a subject and the name of a value"),
    ],
)
def test_a_question_that_cannot_be_answered_says_what_can(
    store: Store, words: tuple[str, ...], message: str
) -> None:
    with pytest.raises(KgError, match=message.replace("(", r"\(")):
        asked(store, *words)


def test_nothing_is_proved_that_is_not_said(store: Store) -> None:
    with pytest.raises(NotSaidError):
        explain(
            store,
            ox.NamedNode(f"{store.base}cell/PC-0001"),
            ox.NamedNode(f"{model.BVCOX}comesFrom"),
            ox.NamedNode(f"{store.base}cell/PC-0002"),
        )


def test_the_command_prints_a_tree_and_json(place: Path) -> None:
    words = ["explain", "PC-0001", "comesFrom", "NMC-2601", "--store", str(place)]
    tree = CliRunner().invoke(main, words)
    machine = CliRunner().invoke(main, [*words, "--json"])

    assert tree.exit_code == machine.exit_code == 0
    assert "by rule derived-from" in tree.output
    assert (
        "mischen_2026-03.csv row=2, column 'Charge Aktivmaterial': 'NMC-2601' (mixing.yaml:8)" in tree.output
    )
    assert len(json.loads(machine.output)["premises"]) == 6


def test_every_rule_can_be_read_for_its_premises() -> None:
    assert all(all(patterns for patterns in alternatives(rule)) for rule in rules())


def test_the_page_shows_what_the_command_prints(place: Path) -> None:
    page = (Path(__file__).parents[1] / "docs" / "how-to" / "explain-a-value.md").read_text(encoding="utf-8")
    examples = re.findall(r"\$ kg (explain .*) --store line\n((?:.+\n)+?)```", page)
    for words, printed in examples:
        told = CliRunner().invoke(main, [*words.split(), "--store", str(place)])

        assert told.output == printed, words
    assert len(examples) == 3
