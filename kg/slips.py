"""Columns of numbers -> cells and columns that look like a slip of the decimal sign, the unit or the sign.

A slip is proposed, never corrected: only the steward knows what the instrument showed.
What is usual in a column is its median and the spread around it, of which a few slips take nothing;
what is plausible is what the `-plausible` shapes of `kg/shapes` say of the term.
"""

from __future__ import annotations

import functools
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from rdflib.collection import Collection
from rdflib.namespace import SH

from kg.findings import Finding
from kg.mappers.cells import numbers
from kg.mappers.plan import Plan, Quantity
from kg.sources import Table, read_table
from kg.terms import vocabulary
from kg.units import Unit
from kg.validate import shapes

Floats = NDArray[np.float64]
Kind = Literal["decimal", "unit", "sign", "quantity"]

FEWEST = 6
"""Values that a column needs before it is said what is usual in it."""
FAR = 5.0
"""Spreads of the logarithms at which a value lies outside of its column."""
LEAST_SPREAD = 0.03
"""Spread, in powers of ten, that is granted to a column whose values are all alike: about 7 %."""
APART = 0.5
"""Powers of ten from which a value is another order: a third, or three times, of what is usual."""
GAP, MANY = 0.65, 12
"""Powers of ten to the nearest of so many other values at which a value stands alone: 4.5 times."""
RARE = 0.05
"""Share of a column up to which values are slips; more of them are a second state of the plant."""
DECIMALS = (10.0, 100.0)
UNITS = (1000.0, 1e6, 60.0, 3600.0, 24.0)
"""Factors between units that people take for each other: milli, micro, minutes, seconds, days."""


@dataclass(frozen=True)
class Range:
    """What is plausible for a term, in its canonical unit; None where a side is open."""

    low: float | None
    high: float | None

    def holds(self, value: float) -> bool:
        """Return whether a value lies in it."""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)

    def __str__(self) -> str:
        """Return `10 to 15`, `above 10` or `below 15`."""
        if self.low is None:
            return "any" if self.high is None else f"below {_shown(self.high)}"
        return (
            f"above {_shown(self.low)}" if self.high is None else f"{_shown(self.low)} to {_shown(self.high)}"
        )


@dataclass(frozen=True)
class Slip:
    """A cell that looks like a slip, or a whole column where `index` is None.

    `factor` turns what is written into what may be meant: 0.1 where the decimal sign moved one place to the
    right; None where no factor explains it. `usual` is the median of the column.
    """

    kind: Kind
    index: int | None
    value: float
    usual: float
    factor: float | None
    message: str


def cell_slips(
    values: Sequence[float | None],
    unit: str = "",
    plausible: Range | None = None,
    others: Sequence[Unit] = (),
) -> list[Slip]:
    """Return the single values of a column that look like slips.

    `values` are numbers in one unit, None where a row has none; `unit` is its sign for the messages;
    `plausible` is in the same unit. `others` are units of the same kind, by which a factor is named.
    """
    column = np.array([math.nan if value is None else value for value in values], dtype=np.float64)
    places = np.flatnonzero(np.isfinite(column))
    given = column[places]
    if len(given) < FEWEST:
        return []
    usual = float(np.median(given))
    spread = _spread(given, usual)
    if spread is None:
        return []
    center, width = spread
    strange = given * usual < 0
    with np.errstate(divide="ignore"):
        away = np.abs(np.log10(np.abs(given)) - center)
    turned = strange & (away <= FAR * width)
    far = ~turned & ((away > max(APART, FAR * width)) | _stand_apart(given))
    found: list[Slip] = []
    for at in np.flatnonzero((given != 0) & (turned | far)):
        index, value = int(places[at]), float(given[at])
        if turned[at]:
            outside = plausible is not None and not plausible.holds(value)
            if outside or (strange.sum() == 1 and _one_sided(given, usual)):
                found.append(_sign(index, value, usual, unit, plausible))
            continue
        slip = _slip(index, value, usual, center, width, unit, plausible, others)
        if slip is not None:
            found.append(slip)
    return found if len(found) <= max(1, RARE * len(given)) else []


def column_slip(
    values: Iterable[float | None],
    unit: str = "",
    plausible: Range | None = None,
    others: Sequence[Unit] = (),
) -> Slip | None:
    """Return what looks wrong with a column as a whole: most of it is implausible, as if by one factor."""
    given = [value for value in values if value is not None and math.isfinite(value)]
    if plausible is None or len(given) < 3:
        return None
    usual = statistics.median(given)
    if sum(not plausible.holds(value) for value in given) <= 0.5 * len(given):
        return None
    said = f"the column is mostly about {_shown(usual)}{_of(unit)} where {plausible}{_of(unit)} is plausible"
    for factor in (0.001, 1000.0, 0.1, 10.0, 0.01, 100.0, 1e-6, 1e6, 1 / 60, 60.0, 1 / 3600, 3600.0, -1.0):
        if sum(plausible.holds(value * factor) for value in given) >= 0.95 * len(given):
            kind: Kind = "sign" if factor < 0 else "unit" if _is_unit(factor) else "decimal"
            guess = "with the other sign?" if factor < 0 else _guess(factor, unit, others)
            return Slip(kind, None, usual, usual, factor, f"{said}: {guess}")
    return Slip("quantity", None, usual, usual, None, f"{said}: wrong quantity or wrong unit?")


