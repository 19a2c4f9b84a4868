"""Unit codes and value tokens as people write them -> units with the numbers that convert between them."""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from kg.errors import KgError


@dataclass(frozen=True)
class Unit:
    """A unit of measurement.

    A number x in this unit is x * factor + offset in the coherent SI unit of the same dimension.
    `dimension` is the dimension string of EMMO (`T-2 L0 M+1 I0 Θ0 N0 J0`), or None where it is not known.
    `ucum` and `symbol` are empty where nobody has stated them.
    """

    iri: str
    label: str
    ucum: str
    symbol: str
    factor: float
    offset: float
    dimension: str | None
    deprecated: bool = False

    @property
    def code(self) -> str:
        """Return the name for machines: the UCUM code, or where none is stated the symbol or the label."""
        return self.ucum or self.symbol or self.label

    @property
    def name(self) -> str:
        """Return the name for people: the symbol, or where none is stated the UCUM code or the label."""
        return self.symbol or self.ucum or self.label


class UnknownUnitError(KgError):
    """No unit is written like this; `near` holds codes that look similar."""

    def __init__(self, code: str, near: Callable[[], Iterable[str]] = tuple) -> None:
        """Take the text as it was written, and how to find the codes that come near it."""
        super().__init__(code)
        self.code, self._find = code, near

    @functools.cached_property
    def near(self) -> list[str]:
        """Return the codes that look similar; they are sought when somebody asks."""
        return list(self._find())

    def __str__(self) -> str:
        """Return the fault, what is near, and the way out."""
        hint = f" Near: {', '.join(map(repr, self.near))}." if self.near else ""
        return (
            f"no unit is written {self.code!r}.{hint} Units are UCUM codes such as um, N/mm, mg/cm2, Cel, %."
        )


class DifferentDimensionError(KgError):
    """Two units that measure different things, so that no number leads from one to the other."""

    def __init__(self, source: Unit, target: Unit) -> None:
        """Take the two units."""
        self.source, self.target = source, target
        super().__init__(
            f"{source.name!r} ({source.dimension}) cannot become {target.name!r} ({target.dimension}): "
            "they measure different things."
        )


class Units:
    """All units of the vocabulary, by every way of writing them."""

    def __init__(self, units: Iterable[Unit]) -> None:
        """Index the units by code, symbol and label."""
        # Among units with one code the first of this order wins: not deprecated, with a dimension,
        # shortest label, smallest IRI. So the choice never depends on the order of reading.
        self._units = sorted(units, key=lambda u: (u.deprecated, u.dimension is None, len(u.label), u.iri))
        self._by_iri = {unit.iri: unit for unit in self._units}
        self._by_code: dict[object, list[Unit]] = {}
        self._by_symbol: dict[str, list[Unit]] = {}
        self._by_label: dict[str, list[Unit]] = {}
        for unit in self._units:
            if unit.ucum:
                self._by_code.setdefault(normal_form(unit.ucum), []).append(unit)
            if unit.symbol:
                self._by_symbol.setdefault(_plain_symbol(unit.symbol), []).append(unit)
            self._by_label.setdefault(_fold(unit.label), []).append(unit)
        self._found: dict[tuple[str, str | None], Unit] = {}

    def __iter__(self) -> Iterator[Unit]:
        """Iterate over all units, the preferred one of a code first."""
        return iter(self._units)

    def __len__(self) -> int:
        """Return the number of units."""
        return len(self._units)

    def get(self, iri: str) -> Unit | None:
        """Return the unit with this IRI, or None."""
        return self._by_iri.get(iri)

    def parse(self, code: str, dimension: str | None = None) -> Unit:
        """Return the unit written as a UCUM code in any spelling, as a symbol, as a label or as an IRI.

        `dimension` decides where one text names several units: `C` is the coulomb, but for a C-rate
        it is the ampere per ampere hour. Raises UnknownUnitError.
        """
        key = (code, dimension)
        if key not in self._found:
            self._found[key] = self._parse(code, dimension)
        return self._found[key]

    def _parse(self, code: str, dimension: str | None) -> Unit:
        text = code.strip()
        if text in self._by_iri:
            return self._by_iri[text]
        found: list[Unit] = [
            *self._by_code.get(normal_form(text), ()),
            *self._by_symbol.get(_plain_symbol(text), ()),
            *self._by_label.get(_fold(text), ()),
        ]
        # A symbol such as mAh/g is read as the code mA.h/g when no unit states it.
        found += self._by_code.get(normal_form(as_code(text)), ())
        found += self._by_label.get(_fold(as_code(text)), ())
        if dimension is not None:
            found.sort(key=lambda unit: unit.dimension != dimension)
        if not text or not found:
            raise UnknownUnitError(code, lambda: self._near(text))
        return found[0]

    def _near(self, text: str) -> list[str]:
        codes = {text for unit in self._units for text in (unit.ucum, unit.symbol) if text}
        near = [code for code in sorted(codes) if code.casefold() == text.casefold()]
        return (near + difflib.get_close_matches(text, sorted(codes - set(near)), n=6, cutoff=0.5))[:6]

    def scale(self, source: Unit, target: Unit) -> tuple[float, float]:
        """Return (factor, offset) such that y = x * factor + offset turns a number in `source` into `target`.

        Raises DifferentDimensionError.
        """
        if source == target:
            return 1.0, 0.0
        if source.dimension is None or source.dimension != target.dimension:
            raise DifferentDimensionError(source, target)
        return _ratio(source.factor, target.factor), (source.offset - target.offset) / target.factor

    def convert(self, value: Any, source: Unit, target: Unit) -> Any:
        """Return a number, array or column in the unit `target`; what goes in decides what comes out."""
        factor, offset = self.scale(source, target)
        scaled = value * factor
        # Without an offset nothing is added, so that 0.0 stays 0.0 and integers of a column keep their nulls.
        return scaled + offset if offset else scaled

    def parse_token(self, token: str, decimal: str = ".", dimension: str | None = None) -> tuple[float, Unit]:
        """Return number and unit of a token such as `1.24_ml`, `110 °C`, `3e-3mm`; a bare number has unit 1.

        `decimal` is the decimal sign, `.` or `,`. Raises ValueError, UnknownUnitError.
        """
        number, unit = split_token(token, decimal)
        return number, self.parse(unit or "1", dimension)


