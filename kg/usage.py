"""Mappings, shapes, queries and rules of the product -> where each term of the vocabulary is used."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyoxigraph as ox

from kg.errors import KgError
from kg.labels import expand
from kg.mappers.spec import MappingSpec, read_spec
from kg.mappers.yamlfile import read_documents
from kg.namespaces import PREFIXES
from kg.queries import library
from kg.resources import PACKAGE, folder
from kg.terms import Vocabulary, vocabulary

_NAME = re.compile(r"(?<![\w<?$:/#-])([a-z][\w-]*):([A-Za-z_][\w-]*)")
_STATEMENTS = ("influences.ttl", "passport.ttl")


@dataclass(frozen=True)
class Usage:
    """Where a term is used: names of files below kg/mappers, kg/shapes and queries, and names of statements.

    A column of a mapping follows its file: `steps/calendering.yaml: Walzenspalt [µm]`.
    """

    mapped: list[str] = field(default_factory=list)
    shaped: list[str] = field(default_factory=list)
    queried: list[str] = field(default_factory=list)
    stated: list[str] = field(default_factory=list)


@functools.cache
def usages() -> dict[str, Usage]:
    """Return the use of every term that is used, by its IRI."""
    known = vocabulary()
    found: dict[str, Usage] = {}
    for kind, uses in (
        ("mapped", _mapped(known)),
        ("shaped", _shaped()),
        ("queried", _queried(known)),
        ("stated", _stated()),
    ):
        for iri, place in uses:
            places: list[str] = getattr(found.setdefault(iri, Usage()), kind)
            if place not in places:
                places.append(place)
    return found


def _mapped(known: Vocabulary) -> Iterator[tuple[str, str]]:
    mappers = PACKAGE / "mappers"
    for path in sorted(mappers.rglob("*.yaml")):
        name = path.relative_to(mappers).as_posix()
        for document in read_documents(path):
            spec = read_spec(document)
            if isinstance(spec, MappingSpec):
                for label, place in _labels(spec):
                    try:
                        yield known.resolve(label).iri, f"{name}: {place}"
                    except KgError:  # a label that only its kind settles, or a text of the mapping itself
                        continue
    for path in sorted(mappers.rglob("*.rq")):
        yield from _named(path, path.relative_to(mappers).as_posix())


def _labels(spec: MappingSpec) -> Iterator[tuple[str, str]]:
    for name, thing in spec.things.items():
        yield thing.class_, name
    for column, line in spec.columns.items():
        if line.term is not None:
            yield line.term, column
        for label in (line.terms or {}).values():
            yield label, column
        for label in (line.class_ or {}).values():
            yield label, column


def _shaped() -> Iterator[tuple[str, str]]:
    for path in sorted((PACKAGE / "shapes").glob("*.ttl")):
        for quad in ox.parse(path=str(path), format=ox.RdfFormat.TURTLE):
            if isinstance(quad.object, ox.NamedNode):
                yield quad.object.value, path.name


def _queried(known: Vocabulary) -> Iterator[tuple[str, str]]:
    for name, path in library().items():
        yield from _named(path, name, known)


def _stated() -> Iterator[tuple[str, str]]:
    for path in (folder("ontology") / name for name in _STATEMENTS):
        for quad in ox.parse(path=str(path), format=ox.RdfFormat.TURTLE) if path.is_file() else ():
            if isinstance(quad.object, ox.NamedNode) and isinstance(quad.subject, ox.NamedNode):
                yield quad.object.value, quad.subject.value.rpartition("#")[2]


def _named(path: Path, place: str, known: Vocabulary | None = None) -> Iterator[tuple[str, str]]:
    """Yield the IRIs that a query names, in full, with a prefix or by label."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#+")]
    text = "\n".join(lines)
    if known is not None:
        text = expand(text, known)
    for iri in re.findall(r"<([^<>\s]+)>", text):
        yield iri, place
    for prefix, local in _NAME.findall(text):
        if prefix in PREFIXES:
            yield PREFIXES[prefix] + local, place
