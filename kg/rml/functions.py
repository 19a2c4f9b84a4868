"""Texts of cells -> IRIs, numbers and times, as functions of an RML mapping.

This file travels beside an exported mapping and is read by morph-kgc (`udfs = ...`).
It needs Python 3.11 and nothing else, so that the mapping runs where battery-kg is not installed.
A function that returns None makes no triple. morph-kgc calls none of them where a cell is empty.
"""

# morph-kgc puts a line of its own before this file, so nothing can be imported from __future__ here.
import json
import re
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

NAMESPACE = "https://w3id.org/battery-kg/rml-functions#"
"""The address of a function is its name after this, that of a parameter the same: `...#key`."""

_SAFE = "/:@!$'()*+,;="
_DOTS = re.compile(r"(?<![^/])(\.{1,2})(?![^/])")
_GROUPS = {".": r"\.", ",": ",", " ": "[ \u00a0\u202f]", "'": "['\u2019]"}
_EXCEL_EPOCH = datetime(1899, 12, 30)


def iri(prefix: str, key: str, suffix: str, given: str = "") -> str:
    """Return prefix, percent-encoded key and suffix; `given` names a cell without which nothing is said."""
    # A path segment of one or two dots would be swallowed when the IRI is resolved.
    return prefix + _DOTS.sub(lambda dots: "%2E" * len(dots[1]), quote(key, safe=_SAFE)) + suffix


def other(prefix: str, key: str, not_prefix: str, not_key: str) -> str | None:
    """Return the IRI of a thing unless it is that of the other thing."""
    found = iri(prefix, key, "")
    return None if found == iri(not_prefix, not_key, "") else found


def choose(text: str, choices: str) -> str | None:
    """Return what a JSON object of texts has for the text of a cell."""
    found: str | None = _loaded(choices).get(text)
    return found


def number(text: str, decimal: str, thousands: str, factor: str, offset: str) -> str | None:
    """Return a decimal in another unit, number * factor + offset, as xsd:double."""
    if not _number_pattern(decimal, thousands).fullmatch(text):
        return None
    return _scaled(text, decimal, thousands, float(factor), float(offset))


def number_with_unit(text: str, decimal: str, thousands: str, units: str) -> str | None:
    """Return the number of `12.5 mm` in another unit; `units` is JSON: for each unit factor and offset."""
    match = _token_pattern(decimal, thousands).fullmatch(text)
    factors = _loaded(units).get(match["unit"] or "") if match else None
    if match is None or factors is None:
        return None
    return _scaled(match["number"], decimal, thousands, *factors)


def moment(text: str, form: str, zone: str, decimal: str) -> str | None:
    """Return a time as xsd:dateTime with its offset; `form` is a strptime format, `iso` or `excel`.

    Several forms are tried in turn; they are joined by a line feed.
    """
    for each in form.split("\n"):
        try:
            if each == "excel":
                days = float(text.replace(decimal, "."))
                value = _EXCEL_EPOCH + timedelta(milliseconds=round(days * 86_400_000))
            elif each == "iso":
                value = datetime.fromisoformat(text)
            else:
                value = datetime.strptime(text, each)
        except (ValueError, OverflowError):
            continue
        if value.tzinfo is None:
            value = value.replace(tzinfo=_zone(zone))
        return value.isoformat()
    return None


@lru_cache(maxsize=64)
def _loaded(text: str) -> Any:
    return json.loads(text)


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@lru_cache(maxsize=64)
def _number_text(decimal: str, thousands: str) -> str:
    group = _GROUPS[thousands] if thousands else None
    whole = rf"[0-9]{{1,3}}(?:{group}[0-9]{{3}})+|[0-9]+" if group else "[0-9]+"
    point = re.escape(decimal)
    return rf"[+-]?(?:(?:{whole})(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][+-]?[0-9]+)?"


@lru_cache(maxsize=64)
def _number_pattern(decimal: str, thousands: str) -> re.Pattern[str]:
    return re.compile(_number_text(decimal, thousands))


@lru_cache(maxsize=64)
def _token_pattern(decimal: str, thousands: str) -> re.Pattern[str]:
    number_text = _number_text(decimal, thousands)
    return re.compile(rf"(?s)(?P<number>{number_text})[\s_]*(?P<unit>(?:1/)?[^0-9.,\s_].*)?")


def _scaled(text: str, decimal: str, thousands: str, factor: float, offset: float) -> str | None:
    plain = re.sub(_GROUPS[thousands], "", text) if thousands else text
    value = float(plain.replace(decimal, "."))
    if (factor, offset) != (1.0, 0.0):
        # Fifteen digits are those of the source; the sixteenth is noise of the multiplication.
        value = float(f"{value * factor + offset:.15g}")
    return _double(value) if abs(value) != float("inf") else None


def _double(value: float) -> str:
    """Return the shortest text of a number, with the exponents that battery-kg writes."""
    digits, _, exponent = repr(value).partition("e")
    if not exponent:
        return digits
    if exponent == "-05":
        sign, whole = ("-", digits[1:]) if digits.startswith("-") else ("", digits)
        return f"{sign}0.0000{whole.replace('.', '')}"
    return f"{digits}e{exponent[0]}{exponent[1:].lstrip('0')}"


PARAMETERS = {
    iri: ("prefix", "key", "suffix", "given"),
    other: ("prefix", "key", "not_prefix", "not_key"),
    choose: ("text", "choices"),
    number: ("text", "decimal", "thousands", "factor", "offset"),
    number_with_unit: ("text", "decimal", "thousands", "units"),
    moment: ("text", "form", "zone", "decimal"),
}
"""The functions that a mapping may call, with their parameters."""

for _function, _parameters in PARAMETERS.items():
    # `udf` is there only when morph-kgc reads this file.
    if "udf" in globals():
        _named = {_name: NAMESPACE + _name for _name in _parameters}
        globals()["udf"](NAMESPACE + _function.__name__, **_named)(_function)
