"""The parts of a draft: lines of columns, things, and the questions that are left."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from kg.draft.look import Sight

Where = Literal["columns", "todo"]


@dataclass(frozen=True)
class Line:
    """The line of one column: the keys of `columns` in the mapping language, and a comment in plain words.

    Under `todo` the keys are a proposal, or empty.
    """

    column: str
    where: Where
    keys: dict[str, object]
    comment: str


@dataclass(frozen=True)
class Thing:
    """A thing of a row, with the keys of `things` in the mapping language."""

    kind: str
    class_: str
    role: str
    key: str = ""
    comment: str = ""


@dataclass
class Part:
    """One mapping of the draft: one table of the file."""

    title: str
    files: str
    sight: Sight
    missing: tuple[str, ...]
    things: dict[str, Thing] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    open: dict[str, str] = field(default_factory=dict)
    """Questions that are no column, each with the way to settle it."""
