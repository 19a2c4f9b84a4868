"""The shapes of `kg/shapes` are readable, true to the vocabulary, and find what their cases say."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pyoxigraph as ox
import pyshacl
import pytest
import rdflib
from rdflib.collection import Collection
from rdflib.namespace import RDF, SH

from kg import model, resources
from kg.check import check
from kg.load import Loader
from kg.namespaces import PREFIXES
from kg.store import Store
from kg.terms import vocabulary
from kg.validate import Result, validate

FOLDER = resources.PACKAGE / "shapes"
HOUSE = FOLDER / "_house.ttl"
FILES = sorted(path for path in FOLDER.glob("*.ttl") if path != HOUSE)
CASES = sorted((Path(__file__).parent / "shapes").glob("*/*.ttl"))
KGSH = PREFIXES["kgsh"]
BASE = "https://example.org/line/"
NUMBER_PATH = [rdflib.URIRef(model.HAS_NUMERICAL_PART), rdflib.URIRef(model.HAS_NUMBER_VALUE)]


@cache
def graph_of(path: Path) -> rdflib.Graph:
    return rdflib.Graph().parse(path, format="turtle")


def name(node: object) -> str:
    return str(node).removeprefix(KGSH)


@dataclass(frozen=True)
class NumberShape:
    """A shape that bounds the number of a quantity; a bound is (value, whether it is allowed itself)."""

    name: str
    term: str
    low: tuple[float, bool] | None
    high: tuple[float, bool] | None


def _bound(graph: rdflib.Graph, shape: rdflib.term.Node, way: str) -> tuple[float, bool] | None:
    for predicate, allowed in ((SH[f"{way}Inclusive"], True), (SH[f"{way}Exclusive"], False)):
        value = graph.value(shape, predicate)
        if value is not None:
            return float(str(value)), allowed
    return None


def number_shapes() -> Iterator[NumberShape]:
    for path in FILES:
        graph = graph_of(path)
        for shape in graph.subjects(RDF.type, SH.PropertyShape):
            way = graph.value(shape, SH.path)
            low, high = _bound(graph, shape, "min"), _bound(graph, shape, "max")
            term = graph.value(shape, SH.targetClass)
            if (low or high) and term and way and list(Collection(graph, way)) == NUMBER_PATH:
                yield NumberShape(name(shape), str(term), low, high)


def unit_shapes() -> Iterator[tuple[str, str, str]]:
    for path in FILES:
        graph = graph_of(path)
        for shape in graph.subjects(SH.path, rdflib.URIRef(model.HAS_UNIT)):
            unit, term = graph.value(shape, SH.hasValue), graph.value(shape, SH.targetClass)
            if unit is not None and term is not None:
                yield name(shape), str(term), str(unit)


NUMBER_SHAPES = sorted(number_shapes(), key=lambda shape: shape.name)
UNIT_SHAPES = sorted(unit_shapes())


def test_all_shape_files_and_cases_are_found() -> None:
    assert len(FILES) >= 14
    assert len(CASES) >= 72
    assert len(NUMBER_SHAPES) >= 150
    assert len(UNIT_SHAPES) >= 75


# House rules


@pytest.mark.parametrize("path", [*FILES, HOUSE], ids=lambda path: path.stem)
def test_shape_file_keeps_the_house_rules(path: Path) -> None:
    conforms, _, text = pyshacl.validate(graph_of(path), shacl_graph=graph_of(HOUSE), inference="none")

    assert conforms, text


@pytest.mark.parametrize(
    ("shape", "rule"),
    [
        ('[] a sh:PropertyShape ; sh:path sh:p ; sh:severity sh:Info ; sh:message "A rule." .', "House-name"),
        ('kgsh:A-b a sh:NodeShape ; sh:message "A rule." .', "House-severity"),
        ('kgsh:A-b a sh:NodeShape ; sh:severity sh:Info ; sh:message "no sentence" .', "House-message"),
        ('kgsh:A-b a sh:PropertyShape ; sh:severity sh:Info ; sh:message "A rule." .', "House-path"),
    ],
)
def test_house_rules_find_a_bad_shape(shape: str, rule: str) -> None:
    text = f"@prefix sh: <{SH}> . @prefix kgsh: <{KGSH}> . {shape}"
    data = rdflib.Graph().parse(data=text, format="turtle")
    _, report, _ = pyshacl.validate(data, shacl_graph=graph_of(HOUSE), inference="none")

    assert isinstance(report, rdflib.Graph)
    assert {name(shape) for shape in report.objects(None, SH.sourceShape)} == {rule}


def test_no_two_files_define_one_shape() -> None:
    owners = Counter(
        shape
        for path in FILES
        for kind in (SH.NodeShape, SH.PropertyShape)
        for shape in set(graph_of(path).subjects(RDF.type, kind))
    )

    assert [name(shape) for shape, count in owners.items() if count > 1] == []


_OPAQUE = re.compile(
    r"\b(emmo|echem|battery|chemsub|gpo|bvco):(\w*[0-9a-f]{8}(?:_[0-9a-f]{4}){3}_[0-9a-f]{12})\b"
)
_EXPECT = re.compile(r"^# expect: kgsh:((\S+) \w+)$", re.MULTILINE)


@pytest.mark.parametrize("path", [*FILES, HOUSE, *CASES], ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_opaque_iris_are_followed_by_their_labels(path: Path) -> None:
    """The comment of a line names the IRIs of the line, in their order."""
    wrong = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        found = [vocabulary().term(PREFIXES[prefix] + local).label for prefix, local in _OPAQUE.findall(line)]
        said = line.rpartition("  # ")[2].split(", ") if "  # " in line else []
        if found and said != found:
            wrong.append(f"{path.name}:{number}: the comment is {said}, the labels are {found}")

    assert wrong == []


# Units and terms


@pytest.mark.parametrize(("shape", "term", "unit"), UNIT_SHAPES, ids=[shape for shape, _, _ in UNIT_SHAPES])
def test_unit_of_a_shape_is_the_canonical_unit_of_its_term_and_of_all_below(
    shape: str, term: str, unit: str
) -> None:
    words = vocabulary()
    below = {iri: words.canonical_unit(iri) for iri in words.descendants(term) if iri in words}
    others = {words.term(iri).label: found.iri for iri, found in below.items() if found and found.iri != unit}

    assert below[term] is not None
    assert others == {}


LINES = ("steps", "cyclers", "kiprobatt", "solid_state")


def mapped_terms() -> set[str]:
    words = vocabulary()
    # Data sheets, models and other systems (mappers/other) name hundreds; the mapping checks their units.
    lines = [path for name in LINES for path in (resources.PACKAGE / "mappers" / name).rglob("*.yaml")]
    texts = [path.read_text(encoding="utf-8") for path in lines]
    return {words.resolve(label).iri for text in texts for label in re.findall(r"\bterm: ([\w:]+)", text)}


def test_every_quantity_that_a_mapping_of_a_line_names_has_a_unit_and_a_range() -> None:
    words = vocabulary()
    with_unit = {term for _, term, _ in UNIT_SHAPES}
    with_range = {shape.term for shape in NUMBER_SHAPES if shape.name.endswith("-range")}
    terms = mapped_terms()
    lacking = {
        words.term(iri).label
        for iri in terms
        if not (words.ancestors(iri) & with_unit and words.ancestors(iri) & with_range)
    }

    assert len(terms) > 60
    assert lacking == set()


# Cases


def triples_of(path: Path) -> list[ox.Triple]:
    return [quad.triple for quad in ox.parse(path=str(path), format=ox.RdfFormat.TURTLE)]


def shapes_in(path: Path) -> set[str]:
    graph = graph_of(path)
    return {
        str(shape) for kind in (SH.NodeShape, SH.PropertyShape) for shape in graph.subjects(RDF.type, kind)
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_shape_file_has_an_ok_and_a_bad_case(path: Path) -> None:
    kinds = {case.name.partition("_")[0] for case in CASES if case.parent.name == path.stem}

    assert kinds == {"ok", "bad"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.stem}")
def test_case_gives_the_findings_it_names(case: Path) -> None:
    """An `ok_` case names none; of other files' rules only those count that the case names."""
    file = FOLDER / f"{case.parent.name}.ttl"
    scope = "line" if file.name.startswith("line_") else "record"
    expected = _EXPECT.findall(case.read_text(encoding="utf-8"))
    wanted = Counter(finding for finding, _ in expected)
    own = shapes_in(file) | {f"{KGSH}{rule}" for _, rule in expected}
    found = Counter(
        f"{name(result.rule)} {result.severity}"
        for result in validate(triples_of(case), scope)
        if result.rule in own
    )

    assert found == wanted
    assert bool(wanted) == case.name.startswith("bad_")


