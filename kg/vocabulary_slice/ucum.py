"""A metric UCUM code -> its exact factor to SI and its dimension, to check what upstream states.

Source of the atoms: The Unified Code for Units of Measure, version 2.2; BIPM, The International System of
Units, 9th edition. Customary units are left out on purpose: what is not in the table is not checked.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from kg.units import normal_form

_BASE = "TLMIΘNJ"


@dataclass(frozen=True)
class Measure:
    """A factor to the coherent SI unit, and the powers of T, L, M, I, Θ, N, J (as EMMO orders them)."""

    factor: Fraction
    powers: tuple[int, ...]

    @property
    def dimension(self) -> str:
        """Return the dimension string as EMMO writes it: `T-2 L0 M+1 I0 Θ0 N0 J0`."""
        return " ".join(
            f"{base}{power:+d}" if power else f"{base}0"
            for base, power in zip(_BASE, self.powers, strict=True)
        )


_PREFIXES = {
    **{"Y": 24, "Z": 21, "E": 18, "P": 15, "T": 12, "G": 9, "M": 6, "k": 3, "h": 2, "da": 1, "": 0},
    **{"d": -1, "c": -2, "m": -3, "u": -6, "n": -9, "p": -12, "f": -15, "a": -18, "z": -21, "y": -24},
}

# Powers of T, L, M, I, Θ, N, J.
_METRIC: dict[str, tuple[int | Fraction, tuple[int, ...]]] = {
    "s": (1, (1, 0, 0, 0, 0, 0, 0)),
    "m": (1, (0, 1, 0, 0, 0, 0, 0)),
    "g": (Fraction(1, 1000), (0, 0, 1, 0, 0, 0, 0)),
    "A": (1, (0, 0, 0, 1, 0, 0, 0)),
    "K": (1, (0, 0, 0, 0, 1, 0, 0)),
    "Cel": (1, (0, 0, 0, 0, 1, 0, 0)),
    "mol": (1, (0, 0, 0, 0, 0, 1, 0)),
    "cd": (1, (0, 0, 0, 0, 0, 0, 1)),
    "rad": (1, (0, 0, 0, 0, 0, 0, 0)),
    "sr": (1, (0, 0, 0, 0, 0, 0, 0)),
    "Hz": (1, (-1, 0, 0, 0, 0, 0, 0)),
    "Bq": (1, (-1, 0, 0, 0, 0, 0, 0)),
    "N": (1, (-2, 1, 1, 0, 0, 0, 0)),
    "Pa": (1, (-2, -1, 1, 0, 0, 0, 0)),
    "J": (1, (-2, 2, 1, 0, 0, 0, 0)),
    "W": (1, (-3, 2, 1, 0, 0, 0, 0)),
    "C": (1, (1, 0, 0, 1, 0, 0, 0)),
    "V": (1, (-3, 2, 1, -1, 0, 0, 0)),
    "F": (1, (4, -2, -1, 2, 0, 0, 0)),
    "Ohm": (1, (-3, 2, 1, -2, 0, 0, 0)),
    "S": (1, (3, -2, -1, 2, 0, 0, 0)),
    "Wb": (1, (-2, 2, 1, -1, 0, 0, 0)),
    "T": (1, (-2, 0, 1, -1, 0, 0, 0)),
    "H": (1, (-2, 2, 1, -2, 0, 0, 0)),
    "Gy": (1, (-2, 2, 0, 0, 0, 0, 0)),
    "Sv": (1, (-2, 2, 0, 0, 0, 0, 0)),
    "kat": (1, (-1, 0, 0, 0, 0, 1, 0)),
    "lm": (1, (0, 0, 0, 0, 0, 0, 1)),
    "lx": (1, (0, -2, 0, 0, 0, 0, 1)),
    "l": (Fraction(1, 1000), (0, 3, 0, 0, 0, 0, 0)),
    "t": (1000, (0, 0, 1, 0, 0, 0, 0)),
    "bar": (100000, (-2, -1, 1, 0, 0, 0, 0)),
}
_PLAIN: dict[str, tuple[int | Fraction, tuple[int, ...]]] = {
    "min": (60, (1, 0, 0, 0, 0, 0, 0)),
    "h": (3600, (1, 0, 0, 0, 0, 0, 0)),
    "d": (86400, (1, 0, 0, 0, 0, 0, 0)),
    "wk": (604800, (1, 0, 0, 0, 0, 0, 0)),
    "%": (Fraction(1, 100), (0,) * 7),
    "[ppth]": (Fraction(1, 10**3), (0,) * 7),
    "[ppm]": (Fraction(1, 10**6), (0,) * 7),
    "[ppb]": (Fraction(1, 10**9), (0,) * 7),
    "har": (10000, (0, 2, 0, 0, 0, 0, 0)),
}


def _atoms() -> dict[str, Measure]:
    atoms = {
        prefix + atom: Measure(
            factor * Fraction(10**power if power >= 0 else Fraction(1, 10**-power)), powers
        )
        for atom, (factor, powers) in _METRIC.items()
        for prefix, power in _PREFIXES.items()
    }
    return atoms | {atom: Measure(Fraction(factor), powers) for atom, (factor, powers) in _PLAIN.items()}


_ATOMS = _atoms()


def measure(code: str) -> Measure | None:
    """Return what a metric code measures, exactly; None for a code with any other atom.

    >>> measure("mA.h/g").factor
    Fraction(3600, 1)
    """
    form = normal_form(code)
    if not isinstance(form, frozenset):
        return None
    factor, powers = Fraction(1), [0] * 7
    for atom, power in form:
        known = _ATOMS.get(atom) or (
            Measure(Fraction(int(atom)), (0,) * 7) if atom.isdigit() and int(atom) else None
        )
        if known is None:
            return None
        factor *= known.factor**power
        powers = [have + power * more for have, more in zip(powers, known.powers, strict=True)]
    return Measure(factor, tuple(powers))
