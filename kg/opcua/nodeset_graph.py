"""Models and nodes of NodeSet files -> triples: types of machines, machines, and what both let us read.

A type is a class, a machine a thing of our own, and a variable is described as a column of a series is: its
name, data type, unit and range. States, methods and other parts of a model are counted and left out.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyoxigraph as ox

from kg import catalogue, model
from kg import ntriples as nt
from kg.errors import KgError
from kg.findings import Finding
from kg.iri import file_iri, mint
from kg.namespaces import PREFIXES
from kg.opcua.nodeset import (
    BUILT_IN,
    DI,
    HAS_COMPONENT,
    HAS_PROPERTY,
    HAS_SUBTYPE,
    HAS_TYPE,
    MACHINERY,
    PACKML,
    UA,
    Node,
    NodeSet,
    node_iri,
    read_nodeset,
)
from kg.resolve import unit_reader
from kg.store import Store
from kg.terms import vocabulary

RDFS, OWL, CSVW, SCHEMA = (PREFIXES[name] for name in ("rdfs", "owl", "csvw", "schema"))
DEVICES = (node_iri(DI, "i=1002"), node_iri(PACKML, "i=6"))
"""DeviceType of DI and PackMLBaseObjectType: what is below them is a machine."""
PARTS = ("Identification", "BaseStateMachine")
"""Machinery knows a machine by its part Identification, whatever its type; PackML by its state machine."""
MACHINES = node_iri(MACHINERY, "i=1001")
"""The folder of Machinery in which the machines of a server stand."""
NAMEPLATE = {"Manufacturer": "manufacturerName", "SerialNumber": "serial", "Model": "label"}
"""Variables of the identification of a machine, and the texts that they are for us."""

Statement = tuple[str, str, ox.NamedNode | ox.Literal]


@dataclass(frozen=True)
class Imported:
    """What became of a file: numbers of what was taken and left out, and what was found."""

    path: Path
    taken: dict[str, int]
    left_out: dict[str, int]
    findings: tuple[Finding, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return it for machines."""
        findings = [finding.as_dict() for finding in self.findings]
        return {"file": self.path.name, "taken": self.taken, "left_out": self.left_out, "findings": findings}


class Shelf:
    """All nodes that are at hand: of the files given now, and the types that the store has."""

    def __init__(self, store: Store, sets: Iterable[NodeSet]) -> None:
        self.sets = list(sets)
        self.device = vocabulary().resolve("ManufacturingDevice", ("class",)).iri
        self._machines: dict[str, bool] = {}
        self.nodes = {iri: node for each in self.sets for iri, node in each.nodes.items()}
        found = store.query("SELECT ?type ?above WHERE { ?type rdfs:subClassOf ?above . ?type a owl:Class }")
        self._above: dict[str, set[str]] = {}
        for row in found:
            self._above.setdefault(row["type"].value, set()).add(row["above"].value)
        # What a file says now goes before what was imported from it earlier.
        types = [node for node in self.nodes.values() if node.kind == "ObjectType"]
        self._above.update((node.iri, set(node.sources(HAS_SUBTYPE))) for node in types)
        for node in types:
            for below in node.targets(HAS_SUBTYPE):
                self._above.setdefault(below, set()).add(node.iri)
        self.models = {one.uri: one.published for each in self.sets for one in each.models}
        text = "SELECT ?model ?day WHERE { ?model a owl:Ontology ; dcterms:issued ?day }"
        for row in store.query(text):
            self.models.setdefault(row["model"].value, row["day"].value)
        self.below: dict[str, list[Node]] = {}
        for each in self.sets:
            for node in each.nodes.values():
                above = {each.parent(node)} | set(node.sources(HAS_COMPONENT, HAS_PROPERTY))
                for one in sorted(above - {""}):
                    self.below.setdefault(one, []).append(node)

    def is_a(self, type_: str, wanted: Iterable[str]) -> bool:
        """Return whether a type is one of the wanted ones, or below it."""
        seen, ahead = set(), [type_]
        while ahead:
            one = ahead.pop()
            if one in seen:
                continue
            seen.add(one)
            ahead += self._above.get(one, ())
        return bool(seen & set(wanted))

    def missing(self, given: NodeSet) -> Iterator[Finding]:
        """Yield a finding for each model that a file needs and that is not there, or only an older one."""
        for one in given.models:
            for uri, version, day in one.required:
                if uri == UA:
                    continue
                have = self.models.get(uri)
                name = f"{uri} {version}".strip()
                if have is None:
                    text = f"{one.uri} needs the model {name}, which is neither given nor in the store."
                    way = "What is below its types is taken as it stands; import its NodeSet file as well."
                    yield Finding("required-model", f"{text} {way}", "Warning", file=given.path.name)
                elif have[:10] < day[:10]:
                    text = f"{one.uri} needs the model {name} of {day[:10]}; here is one of {have[:10]}."
                    yield Finding("required-model", text, "Warning", file=given.path.name)

    def type_of(self, node: Node) -> str:
        """Return the type of an object, or nothing."""
        return next(iter(node.targets(HAS_TYPE)), "")

    def in_type(self, given: NodeSet, node: Node) -> bool:
        """Return whether a node belongs to the definition of a type."""
        seen: set[str] = set()
        above = given.parent(node)
        while above and above not in seen:
            seen.add(above)
            one = self.nodes.get(above)
            if one is None:
                return False
            if one.kind.endswith("Type"):
                return True
            above = given.parent(one)
        return False

    def is_machine(self, given: NodeSet, node: Node) -> bool:
        """Return whether an object is a machine: by its type, its folder, or its identification."""
        if node.iri not in self._machines:
            self._machines[node.iri] = False  # where objects stand in each other in a circle
            self._machines[node.iri] = self._is_machine(given, node)
        return self._machines[node.iri]

    def _is_machine(self, given: NodeSet, node: Node) -> bool:
        if node.kind != "Object" or self.in_type(given, node):
            return False
        above = {given.parent(node), *node.sources(HAS_COMPONENT, "i=35")}
        parts = [self.nodes[one] for one in above if one in self.nodes and one != node.iri]
        if any(self.is_machine(given, one) for one in parts):
            return False  # a part of a machine is read as a part of it
        return MACHINES in above or self.makes_machines(self.type_of(node)) or self._has_parts(node.iri)

    def makes_machines(self, type_: str) -> bool:
        """Return whether the objects of a type are machines."""
        return self.is_a(type_, (*DEVICES, self.device)) or self._has_parts(type_)

    def _has_parts(self, iri: str) -> bool:
        return any(one.name in PARTS and one.kind == "Object" for one in self.below.get(iri, []))


