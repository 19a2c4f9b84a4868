"""An XML file -> the same nested values that a JSON file holds, so that its records are read like those.

An element is the object of what is inside it; one that holds text alone is that text. Attributes are `@name`,
a text beside them is `#text`. Elements of one name in one place are a list. Namespaces are left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Set
from pathlib import Path
from typing import Any

from lxml import etree

from kg.sources.text import fault, read_bytes

ENDING = ".xml"


def root_of(path: Path, *, comments: bool = True) -> Any:
    """Return the root element of an XML file, with or without the comments in it.

    Nothing outside the file is read, and no entity grows in it.
    Raises FaultsError, with the line, where it is no XML.
    """
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=not comments, remove_pis=True
    )
    try:
        return etree.fromstring(read_bytes(path), parser)
    except etree.XMLSyntaxError as error:
        raise fault(path, f"this is not XML: {error.msg}.", error.lineno or 0) from None


def _name(element: Any) -> str:
    return str(etree.QName(element).localname)


def _children(element: Any) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = defaultdict(list)
    for child in element.iterchildren(tag=etree.Element):
        found[_name(child)].append(child)
    return found


def parse_xml(path: Path, lists: Set[str] = frozenset()) -> dict[str, Any]:
    """Return the content of the root element of an XML file.

    `lists` are paths of names with dots; elements there are a list even where there is only one.
    Raises FaultsError, with the line, where it is no XML.
    """
    try:
        value = _value(root_of(path), "", lists)
    except RecursionError:
        raise fault(path, "the elements are nested too deeply to be records.") from None
    return value if isinstance(value, dict) else {"#text": value}


def _value(element: Any, above: str, lists: Set[str]) -> Any:
    text = (element.text or "").strip()
    content: dict[str, Any] = {f"@{etree.QName(key).localname}": item for key, item in element.attrib.items()}
    for name, children in _children(element).items():
        path = f"{above}{name}"
        values = [_value(child, f"{path}.", lists) for child in children]
        content[name] = values if len(values) > 1 or path in lists else values[0]
    if not content:
        return text
    return {**content, "#text": text} if text else content


def _places(element: Any, pointer: str, lists: Set[str], above: str) -> Iterator[tuple[str, Any]]:
    """Yield each element with its place, as `parse_xml` and a JSON pointer make it."""
    yield pointer, element
    for name, children in _children(element).items():
        path = f"{above}{name}"
        for index, child in enumerate(children):
            place = f"{pointer}/{name}"
            place = f"{place}/{index}" if len(children) > 1 or path in lists else place
            yield from _places(child, place, lists, f"{path}.")


def pruned_xml(path: Path, reasons: Mapping[str, str], places: Set[str], lists: Set[str]) -> bytes:
    """Return an XML file with the records that have reasons alone, each below a comment that says them.

    `places` are all of its records.
    """
    root = root_of(path)
    parts = [place.split("/") for place in reasons]
    kept = {"/".join(each[:length]) for each in parts for length in range(1, len(each) + 1)}
    for place, element in list(_places(root, "", lists, "")):
        if element is root:
            continue
        if place in reasons:
            element.addprevious(etree.Comment(f" {reasons[place].replace('--', '- -')} "))
        elif place in places and place not in kept:
            element.getparent().remove(element)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="utf-8"))
