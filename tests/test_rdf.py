"""Protocols in the vocabulary of a wiki -> our graph, with an account of all that they state.

`cases/kiprobatt/expected_filling.nt` is written from the contract, not from what the engine gives;
`term:Label` in it stands for the IRI of a term.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest

from kg import model
from kg.errors import FaultsError, KgError
from kg.labels import expand
from kg.load import Loader, Outcome
from kg.mappers.plan import RdfPlan, read_plans
from kg.mappers.rdf import MappedRdf, apply_rdf
from kg.namespaces import PREFIXES
from kg.resources import PACKAGE
from kg.store import Store
from kg.terms import vocabulary
from tests.conftest import BASE

CASES = Path(__file__).parent / "cases" / "kiprobatt"
NAMES = ("drying", "filling", "formation", "stacking")
MAPPING = PACKAGE / "mappers" / "kiprobatt" / "kiprobatt.yaml"

DRYING, STACKING, FILLING, FORMATION = ("OSL" + letter * 32 for letter in "ac13")
WIKI = "https://kiprobatt.de/id/LabObject-3A"


@pytest.fixture(scope="module")
def plan() -> RdfPlan:
    (found,) = read_plans(MAPPING, vocabulary())
    assert isinstance(found, RdfPlan)
    return found


@pytest.fixture(scope="module")
def mapped(plan: RdfPlan) -> dict[str, MappedRdf]:
    return {name: apply_rdf(plan, CASES / f"OSL_{name}.jsonld", BASE, vocabulary()) for name in NAMES}


def document(name: str) -> dict[str, Any]:
    data = (CASES / f"OSL_{name}.jsonld").read_bytes()
    try:
        found = json.loads(data.decode())
    except UnicodeDecodeError:
        found = json.loads(data.decode("cp1252"))
    assert isinstance(found, dict)
    return found


def node(of: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the parameter of a document that has this name."""
    (found,) = [one for one in of["@graph"] if one.get("Property:HasName") == name]
    assert isinstance(found, dict)
    return found


def iri(label: str) -> str:
    return vocabulary().resolve(label).iri


def objects(result: MappedRdf, subject: str, predicate: str) -> set[str]:
    """Return the values of a property of a thing; what is below the base, without it."""
    return {
        triple.object.value.removeprefix(BASE)
        for triple in result.triples
        if triple.subject == ox.NamedNode(BASE + subject)
        and triple.predicate.value == predicate
        and not isinstance(triple.object, ox.Triple)
    }


def number(result: MappedRdf, bearer: str, has: str, label: str) -> list[tuple[float, str]]:
    """Return number and unit of the quantities of one class that a thing has."""
    found = []
    for quantity in objects(result, bearer, has):
        if iri(label) in objects(result, quantity, model.RDF_TYPE):
            (part,) = objects(result, quantity, model.HAS_NUMERICAL_PART)
            (text,) = objects(result, part, model.HAS_NUMBER_VALUE)
            (unit,) = objects(result, quantity, model.HAS_UNIT)
            found.append((float(text), vocabulary().term(unit).label))
    return sorted(found)


# The graph


def test_a_protocol_becomes_the_graph_that_is_expected(mapped: dict[str, MappedRdf]) -> None:
    text = expand((CASES / "expected_filling.nt").read_text(encoding="utf-8"), vocabulary())
    wanted = {str(quad.triple) for quad in ox.parse(text.encode(), format=ox.RdfFormat.N_TRIPLES)}
    found = set(map(str, mapped["filling"].triples))

    assert sorted(found - wanted) == []
    assert sorted(wanted - found) == []


@pytest.mark.parametrize("name", NAMES)
def test_no_node_is_blank_and_every_thing_says_where_it_is_from(
    mapped: dict[str, MappedRdf], name: str
) -> None:
    result = mapped[name]
    parts = {t.object for t in result.triples if t.predicate.value == model.HAS_NUMERICAL_PART}
    subjects = {t.subject for t in result.triples} - parts
    derived = {t.subject for t in result.triples if t.predicate.value == model.DERIVED_FROM}

    assert subjects == derived
    assert not any(isinstance(term, ox.BlankNode) for t in result.triples for term in (t.subject, t.object))