def _named_in_cases() -> set[str]:
    return {rule for case in CASES for _, rule in _EXPECT.findall(case.read_text(encoding="utf-8"))}


def test_every_rule_that_is_no_range_is_hit_by_a_case() -> None:
    generated = {shape.name for shape in NUMBER_SHAPES} | {shape for shape, _, _ in UNIT_SHAPES}
    targets = (SH.targetClass, SH.targetObjectsOf, SH.targetSubjectsOf, SH.targetNode)
    rules = {
        name(shape) for path in FILES for predicate in targets for shape in graph_of(path).subjects(predicate)
    }

    assert rules - generated - _named_in_cases() == set()


# Bounds: for each shape a quantity just inside and one just outside


@dataclass(frozen=True)
class Probe:
    """A quantity made to lie inside or outside of one shape."""

    shape: str
    term: str
    unit: str
    number: float
    wrong: bool

    @property
    def iri(self) -> str:
        unit = self.unit.rpartition("#")[2]
        return f"{BASE}run/{self.shape}/{'wrong' if self.wrong else 'right'}/{self.number!r}/{unit}"

    def triples(self) -> Iterator[ox.Triple]:
        run, quantity, part = (ox.NamedNode(f"{self.iri}{end}") for end in ("", "#q", "#q.number"))
        number = ox.Literal(repr(self.number), datatype=ox.NamedNode(model.XSD + "double"))
        yield ox.Triple(run, ox.NamedNode(model.HAS_PROCESS_PARAMETER), quantity)
        yield ox.Triple(quantity, ox.NamedNode(model.RDF_TYPE), ox.NamedNode(self.term))
        yield ox.Triple(quantity, ox.NamedNode(model.RDF_TYPE), ox.NamedNode(model.VALUE_KINDS["measured"]))
        yield ox.Triple(quantity, ox.NamedNode(model.HAS_UNIT), ox.NamedNode(self.unit))
        yield ox.Triple(quantity, ox.NamedNode(model.HAS_NUMERICAL_PART), part)
        yield ox.Triple(part, ox.NamedNode(model.HAS_NUMBER_VALUE), number)