def _spread(values: Floats, usual: float) -> tuple[float, float] | None:
    """Return the median of the logarithms and the spread around it; None where a column has no one order."""
    if usual == 0 or (values == 0).sum() > 0.1 * len(values):
        return None
    same = np.sort(np.log10(np.abs(values[values * usual > 0])))
    if len(same) < 0.8 * len(values):
        return None  # a column of both signs has no usual order
    center = float(np.median(same))
    deviation = float(np.median(np.abs(same - center)))
    # A column of a few settings (0.1, 0.2, 1) has a small deviation by chance, and wide quarters.
    cut = max(1, len(same) // 10)
    tail = float(max(center - same[cut], same[-1 - cut] - center))
    return center, max(LEAST_SPREAD, min(1.4826 * deviation, tail), tail / 2)


def _stand_apart(given: Floats) -> NDArray[np.bool_]:
    """Return which values lie far from their nearest neighbour, in a column of many orders of size.

    In the log of an experiment that goes through loads from 70 to 480 N/mm, 2,649 N/mm still stands alone.
    """
    apart = np.zeros(len(given), dtype=np.bool_)
    for side in (given > 0, given < 0):
        if not side.any():
            continue
        sizes, which, counts = np.unique(np.abs(given[side]), return_inverse=True, return_counts=True)
        gaps = np.concatenate([[np.inf], np.diff(np.log10(sizes)), [np.inf]])
        alone = (np.minimum(gaps[:-1], gaps[1:]) >= GAP) & (side.sum() - counts >= MANY)
        apart[side] = alone[which]
    return apart


def _one_sided(given: Floats, usual: float) -> bool:
    return bool((given * usual > 0).sum() == len(given) - 1 and len(given) >= 2 * FEWEST)


def _slip(
    index: int,
    value: float,
    usual: float,
    center: float,
    width: float,
    unit: str,
    plausible: Range | None,
    others: Sequence[Unit],
) -> Slip | None:
    said = f"{_shown(value)}{_of(unit)} where {_shown(usual)}{_of(unit)} is usual in this column"
    if plausible is not None:
        said += f" and {plausible}{_of(unit)} plausible"
    # A factor explains a value only where it leads back among the others.
    near = max(2.0 * width, 2 * LEAST_SPREAD)
    for factor in (*DECIMALS, *UNITS):
        for way in (1 / factor, factor):
            if abs(math.log10(abs(value) * way) - center) <= near and value * usual > 0:
                kind: Kind = "unit" if _is_unit(way) else "decimal"
                return Slip(kind, index, value, usual, way, f"{said}: {_guess(way, unit, others)}")
    if plausible is None or plausible.holds(value):
        return None
    return Slip("quantity", index, value, usual, None, f"{said}: wrong quantity or wrong unit?")


def _sign(index: int, value: float, usual: float, unit: str, plausible: Range | None) -> Slip:
    said = f"{_shown(value)}{_of(unit)} where {_shown(usual)}{_of(unit)} is usual in this column"
    said += f" and {plausible}{_of(unit)} plausible" if plausible is not None else ""
    return Slip("sign", index, value, usual, -1.0, f"{said}: with the other sign?")


def _is_unit(factor: float) -> bool:
    big = max(factor, 1 / factor)
    return not any(math.isclose(big, decimal) for decimal in DECIMALS)


def _guess(factor: float, unit: str, others: Sequence[Unit]) -> str:
    """Return what a factor may come from: `factor 1000: mg for g?`.

    What is written times the factor is what is meant: 0.001 where the cell holds milligrams.
    """
    big = max(factor, 1 / factor)
    if not _is_unit(factor):
        return f"factor {_shown(big)}: decimal sign?"
    own = next((each for each in others if unit in (each.name, each.code)), None)
    meant = [
        each.name
        for each in others
        if own is not None and each != own and math.isclose(each.factor, own.factor * factor, rel_tol=1e-6)
    ]
    name = min(meant, key=lambda text: (len(text), text), default="")
    return f"factor {_shown(big)}: {name} for {unit}?" if name else f"factor {_shown(big)}: another unit?"


def _shown(value: float) -> str:
    return f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"


def _of(unit: str) -> str:
    return f" {unit}" if unit and unit != "1" else ""


# What the shapes say


@functools.cache
def plausible_ranges() -> Mapping[str, Range]:
    """Return what the `-plausible` shapes say, by the IRI of the term, in its canonical unit."""
    graph = shapes("record")
    found: dict[str, Range] = {}
    for shape in set(graph.subjects(SH.severity, SH.Warning)):
        target, path = graph.value(shape, SH.targetClass), graph.value(shape, SH.path)
        if not str(shape).endswith("-plausible") or target is None or path is None:
            continue
        if len(list(Collection(graph, path))) != 2:  # part and number; other shapes speak of no number
            continue
        lows = [graph.value(shape, key) for key in (SH.minInclusive, SH.minExclusive)]
        highs = [graph.value(shape, key) for key in (SH.maxInclusive, SH.maxExclusive)]
        low = next((float(str(bound)) for bound in lows if bound is not None), None)
        high = next((float(str(bound)) for bound in highs if bound is not None), None)
        found[str(target)] = Range(low, high)
    return found


def plausible_for(iri: str) -> Range | None:
    """Return what is plausible for a term, or for the nearest one above it that a shape speaks of."""
    ranges, words = plausible_ranges(), vocabulary()
    if iri in ranges:
        return ranges[iri]
    above = [other for other in words.ancestors(iri) if other in ranges]
    # Of several the narrowest in meaning: it has the most terms above it.
    return ranges[max(above, key=lambda other: (len(words.ancestors(other)), other))] if above else None


# Tables


def table_slips(plan: Plan, table: Table) -> list[Finding]:
    """Return the slips of a table as proposals, each with its file, row, column and cell as it is written."""
    found: list[Finding] = []
    order = {place: index for index, place in enumerate(table.places)}
    for quantity in plan.quantities:
        if quantity.column in table.columns:
            slips = _quantity_slips(plan, quantity, table)
            told = {slip.place for slip in slips}
            slips += [slip for slip in _set_slips(plan, quantity, table) if slip.place not in told]
            found += sorted(slips, key=lambda slip: order.get(slip.place, -1))
    return found


def _set_slips(plan: Plan, quantity: Quantity, table: Table) -> list[Finding]:
    """Return the measured values that are a power of ten away from what was set in the same row."""
    twin = next(
        (
            each
            for each in plan.quantities
            if quantity.kind == "measured" and each.kind == "set"
            and (each.term, each.unit, each.thing) == (quantity.term, quantity.unit, quantity.thing)
            and each.fragment.removesuffix(".set") == quantity.fragment and each.column in table.columns
        ),
        None,
    )  # fmt: skip
    if twin is None or quantity.canonical.offset or quantity.unit is None:
        return []
    units = vocabulary().units
    measured, given = numbers(plan, quantity, table, units)[0], numbers(plan, twin, table, units)[0]
    ratios = [a / b if a and b else None for a, b in zip(measured, given, strict=True)]
    texts, name = table.frame, quantity.unit.name
    return [
        Finding(
            f"slip-{slip.kind}",
            f"{texts[quantity.column][slip.index]} {name} where '{twin.column}' is "
            f"{texts[twin.column][slip.index]} {name}: {slip.message.partition(': ')[2]}",
            "Info",
            table.file,
            table.places[slip.index],
            quantity.column,
            texts[quantity.column][slip.index] or "",
        )
        for slip in cell_slips(ratios)
        if slip.index is not None and slip.kind != "quantity"
    ]


def _quantity_slips(plan: Plan, quantity: Quantity, table: Table) -> list[Finding]:
    words = vocabulary()
    values, _ = numbers(plan, quantity, table, words.units)
    # Degrees Celsius have no order of size: 20 °C is not twice 10 °C.
    if quantity.canonical.offset or (quantity.unit and quantity.unit.offset):
        return []
    unit = quantity.unit or quantity.canonical
    plausible = plausible_for(quantity.term.iri)
    if quantity.unit is not None:
        factor, _ = words.units.scale(quantity.unit, quantity.canonical)
        values = values / factor
        plausible = _in_unit(plausible, factor)
    others = [each for each in words.units if each.dimension == unit.dimension and not each.deprecated]
    listed = values.to_list()
    whole = column_slip(listed, unit.name, plausible, others)
    if whole is not None:
        message = f"{whole.message} The mapping says '{unit.code}'."
        return [Finding(f"slip-{whole.kind}", message, "Info", table.file, "", quantity.column)]
    texts = table.frame[quantity.column]
    return [
        Finding(
            f"slip-{slip.kind}",
            slip.message,
            "Info",
            table.file,
            table.places[slip.index],
            quantity.column,
            texts[slip.index] or "",
        )
        for slip in cell_slips(listed, unit.name, plausible, others)
        if slip.index is not None
    ]


def _in_unit(plausible: Range | None, factor: float) -> Range | None:
    if plausible is None:
        return None
    low = None if plausible.low is None else plausible.low / factor
    high = None if plausible.high is None else plausible.high / factor
    return Range(low, high)


def file_slips(path: Path, plans: Iterable[object], name: str) -> list[Finding]:
    """Return the slips in the tables of a file, read by its plans; `name` is its name in the store.

    Plans of other sources, such as RDF, give none.
    Raises FaultsError where the file cannot be read.
    """
    found: list[Finding] = []
    for plan in plans:
        if isinstance(plan, Plan) and plan.source in ("table", "records"):
            table = read_table(path, plan.reading, plan.source)
            none = [
                pl.when(~pl.col(column).is_in(list(texts))).then(pl.col(column)).alias(column)
                for column, texts in plan.missing
                if column in table.columns
            ]
            frame = table.frame.with_columns(none)
            found += table_slips(plan, Table(name, frame, table.places, table.bad, table.encoding))
    return found
