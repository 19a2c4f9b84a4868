"""Text that may be a unit -> the unit, its dimensions and what is measured in it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from kg.resolve.lexicon import Lexicon
from kg.units import Unit, Units, UnknownUnitError, as_code

KEPT = 50_000
"""Texts that are remembered, so that a server does not grow without end."""

_DIMENSION = re.compile(r"[TLMIΘNJ]([+-]?\d+)")
_ATOM = re.compile(r"(?P<atom>[^\d/.()\s^*+-]+?)(?:\^?(?P<power>[+-]?\d+))?$")
_NUMBERED = re.compile(r"(?!(?:[cdmkuμ]?m|s)[23])[A-Za-z]+\d")
_NONE = (0,) * 7
_BASES = {"A", "V", "W", "F", "S", "Ohm", "Hz", "Pa", "J", "N", "g", "m", "s", "L", "mol", "K", "C"}
_PER_MINUTE = {"m", "mm", "cm", "g", "kg", "mg", "L", "l", "mL", "ml", "m3", "1", "K", "Cel", "degC", "U"}

# Texts that upstream and the labs use for the same unit, each read as all of these.
_SEVERAL = {"C": ("C", "Cel", "1/h"), "M": ("mol/L",), "h": ("h",), "wt%": ("%",), "vol%": ("%",),
            "mol%": ("%",), "%RH": ("%",), "deg": ("deg", "Cel")}  # fmt: skip


@dataclass(frozen=True)
class UnitRead:
    """A unit as it was read in a header.

    `code` is a UCUM-like code, `unit` the unit of the vocabulary where it has one; `dimensions` holds the
    exponents of T, L, M, I, Θ, N, J for each reading (C is coulomb, degree Celsius or C-rate);
    `says` holds the standard words of what is measured in it, likeliest first.
    """

    text: str
    code: str
    unit: Unit | None
    dimensions: frozenset[tuple[int, ...]]
    says: tuple[str, ...]

    @property
    def name(self) -> str:
        """Return how people write the unit."""
        return self.unit.name if self.unit else self.code


def exponents(dimension: str | None) -> tuple[int, ...] | None:
    """Return the seven exponents of a dimension string, or None where it has not seven."""
    powers = tuple(map(int, _DIMENSION.findall(dimension or "")))
    return powers if len(powers) == 7 else None


class UnitReader:
    """Reads units in all the spellings of the lexicon, and compounds of them."""

    def __init__(self, units: Units, lexicon: Lexicon) -> None:
        """Take the units of the vocabulary and the spellings."""
        self._units = units
        self._exact = {t: code for code, written in lexicon.units.items() for t in (code, *written)}
        self._folded = {
            t.casefold(): code for t, code in reversed(self._exact.items()) if len(t) > 2 or not t.isascii()
        }
        self._capitals = lexicon.capitals
        self._known: dict[tuple[str, bool], UnitRead | None] = {}
        self._measures: list[tuple[str, tuple[int, ...], tuple[str, ...]]] = []
        for code, says in lexicon.measures.items():
            dimension = self._dimension(code)
            if dimension is not None:
                self._measures.append((code, dimension, says))

    def read(self, text: str, *, capitals: bool = False) -> UnitRead | None:
        """Return the unit that a text is, or None. `capitals`: capitals tell nothing in this header."""
        key = (text, capitals)
        if len(self._known) > KEPT:
            self._known.clear()
        if key not in self._known:
            self._known[key] = self._read(text, capitals)
        return self._known[key]

    def _read(self, text: str, capitals: bool) -> UnitRead | None:
        plain = _plain(text)
        if not plain or len(plain) > 24:
            return None
        code = self._code(plain, capitals)
        if code is None:
            return None
        dimensions = {self._dimension(each) for each in _SEVERAL.get(code, (code,))} - {None}
        if not dimensions:
            return None
        found = frozenset(d for d in dimensions if d is not None)
        return UnitRead(text.strip(), code, self._unit(code), found, self._says(code, found))

    def _code(self, plain: str, capitals: bool) -> str | None:
        if plain in self._exact:
            return self._exact[plain]
        if capitals:
            parts = re.split(r"_PER_|\s+PER\s+|[/_]", plain.upper())
            codes = [self._capitals.get(part) for part in parts]
            if all(codes) and len(codes) <= 3 and not (codes[-1] == "min" and parts[0] == "V"):
                return _over([c for c in codes if c])
        if plain.casefold() in self._folded:
            return self._folded[plain.casefold()]
        return self._prefixed(plain) or self._compound(plain)

    def _compound(self, plain: str) -> str | None:
        """Return the code of a compound: `mg/cm^2`, `mAh g-1`, `mAh_g`, `W/(m K)`, `mol.m-3`."""
        text = re.sub(r"[\s_]*(?:\bper\b|(?<=_)per(?=_)|\bpro\b|\bje\b)[\s_]*", "/", plain)
        if "_" in text and "/" not in text:
            # V_min and T1_C are names: a quotient with an underscore is taken where it is a common one.
            over, _, under = text.partition("_")
            if (over == "1" and under not in ("h", "s", "min", "m", "K")) or under in ("Cel", "degC", "C"):
                return None
            if (under == "min" and over not in _PER_MINUTE) or _NUMBERED.fullmatch(over):
                return None
            text = text.replace("_", "/")
        text = re.sub(r"\s*/\s*", "/", text.replace("_", ".").replace("**", "^"))
        text = re.sub(r"[\s·⋅×*•∙]+", ".", text)
        if not re.search(r"[/.\d^]", text):
            return None
        parts: list[str] = []
        for group in _slashes(text):
            atoms = [self._atom(atom) for atom in group.strip("()").split(".") if atom]
            if not atoms or not all(atoms):
                return None
            known = [atom for atom in atoms if atom]
            parts.append(".".join(known) if len(known) == 1 or not parts else f"({'.'.join(known)})")
        return "/".join(parts)

    def _atom(self, text: str) -> str | None:
        if text == "1":
            return "1"
        match = _ATOM.match(text)
        if match is None:
            return None
        atom = match["atom"]
        code = (
            self._exact.get(atom)
            or self._prefixed(atom)
            or (self._folded.get(atom.casefold()) if len(atom) > 2 else None)
        )
        if code is None or (match["power"] and not code.isalpha()):
            return None
        return f"({code})" if "." in code else code + (match["power"] or "")

    def _prefixed(self, atom: str) -> str | None:
        """Return the code of a unit with an SI prefix that the lexicon does not list: `µF`, `GOhm`."""
        prefix, base = atom[:1].replace("μ", "u"), atom[1:]
        if len(base) == 0 or prefix not in "fpnumkMGT" or self._exact.get(base) not in _BASES:
            return None
        return prefix + self._exact[base]

    def _unit(self, code: str) -> Unit | None:
        for text in (code, as_code(code)):
            try:
                return self._units.parse(text)
            except UnknownUnitError:
                continue
        return None

    def _dimension(self, code: str) -> tuple[int, ...] | None:
        """Return the exponents of a code: of its unit, or reckoned from the units it is made of."""
        if code in ("wt%", "vol%", "mol%", "%RH", "1", "%"):
            return _NONE
        unit = self._unit(code)
        if unit is not None and (known := exponents(unit.dimension)) is not None:
            return known
        total = [0] * 7
        above, *below = _slashes(code)
        for sign, group in ((1, above), *((-1, group) for group in below)):
            for atom in re.sub("[()]", "", group).split("."):
                match = re.fullmatch(r"(?P<base>\D+?)(?P<power>[+-]?\d+)?", atom)
                if atom == "1":
                    continue
                base = self._unit(match["base"]) if match else None
                powers = exponents(base.dimension) if base else None
                if match is None or powers is None:
                    return None
                times = sign * int(match["power"] or 1)
                total = [t + times * p for t, p in zip(total, powers, strict=True)]
        return tuple(total)

    def _says(self, code: str, dimensions: frozenset[tuple[int, ...]]) -> tuple[str, ...]:
        for known, _, says in self._measures:
            if known == code:
                return says
        if code == "Cel" or dimensions == {_NONE}:
            return ()
        for _, dimension, says in self._measures:
            if dimension != _NONE and dimension in dimensions:
                return says
        return ()


def _over(codes: list[str]) -> str:
    return codes[0] if len(codes) == 1 else f"{codes[0]}/{'/'.join(codes[1:])}"


def _slashes(text: str) -> list[str]:
    """Return the parts of a code between slashes, brackets kept whole."""
    parts, depth = [""], 0
    for letter in text:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "/" and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def _plain(text: str) -> str:
    """Return a text with plain digits, one micro sign and one minus sign."""
    plain = unicodedata.normalize("NFKC", text).replace("−", "-").replace("‑", "-").replace("µ", "μ")
    return re.sub(r"\s+", " ", plain).strip(" :;,")