def test_text_in_cp1252_is_read(mapped: dict[str, MappedRdf]) -> None:
    assert objects(mapped["drying"], f"run/{DRYING}", PREFIXES["rdfs"] + "comment") == {"Größe geprüft"}
    with pytest.raises(UnicodeDecodeError):
        (CASES / "OSL_drying.jsonld").read_bytes().decode()


def test_each_magazine_has_its_own_drying_with_the_parameters_of_the_oven(
    mapped: dict[str, MappedRdf],
) -> None:
    result = mapped["drying"]
    for slot, origin in (("O0001", "O0000"), ("O0002", "O0001")):
        run = f"run/{DRYING}/{slot}"

        assert objects(result, run, model.RDF_TYPE) == {iri("FabricatedElectrodeSheetDrying")}
        assert objects(result, run, model.HAS_OUTPUT) == {f"magazine/{DRYING}-{slot}"}
        assert objects(result, run, model.HAS_INPUT) == {f"magazine/OSL{'b' * 32}-{origin}"}
        assert number(result, run, model.HAS_PROCESS_PARAMETER, "DryerTemperature") == [
            (110, "DegreeCelsius")
        ]
        assert objects(result, run, model.START) == {"2026-03-02T09:00:00Z"}


def test_a_duration_with_a_comma_is_a_decimal_in_the_canonical_unit(mapped: dict[str, MappedRdf]) -> None:
    result, run = mapped["drying"], f"run/{DRYING}/O0001"
    unit = vocabulary().canonical_unit(iri("DryingDuration"))
    assert unit is not None

    hours = vocabulary().units.parse("h")
    wanted = vocabulary().units.convert(4.3, hours, unit)
    ((value, label),) = number(result, run, model.HAS_PROCESS_PARAMETER, "DryingDuration")
    assert value == pytest.approx(wanted)
    assert label == vocabulary().term(unit.iri).label
    assert objects(result, f"run/{DRYING}#Duration-S0010-P0102", model.SOURCE_TOKEN) == {"4.3_h"}


def test_an_empty_slot_is_no_run(mapped: dict[str, MappedRdf]) -> None:
    assert objects(mapped["drying"], f"run/{DRYING}/O0003", model.RDF_TYPE) == set()
    assert objects(mapped["filling"], f"run/{FILLING}/O0002", model.RDF_TYPE) == set()


def test_a_device_of_which_only_the_type_is_stated_is_the_machine_of_this_run_alone(
    mapped: dict[str, MappedRdf],
) -> None:
    machine = f"machine/{DRYING}-S0010-P0000"

    assert objects(mapped["drying"], f"run/{DRYING}", model.HAS_TOOL) == {machine}
    assert objects(mapped["drying"], machine, PREFIXES["schema"] + "model") == {f"model/OSL{'d' * 32}"}
    assert objects(mapped["stacking"], f"run/{STACKING}", model.HAS_TOOL) == {f"machine/OSL{'f' * 32}"}


def test_a_stack_is_made_from_the_two_magazines_and_lies_in_the_dry_cell(
    mapped: dict[str, MappedRdf],
) -> None:
    result = mapped["stacking"]
    magazines = {f"magazine/{DRYING}-O0001", f"magazine/{DRYING}-O0002"}

    assert objects(result, f"run/{STACKING}", model.HAS_INPUT) == magazines
    assert objects(result, f"stack/{STACKING}-O0000", model.MADE_FROM) == magazines
    assert objects(result, f"cell/{STACKING}-O0002", model.HAS_PART) == {f"stack/{STACKING}-O0000"}
    assert iri("FabricatedElectrodeZFolding") in objects(result, f"run/{STACKING}", model.RDF_TYPE)


