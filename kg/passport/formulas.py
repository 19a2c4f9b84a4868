"""A chemical formula -> the share of each element in the mass of the substance."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping

from kg.errors import KgError

# Standard atomic weights, abridged to five digits: IUPAC 2021.
WEIGHTS: Mapping[str, float] = {
    "H": 1.008, "Li": 6.94, "B": 10.81, "C": 12.011, "N": 14.007, "O": 15.999, "F": 18.998,
    "Na": 22.990, "Mg": 24.305, "Al": 26.982, "Si": 28.085, "P": 30.974, "S": 32.06, "Cl": 35.45,
    "K": 39.098, "Ca": 40.078, "Ti": 47.867, "V": 50.942, "Cr": 51.996, "Mn": 54.938, "Fe": 55.845,
    "Co": 58.933, "Ni": 58.693, "Cu": 63.546, "Zn": 65.38, "Ge": 72.630, "Zr": 91.224, "Nb": 92.906,
    "Mo": 95.95, "Ag": 107.87, "Cd": 112.41, "Sn": 118.71, "Sb": 121.76, "La": 138.91, "W": 183.84,
    "Hg": 200.59, "Pb": 207.2,
}  # fmt: skip
NAMES: Mapping[str, str] = {
    "Li": "lithium", "Ni": "nickel", "Co": "cobalt", "Mn": "manganese", "Al": "aluminium", "Cu": "copper",
    "P": "phosphorus", "Si": "silicon metal", "Mg": "magnesium", "Ti": "titanium metal", "Nb": "niobium",
    "V": "vanadium", "W": "tungsten", "Sb": "antimony", "Ge": "germanium", "B": "boron",
}  # fmt: skip
"""Critical raw materials by the symbols of their elements: Regulation (EU) 2024/1252, Annex II."""

_TOKEN = re.compile(r"([A-Z][a-z]?)(\d*\.?\d*)|(\()|(\))(\d*\.?\d*)")


@functools.cache
def element_shares(formula: str) -> Mapping[str, float]:
    """Return the share of each element in the mass of a substance, 0 to 1.

    Raises KgError where the text is no formula of elements that are known here.

    >>> round(element_shares("LiFePO4")["Li"], 4)
    0.044
    """
    levels: list[dict[str, float]] = [{}]
    at = 0
    while at < len(formula):
        found = _TOKEN.match(formula, at)
        symbol = found[1] if found else None
        if found is None or (symbol and symbol not in WEIGHTS) or (found[4] and len(levels) == 1):
            raise KgError(f"'{formula}' is no formula: '{formula[at:]}' cannot be read. Example: LiFePO4.")
        if symbol:
            levels[-1][symbol] = levels[-1].get(symbol, 0) + float(found[2] or 1)
        elif found[3]:
            levels.append({})
        else:
            for element, count in levels.pop().items():
                levels[-1][element] = levels[-1].get(element, 0) + count * float(found[5] or 1)
        at = found.end()
    if len(levels) != 1 or not levels[0]:
        raise KgError(f"'{formula}' is no formula: a bracket stays open, or it is empty. Example: LiFePO4.")
    masses = {element: WEIGHTS[element] * count for element, count in levels[0].items()}
    whole = sum(masses.values())
    return {element: mass / whole for element, mass in sorted(masses.items())}
