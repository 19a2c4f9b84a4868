"""A template and the values that fill it -> a submodel as AAS JSON, empty where a value is not known."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from kg.aas.templates import Element, Template
from kg.namespaces import PREFIXES

BVCOX = PREFIXES["bvcox"]
NOT_KNOWN = "notInGraph"
"""Extension of a mandatory element that the graph cannot fill."""

REMARKS = "0173-1#02-AAO202#003"
"""AddressRemarks of the drop-in for contact information: an address in one text."""

HOW_KNOWN, EXACT = "howKnown", "exactValue"


class Withheld:
    """In place of a value that an audience may not see."""


WITHHELD = Withheld()


@dataclass(frozen=True)
class Leaf:
    """A value with the terms it is of, how it is known, and what it was before its type took digits away."""

    value: Any
    terms: tuple[str, ...] = ()
    how: str = ""
    exact: str = ""
    language: str = "en"


@dataclass(frozen=True)
class Raw:
    """An element that no template has, as AAS JSON."""

    element: Mapping[str, Any]


Content = Leaf | Raw | Withheld | Mapping[str, Any] | Sequence[Any] | None


def reference(value: str, key: str = "") -> dict[str, Any]:
    """Return a reference to what a semantic id means."""
    kind: Literal["ModelReference", "ExternalReference"] = "ModelReference" if key else "ExternalReference"
    return {"type": kind, "keys": [{"type": key or "GlobalReference", "value": value}]}


def extension(name: str, value: str) -> dict[str, Any]:
    """Return an extension with a text."""
    return {"name": name, "valueType": "xs:string", "value": value}


def address_remarks(text: str = "") -> Raw:
    """Return an address in one text, empty where it is not known."""
    said = {"value": [{"language": "en", "text": text}]} if text else {}
    gap = {} if text else {"extensions": [extension(NOT_KNOWN, "the graph does not hold this")]}
    head = {"idShort": "AddressRemarks", **gap, "semanticId": reference(REMARKS)}
    return Raw({**head, **said, "modelType": "MultiLanguageProperty"})


def meaning(element: Element, terms: Sequence[str] = ()) -> dict[str, Any]:
    """Return the semantic ids of an element: those of the template, and our terms beside them."""
    found: dict[str, Any] = {}
    if element.semantic:
        found["semanticId"] = reference(element.semantic, element.key)
        further = list(dict.fromkeys([*element.further, *terms]))
        if further:
            found["supplementalSemanticIds"] = [reference(each) for each in further]
    return found


def _whole(value: Any) -> str:
    return str(round(float(value)))


def _date(value: Any) -> str:
    text = str(value)[:10]
    return f"{text}-01" if len(text) == 7 else text


def _moment(value: Any) -> str:
    text = str(value)
    return f"{text}T00:00:00Z" if len(text) == 10 else text


def _number(value: Any) -> str:
    text = repr(float(value)) if not isinstance(value, int) else str(value)
    return text if "e" not in text else f"{float(value):.15g}"


def _decimal(value: Any) -> str:
    return f"{float(value):.12f}".rstrip("0").rstrip(".")


TYPES: dict[str, Callable[[Any], str]] = {
    "xs:boolean": lambda value: str(bool(value)).lower(),
    "xs:date": _date,
    "xs:dateTime": _moment,
    "xs:decimal": _decimal,
    "xs:double": _number,
    "xs:float": _number,
    "xs:integer": _whole,
    "xs:long": _whole,
    "xs:unsignedInt": _whole,
}
"""Value type -> its text; all others are written as they are."""


def _extensions(leaf: Leaf, written: str) -> list[dict[str, Any]]:
    found = [extension(HOW_KNOWN, leaf.how)] if leaf.how else []
    exact = leaf.exact or (
        str(leaf.value) if not isinstance(leaf.value, bool) and not _same(written, leaf.value) else ""
    )
    return [*found, extension(EXACT, exact)] if exact else found


def _same(written: str, value: Any) -> bool:
    if isinstance(value, int | float):
        return float(written) == float(value)
    return written == str(value) or written == f"{value}T00:00:00Z"


def _leaf(element: Element, leaf: Leaf | None, inside: bool) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if element.short and not inside:
        made["idShort"] = element.short
    text = ""
    if leaf is not None:
        text = TYPES.get(element.type, str)(leaf.value)
    extensions = _extensions(leaf, text) if leaf else [extension(NOT_KNOWN, "the graph does not hold this")]
    if extensions:
        made["extensions"] = extensions
    made |= meaning(element, leaf.terms if leaf else ())
    if element.kind == "Property":
        made |= {"valueType": element.type} | ({"value": text} if leaf else {})
    elif element.kind == "MultiLanguageProperty" and leaf:
        made["value"] = [{"language": leaf.language, "text": text}]
    elif element.kind == "File":
        made |= {"value": text} if leaf else {}
        made["contentType"] = content_type(text)
    return {**made, "modelType": element.kind}


def content_type(address: str) -> str:
    """Return the content type that an address ends in."""
    ends = {
        "pdf": "application/pdf",
        "png": "image/png",
        "svg": "image/svg+xml",
        "parquet": "application/vnd.apache.parquet",
    }
    return ends.get(address.rpartition(".")[2].lower(), "application/octet-stream")


def make(element: Element, content: Content, inside: bool = False) -> list[dict[str, Any]]:
    """Return an element with its content: none where it is withheld, or neither known nor mandatory."""
    if isinstance(content, Withheld) or (content is None and not element.mandatory):
        return []
    if isinstance(content, Raw):
        return [dict(content.element)]
    if element.kind == "SubmodelElementList":
        return _list(element, content, inside)
    if element.kind == "SubmodelElementCollection":
        if not isinstance(content, Sequence):
            return _collection(element, content, inside)
        return [
            made for place, each in enumerate(content) for made in _collection(element, each, inside, place)
        ]
    if isinstance(content, list):
        return [_leaf(element, each, inside) for each in content]
    assert content is None or isinstance(content, Leaf), element.path
    return [_leaf(element, content, inside)]


def _head(element: Element, inside: bool, place: int | None, known: bool) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if element.short and not inside:
        made["idShort"] = re.sub(r"__00__$", f"__{place or 0:02d}__", element.short)
    if not known:
        made["extensions"] = [extension(NOT_KNOWN, "the graph does not hold this")]
    return made | meaning(element)


def _collection(
    element: Element, content: Any, inside: bool, place: int | None = None
) -> list[dict[str, Any]]:
    given: Mapping[str, Any] = content or {}
    children = [
        made for child in element.children for made in make(child, given.get(child.short), inside=False)
    ]
    children += _further(element, given)
    if not children and any(isinstance(each, Withheld) for each in given.values()):
        return []
    made = _head(element, inside, place, bool(children) or content is not None)
    return [{**made, **({"value": children} if children else {}), "modelType": element.kind}]


def _further(element: Element, given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the elements that are given beside those of the template."""
    known = {child.short for child in element.children}
    return [dict(each.element) for name, each in given.items() if isinstance(each, Raw) and name not in known]