def _ratio(above: float, below: float) -> float:
    """Return above / below as by hand: 0.001 / 0.000001 is 1000, not 1000.0000000000001."""
    exact = Fraction(repr(above)) / Fraction(repr(below))
    simple = exact.limit_denominator(10**6) if exact >= 1 else 1 / (1 / exact).limit_denominator(10**6)
    # A sixtieth has no finite decimal, so that two such factors meet only up to their last digit.
    return float(simple if abs(simple - exact) <= Fraction(1, 10**15) * exact else exact)


_NUMBER = r"(?P<number>[+-]?(?:\d+(?:{0}\d*)?|{0}\d+)(?:[eE][+-]?\d+)?)"
_TOKENS = {
    sign: re.compile(_NUMBER.format(re.escape(sign)) + r"[\s_]*(?P<unit>\D.*)?", re.DOTALL) for sign in ".,"
}


def split_token(token: str, decimal: str = ".") -> tuple[float, str]:
    """Return number and unit text of a value token.

    >>> split_token("1.24_ml")
    (1.24, 'ml')
    >>> split_token("7,5 %", decimal=",")
    (7.5, '%')
    """
    match = _TOKENS[decimal].fullmatch(token.strip())
    unit = (match["unit"] or "").strip() if match else ""
    # `1.200,5 mm` and `1,5` are not the number 1 with a strange unit.
    if match is None or unit[:1] in {".", ","}:
        raise ValueError(f"{token!r} is not a number with {decimal!r} as decimal sign, and then a unit.")
    return float(match["number"].replace(decimal, ".")), unit


_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_MICRO = str.maketrans({"µ": "u", "μ": "u"})
_TERM = re.compile(r"(?P<atom>10[*^]|(?:\[[^]]*\]|[^\[\]0-9+.-])+|\d+)(?P<power>[+-]?\d+)?")
_LITRE = re.compile(r"(?P<prefix>[YZEPTGMkhdcmunpfazy]|da)?L")
_HOURS = re.compile(r"\b(?P<unit>[TGMkmun]?(?:A|W|VA))h\b")


def normal_form(code: str) -> object:
    """Return the same value for every spelling of a UCUM code: order, `/` or `-1`, `l` or `L`, micro signs.

    >>> normal_form("mg/cm2") == normal_form("cm-2.mg")
    True
    """
    powers: dict[str, int] = {}
    try:
        # `{rev}/min`: an annotation that stands alone is a one, any other says nothing.
        plain = re.sub(r"(^|(?<=[./(]))\{[^}]*\}", "1", code.strip().translate(_MICRO))
        _collect(re.sub(r"\{[^}]*\}", "", plain), 1, powers)
    except ValueError:
        return code
    return frozenset((atom, power) for atom, power in powers.items() if power)


def _collect(code: str, sign: int, powers: dict[str, int]) -> None:
    """Add the powers of the atoms of a code; `/` turns the sign of the next term only, as UCUM has it."""
    # `/min` is short for `1/min`.
    code = f"1{code}" if code.startswith("/") else code
    depth, start, turn = 0, 0, 1
    for place, letter in enumerate(code + "."):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if depth == 0 and letter in "./":
            _collect_term(code[start:place], sign * turn, powers)
            turn, start = (-1 if letter == "/" else 1), place + 1
    if depth:
        raise ValueError(code)


def _collect_term(term: str, sign: int, powers: dict[str, int]) -> None:
    if term == "1":
        return
    if term.startswith("(") and term.endswith(")"):
        _collect(term[1:-1], sign, powers)
        return
    match = _TERM.fullmatch(term)
    if match is None:
        raise ValueError(term)
    litre = _LITRE.fullmatch(match["atom"])
    atom = f"{litre['prefix'] or ''}l" if litre else match["atom"]
    powers[atom] = powers.get(atom, 0) + sign * int(match["power"] or 1)


# What people write for units whose code looks different.
_ALIASES = {
    "°C": "Cel",
    "degC": "Cel",
    "rpm": "RevolutionPerMinute",
    "U/min": "RevolutionPerMinute",
    "ppm": "[ppm]",
    "C-rate": "AmperePerAmpereHour",
}


def as_code(text: str) -> str:
    """Return a UCUM code for a text such as `mAh/g`, `mg/cm²`, `kg·m⁻²`, `mΩ`."""
    if text in _ALIASES:
        return _ALIASES[text]
    # The omega is a Greek letter or the sign of the ohm.
    plain = re.sub("[Ω\u2126]", "Ohm", text.translate(_MICRO).translate(_SUPERSCRIPTS))
    plain = re.sub(r"[⋅·*×]|(?<=\w)\s+(?=\w)", ".", plain).replace(" ", "")
    plain = plain.replace("°C", "Cel").replace("^", "")
    return _HOURS.sub(r"(\g<unit>.h)", plain)


def _plain_symbol(symbol: str) -> str:
    """Return a symbol with one micro sign, one product dot and plain exponents."""
    plain = symbol.strip().translate(_MICRO).translate(_SUPERSCRIPTS)
    return re.sub(r"\s+|[⋅·]", "", plain)


def _fold(label: str) -> str:
    return re.sub(r"[\s_-]+", "", label).casefold()
