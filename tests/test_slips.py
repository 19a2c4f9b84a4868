"""Slips of the decimal sign, the unit and the sign are proposed; clean columns give none."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.mappers.plan import Plan, read_plans
from kg.plant.generate import generate
from kg.slips import Range, cell_slips, column_slip, file_slips, plausible_for, table_slips
from kg.sources import read_table
from kg.terms import vocabulary
from tests.conftest import Bench
from tests.test_draft import BY_HAND, PLANT, STEPS

MASSES = [12.9, 13.1, 13.0, 12.8, 13.2, 13.1, 12.95, 13.05, 13.0, 12.9]
PLAUSIBLE = Range(10.0, 15.0)
PLANTED = [
    ("formierung_2026-03.xlsx", "sheet=Entgasung&row=11", "Zelldicke [mm]", "slip-sign"),
    ("kalander_2026-03.xlsx", "row=8", "Linienlast ist [N/mm]", "slip-decimal"),
]
"""The planted faults that are slips of one cell."""


def units_of(code: str) -> list[object]:
    unit = vocabulary().units.parse(code)
    return [each for each in vocabulary().units if each.dimension == unit.dimension]


def in_line(folder: Path) -> list[tuple[str, str, str, str]]:
    """Return (file, row, column, rule) of each slip in the files of a sample line."""
    found = []
    for file, step in sorted(BY_HAND.items()):
        plans = read_plans(STEPS / f"{step}.yaml", vocabulary())
        found += [
            (slip.file, slip.place, slip.column, slip.rule) for slip in file_slips(folder / file, plans, file)
        ]
    return found


def test_wrong_quantity_is_proposed_with_what_is_usual_and_what_is_plausible() -> None:
    (slip,) = cell_slips([*MASSES, 2.4], "g", PLAUSIBLE)

    assert (slip.kind, slip.index, slip.factor) == ("quantity", 10, None)
    assert slip.message == (
        "2.4 g where 13 g is usual in this column and 10 to 15 plausible: wrong quantity or wrong unit?"
    ).replace("15 plausible", "15 g plausible")


@pytest.mark.parametrize(
    ("value", "kind", "factor", "guess"),
    [
        (1.31, "decimal", 10.0, "factor 10: decimal sign?"),
        (131.0, "decimal", 0.1, "factor 10: decimal sign?"),
        (1310.0, "decimal", 0.01, "factor 100: decimal sign?"),
        (13100.0, "unit", 0.001, "factor 1,000: mg for g?"),
        (0.013, "unit", 1000.0, "factor 1,000: kg for g?"),
    ],
)
def test_factor_between_a_cell_and_its_column_is_named(
    value: float, kind: str, factor: float, guess: str
) -> None:
    (slip,) = cell_slips([*MASSES, value], "g", None, units_of("g"))  # type: ignore[arg-type]

    assert (slip.kind, slip.factor) == (kind, pytest.approx(factor))
    assert slip.message.endswith(guess)


def test_other_sign_is_proposed() -> None:
    (slip,) = cell_slips([*MASSES, -13.1], "g", PLAUSIBLE)

    assert (slip.kind, slip.factor) == ("sign", -1.0)


def test_whole_column_in_another_unit_is_proposed_once() -> None:
    slip = column_slip([value * 1000 for value in MASSES], "g", PLAUSIBLE, units_of("g"))  # type: ignore[arg-type]

    assert slip is not None
    assert (slip.kind, slip.index, slip.factor) == ("unit", None, 0.001)
    assert slip.message.endswith("10 to 15 g is plausible: factor 1,000: mg for g?")


def test_whole_column_that_no_factor_mends_is_a_question() -> None:
    slip = column_slip([400.0, 1.0, 90.0, 2000.0], "g", PLAUSIBLE)

    assert slip is not None
    assert slip.kind == "quantity"


@pytest.mark.parametrize(
    "values",
    [
        MASSES,
        [0.1] * 30 + [1.0] * 5,  # two C-rates
        [0.05] * 10 + [0.1] * 10 + [0.2] * 10 + [1.0] * 10 + [2.0] * 3,
        [1.0, -1.0, 2.0, -2.0, 15.0, -0.1, 0.4],  # a current goes both ways
        [0.0] * 10 + [3.0],  # counts of defects
        [0.0, 0.0, 0.0, 1.0, 2.0, 0.0, 1.0, 0.0, 14.0],
        [1.5, 3.0, 6.0, 12.0, 24.0, 48.0, 96.0, 192.0],
        [5.0, 50.0],  # too few to say what is usual
        [None, None, 7.0],
        [],
    ],
)
def test_columns_that_plants_have_give_no_slip(values: list[float | None]) -> None:
    assert cell_slips(values) == []
    assert column_slip(values) is None


@settings(deadline=None)
@given(st.lists(st.floats(70, 140), min_size=6, max_size=60), st.floats(1e-3, 1e3))
def test_values_within_a_factor_of_two_are_never_slips(values: list[float], scale: float) -> None:
    assert cell_slips([value * scale for value in values]) == []


@settings(deadline=None)
@given(st.lists(st.floats(95, 105), min_size=20, max_size=60), st.sampled_from([10.0, 0.1, 100.0, 1e3, 1e-3]))
def test_one_slip_in_a_narrow_column_is_always_found_whatever_the_row(
    values: list[float], factor: float
) -> None:
    at = len(values) // 3
    slipped = [value * factor if index == at else value for index, value in enumerate(values)]

    assert [slip.index for slip in cell_slips(slipped)] == [at]


def test_planted_slips_of_the_sample_line_are_found_and_nothing_else() -> None:
    assert in_line(PLANT) == PLANTED


@pytest.mark.parametrize("seed", [3, 11, 2026])
def test_clean_sample_line_gives_no_slip(seed: int, tmp_path: Path) -> None:
    generate(tmp_path, seed=seed, cells=64)
    wrong = {
        (f["file"], f["place"].rpartition("&")[2], f["column"])
        for f in json.loads((tmp_path / "relations.json").read_text())["faults"]
    }
    found = in_line(tmp_path)

    assert [slip for slip in found if (slip[0], slip[1].rpartition("&")[2], slip[2]) not in wrong] == []
    assert len(found) == len(PLANTED)


def test_measured_value_is_held_against_the_set_value_of_its_row(bench: Bench) -> None:
    mapping = """\
