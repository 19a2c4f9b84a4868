"""templates.tsv and concepts.tsv -> the elements that a submodel template asks for, as trees."""

from __future__ import annotations

import csv
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kg.resources import PACKAGE

TABLE = PACKAGE / "aas" / "templates.tsv"
CONCEPTS = PACKAGE / "aas" / "concepts.tsv"
COLUMNS = ("template", "path", "kind", "type", "of", "cardinality", "semantic", "key", "further")
CONCEPT_COLUMNS = ("id", "short", "name", "unit", "type")


@dataclass(frozen=True)
class Element:
    """An element of a template: what it is, how often it comes, what it means, and its children.

    `type` is the value type of a property, or of the members of a list, which are of the kind `of`.
    """

    path: str
    kind: str
    type: str
    of: str
    cardinality: str
    semantic: str
    key: str
    further: tuple[str, ...]
    children: list[Element] = field(default_factory=list)

    @property
    def short(self) -> str:
        """Return the idShort, empty for a member of a list that has none."""
        name = self.path.rpartition("/")[2]
        return "" if name.startswith("[") else name

    @property
    def mandatory(self) -> bool:
        """Return whether each instance has this element; a template that says nothing means One."""
        return self.cardinality in ("One", "OneToMany")

    def at(self, path: str) -> Element | None:
        """Return the element below this one at a path, or None."""
        return next((each for each in self.walk() if each.path == f"{self.path}/{path}"), None)

    def walk(self) -> Iterator[Element]:
        """Yield this element and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True)
class Template:
    """A submodel template with its identity."""

    number: str
    version: str
    revision: str
    id: str
    root: Element


@dataclass(frozen=True)
class Concept:
    """What a concept description of a template says."""

    id: str
    short: str
    name: str
    unit: str
    type: str


def _table(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def _element(row: Mapping[str, str]) -> Element:
    told: dict[str, Any] = {
        name: row[name] for name in ("path", "kind", "type", "of", "cardinality", "semantic", "key")
    }
    return Element(**told, children=[], further=tuple(filter(None, row["further"].split(" | "))))


@functools.cache
def templates() -> dict[str, Template]:
    """Return the templates by their number, such as `02035-4`."""
    found: dict[str, Template] = {}
    parents: dict[str, Element] = {}
    for row in _table(TABLE):
        element = parents[row["path"]] = _element(row)
        if element.kind == "Submodel":
            parents = {row["path"]: element}
            number = row["template"]
            found[number] = Template(number, row["type"], row["of"], row["cardinality"], element)
        else:
            parents[row["path"].rpartition("/")[0]].children.append(element)
    return found


@functools.cache
def concepts() -> dict[str, Concept]:
    """Return the concept descriptions of the templates by their id."""
    return {row["id"]: Concept(**row) for row in _table(CONCEPTS)}
