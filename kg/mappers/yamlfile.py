"""A YAML file -> plain values, with the line of each key for the messages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from kg.errors import Fault, FaultsError

Place = tuple[str | int, ...]


@dataclass(frozen=True)
class Document:
    """One document of a YAML file: its values, and the line of each key by its path."""

    path: Path
    values: Any
    lines: dict[Place, int]

    def line(self, place: Place) -> int:
        """Return the line of a key, or of the nearest key above it."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)

    def fault(self, place: Place, text: str) -> Fault:
        """Return a fault at the line of a key."""
        return Fault(self.path.name, self.line(place), text)


class _Loader(yaml.SafeLoader):
    """YAML without surprises: every scalar is text; the spec says what is a number."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, Any]]] = {}  # noqa: RUF012 - the name PyYAML reads


class _InC(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """The same by the parser in C, where PyYAML was built with it."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, Any]]] = {}  # noqa: RUF012 - the name PyYAML reads


def _nodes(text: str) -> list[yaml.Node]:
    try:
        return list(yaml.compose_all(text, Loader=_InC))
    except (yaml.YAMLError, ValueError, RecursionError):
        # The parser in Python says better what is wrong, and where.
        return list(yaml.compose_all(text, Loader=_Loader))


_HINTS = (
    ("'\\t'", "Indent with blanks, not with tabs."),
    (
        "that cannot start any token",
        "Put the text into quotation marks, as it begins with a sign that YAML uses.",
    ),
    (
        "mapping values are not allowed",
        "Begin lines of one level in the same column, and put a text that holds ': ' into quotation marks.",
    ),
    (
        "expected ',' or '}'",
        "Close the brace, and put a text that holds ',', '{' or '}' into quotation marks.",
    ),
    (
        "expected ',' or ']'",
        "Close the bracket, and put a text that holds ',', '[' or ']' into quotation marks.",
    ),
    ("expected <block end>", "Lines of one level begin in the same column."),
    ("could not find expected ':'", "Each line is 'key: value'."),
)


def _lines(node: yaml.Node, place: Place, path: Path, faults: list[Fault]) -> Iterator[tuple[Place, int]]:
    yield place, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                text = "a key is one text. Put a name that holds '{' or '[' into quotation marks."
                faults.append(Fault(path.name, line, text))
                continue
            if key.value in seen:
                faults.append(Fault(path.name, line, f"'{key.value}' is given twice. Keep one of the two."))
            seen.add(key.value)
            for inner, number in _lines(value, (*place, key.value), path, faults):
                yield inner, line if inner == (*place, key.value) else number
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _lines(item, (*place, index), path, faults)


def _not_yaml(path: Path, text: str, error: Exception) -> Fault:
    mark = getattr(error, "problem_mark", None)
    line = mark.line + 1 if mark else 0
    reason = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error).splitlines()[0]
    if isinstance(error, yaml.reader.ReaderError):
        line = text.count("\n", 0, error.position) + 1
        reason = f"it holds the control character {chr(error.character)!a}"
    if isinstance(error, RecursionError):
        reason = "a value is nested in itself"
    hint = next((hint for sign, hint in _HINTS if sign in reason), "")
    return Fault(path.name, line, f"this is not YAML: {reason}. {hint}".rstrip())


def read_documents(path: Path) -> list[Document]:
    """Return the documents of a YAML file.

    Raises FaultsError where the file cannot be read, is no YAML, or gives a key twice.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise FaultsError([Fault(path.name, 0, "there is no such mapping file.")]) from None
    except UnicodeDecodeError:
        raise FaultsError([Fault(path.name, 0, "a mapping file is UTF-8 text. Save it as UTF-8.")]) from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise FaultsError([Fault(path.name, 0, f"the mapping file cannot be read: {reason}.")]) from None
    faults: list[Fault] = []
    documents: list[Document] = []
    try:
        for node in _nodes(text):
            lines = dict(_lines(node, (), path, faults))
            if not faults:
                documents.append(Document(path, _Loader("").construct_document(node), lines))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise FaultsError([*faults, _not_yaml(path, text, error)]) from None
    if faults:
        raise FaultsError(faults)
    # Three dashes at the end of a file open a document that holds nothing.
    documents = [document for document in documents if document.values not in (None, "")]
    if not documents:
        raise FaultsError([Fault(path.name, 0, "the mapping file is empty.")])
    return documents