def test_files_of_a_node_that_two_parameters_share_are_those_of_no_cell(mapped: dict[str, MappedRdf]) -> None:
    result = mapped["formation"]
    media = PREFIXES["schema"] + "associatedMedia"

    assert objects(result, "test/line-260305-0100-033_-STATS-", model.HAS_INPUT) == {
        f"cell/{FORMATION}-O0001"
    }
    assert objects(result, "test/line-0200", model.HAS_INPUT) == set()
    assert objects(result, f"run/{FORMATION}", media) == {"file/line-0200.txt", "file/line-0400.txt"}


# The account


@pytest.mark.parametrize("name", NAMES)
def test_the_account_sums_to_all_that_the_file_states(mapped: dict[str, MappedRdf], name: str) -> None:
    graph = document(name)["@graph"]
    parameters = {one["@id"] for one in graph if any("Parameter" in kind for kind in one["@type"])}
    told = Counter(item.node.removeprefix(WIKI) for item in mapped[name].stated)

    assert len(told) == len(graph) and set(told.values()) == {1}
    assert {one.removeprefix("LabObject:") for one in parameters} <= set(told)


def test_each_outcome_of_the_account_is_as_the_cases_say(mapped: dict[str, MappedRdf]) -> None:
    told = {
        name: {
            item.node.rpartition("/")[2]: item.outcome
            for item in mapped[name].stated
            if item.outcome != "mapped"
        }
        for name in NAMES
    }

    # The negative mass is a number; that it is no mass is for the shapes to say.
    assert told == {
        "drying": {"S0010-23P0003": "empty"},
        "filling": {"S0010-23P0002": "empty"},
        "formation": {},
        "stacking": {"S0010-23P0103": "set aside", "S0010-23P0104": "empty"},
    }


# Faults in a file


class Bench:
    """A folder in which a changed protocol is mapped, and loaded into a store."""

    def __init__(self, folder: Path, plan: RdfPlan) -> None:
        self.folder, self.plan = folder, plan

    def write(self, content: dict[str, Any] | str, name: str = "OSL_filling.jsonld") -> Path:
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    def map(self, content: dict[str, Any] | str, name: str = "OSL_filling.jsonld") -> MappedRdf:
        return apply_rdf(self.plan, self.write(content, name), BASE, vocabulary())

    def load(self, content: dict[str, Any]) -> tuple[Outcome, Store]:
        (outcome,) = Loader(self.folder / "store").load([self.write(content)])
        return outcome, Store.open(self.folder / "store")


@pytest.fixture
def bench(tmp_path: Path, plan: RdfPlan) -> Bench:
    return Bench(tmp_path, plan)


@pytest.mark.parametrize(
    ("token", "said"),
    [
        ("13.6.1_g", "'13.6.1_g' is not a number with '.' as decimal sign, and then a unit."),
        ("NaN_g", "'NaN_g' is not a number"),
        ("g", "'g' is not a number"),
        ("1e999_g", "'1e999_g' is larger than any number that can be stored."),
        ("13.6_gg", "no unit is written 'gg'."),
        ("13.6_ml", "cannot become 'g'"),
        ("13.6", "cannot become 'g'"),
    ],
)
def test_a_token_that_cannot_be_read_is_set_aside_and_the_rest_loads(
    bench: Bench, mapped: dict[str, MappedRdf], token: str, said: str
) -> None:
    changed = document("filling")
    node(changed, "WettCellMass1")["Property:HasValue"]["@id"] = f"kiprobatt:{token}"

    result = bench.map(changed)

    (finding,) = result.findings
    assert said in finding.message
    assert (finding.row, finding.column, finding.value) == ("S0010-23P0401", "Filling/WettCellMass", token)
    (away,) = [item for item in result.stated if item.outcome == "set aside"]
    assert (away.value, away.reason) == (token, finding.message)
    lost = {triple for triple in mapped["filling"].triples if "WettCellMass" in str(triple)}
    assert set(mapped["filling"].triples) - set(result.triples) == lost
    assert set(result.triples) <= set(mapped["filling"].triples)


