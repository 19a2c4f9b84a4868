"""Compiled shapes and the plan of a table -> checks on its columns, before there are triples.

A check covers a shape for a column where the plan alone says what a quantity will look like: one number, one
unit, two classes. It then finds in the columns what the graph of the table would show.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from kg import model
from kg.engine.columns import DOUBLE, IRI, TextTest
from kg.engine.shapes import Bound, Class, Compiled, Count, Datatype, Has, Kind, Path, Shape, Text
from kg.mappers.apply import INDEX
from kg.mappers.plan import Plan, Quantity

_NUMBER: Path = (((model.HAS_NUMERICAL_PART, False), (model.HAS_NUMBER_VALUE, False)),)
_PART: Path = (((model.HAS_NUMBER_VALUE, False),),)
_UNIT: Path = (((model.HAS_UNIT, False),),)
_TYPES: Path = (((model.RDF_TYPE, False),),)
_LINKS = {model.HAS_PROPERTY, model.HAS_PROCESS_PARAMETER}

Below = Callable[[str], Iterable[str]]


@dataclass(frozen=True)
class ColumnCheck:
    """One shape on the values of one column.

    `number` is the place of the quantity in the plan, so its values stand in a column of that number, and
    `thing` the name of what it belongs to; `bounds` and `patterns` are those of the shape, `most` is how many
    numbers a thing can have, `broken` says that the plan breaks the shape for every value.
    """

    shape: str
    column: str
    number: int
    thing: str
    severity: str
    bounds: tuple[Bound, ...] = ()
    broken: bool = False
    patterns: tuple[TextTest, ...] = ()
    most: float = math.inf


@dataclass(frozen=True)
class Covered:
    """The checks of a plan, and the shapes for which they say all that the graph of the table would show."""

    checks: tuple[ColumnCheck, ...]
    shapes: frozenset[str]


def value_column(number: int) -> str:
    """Return the name of the column that holds the values of a quantity in its canonical unit."""
    return f"kg value {number}"


def column_checks(plan: Plan, compiled: Compiled, below: Below) -> list[ColumnCheck]:
    """Return the checks of the columns of a table; `below` gives the classes that count as a class."""
    return list(covered(plan, compiled, below).checks)


def covered(plan: Plan, compiled: Compiled, below: Below) -> Covered:
    """Return the checks of the columns of a table, and the shapes that need no look at its graph.

    A shape is covered where its focus nodes can only be quantities of the plan, or nothing that the plan
    makes; two columns that make one quantity leave it to the graph.
    """
    names = [(quantity.thing, quantity.fragment) for quantity in plan.quantities]
    if len(set(names)) < len(names):
        return Covered((), frozenset())
    things = {thing.type_iri for thing in plan.things} | {iri for c in plan.choices for _, iri in c.classes}
    things.add(model.REAL_DATA)
    checks: list[ColumnCheck] = []
    shapes = set()
    for shape in compiled.shapes:
        found = _checks(shape, plan, things, below)
        if found is not None:
            shapes.add(shape.node)
            checks += found
    return Covered(tuple(checks), frozenset(shapes))


def _checks(shape: Shape, plan: Plan, things: set[str], below: Below) -> list[ColumnCheck] | None:
    """Return the checks for a shape, or None where the graph has to be looked at."""
    focus: dict[int, Quantity] = {}
    for kind, iri in shape.targets:
        if kind == "class":
            classes = set(below(iri))
            if classes & things:
                return None
            focus |= {
                number: quantity
                for number, quantity in enumerate(plan.quantities)
                if classes & {quantity.term.iri, model.VALUE_KINDS[quantity.kind]}
            }
        elif kind == "objects" and iri in _LINKS:
            if any(predicate == iri for _, predicate, _ in plan.links):
                return None
            run = plan.run.name if plan.run else None
            own = model.HAS_PROCESS_PARAMETER
            focus |= {
                number: quantity
                for number, quantity in enumerate(plan.quantities)
                if (quantity.thing == run) == (iri == own)
            }
        elif kind == "objects" and iri == model.HAS_NUMERICAL_PART and shape.path in (_PART, None):
            if any(predicate == iri for _, predicate, _ in plan.links) or shape.path is None:
                return None
            focus |= dict(enumerate(plan.quantities))
        else:
            return None
    if shape.path == _PART and any(iri != model.HAS_NUMERICAL_PART for _, iri in shape.targets):
        return None
    made = [_check(shape, number, quantity, below) for number, quantity in sorted(focus.items())]
    return None if None in made else [check for check in made if check is not None and _says(check)]


def _says(check: ColumnCheck) -> bool:
    return bool(check.broken or check.bounds or check.patterns or check.most < math.inf)


def _check(shape: Shape, number: int, quantity: Quantity, below: Below) -> ColumnCheck | None:
    kind = model.VALUE_KINDS[quantity.kind]
    values = {
        _NUMBER: 1,
        _PART: 1,
        _UNIT: 1,
        _TYPES: len({quantity.term.iri, kind}),
    }
    if shape.path is None or shape.path not in values:
        return None
    numeric = shape.path in (_NUMBER, _PART)
    iris = {_UNIT: {quantity.canonical.iri}, _TYPES: {quantity.term.iri, kind}}.get(shape.path, set())
    bounds, patterns, broken, most = [], [], False, math.inf
    for part in shape.components:
        if isinstance(part, Count):
            broken |= not part.least <= values[shape.path] <= part.most
            # Rows can disagree on the number of one thing, but not on its unit and its classes.
            most = min(most, part.most) if numeric else most
        elif isinstance(part, Bound) and numeric and part.exact:
            bounds.append(part)
        elif isinstance(part, Text) and numeric:
            patterns.append(part.test)
        elif isinstance(part, Datatype):
            broken |= not (numeric and part.type == DOUBLE)
        elif isinstance(part, Kind) and not numeric:
            broken |= IRI not in part.kinds
        elif isinstance(part, Has) and not numeric:
            broken |= part.term not in {f"<{iri}>" for iri in iris}
        elif isinstance(part, Class) and numeric:
            broken = True
        else:
            return None
    return ColumnCheck(
        shape.node,
        quantity.column,
        number,
        quantity.thing,
        shape.severity,
        tuple(bounds),
        broken,
        tuple(patterns),
        most,
    )


def run(check: ColumnCheck, frame: pl.DataFrame, things: pl.DataFrame) -> list[tuple[int, str]]:
    """Return (row index, IRI of the shape) for each row of a table that a check is broken by.

    `frame` has the index of each row in `INDEX`, and the values of quantity number n, in the canonical unit,
    in the column `value_column(n)`; `things` has the IRIs of the thing of the check: `INDEX`, `iri`.
    Where rows speak of one thing, each of them is told.
    """
    rows = _rows(check, frame, things)
    return _told(check, rows, _broken(check, rows))


def _rows(check: ColumnCheck, frame: pl.DataFrame, things: pl.DataFrame) -> pl.DataFrame:
    values = frame.select(INDEX, value=value_column(check.number)).drop_nulls()
    return values.join(things, on=INDEX)


def _broken(check: ColumnCheck, rows: pl.DataFrame) -> pl.DataFrame:
    """Return what a check finds: iri, and the value where one value is wrong."""
    wrong = functools.reduce(operator.or_, (_outside(bound) for bound in check.bounds), pl.lit(False))
    if check.patterns:
        failing = [number for test in check.patterns for number in test.failing_numbers(rows["value"])]
        wrong |= pl.col("value").is_in(failing) if failing else pl.lit(False)
    found = [rows.filter(wrong).select("iri", "value")]
    if check.broken:
        found.append(rows.select("iri", value=pl.lit(None, pl.Float64)))
    if check.most < math.inf:
        numbers = rows.group_by("iri").agg(n=pl.col("value").cast(pl.String).n_unique())
        many = numbers.filter(pl.col("n") > check.most)
        found.append(many.select("iri", value=pl.lit(None, pl.Float64)))
    return pl.concat(found).unique()


def _told(check: ColumnCheck, rows: pl.DataFrame, broken: pl.DataFrame) -> list[tuple[int, str]]:
    told = rows.filter(pl.col("iri").is_in(broken["iri"].implode()))[INDEX].unique().sort()
    return [(row, check.shape) for row in told]


def run_all(
    checks: Iterable[ColumnCheck], frame: pl.DataFrame, things: Mapping[str, pl.DataFrame]
) -> list[tuple[int, str]]:
    """Return (row index, IRI of the shape) for all checks on a table.

    The least and the greatest value of each column clear the bounds without a look at the rows.
    """
    checks = list(checks)
    names = sorted({value_column(check.number) for check in checks})
    if frame.is_empty() or not names:
        return []
    least = frame.select(names).min().row(0, named=True)
    greatest = frame.select(names).max().row(0, named=True)
    single = {name: not table["iri"].is_duplicated().any() for name, table in things.items()}
    found: list[tuple[int, str]] = []
    wrong: dict[int, pl.DataFrame] = {}
    # A doubt about a value that is known to be wrong is not told.
    for check in sorted(checks, key=lambda check: check.severity != "Violation"):
        low, high = least[value_column(check.number)], greatest[value_column(check.number)]
        if low is None:
            continue
        many = check.most < math.inf and not single[check.thing]
        kept = all(_inside(bound, low, high) for bound in check.bounds)
        if not (check.broken or check.patterns or many) and kept:
            continue
        rows = _rows(check, frame, things[check.thing])
        broken = _broken(check, rows)
        known = wrong.get(check.number, broken.clear())
        if check.severity == "Violation":
            wrong[check.number] = pl.concat([known, broken])
        else:
            broken = broken.join(known, on=["iri", "value"], how="anti", nulls_equal=True)
        found += _told(check, rows, broken)
    return sorted(set(found))


def _outside(bound: Bound) -> pl.Expr:
    value = pl.col("value")
    if bound.low:
        return value < bound.number if bound.allowed else value <= bound.number
    return value > bound.number if bound.allowed else value >= bound.number


def _inside(bound: Bound, low: float, high: float) -> bool:
    if bound.low:
        return low >= bound.number if bound.allowed else low > bound.number
    return high <= bound.number if bound.allowed else high < bound.number
