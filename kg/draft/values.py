"""The texts of a column -> what they are: numbers, numbers with units, times, codes or words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from kg.draft.look import NO_VALUE

Kind = Literal["empty", "numbers", "inline", "times", "clock", "codes", "words"]

MOSTLY = 0.8
"""Share of the texts of a column from which they say what it is; the rest are slips or notes."""

FORMATS = (
    "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y", "%d.%m.%y %H:%M", "%d.%m.%y %H:%M:%S", "%d.%m.%y",
    "%Y/%m/%d %H:%M", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d",
    "%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y",
    "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y",
    "%m/%d/%Y %I:%M %p", "%m/%d/%Y %I:%M:%S %p", "%d-%b-%Y %H:%M:%S", "%d-%b-%Y %H:%M", "%d-%b-%Y",
    "%Y%m%d_%H%M%S", "%Y%m%d-%H%M%S", "%Y%m%dT%H%M%S", "%d-%m-%Y %H:%M", "%d-%m-%Y %H:%M:%S", "%d-%m-%Y",
)  # fmt: skip
"""Forms of a time that labs and machines write, beside ISO 8601."""

_CLOCK = re.compile(r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?[AaPp][Mm])?")
_INLINE = re.compile(r"(?P<number>[+-]?[\d.,]+(?:[eE][+-]?\d+)?)[\s_]*(?P<unit>(?:1/)?[^\d.,\s_+-].*)")
_OFFSET = re.compile(r"(?:Z|[+-]\d{2}:?\d{2})$")


@dataclass(frozen=True)
class Values:
    """What is in a column.

    `rows` counts the rows of the table, `filled` those with a value, `different` the distinct values.
    `no_value` are texts that stand for 'no value'; `formats` the forms that fit all times, the likeliest
    first; `zoned` says that the times name their offset; `examples` are the first different values.
    """

    kind: Kind
    rows: int
    filled: int
    different: int
    examples: tuple[str, ...]
    whole: bool = False
    no_value: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    zoned: bool = False

    @property
    def unique(self) -> bool:
        """Return whether each row has its own value, but for a slip or two."""
        return self.rows > 1 and self.filled >= 0.95 * self.rows and self.different >= 0.95 * self.filled


def _number(decimal: str, thousands: str | None) -> re.Pattern[str]:
    group = rf"\d{{1,3}}(?:{re.escape(thousands)}\d{{3}})+|" if thousands else ""
    return re.compile(
        rf"[+-]?(?:(?:{group}\d+)(?:{re.escape(decimal)}\d*)?|{re.escape(decimal)}\d+)(?:[eE][+-]?\d+)?"
    )


def values_of(
    texts: Iterable[str | None], decimal: str, thousands: str | None, is_unit: Callable[[str], bool]
) -> Values:
    """Return what the texts of a column are; None stands for an empty cell."""
    cells = list(texts)
    filled = [text for text in cells if text is not None]
    counts = Counter(filled)
    examples = tuple(list(counts)[:4])
    if not filled:
        return Values("empty", len(cells), 0, 0, ())
    number = _number(decimal, thousands)
    numeric = [text for text in filled if number.fullmatch(text)]
    rest = {text: None for text in filled if not number.fullmatch(text)}
    none = tuple(text for text in rest if text.casefold() in NO_VALUE)
    left = sum(counts[text] for text in rest if text not in none)
    base = (len(cells), len(filled), len(counts), examples)
    if numeric and len(numeric) >= MOSTLY * (len(numeric) + left):
        whole = all(re.fullmatch(r"[+-]?\d+", text) for text in numeric)
        return Values("numbers", *base, whole=whole, no_value=none)
    formats = _formats(filled)
    if formats:
        zoned = formats[0] == "iso" and all(_OFFSET.search(text[10:]) for text in filled)
        return Values("times", *base, formats=formats, zoned=zoned)
    if sum(bool(_CLOCK.fullmatch(text)) for text in filled) >= MOSTLY * len(filled):
        return Values("clock", *base)
    tokens = [
        match for text in filled if (match := _INLINE.fullmatch(text)) and number.fullmatch(match["number"])
    ]
    if len(tokens) >= MOSTLY * len(filled) and all(is_unit(match["unit"]) for match in tokens):
        return Values("inline", *base)
    coded = sum(counts[text] for text in counts if _is_code(text))
    return Values("codes" if coded >= MOSTLY * len(filled) else "words", *base)


def _is_code(text: str) -> bool:
    """Return whether a text reads like a name that people gave to a thing: KZ-0417, B12, coater_2."""
    return (
        len(text) <= 40
        and text.count(" ") <= 1
        and any(map(str.isdigit, text))
        and any(map(str.isalpha, text))
    )


def _formats(texts: Sequence[str]) -> tuple[str, ...]:
    asked = list(dict.fromkeys(texts))[:200]
    enough = MOSTLY * len(asked)
    # Python reads more forms as ISO than people mean by it: 20260302 may be a number.
    iso = [text for text in asked if re.match(r"\d{4}-\d{2}-\d{2}", text)]
    if len(iso) >= enough and sum(_reads(text, "iso") for text in iso) >= enough:
        return ("iso",)
    found = []
    for form in FORMATS:
        hits = sum(_reads(text, form) for text in asked)
        if hits >= enough:
            found.append((hits, form))
    best = max((hits for hits, _ in found), default=0)
    return tuple(form for hits, form in found if hits == best)


def _reads(text: str, form: str) -> bool:
    try:
        moment = datetime.fromisoformat(text) if form == "iso" else datetime.strptime(text, form)
    except ValueError:
        return False
    # 02.03.26 read as %Y would be of the year 26.
    return moment.year >= 1900