def test_a_parameter_that_nobody_knows_is_set_aside_and_not_lost(bench: Bench) -> None:
    changed = document("filling")
    node(changed, "SealingPressure")["Property:HasName"] = "SealingMood"

    result = bench.map(changed)

    (finding,) = result.findings
    assert (finding.rule, finding.column, finding.value) == ("account", "Filling/SealingMood", "50_mbar")
    assert str(finding) == (
        "OSL_filling.jsonld:S0010-23P0114 column 'Filling/SealingMood': "
        "no mapping and not ignored by name. Found: '50_mbar'."
    )
    assert Counter(item.outcome for item in result.stated) == {"mapped": 9, "set aside": 1, "empty": 1}


def test_what_is_set_aside_is_in_a_file_with_its_reason(bench: Bench) -> None:
    changed = document("filling")
    node(changed, "SealingPressure")["Property:HasName"] = "SealingMood"

    outcome, _ = bench.load(changed)

    assert (outcome.read, outcome.loaded, outcome.set_aside) == (11, 9, 1)
    assert outcome.aside
    (told,) = json.loads(outcome.aside.read_text(encoding="utf-8"))
    assert (told["row"], told["column"], told["value"]) == ("S0010-23P0114", "Filling/SealingMood", "50_mbar")


def test_a_value_out_of_bounds_is_set_aside_with_the_rule(bench: Bench) -> None:
    changed = document("filling")
    node(changed, "WettCellMass1")["Property:HasValue"]["@id"] = "kiprobatt:-2D13.6_g"

    outcome, store = bench.load(changed)

    (finding,) = outcome.findings
    assert finding.rule.endswith("#WetCellMass-range") and finding.column == "Filling/WettCellMass"
    assert (outcome.loaded, outcome.set_aside) == (9, 1)
    assert not store.query("ASK { ?q a bvcox:WetCellMass }")
    assert store.query("ASK { ?q a bvcox:DryCellMass }")


LINEAGE = f"""ASK {{
  <run/{FILLING}/O0001> <{model.HAS_INPUT}> <cell/{STACKING}-O0002> ;
    <{model.HAS_OUTPUT}> <cell/{FILLING}-O0001> ; <{model.HAS_PROCESS_PARAMETER}> ?volume . }}"""


@pytest.mark.parametrize(
    "end", ["tomorrow", "2026-03-04T08:30:00+00:00"], ids=["no time", "before the start"]
)
def test_a_wrong_time_costs_a_run_its_time_and_not_its_lineage(bench: Bench, end: str) -> None:
    changed = document("filling")
    (step,) = [one for one in changed["@graph"] if "Property:HasEndDateAndTime" in one]
    step["Property:HasEndDateAndTime"]["@value"] = end

    outcome, store = bench.load(changed)

    assert {finding.row for finding in outcome.findings} >= {"S0010", f"LabObject-3A{FILLING}"}
    assert {finding.severity for finding in outcome.findings} == {"Violation"}
    assert store.query(LINEAGE)
    assert not store.query("ASK { ?run prov:startedAtTime ?start ; prov:endedAtTime ?end }")


# Files that cannot be read


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "OSL_a.jsonld: the file is empty."),
        ('{"@graph": [\n {"@id": "a"', "OSL_a.jsonld:2: this is not JSON-LD: "),
        ("PDF", "OSL_a.jsonld:1: this is not JSON-LD: "),
        (
            '{"@context": "https://x.example/c", "@id": "a"}',
            "OSL_a.jsonld: this is not JSON-LD: its @context is on the web, and nothing is read from there. "
            "Write the context into the file.",
        ),
    ],
    ids=["empty", "cut off", "no JSON", "context on the web"],
)
def test_a_file_that_is_no_json_ld_is_told_with_its_line(bench: Bench, content: str, said: str) -> None:
    with pytest.raises(FaultsError) as error:
        bench.map(content, "OSL_a.jsonld")

    assert str(error.value).startswith(said)
    assert "\n" not in str(error.value) and "(line" not in str(error.value)


def test_a_file_of_another_kind_is_told_with_the_kinds_that_can_be_read(bench: Bench) -> None:
    with pytest.raises(FaultsError, match=r"RDF is read from files that end in \.jsonld, \.ttl"):
        bench.map("a", "OSL_a.docx")