def import_nodesets(store: Store, paths: Iterable[Path]) -> tuple[list[Imported], list[KgError]]:
    """Put NodeSet files into a store that is open for writing, each into the graph of its name.

    Returns what became of each file, and the faults of those of which nothing could be read.
    """
    sets: list[NodeSet] = []
    faults: list[KgError] = []
    for path in paths:
        try:
            sets.append(read_nodeset(path))
        except KgError as error:
            faults.append(error)
    shelf = Shelf(store, sets)
    return [_keep(store, shelf, each) for each in sets], faults


def _keep(store: Store, shelf: Shelf, given: NodeSet) -> Imported:
    graph = file_iri(store.base, given.path.name)
    writer = _Writer(store.base, graph, shelf, given)
    triples = {ox.Triple(ox.NamedNode(s), ox.NamedNode(p), o) for s, p, o in writer.statements()}
    findings = (*given.findings, *shelf.missing(given))
    taken, left = writer.taken, Counter(node.kind for node in given.nodes.values())
    left.subtract(writer.nodes)
    entry = catalogue.Entry(
        graph=graph,
        name=given.path.name,
        sha256=hashlib.sha256(given.path.read_bytes()).hexdigest(),
        outcome="loaded",
        folder=str(given.path.resolve().parent),
        mapping="NodeSet2",
        read=len(given.nodes),
        loaded=sum(writer.nodes.values()),
    )
    store.replace(graph, nt.write(sorted(triples, key=str)), catalogue.ntriples(entry))
    rest = {kind: number for kind, number in sorted(left.items()) if number}
    return Imported(given.path, dict(sorted(taken.items())), rest, findings)