def bound_probes(shape: NumberShape) -> list[Probe]:
    unit = vocabulary().canonical_unit(shape.term)
    assert unit is not None
    probes = []
    for bound, outwards in ((shape.low, -math.inf), (shape.high, math.inf)):
        if bound is not None:
            value, allowed = bound
            inside = value if allowed else math.nextafter(value, -outwards)
            outside = math.nextafter(value, outwards) if allowed else value
            probes.append(Probe(shape.name, shape.term, unit.iri, inside, wrong=False))
            probes.append(Probe(shape.name, shape.term, unit.iri, outside, wrong=True))
    return probes


def unit_probes(shape: str, term: str, unit: str) -> list[Probe]:
    other = PREFIXES["emmo"] + "Kelvin"
    return [Probe(shape, term, unit, 1.0, wrong=False), Probe(shape, term, other, 1.0, wrong=True)]


PROBES = [probe for shape in NUMBER_SHAPES for probe in bound_probes(shape)]
PROBES += [probe for shape in UNIT_SHAPES for probe in unit_probes(*shape)]


@pytest.fixture(scope="module")
def probed() -> dict[str, list[Result]]:
    """All probes in one graph: SHACL on many costs little more than on one."""
    found: dict[str, list[Result]] = {}
    for result in validate((triple for probe in PROBES for triple in probe.triples()), "record"):
        found.setdefault(result.focus.removesuffix("#q"), []).append(result)
    return found


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: f"{probe.shape}-{probe.number:.6g}-{probe.wrong}")
def test_shape_finds_what_lies_just_outside_and_passes_what_lies_just_inside(
    probe: Probe, probed: dict[str, list[Result]]
) -> None:
    found = {name(result.rule) for result in probed.get(probe.iri, [])}

    assert (probe.shape in found) == probe.wrong


def test_violation_lies_outside_of_the_warning() -> None:
    """What is impossible is improbable as well: a plausible range lies within the possible one."""
    ranges = {
        shape.name.rpartition("-")[0]: shape for shape in NUMBER_SHAPES if shape.name.endswith("-range")
    }
    wider = []
    for shape in NUMBER_SHAPES:
        term, _, kind = shape.name.rpartition("-")
        outer = ranges.get(term)
        if kind == "plausible" and outer is not None:
            low = shape.low is None or outer.low is None or shape.low[0] >= outer.low[0]
            high = shape.high is None or outer.high is None or shape.high[0] <= outer.high[0]
            if not (low and high):
                wider.append(shape.name)

    assert wider == []


# The sample line


def test_planted_faults_of_the_sample_line_are_found_and_nothing_else(tmp_path: Path) -> None:
    plant = Path(__file__).parent / "plant"
    store = tmp_path / "store"
    outcomes = Loader(store).load(sorted(plant.glob("*_2026*")))
    shaped = {
        (
            finding.file,
            finding.row.rpartition(":")[2],
            name(finding.rule).partition("-")[0],
        )
        for outcome in outcomes
        for finding in outcome.findings
        if finding.rule.startswith(KGSH)
    }
    planted = json.loads((plant / "relations.json").read_text(encoding="utf-8"))["faults"]
    rules = {
        "decimal slip": "LineLoad",
        "efficiency above 100 %": "CoulombicEfficiency",
        "negative thickness": "CellThickness",
        "end before start": "Run",
    }

    assert shaped == {
        (fault["file"], fault["place"].rpartition("row=")[2], rules[fault["kind"]])
        for fault in planted
        if fault["kind"] in rules
    }

    loaded = [finding for finding in check(Store.open(store)) if name(finding.rule) != "LineLoad-plausible"]
    stray = [fault for fault in planted if fault["kind"] == "filled cell was never stacked"]

    assert [name(finding.rule) for finding in loaded] == ["Cell-was-stacked"]
    assert [finding.subject for finding in loaded] == [f"{BASE}cell/{fault['id']}" for fault in stray]
