"""What a proof is made of, and how it is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyoxigraph as ox

Term = ox.NamedNode | ox.Literal


@dataclass(frozen=True)
class Row:
    """The place of a file that says something.

    `place` is the fragment of the row, `cells` the columns that say it with their texts as in the file,
    `mapping` the mapping file, and `line` its line that turns these columns into the statement.
    `note` tells what keeps the texts from being shown.
    """

    file: str
    place: str
    cells: tuple[tuple[str, str], ...] = ()
    mapping: str = ""
    line: int = 0
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the place for machines."""
        return {
            "file": self.file,
            "place": self.place,
            "cells": [{"column": column, "text": text} for column, text in self.cells],
            "mapping": self.mapping,
            "line": self.line,
            "note": self.note,
        }


@dataclass(frozen=True)
class Proof:
    """Why the store says a statement.

    `kind` is `asserted` (by `rows` of files), `derived` (by `rule` from `premises`), `vocabulary` (by the
    ontology files in `stated_by`) or `hierarchy` (a class by the classes below it).
    `absent` holds what must not be there for the rule to hold, in the words of the rule.
    `more` counts further premises that are left out here.
    """

    kind: str
    subject: Term
    predicate: ox.NamedNode
    object: Term
    rows: tuple[Row, ...] = ()
    rule: str = ""
    summary: str = ""
    premises: tuple[Proof, ...] = ()
    absent: tuple[str, ...] = ()
    stated_by: tuple[str, ...] = ()
    more: int = 0

    @property
    def triple(self) -> ox.Triple:
        """Return the statement."""
        assert isinstance(self.subject, ox.NamedNode)
        return ox.Triple(self.subject, self.predicate, self.object)

    def leaves(self) -> Iterator[Proof]:
        """Yield the statements on which all rests, which are asserted or of the vocabulary."""
        if not self.premises:
            yield self
        for premise in self.premises:
            yield from premise.leaves()

    def as_dict(self) -> dict[str, Any]:
        """Return the proof for machines: terms as N-Triples writes them."""
        told: dict[str, Any] = {
            "kind": self.kind,
            "subject": str(self.subject),
            "predicate": str(self.predicate),
            "object": str(self.object),
        }
        if self.kind == "asserted":
            told["rows"] = [row.as_dict() for row in self.rows]
        if self.kind == "vocabulary":
            told["stated_by"] = list(self.stated_by)
        if self.rule:
            told |= {"rule": self.rule, "summary": self.summary, "absent": list(self.absent)}
        if self.premises:
            told |= {"premises": [one.as_dict() for one in self.premises], "more": self.more}
        return told