title: Calendering
files: ["kal*.csv"]
things:
  run: {kind: run, class: FabricatedElectrodeCalendering, role: run, key: "{Nr}"}
columns:
  Nr: {id: run}
  soll: {term: LineLoad, unit: N/mm, value: set}
  ist: {term: LineLoad, unit: N/mm}
"""
    rows = [f"{number},{load},{load + 1}" for number, load in enumerate(range(20, 420, 20))]
    rows[2] = "2,60,610"
    plan: Plan = bench.plans(mapping)[0]
    table = read_table(
        bench.write("kal.csv", "Nr,soll,ist\n" + "\n".join(rows) + "\n"), plan.reading, "table"
    )
    (slip,) = table_slips(plan, table)

    assert (slip.row, slip.column, slip.value) == ("4", "ist", "610")
    assert slip.message == "610 N/mm where 'soll' is 60 N/mm: factor 10: decimal sign?"


def test_messages_speak_in_the_unit_of_the_column_not_of_the_store(bench: Bench) -> None:
    mapping = """\
title: Cells
files: ["kal*.csv"]
things:
  cell: {kind: cell, class: CoinCell}
columns:
  Nr: {id: cell}
  ocv: {term: OpenCircuitVoltage, unit: mV}
"""
    plan = bench.plans(mapping)[0]
    rows = "".join(f"{number},{3100 + number}\n" for number in range(12)) + "99,310\n"
    table = read_table(bench.write("kal.csv", f"Nr,ocv\n{rows}"), plan.reading, "table")
    (slip,) = table_slips(plan, table)

    said = "310 mV where 3,105 mV is usual in this column and 1,000 to 5,000 mV plausible"
    assert slip.message == f"{said}: factor 10: decimal sign?"


def test_a_term_without_a_rule_takes_what_is_plausible_from_the_term_above() -> None:
    voltage = vocabulary().resolve("OpenCircuitVoltage", kinds=("class",))

    assert plausible_for(voltage.iri) == Range(1.0, 5.0)
    assert plausible_for("https://example.org/nothing") is None


def test_cells_that_are_no_numbers_are_left_to_the_findings(bench: Bench) -> None:
    plan = bench.plans()[0]
    rows = "".join(f"{number};R{number};{200 + number},5\n" for number in range(12)) + "99;R99;x\n"
    table = read_table(bench.write("kal.csv", f"Nr;Rolle;Last\n{rows}"), plan.reading, "table")
    frame = table.frame.with_columns(pl.lit(None, dtype=pl.String).alias("Dicke"))

    assert table_slips(plan, replace(table, frame=frame)) == []