# Faults in a mapping


SMALL = """\
title: Small
source: rdf
files: ["*.ttl"]
construct: [things.rq]
account: account.rq
ignore: {colour: "of no use"}
"""
THINGS = """\
CONSTRUCT { ?run term:hasProcessParameter ?q ; prov:wasDerivedFrom ?node .
  ?q a term:LineLoad ; <https://w3id.org/emmo#EMMO_faf79f53_749d_40b2_807c_d34244c192f4> ?load ;
    prov:wasDerivedFrom ?node . }
WHERE { ?node <urn:load> ?load
  BIND(IRI(CONCAT("run/", STRAFTER(STR(?node), "urn:"))) AS ?run)
  BIND(IRI(CONCAT("run/", STRAFTER(STR(?node), "urn:"), "#LineLoad")) AS ?q) }
"""
ACCOUNT = """\
SELECT ?node ?name ?value { ?node ?p ?value BIND(STRAFTER(STR(?p), "urn:") AS ?name) }
"""
SOURCE = '<urn:1> <urn:load> "210 N/mm" .\n<urn:2> <urn:colour> "red" .\n<urn:3> <urn:smell> "none" .\n'


def small(folder: Path, things: str = THINGS, account: str = ACCOUNT, source: str = SOURCE) -> MappedRdf:
    files = {"small.yaml": SMALL, "things.rq": things, "account.rq": account, "line.ttl": source}
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    (plan,) = read_plans(folder / "small.yaml", vocabulary())
    assert isinstance(plan, RdfPlan)
    return apply_rdf(plan, folder / "line.ttl", BASE, vocabulary())


def test_a_mapping_of_ones_own_maps_ignores_and_sets_aside(tmp_path: Path) -> None:
    result = small(tmp_path)
    ((load, _),) = number(result, "run/1", model.HAS_PROCESS_PARAMETER, "LineLoad")

    assert load == 210
    assert sorted((item.name, item.outcome, item.reason) for item in result.stated) == [
        ("colour", "ignored", "of no use"),
        ("load", "mapped", ""),
        ("smell", "set aside", "no mapping and not ignored by name"),
    ]


@pytest.mark.parametrize(
    ("query", "text", "said"),
    [
        (
            "things",
            THINGS.replace("term:LineLoad", "term:LinLoad"),
            "things.rq: line 2: no term is called 'LinLoad'",
        ),
        ("things", THINGS.replace("term:LineLoad", "term:Binder"), "things.rq: line 2: 'Binder'"),
        ("things", THINGS.replace("WHERE {", "WHERE"), "a CONSTRUCT is not SPARQL"),
        ("things", ACCOUNT, "is no CONSTRUCT"),
        ("things", THINGS.replace("?load ;", "?node ;"), "a number is a text"),
        ("things", "CONSTRUCT { [] a term:LineLoad } { ?s ?p ?o }", "give each node an IRI"),
        ("things", "CONSTRUCT { <a> prov:wasDerivedFrom [] } { ?s ?p ?o }", "give each node an IRI"),
        ("account", ACCOUNT.replace("SELECT", "SELEKT"), "the account is not SPARQL"),
        ("account", ACCOUNT.replace("?name ?value {", "?name {"), "?node, ?name and ?value"),
        ("account", "ASK { ?s ?p ?o }", "?node, ?name and ?value"),
    ],
)
def test_a_query_with_a_fault_is_a_fault_of_the_mapping(
    tmp_path: Path, query: str, text: str, said: str
) -> None:
    with pytest.raises(KgError) as error:
        small(tmp_path, **{query: text})

    assert said in str(error.value)


def test_a_query_that_is_not_there_is_a_fault_of_the_mapping(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")

    with pytest.raises(FaultsError) as error:
        read_plans(tmp_path / "small.yaml", vocabulary())

    assert [fault.line for fault in error.value.faults] == [4, 4]
    assert "there is no query 'things.rq' beside the mapping file." in str(error.value)