def _list(element: Element, content: Any, inside: bool) -> list[dict[str, Any]]:
    member = element.children[0]
    given = content if content is not None else [None] if member.mandatory else []
    children = [made for each in given for made in make(member, each, inside=True)]
    made = _head(element, inside, None, content is not None)
    if member.semantic:
        made["semanticIdListElement"] = reference(member.semantic, member.key)
    made["typeValueListElement"] = element.of
    if element.type:
        made["valueTypeListElement"] = element.type
    return [{**made, **({"value": children} if children else {}), "modelType": element.kind}]


def submodel(
    template: Template, id: str, content: Mapping[str, Any], withheld: Sequence[str] = ()
) -> dict[str, Any]:
    """Return a submodel; `withheld` names the paths that this audience may not see."""
    root = template.root
    made: dict[str, Any] = {"modelType": "Submodel", "id": id, "idShort": root.short}
    if withheld:
        made["extensions"] = [extension("withheld", " ".join(withheld))]
    administration = {"version": template.version, "revision": template.revision, "templateId": template.id}
    made["administration"] = {name: text for name, text in administration.items() if text}
    made |= {"kind": "Instance"} | meaning(root)
    elements = [each for child in root.children for each in make(child, content.get(child.short))]
    elements += _further(root, content)
    return {**made, **({"submodelElements": elements} if elements else {})}
