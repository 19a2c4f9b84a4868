"""NodeSet2 files of OPC UA -> models with their nodes, and what is wrong with them.

lxml reads them: asyncua refuses companion specifications whose required models it does not know in the
version asked for. Entities are not followed and nothing is fetched.
Source: OPC 10000-6, Annex F.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from lxml import etree

from kg.errors import Fault, FaultsError
from kg.findings import Finding
from kg.sources.xmlfile import root_of

UA = "http://opcfoundation.org/UA/"
DI, MACHINERY, PACKML = UA + "DI/", UA + "Machinery/", UA + "PackML/"
XML = "{http://opcfoundation.org/UA/2011/03/UANodeSet.xsd}"
TYPES = "{http://opcfoundation.org/UA/2008/02/Types.xsd}"
HAS_SUBTYPE, HAS_TYPE, HAS_PROPERTY, HAS_COMPONENT = "i=45", "i=40", "i=46", "i=47"
CONTAINS = (HAS_COMPONENT, HAS_PROPERTY, "i=35", "i=49", "i=17604")
"""HasComponent, HasProperty, Organizes, HasOrderedComponent, HasAddIn: a node below another."""
KINDS = ("ObjectType", "VariableType", "DataType", "ReferenceType", "Object", "Variable", "Method", "View")

BUILT_IN = {
    1: "Boolean", 2: "SByte", 3: "Byte", 4: "Int16", 5: "UInt16", 6: "Int32", 7: "UInt32", 8: "Int64",
    9: "UInt64", 10: "Float", 11: "Double", 12: "String", 13: "DateTime", 14: "Guid", 15: "ByteString",
    16: "XmlElement", 17: "NodeId", 18: "ExpandedNodeId", 19: "StatusCode", 20: "QualifiedName",
    21: "LocalizedText", 22: "Structure", 23: "DataValue", 24: "BaseDataType", 26: "Number", 27: "Integer",
    28: "UInteger", 29: "Enumeration", 290: "Duration", 294: "UtcTime", 884: "Range", 887: "EUInformation",
}  # fmt: skip
"""Data types of the core of OPC UA by their numbers (OPC 10000-6, Annex A)."""


@dataclass(frozen=True)
class Model:
    """A model that a file defines: its URI, version and day, and the models that it needs."""

    uri: str
    version: str
    published: str
    required: tuple[tuple[str, str, str], ...]


@dataclass
class Node:
    """A node: its IRI, kind, names, what it refers to, and of a variable its data type and value."""

    iri: str
    kind: str
    name: str
    label: str
    line: int
    about: str = ""
    parent: str = ""
    data_type: str = ""
    value: str = ""
    unit: str = ""
    range: tuple[str, str] | None = None
    references: list[tuple[str, str, bool]] = field(default_factory=list)
    """Reference type, target, and whether it leads forward."""

    def targets(self, *types: str) -> list[str]:
        """Return what the node refers to by some types of reference of the core."""
        wanted = {f"{UA}#{each}" for each in types}
        return [target for type_, target, forward in self.references if forward and type_ in wanted]

    def sources(self, *types: str) -> list[str]:
        """Return what refers to the node, as far as the node itself says it."""
        wanted = {f"{UA}#{each}" for each in types}
        return [target for type_, target, forward in self.references if not forward and type_ in wanted]


@dataclass
class NodeSet:
    """A file: its models, its nodes by their IRIs, and what is wrong with it."""

    path: Path
    models: list[Model]
    nodes: dict[str, Node]
    findings: list[Finding]

    def parent(self, node: Node) -> str:
        """Return the IRI of the node above, or nothing."""
        above = node.sources(*CONTAINS)
        return node.parent or (above[0] if above else "")


def node_iri(namespace: str, identifier: str) -> str:
    """Return the IRI of a node: the URI of its namespace, and its identifier as fragment.

    >>> node_iri("http://opcfoundation.org/UA/DI/", "i=1002")
    'http://opcfoundation.org/UA/DI/#i=1002'
    """
    return f"{namespace}#{quote(identifier, safe='=/:;,@!$&()*+~-._')}"


class _Reader:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.findings: list[Finding] = []
        self.root = self._parse()
        self.uris = [UA, *(each.text or "" for each in self.root.iterfind(f"{XML}NamespaceUris/{XML}Uri"))]
        found = self.root.iterfind(f"{XML}Aliases/{XML}Alias")
        self.aliases = {str(each.get("Alias")): (each.text or "").strip() for each in found}

    def _parse(self) -> etree._Element:
        root: etree._Element = root_of(self.path, comments=False)
        if root.tag != f"{XML}UANodeSet":
            begin = etree.QName(root).localname
            text = f"this is no NodeSet2 file: it begins with <{begin}>, not <UANodeSet>."
            raise FaultsError([Fault(self.path.name, 1, text)])
        return root

    def found(self, line: int, rule: str, message: str, value: str = "") -> None:
        place = f"row={line}" if line else ""
        self.findings.append(Finding(rule, message, "Warning", file=self.path.name, place=place, value=value))

    def iri(self, text: str | None, line: int) -> str:
        """Return the IRI of a node id or an alias, or nothing where it is none; that is told."""
        text = (text or "").strip()
        text = self.aliases.get(text, text)
        if not text:
            return ""
        space, rest = 0, text
        if text.startswith("ns="):
            number, _, rest = text.removeprefix("ns=").partition(";")
            space = int(number) if number.isdigit() else -1
        if rest[:2] not in ("i=", "s=", "g=", "b="):
            self.found(line, "alias", "this is no node id and no alias of the file.", text)
            return ""
        if not 0 <= space < len(self.uris):
            text_ = f"the file has no namespace {space}; its <NamespaceUris> end at {len(self.uris) - 1}."
            self.found(line, "namespace", text_, text)
            return ""
        return node_iri(self.uris[space], rest)

    def models(self) -> list[Model]:
        found = []
        for each in self.root.iterfind(f"{XML}Models/{XML}Model"):
            needs = tuple(
                (str(r.get("ModelUri")), r.get("Version", ""), r.get("PublicationDate", ""))
                for r in each.iterfind(f"{XML}RequiredModel")
            )
            day = each.get("PublicationDate", "")
            found.append(Model(str(each.get("ModelUri")), each.get("Version", ""), day, needs))
        if not found:
            self.found(0, "model", "the file does not say which model it is: <Models> is missing.")
        return found

    def nodes(self) -> Iterator[Node]:
        for each in self.root:
            kind = etree.QName(each).localname.removeprefix("UA")
            if kind in KINDS:
                node = self._node(each, kind)
                if node:
                    yield node

    def _node(self, element: etree._Element, kind: str) -> Node | None:
        line = element.sourceline or 0
        iri = self.iri(element.get("NodeId"), line)
        if not iri:
            return None
        name = (element.get("BrowseName") or "").rpartition(":")[2]
        label, about = _text(element, "DisplayName") or name, _text(element, "Description")
        node = Node(iri, kind, name, label, line, about)
        node.parent = self.iri(element.get("ParentNodeId"), line)
        if kind == "Variable":
            node.data_type = self.iri(element.get("DataType") or "i=24", line)
            self._value(element, node)
        for reference in element.iterfind(f"{XML}References/{XML}Reference"):
            at = reference.sourceline or line
            type_, target = self.iri(reference.get("ReferenceType"), at), self.iri(reference.text, at)
            if type_ and target:
                forward = reference.get("IsForward", "true").lower() not in ("false", "0")
                node.references.append((type_, target, forward))
        return node

    @staticmethod
    def _value(element: etree._Element, node: Node) -> None:
        value = element.find(f"{XML}Value")
        if value is None or not len(value):
            return
        first = value[0]
        unit = first.find(f".//{TYPES}EUInformation/{TYPES}DisplayName/{TYPES}Text")
        low, high = first.find(f".//{TYPES}Range/{TYPES}Low"), first.find(f".//{TYPES}Range/{TYPES}High")
        if unit is not None:
            node.unit = (unit.text or "").strip()
        elif low is not None and high is not None:
            node.range = (low.text or "").strip(), (high.text or "").strip()
        elif first.tag == f"{TYPES}LocalizedText":
            node.value = (first.findtext(f"{TYPES}Text") or "").strip()
        elif not len(first):
            node.value = (first.text or "").strip()


def _text(element: etree._Element, name: str) -> str:
    found = element.find(f"{XML}{name}")
    return " ".join((found.text or "").split()) if found is not None else ""


def read_nodeset(path: Path) -> NodeSet:
    """Return the models and nodes of a NodeSet2 file, with what is wrong in it.

    Raises FaultsError where it is no XML, or no NodeSet2.
    """
    reader = _Reader(path)
    models = reader.models()
    nodes: dict[str, Node] = {}
    for node in reader.nodes():
        if node.iri in nodes:
            reader.found(node.line, "node", "this node is in the file already; the first is kept.", node.iri)
            continue
        nodes[node.iri] = node
    own = {model.uri for model in models}
    for node in nodes.values():
        for _, target, _ in node.references:
            if target not in nodes and target.partition("#")[0] in own:
                text = f"'{node.name}' refers to a node of this model that is not in the file."
                reader.found(node.line, "reference", text, target)
    return NodeSet(path, models, nodes, reader.findings)
