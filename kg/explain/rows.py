"""A statement of a file -> the row, the columns with their texts, and the line of the mapping."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from urllib.parse import unquote

import pyoxigraph as ox

from kg import catalogue, model
from kg.errors import KgError
from kg.explain.proof import Row
from kg.iri import encode
from kg.mappers.plan import Plan, Thing, file_patterns, read_plans
from kg.mappers.yamlfile import Document, read_documents
from kg.resources import PACKAGE
from kg.sources import Content, Table
from kg.store import Store
from kg.terms import vocabulary

_QUANTITY = (model.HAS_PROPERTY, model.HAS_PROCESS_PARAMETER, model.HAS_NUMERICAL_PART)
_LINKS = (*model.ROLES.values(), model.HAS_PART, model.MADE_FROM)


@dataclass(frozen=True)
class _Part:
    """One plan of a file, with the document that it comes from and the table that it reads."""

    plan: Plan
    document: Document
    table: Table


class Files:
    """The source files behind a store; each is read once."""

    def __init__(self, store: Store) -> None:
        self.store = store

    @functools.cached_property
    def entries(self) -> dict[str, catalogue.Entry]:
        """Return the entries of the catalogue by graph."""
        return {entry.graph: entry for entry in catalogue.entries(self.store, items=False)}

    def rows(self, triple: ox.Triple, graph: str) -> tuple[Row, ...]:
        """Return the places of a file that say a statement."""
        assert isinstance(triple.subject, ox.NamedNode)
        bearer = _bearer(triple.subject.value)
        places = self._places(bearer, graph) or self._places(triple.subject.value, graph)
        return tuple(self._row(triple, graph, place) for place in places) or (self._row(triple, graph, ""),)

    def _places(self, node: str, graph: str) -> list[str]:
        quads = self.store.db.quads_for_pattern(
            ox.NamedNode(node), ox.NamedNode(model.DERIVED_FROM), None, ox.NamedNode(graph)
        )
        return sorted(quad.object.value for quad in quads if isinstance(quad.object, ox.NamedNode))

    def _row(self, triple: ox.Triple, graph: str, place: str) -> Row:
        entry = self.entries.get(graph)
        name = entry.name if entry else unquote(graph.removeprefix(f"{self.store.base}file/"))
        fragment = place.removeprefix(f"{graph}#") if place else ""
        if entry is None:
            return Row(name, fragment, note="no file of this name is in the catalogue")
        parts, note = self._parts(graph)
        for part in parts:
            found = _cells(triple, part, fragment, self.store.base)
            if found is not None:
                cells, line = found
                return Row(name, unquote(fragment), cells, entry.mapping, line, note)
        return Row(name, unquote(fragment), (), entry.mapping, 0, note)

    @functools.cache  # noqa: B019 - as long-lived as the files are needed
    def _parts(self, graph: str) -> tuple[tuple[_Part, ...], str]:
        """Return the plans of a file with their tables, and why there are none."""
        entry = self.entries[graph]
        path = Path(entry.folder) / Path(entry.name).name
        try:
            mapping = self._mapping(entry)
            documents = read_documents(mapping)
            plans = read_plans(mapping, vocabulary())
        except KgError as error:
            return (), str(error)
        if not all(isinstance(plan, Plan) for plan in plans):
            return (), ""
        tables = [plan for plan in plans if isinstance(plan, Plan)]
        if not path.is_file():
            return (), f"the file is no longer in {entry.folder}"
        if hashlib.sha256(path.read_bytes()).hexdigest() != entry.sha256:
            return (), "the file has changed since it was loaded"
        content = Content(path, [plan.reading for plan in tables])
        parts = []
        for plan, document in zip(tables, documents, strict=True):
            if (
                any(fnmatchcase(path.name.lower(), pattern.lower()) for pattern in plan.files)
                or not plan.files
            ):
                parts.append(_Part(plan, document, content.table(plan.reading, plan.source)))
        return tuple(parts), ""

    def _mapping(self, entry: catalogue.Entry) -> Path:
        name = Path(entry.name).name.lower()
        here = [
            path
            for place in (self.store.path / "mappings", PACKAGE / "mappers")
            for path in sorted(place.rglob(entry.mapping))
        ]
        fits = [path for path in here if any(fnmatchcase(name, p.lower()) for p in file_patterns(path))]
        if not (fits or here):
            raise KgError(f"the mapping {entry.mapping} is not at hand")
        return (fits or here)[0]


def _bearer(node: str) -> str:
    return node.partition("#")[0]


def _fragment(node: str) -> str:
    return node.partition("#")[2].removesuffix(".number")


def _cells(
    triple: ox.Triple, part: _Part, place: str, base: str
) -> tuple[tuple[tuple[str, str], ...], int] | None:
    """Return the cells of a row that say a statement and the mapping's line; None for another table."""
    at = part.table.places == place
    if not at.any():
        return None
    row = part.table.frame.filter(at).row(0, named=True)
    for columns, line in _columns(triple, part, row, base):
        return tuple((column, row.get(column) or "") for column in columns), part.document.line(line)
    return None


def _columns(
    triple: ox.Triple, part: _Part, row: dict[str, str | None], base: str
) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Yield the columns that say a statement, each with its place in the mapping, the best first."""
    assert isinstance(triple.subject, ox.NamedNode)
    plan, link = part.plan, triple.predicate.value
    value = triple.object.value if isinstance(triple.object, ox.NamedNode | ox.Literal) else ""
    subject = list(_things(plan, _bearer(triple.subject.value), row, base))
    names = {thing.name for thing in subject}
    fragment = _fragment(triple.subject.value) or (_fragment(value) if link in _QUANTITY else "")
    for quantity in plan.quantities:
        if fragment and quantity.fragment == fragment and quantity.thing in names:
            yield (quantity.column,), ("columns", quantity.column)
    for moment in plan.moments:
        if moment.predicate == link:
            yield (moment.column,), ("columns", moment.column)
    for text in plan.texts:
        if text.predicate == link and text.thing in names:
            yield (text.column,), ("columns", text.column)
    for choice in plan.choices:
        if choice.thing in names and (row.get(choice.column), value) in choice.classes:
            yield (choice.column,), ("columns", choice.column)
    for left, own, right in plan.links:
        if own == link and left in names:
            yield _key(plan, right), ("links",)
    if link in _LINKS:
        for thing in _things(plan, value, row, base):
            yield thing.key_columns, ("things", thing.name)
    for thing in sorted(subject, key=lambda thing: thing.type_iri != value):
        yield thing.key_columns, ("things", thing.name)


def _key(plan: Plan, name: str) -> tuple[str, ...]:
    return next((thing.key_columns for thing in plan.things if thing.name == name), ())


def _things(plan: Plan, iri: str, row: dict[str, str | None], base: str) -> Iterator[Thing]:
    """Yield the things of a plan whose IRI in this row is the given one."""
    for thing in plan.things:
        if not iri.startswith(f"{base}{thing.kind}/"):
            continue
        texts = [text if kind == "text" else row.get(text) for kind, text in thing.key]
        key = encode("".join(text or "" for text in texts))
        if thing.split or any(kind == "file" for kind, _ in thing.key) or iri == f"{base}{thing.kind}/{key}":
            yield thing
