"""An environment whose semantic ids are known -> what it states, in the graph model of the line.

Known are the terms of the vocabulary, on elements of any template, and the places of IDTA 02031-2 (executed
processes), 02011 (hierarchical structures) and 02035 (battery passport).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pyoxigraph as ox

from kg import model
from kg.aas import views
from kg.aas.environment import Environment
from kg.aas.instance import EXACT, HOW_KNOWN
from kg.aas.places import Known, known_in
from kg.aas.templates import templates
from kg.aas.things import QUANTITY, THING
from kg.errors import KgError
from kg.passport.facts import SERIAL
from kg.terms import vocabulary

Node = dict[str, Any]
KINDS = {"declared": "nominal", "inherited": "nominal", "calculated": "modelled"}
"""How a passport knows a value -> the kind of value that it is in the graph; others are measured."""

RUN = {model.HAS_TOOL, model.HAS_INPUT, model.HAS_OUTPUT}
TIMES = {"ProcessStartTime": model.START, "ProcessEndTime": model.END}


@dataclass
class Stated:
    """The statements of an environment, the things that they are about, and what could not be taken."""

    triples: dict[ox.Triple, None] = field(default_factory=dict)
    things: dict[str, None] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)

    def _say(self, subject: str, prop: str, value: ox.NamedNode | ox.Literal) -> None:
        self.triples[ox.Triple(ox.NamedNode(subject), ox.NamedNode(prop), value)] = None
        if "#" not in subject:
            self.things[subject] = None

    def link(self, subject: str, prop: str, object_: str) -> None:
        """State that a thing has a thing."""
        self._say(subject, prop, ox.NamedNode(object_))

    def text(self, subject: str, prop: str, value: str, kind: str = "string") -> None:
        """State a text of a thing, or a literal of another type."""
        self._say(subject, prop, ox.Literal(value, datatype=ox.NamedNode(model.XSD + kind)))

    def quantity(self, bearer: str, has: str, name: str, term: str, how: str, value: float) -> None:
        """State a quantity of a thing in the canonical unit of its term."""
        node = f"{bearer}#{name}"
        unit = vocabulary().canonical_unit(term)
        self.link(bearer, has, node)
        self.link(node, model.RDF_TYPE, term)
        self.link(node, model.RDF_TYPE, model.VALUE_KINDS.get(how, model.VALUE_KINDS["measured"]))
        self.link(node, model.HAS_NUMERICAL_PART, f"{node}.number")
        self.link(f"{node}.number", model.RDF_TYPE, model.REAL_DATA)
        self.text(f"{node}.number", model.HAS_NUMBER_VALUE, repr(value).removesuffix(".0"), "double")
        if unit:
            self.link(node, model.HAS_UNIT, unit.iri)


def stated(environment: Environment) -> Stated:
    """Return what an environment states of the things that its shells are of."""
    found, units = Stated(), _units(environment)
    submodels = {each["id"]: each for each in environment.get("submodels", [])}
    for shell in environment.get("assetAdministrationShells", []):
        thing = shell.get("assetInformation", {}).get("globalAssetId", "")
        if not _is_iri(thing):
            continue
        for link in shell.get("submodels", []):
            submodel = submodels.get(link["keys"][-1]["value"])
            if submodel:
                _submodel(found, thing, submodel, units)
    return found


def _is_iri(text: str) -> bool:
    try:
        ox.NamedNode(text)
    except ValueError:
        return False
    return ":" in text


def _units(environment: Environment) -> dict[str, str]:
    """Return the unit of each concept that the environment describes with one."""
    return {
        concept["id"]: unit
        for concept in environment.get("conceptDescriptions", [])
        for specified in concept.get("embeddedDataSpecifications", [])
        if (unit := specified.get("dataSpecificationContent", {}).get("unit"))
    }


def ids(node: Node) -> list[str]:
    """Return the semantic ids of a node, the first before the supplemental ones."""
    references = [*filter(None, [node.get("semanticId")]), *node.get("supplementalSemanticIds", [])]
    return [each["keys"][-1]["value"] for each in references]


def _said(node: Node, name: str) -> str:
    """Return what an extension says."""
    return next((each.get("value", "") for each in node.get("extensions", []) if each["name"] == name), "")


def _submodel(found: Stated, thing: str, submodel: Node, units: dict[str, str]) -> None:
    meant = set(ids(submodel))
    for number, read in READERS.items():
        if templates()[number].root.semantic in meant:
            read(found, thing, submodel, units)
            return
    if any("/HierarchicalStructures/" in each for each in meant):
        _structure(found, thing, submodel)
        return
    places = known_in(meant)
    _elements(found, thing, views.Place(submodel), units, places)


def _elements(
    found: Stated,
    bearer: str,
    place: views.Place,
    units: dict[str, str],
    places: dict[str, Known] | None = None,
    has: str = model.HAS_PROPERTY,
) -> None:
    """State all values below a place as quantities of a bearer, and its class, identifier, serial number."""
    for each in place.walk():
        node = each.node
        if node["modelType"] != "Property" or not node.get("value"):
            continue
        known = (places or {}).get(each.path)
        if known:
            _passport_value(found, bearer, node, known)
        elif places is None or not places:
            _value(found, bearer, node, units, has)


def _value(found: Stated, bearer: str, node: Node, units: dict[str, str], has: str) -> None:
    """State the value of a property that has a term of the vocabulary."""
    words = vocabulary()
    meant = ids(node)
    if node.get("idShort") == "Class" and meant and meant[0] in words:
        found.link(bearer, model.RDF_TYPE, meant[0])
    elif model.IDENTIFIER in meant:
        found.text(bearer, model.IDENTIFIER, node["value"])
    elif SERIAL in meant:
        found.text(bearer, SERIAL, node["value"])
    term = next((each for each in meant if each in words and words.canonical_unit(each)), "")
    number = _number(node["value"]) if term else None
    if number is None:
        return
    value = _converted(found, bearer, node, term, number, units)
    if value is not None:
        how = _said(node, HOW_KNOWN)
        how = KINDS.get(how, how if how in model.VALUE_KINDS else "measured")
        label = words.term(term).label
        name = _said(node, QUANTITY) or (label if node.get("idShort") == label else _name(term, how))
        found.quantity(bearer, has, name, term, how, value)


def _name(term: str, how: str) -> str:
    """Return the name of a quantity: its term, and how it is known unless it is measured."""
    label = vocabulary().term(term).label
    return label if how == "measured" else f"{label}.{how}"


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _converted(
    found: Stated, bearer: str, node: Node, term: str, number: float, units: dict[str, str]
) -> float | None:
    """Return a number in the unit of its term; None, with a finding, where its unit is not known."""
    words = vocabulary()
    canonical = words.canonical_unit(term)
    told = next((units[each] for each in ids(node) if each in units), "")
    assert canonical
    try:
        unit = words.units.parse(told or canonical.code if canonical.dimension is None else told)
        return float(words.units.convert(number, unit, canonical))
    except KgError as error:
        where = f"{bearer}: '{node.get('idShort', '')}'"
        why = error if told else "no concept description says its unit"
        found.findings.append(f"{where} stays in the shell and is no value of the graph: {why}.")
        return None


def _passport_value(found: Stated, bearer: str, node: Node, known: Known) -> None:
    """State the value at a known place of the battery passport; the exact one stands beside a rounded one."""
    exact = _said(node, EXACT).partition(" ")[0]
    number = _number(exact or node["value"])
    if number is None:
        return
    value = (1 if exact else known.written) * number * known.factor
    how = _said(node, HOW_KNOWN)
    kind = KINDS.get(how, "measured" if how == "measured" else "nominal")
    found.quantity(bearer, model.HAS_PROPERTY, _name(known.term, kind), known.term, kind, value)


def _structure(found: Stated, thing: str, submodel: Node) -> None:
    """State parts: where a relation has a property of the graph in its ids, it is that one, else has part."""
    entries = [each for each in submodel.get("submodelElements", []) if each["modelType"] == "Entity"]
    for entry in entries:
        nodes = {
            each["idShort"]: each.get("globalAssetId", "")
            for each in entry.get("statements", [])
            if each["modelType"] == "Entity"
        }
        for relation in entry.get("statements", []):
            if relation["modelType"] != "RelationshipElement" or not _is_has_part(relation):
                continue
            part = nodes.get(relation["second"]["keys"][-1]["value"], "")
            if _is_iri(part):
                prop = model.MADE_FROM if model.MADE_FROM in ids(relation) else model.HAS_PART
                found.link(entry.get("globalAssetId") or thing, prop, part)


def _is_has_part(relation: Node) -> bool:
    return any("/HierarchicalStructures/HasPart/" in each for each in ids(relation))


def _executed(found: Stated, thing: str, submodel: Node, units: dict[str, str]) -> None:
    """State a run: its class, times, machine, what went in and came out, parameters and what was measured."""
    for run in views.Place(submodel).children():
        for process in run.children():
            if process.node["modelType"] == "SubmodelElementCollection":
                _process(found, thing, process, units)


def _process(found: Stated, run: str, process: views.Place, units: dict[str, str]) -> None:
    for part in process.children():
        short, node = part.node["idShort"], part.node
        if short == "ProcessName":
            for meant in ids(node):
                if meant in vocabulary():
                    found.link(run, model.RDF_TYPE, meant)
        elif short == "ProcessId" and node.get("value"):
            found.text(run, model.IDENTIFIER, node["value"])
        elif short in TIMES and node.get("value"):
            found.text(run, TIMES[short], node["value"], "dateTime")
        elif short in ("ResourceParameters", "ProcessBoM"):
            for each in part.children():
                prop = next((id for id in ids(each.node) if id in RUN), "")
                if prop and _is_iri(each.node.get("value", "")):
                    found.link(run, prop, each.node["value"])
        elif short == "ProcessParameters":
            _elements(found, run, part, units, has=model.HAS_PROCESS_PARAMETER)
        elif short == "ProductParameters":
            for each in part.children():
                product = _said(each.node, THING)
                if _is_iri(product):
                    _elements(found, product, each, units)


READERS: dict[str, Callable[[Stated, str, Node, dict[str, str]], None]] = {"02031-2": _executed}
"""Template -> what reads its submodels."""
