"""A submodel or element as AAS JSON -> what a reader asks to have of it: metadata, values, paths, references.

Source: IDTA-01002-3 (Asset Administration Shell, Part 2), content, level and extent of an answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kg.errors import KgError

Node = dict[str, Any]

CHILDREN = {
    "Submodel": "submodelElements",
    "SubmodelElementCollection": "value",
    "SubmodelElementList": "value",
    "Entity": "statements",
    "AnnotatedRelationshipElement": "annotations",
}
"""Kind of node -> where its children stand."""

VALUES = (
    "value", "valueId", "min", "max", "statements", "annotations", "submodelElements", "observed", "first",
    "second",
)  # fmt: skip
"""What of a node is its value, and no metadata."""

NO_METADATA = ("Capability", "Operation")
_PART = re.compile(r"(?:^|\.)([A-Za-z][A-Za-z0-9_-]*)|\[(\d+)\]")
_NUMBER = re.compile(r"xs:(double|float|decimal|integer|long|int|short|byte|unsigned\w+|\w+Integer)")


@dataclass(frozen=True)
class Place:
    """An element with its path in a submodel, and the keys that lead to it from there."""

    node: Node
    path: str = ""
    keys: tuple[tuple[str, str], ...] = ()

    def children(self) -> list[Place]:
        """Return the elements right below."""
        found = children(self.node)
        if self.node["modelType"] == "SubmodelElementList":
            return [self._child(each, f"{self.path}[{n}]", str(n)) for n, each in enumerate(found)]
        stem = f"{self.path}." if self.path else ""
        return [self._child(each, stem + each["idShort"], each["idShort"]) for each in found]

    def _child(self, node: Node, path: str, key: str) -> Place:
        return Place(node, path, (*self.keys, (node["modelType"], key)))

    def walk(self, deep: bool = True) -> Iterator[Place]:
        """Yield the elements below, or those right below."""
        for child in self.children():
            yield child
            if deep:
                yield from child.walk()

    def reference(self, submodel: str) -> Node:
        """Return the reference to the element in a submodel."""
        keys = [("Submodel", submodel), *self.keys]
        return {"type": "ModelReference", "keys": [{"type": kind, "value": value} for kind, value in keys]}


def children(node: Node) -> list[Node]:
    """Return the children of a node; those that have none have no list."""
    found = node.get(CHILDREN.get(node["modelType"], ""), [])
    return list(found)


def at(submodel: Node, path: str) -> Place | None:
    """Return the element at an idShort path such as `Cells[2].Mass`; None where there is none.

    Raises KgError for what is no such path.
    """
    parts = list(_PART.finditer(path))
    if not parts or "".join(part[0] for part in parts) != path:
        raise KgError(f"'{path}' is no path of short names, such as Metadata.Name or Documents[0].")
    place: Place | None = Place(submodel)
    for part in parts:
        assert place
        key = part[1] or part[2]
        if (part[2] is not None) != (place.node["modelType"] == "SubmodelElementList"):
            return None
        place = next((each for each in place.children() if each.keys[-1][1] == key), None)
        if place is None:
            return None
    return place


def shown(node: Node, deep: bool = True, blobs: bool = False) -> Node:
    """Return a node with all below it, or with its children alone; blobs only where they are asked for."""
    return _shown(node, blobs, 99 if deep else 1)


def _shown(node: Node, blobs: bool, levels: int) -> Node:
    key = CHILDREN.get(node["modelType"])
    if node["modelType"] == "Blob" and not blobs:
        return {name: value for name, value in node.items() if name != "value"}
    if key is None or key not in node:
        return node
    if not levels:
        return {name: value for name, value in node.items() if name != key}
    return {**node, key: [_shown(each, blobs, levels - 1) for each in node[key]]}


def metadata(node: Node) -> Node:
    """Return a node without its value.

    Raises KgError for a kind of element that has no metadata.
    """
    if node["modelType"] in NO_METADATA:
        raise KgError(f"the {node['modelType']} '{node.get('idShort', '')}' has no metadata.")
    return {name: value for name, value in node.items() if name not in VALUES}


def named_value(node: Node, deep: bool = True, blobs: bool = False) -> Any:
    """Return the value of an element under its name; that of a member of a list has none."""
    found = value(shown(node, deep, blobs))
    return {node["idShort"]: found} if node.get("idShort") else found


def value(node: Node) -> Any:
    """Return the value of a node, and of all in it, without what describes it."""
    kind = node["modelType"]
    if kind in ("Submodel", "SubmodelElementCollection"):
        return _values(children(node))
    if kind == "SubmodelElementList":
        return [value(each) for each in children(node)]
    if kind == "Property":
        return _typed(node.get("value"), node["valueType"])
    if kind == "MultiLanguageProperty":
        return [{each["language"]: each["text"]} for each in node.get("value", [])]
    if kind == "Range":
        return {name: _typed(node[name], node["valueType"]) for name in ("min", "max") if name in node}
    if kind == "Entity":
        kept = {
            name: node[name] for name in ("entityType", "globalAssetId", "specificAssetIds") if name in node
        }
        return {"statements": _values(children(node)), **kept}
    if kind == "AnnotatedRelationshipElement":
        ends = {name: node[name] for name in ("first", "second") if name in node}
        return {**ends, "annotations": _values(children(node))}
    if kind == "ReferenceElement":
        return node.get("value")
    names = ("value", "contentType", "first", "second", "observed")
    return {name: node[name] for name in names if name in node}


def _values(nodes: list[Node]) -> Node:
    return {each["idShort"]: value(each) for each in nodes if each["modelType"] not in NO_METADATA}


def _typed(text: str | None, kind: str) -> Any:
    """Return a text as JSON has it: numbers and truths, where its type says so and JSON can say it."""
    if text is None:
        return None
    if kind == "xs:boolean":
        return text in ("true", "1")
    if _NUMBER.fullmatch(kind):
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            return text
    return text
