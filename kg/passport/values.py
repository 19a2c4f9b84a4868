"""What a field holds once it is found: the value, how it is known, when, how sure, and from which rows."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

KINDS = {
    "measured": "read by a tester, a scale or the management system, or recorded as this battery was built",
    "calculated": "worked out from other values of this passport, or from lots and recipes",
    "declared": "typed in by the manufacturer or the operator for this battery",
    "inherited": "stated by the manufacturer for the model, and so for each battery of it",
}
"""How a value is known."""


@dataclass(frozen=True)
class Found:
    """A value with its kind, time and proof.

    `value` is a number, a text, or a list of rows; `rows` are the places in the files, `file#row=17`;
    `by` names the fields that it was worked out from; `uncertainty` is the standard deviation of `readings`.
    """

    value: Any
    kind: str
    time: str = ""
    rows: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    uncertainty: float | None = None
    readings: int | None = None
    said_by: str = ""

    @property
    def number(self) -> float:
        """Return the value as a number."""
        return float(self.value)

    def files(self) -> dict[str, list[str]]:
        """Return the rows of the proof by file, in their order."""
        return {file: [*rows] for file, rows in _by_file(self.rows).items()}


@functools.lru_cache(maxsize=64)
def _by_file(places: tuple[str, ...]) -> dict[str, list[str]]:
    """Return rows by file; many values of a passport have the same proof, and a long one."""
    found: dict[str, list[str]] = {}
    for place in places:
        file, _, row = place.partition("#")
        found.setdefault(file, []).append(row)
    return {file: sorted(rows, key=_natural) for file, rows in sorted(found.items())}


def _natural(row: str) -> tuple[int, str]:
    digits = row.rpartition("=")[2]
    return (int(digits), "") if digits.isdigit() else (0, row)