class _Writer:
    """The statements on one file."""

    def __init__(self, base: str, graph: str, shelf: Shelf, given: NodeSet) -> None:
        self.base, self.graph, self.shelf, self.given = base, graph, shelf, given
        self.taken: Counter[str] = Counter()
        self.nodes: Counter[str] = Counter()
        self._written: set[str] = set()
        self.device = shelf.device
        self.maker = vocabulary().resolve("manufacturerName", ("datatype property",)).iri

    def statements(self) -> Iterator[Statement]:
        for one in self.given.models:
            yield one.uri, model.RDF_TYPE, ox.NamedNode(OWL + "Ontology")
            yield one.uri, OWL + "versionInfo", ox.Literal(one.version)
            yield one.uri, PREFIXES["dcterms"] + "issued", ox.Literal(one.published)
            for uri, _, _ in one.required:
                yield one.uri, OWL + "imports", ox.NamedNode(uri)
        for node in self.given.nodes.values():
            if node.kind == "ObjectType":
                yield from self._type(node)
            elif self.shelf.is_machine(self.given, node):
                yield from self._machine(node)

    def _named(self, iri: str, node: Node) -> Iterator[Statement]:
        yield iri, RDFS + "label", ox.Literal(node.label)
        yield iri, model.DERIVED_FROM, ox.NamedNode(f"{self.graph}#row={node.line}")
        if node.about:
            yield iri, RDFS + "comment", ox.Literal(node.about)

    def _count(self, node: Node, what: str) -> None:
        if node.iri not in self._written:
            self._written.add(node.iri)
            self.nodes[node.kind] += 1
            self.taken[what] += 1

    def _type(self, node: Node) -> Iterator[Statement]:
        self._count(node, "types")
        yield node.iri, model.RDF_TYPE, ox.NamedNode(OWL + "Class")
        yield from self._named(node.iri, node)
        for above in node.sources(HAS_SUBTYPE):
            yield node.iri, RDFS + "subClassOf", ox.NamedNode(above)
        if self.shelf.makes_machines(node.iri):
            yield node.iri, RDFS + "subClassOf", ox.NamedNode(self.device)
        yield from self._variables(node.iri, node)

    def _machine(self, node: Node) -> Iterator[Statement]:
        self._count(node, "machines")
        iri = mint(self.base, "machine", node.name)
        yield iri, model.RDF_TYPE, ox.NamedNode(self.device)
        yield iri, model.IDENTIFIER, ox.Literal(node.name)
        yield iri, PREFIXES["skos"] + "exactMatch", ox.NamedNode(node.iri)
        yield from self._named(iri, node)
        type_ = self.shelf.type_of(node)
        if type_ and not type_.startswith(f"{UA}#"):
            yield iri, model.RDF_TYPE, ox.NamedNode(type_)
        yield from self._variables(iri, node)

    def _variables(self, bearer: str, node: Node) -> Iterator[Statement]:
        """Yield the variables of a node and of the objects below it, with their paths as names."""
        seen: set[str] = set()
        ahead = [("", node)]
        while ahead:
            path, above = ahead.pop()
            for one in self.shelf.below.get(above.iri, []):
                if one.iri in seen or one.kind not in ("Variable", "Object"):
                    continue
                seen.add(one.iri)
                name = f"{path}{one.name}"
                if one.kind == "Object":
                    ahead.append((f"{name}/", one))
                elif one.name not in ("EngineeringUnits", "EURange", "InstrumentRange", "EnumStrings"):
                    yield from self._variable(bearer, name, one)
                    ahead.append((f"{name}/", one))

    def _variable(self, bearer: str, name: str, node: Node) -> Iterator[Statement]:
        self._count(node, "variables")
        yield bearer, CSVW + "column", ox.NamedNode(node.iri)
        yield node.iri, CSVW + "name", ox.Literal(name)
        yield from self._named(node.iri, node)
        yield node.iri, CSVW + "datatype", ox.Literal(self._data_type(node))
        for one in self.shelf.below.get(node.iri, []):
            if one.name == "EngineeringUnits" and one.unit:
                self._count(one, "variables")
                read = unit_reader(vocabulary()).read(one.unit)
                if read and read.unit:
                    yield node.iri, model.HAS_UNIT, ox.NamedNode(read.unit.iri)
                yield node.iri, SCHEMA + "unitText", ox.Literal(one.unit)
            elif one.range:
                self._count(one, "variables")
                double = ox.NamedNode(model.XSD + "double")
                for key, text in zip(("minValue", "maxValue"), one.range, strict=True):
                    yield node.iri, SCHEMA + key, ox.Literal(text, datatype=double)
        if not node.value:
            return
        yield node.iri, SCHEMA + "value", ox.Literal(node.value)
        if node.name in NAMEPLATE and bearer.startswith(self.base):
            text = NAMEPLATE[node.name]
            yield bearer, model.TEXT_PROPERTIES.get(text, self.maker), ox.Literal(node.value)

    def _data_type(self, node: Node) -> str:
        space, _, identifier = node.data_type.partition("#i=")
        if space == UA and identifier.isdigit():
            return BUILT_IN.get(int(identifier), node.data_type)
        known = self.shelf.nodes.get(node.data_type)
        return known.name if known else node.data_type
