"""What the columns of a table show before there are triples is what its graph shows afterwards."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from kg import ntriples
from kg.engine.rows import Covered, column_checks, covered, run, run_all, value_column
from kg.job import _place as place
from kg.mappers.apply import INDEX, Mapped, apply, check_columns
from kg.mappers.cells import numbers
from kg.mappers.plan import Plan, read_plans
from kg.resources import PACKAGE
from kg.sources import read_table
from kg.terms import vocabulary
from kg.validate import below, plan, validate

BASE = "https://example.org/line/"
STEPS = sorted((PACKAGE / "mappers" / "steps").glob("*.yaml"))


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from kg.plant import generate

    folder = tmp_path_factory.mktemp("records")
    generate(folder, seed=7, cells=24)
    return folder


def values_of(mapped: Mapped) -> pl.DataFrame:
    """Return the values of the rows that can be read, as the loader has them before it writes triples."""
    table = check_columns(mapped.plan, mapped.table)
    away = {index for index, _ in mapped.findings}
    columns = [
        numbers(mapped.plan, quantity, table, vocabulary().units)[0].alias(value_column(number))
        for number, quantity in enumerate(mapped.plan.quantities)
    ]
    frame = pl.DataFrame({INDEX: pl.Series(range(table.frame.height), dtype=pl.Int64)}).with_columns(columns)
    return frame.filter(~pl.col(INDEX).is_in(sorted(away)))


def by_columns(mapped: Mapped, told: Covered) -> list[tuple[int, str]]:
    return run_all(told.checks, values_of(mapped), mapped.things)


def by_graph(mapped: Mapped, shapes: frozenset[str]) -> list[tuple[int, str]]:
    results = validate(ntriples.read(mapped.ntriples()), "record", engine="pyshacl")
    found = [(index, finding.rule) for result in results for index, finding in place(result, mapped)]
    return sorted({pair for pair in found if pair[1] in shapes})


def mapped_files(plan_: Plan, records: Path) -> list[Mapped]:
    paths = sorted({path for pattern in plan_.files for path in records.glob(pattern)})
    return [
        apply(plan_, read_table(path, plan_.reading, plan_.source), BASE, vocabulary().units)
        for path in paths
    ]


def test_all_steps_are_found() -> None:
    assert len(STEPS) >= 10


def spoiled(mapped: Mapped, step: int) -> Mapped:
    """Return the table mapped again with 9000 written before every `step`th number."""
    columns = [q.column for q in mapped.plan.quantities if q.column in mapped.table.frame.columns]
    frame = mapped.table.frame.with_row_index("kg n").with_columns(
        pl.when((pl.col("kg n") + place_) % step == 0)
        .then(pl.lit("9000") + pl.col(column))
        .otherwise(pl.col(column))
        .alias(column)
        for place_, column in enumerate(columns)
    )
    from dataclasses import replace

    table = replace(mapped.table, frame=frame.drop("kg n"))
    return apply(mapped.plan, table, BASE, vocabulary().units)


@pytest.mark.parametrize("step", STEPS, ids=lambda path: path.stem)
def test_columns_of_a_step_show_what_its_graph_shows(step: Path, records: Path) -> None:
    files = [
        (plan_, mapped)
        for plan_ in read_plans(step, vocabulary())
        if isinstance(plan_, Plan)
        for mapped in mapped_files(plan_, records)
    ]
    assert files

    for plan_, mapped in files:
        told = covered(plan_, plan("record").compiled, below)
        wrong = spoiled(mapped, 5)

        assert by_columns(mapped, told) == by_graph(mapped, told.shapes)
        assert len(by_graph(wrong, told.shapes)) > 0
        assert by_columns(wrong, told) == by_graph(wrong, told.shapes)


def test_most_rules_on_quantities_need_no_graph(records: Path) -> None:
    (plan_,) = read_plans(PACKAGE / "mappers" / "steps" / "calendering.yaml", vocabulary())
    assert isinstance(plan_, Plan)

    told = covered(plan_, plan("record").compiled, below)
    names = {shape.rpartition("#")[2] for shape in told.shapes}
    left = {s.node.rpartition("#")[2] for s in plan("record").compiled.shapes} - names

    assert {"LineLoad-range", "LineLoad-plausible", "LineLoad-unit", "Quantity-finite"} <= names
    assert {"Run-start", "Run-end", "Run-order", "Thing-key", "Thing-identifier"} <= left
    assert len(left) <= 12


def test_one_check_tells_its_rows(records: Path) -> None:
    (plan_,) = read_plans(PACKAGE / "mappers" / "steps" / "calendering.yaml", vocabulary())
    assert isinstance(plan_, Plan)
    (check,) = [
        check
        for check in column_checks(plan_, plan("record").compiled, below)
        if check.shape.endswith("#LineLoad-plausible") and check.column.startswith("Linienlast ist")
    ]
    frame = pl.DataFrame({INDEX: [0, 1, 2, 3], value_column(check.number): [300.0, 1.0, None, 2649.0]})
    things = pl.DataFrame({INDEX: [0, 1, 2, 3], "iri": ["x:a", "x:b", "x:b", "x:c"]})

    assert [row for row, _ in run(check, frame, things)] == [1, 3]


def test_rows_that_disagree_on_one_thing_are_all_told(records: Path) -> None:
    (plan_,) = read_plans(PACKAGE / "mappers" / "steps" / "calendering.yaml", vocabulary())
    assert isinstance(plan_, Plan)
    (check,) = [
        check
        for check in column_checks(plan_, plan("record").compiled, below)
        if check.shape.endswith("#Quantity-number") and check.column.startswith("Linienlast ist")
    ]
    frame = pl.DataFrame({INDEX: [0, 1, 2], value_column(check.number): [300.0, 301.0, 300.0]})
    things = pl.DataFrame({INDEX: [0, 1, 2], "iri": ["x:a", "x:a", "x:b"]})

    assert [row for row, _ in run(check, frame, things)] == [0, 1]
