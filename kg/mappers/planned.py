"""What a plan is made of: things, quantities, times, texts and choices, in IRIs and factors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kg.sources.table import Reading
from kg.terms import Term
from kg.units import Unit

KeyPart = tuple[Literal["text", "column", "file"], str]
"""A piece of a key: a fixed text, the name of a column, or `file` or `stem`."""


@dataclass(frozen=True)
class Thing:
    """A process run or a thing of each row, and what its key is made of.

    `split` is the column whose cells hold several identifiers, and the sign between them.
    """

    name: str
    kind: str
    type_iri: str
    role: str | None
    key: tuple[KeyPart, ...]
    split: tuple[str, str] | None = None

    @property
    def key_columns(self) -> tuple[str, ...]:
        """Return the columns that the key is made of."""
        return tuple(name for kind, name in self.key if kind == "column")


@dataclass(frozen=True)
class Quantity:
    """A column that holds the values of a quantity.

    `unit` is None where each cell names its own; values are stored in `canonical`.
    `fragment` ends the IRI of the quantity: `{thing}#{fragment}`.
    """

    column: str
    thing: str
    term: Term
    unit: Unit | None
    canonical: Unit
    kind: str
    fragment: str


@dataclass(frozen=True)
class Moment:
    """A column that says when the run began or ended."""

    column: str
    predicate: str
    format: str
    zone: str


@dataclass(frozen=True)
class Text:
    """A column of text about a thing."""

    column: str
    thing: str
    predicate: str


@dataclass(frozen=True)
class Choice:
    """A column whose text chooses a further class of a thing."""

    column: str
    thing: str
    classes: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Plan:
    """All that is needed to turn a table into triples."""

    title: str
    path: Path
    digest: str
    source: str
    files: tuple[str, ...]
    reading: Reading
    thousands: str | None
    things: tuple[Thing, ...]
    links: tuple[tuple[str, str, str], ...]
    ids: tuple[tuple[str, str], ...]
    quantities: tuple[Quantity, ...]
    moments: tuple[Moment, ...]
    texts: tuple[Text, ...]
    choices: tuple[Choice, ...]
    columns: tuple[str, ...]
    optional: frozenset[str]
    missing: tuple[tuple[str, tuple[str, ...]], ...]
    ignore: tuple[str, ...]

    @property
    def run(self) -> Thing | None:
        """Return the process run of a row, where the mapping has one."""
        return next((thing for thing in self.things if thing.role == "run"), None)


@dataclass(frozen=True)
class RdfPlan:
    """All that is needed to turn RDF in another vocabulary into ours."""

    title: str
    path: Path
    digest: str
    source: str
    files: tuple[str, ...]
    encodings: tuple[str, ...]
    construct: tuple[str, ...]
    account: str
    ignore: dict[str, str]


AnyPlan = Plan | RdfPlan
