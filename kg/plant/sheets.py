"""Rows of a step -> a sheet of a file, and back to the place of a row in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

Value = str | int | float | datetime | None

FIRST_DAY = datetime(2026, 3, 2, 6, 0)
"""Monday of the week in which the line starts, in local time."""

SHIFTS = {"de": ("Früh", "Spät", "Nacht"), "en": ("early", "late", "night")}

REMARKS = {
    "de": ("Kantenriss, Rolle geprüft", "Anlauf nach Pause; erste 5 m Ausschuss", "Walze gereinigt"),
    "en": ("edge crack, roll checked", 'camera says "streak", none seen', "restart after break"),
}
"""With the signs that a careless reader of CSV stumbles over."""


@dataclass
class Sheet:
    """A table of one file; `head` is what stands above the header, line by line.

    `records` is set where the file is JSON; then the rows are made into records when it is written.
    """

    file: str
    rows: list[dict[str, Value]] = field(default_factory=list)
    name: str | None = None
    head: tuple[tuple[str, ...], ...] = ()

    def line(self, index: int) -> int:
        """Return the row number of a row as a spreadsheet shows it."""
        return len(self.head) + 2 + index


def moment(day: float, minutes: float) -> datetime:
    """Return the local time `minutes` after six o'clock on a day counted from the first; full minutes."""
    return FIRST_DAY + timedelta(days=int(day), minutes=round(minutes))


def shift(time: datetime, language: str) -> str:
    """Return the name of the shift in which a time falls."""
    return SHIFTS[language][((time.hour - 6) % 24) // 8]


def number(value: float, digits: int) -> float:
    """Return a measured value at the resolution of its instrument, whole numbers without a decimal sign."""
    return round(float(value), digits) if digits else round(float(value))


class People:
    """Operators and remarks, drawn by chance; neither has an effect on anything."""

    def __init__(self, rng: np.random.Generator, language: str) -> None:
        """Take the source of chance and the language of the remarks."""
        self._rng, self._language = rng, language

    def operator(self) -> str:
        """Return the code of an operator."""
        return f"OP-{int(self._rng.integers(1, 7)):02d}"

    def remark(self) -> str | None:
        """Return a remark, in about one row of seven."""
        draw = int(self._rng.integers(0, 20))
        remarks = REMARKS[self._language]
        return remarks[draw] if draw < len(remarks) else None
