"""A question that is answered from columns gets the answer that its SPARQL gives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox
import pytest

from kg import queries
from kg.answers import Answer
from kg.graph import Graph
from kg.load import Loader
from kg.plant import generate
from kg.plant.operations import generate_operations
from kg.store import Store
from kg.values.answer import ColumnAnswer
from kg.values.twins import TWINS

FAST = {name: queries.read(name).about.fast for name in queries.library() if queries.read(name).about.fast}

PARAMS: dict[str, list[dict[str, str]]] = {
    "parameter_against_property": [
        {},
        {"parameter": "term:LineLoad", "property": "term:Porosity"},
        {"parameter": "term:SolidContent", "property": "term:DischargingCapacity"},
        {"parameter": "term:MassLoading", "property": "term:CellThickness"},
        {"parameter": "term:LineLoad", "property": "term:SpecificHeatCapacity"},
    ],
    "alarms_before_scrap": [{}],
    "capability": [
        {},
        {"quantity": "term:StackThickness", "lower": "2.4", "upper": "3"},
        {"quantity": "term:LineLoad", "lower": "0", "upper": "1000"},
        {"quantity": "term:SpecificHeatCapacity"},
    ],
    "capability_of_settings": [{"tolerance": "2"}],
    "capacity_by_slurry_batch": [{}, {"property": "term:Porosity"}, {"property": "term:CellThickness"}],
    "cells_by_lot": [{}],
    "cells_of_material_lot": [{}, {"lot": "lot/ELY-2601"}, {"lot": "batch/B-C-001"}, {"lot": "cell/PC-0003"}],
    "cells_that_share_runs": [{}, {"cell": "cell/PC-0007"}],
    "cells_without_step": [
        {},
        {"missing": "term:FabricatedElectrodeStacking"},
        {"done": "term:FabricatedElectrodeStacking", "missing": "term:PouchCellFormation"},
    ],
    "cells_out_of_tolerance": [
        {},
        {"property": "term:CellThickness", "lower": "0", "upper": "1"},
        {"property": "term:SpecificHeatCapacity"},
    ],
    "consumption_against_recipe": [{}, {"tolerance": "1"}],
    "dismantling_masses": [{}],
    "electrode_balance": [{}, {"positive": "100", "lower": "2"}],
    "electrolyte_by_cell": [{}],
    "energy_by_step": [{}],
    "energy_of_cell": [{}, {"cell": "cell/PC-0007"}],
    "energy_per_cell": [{}],
    "first_cycle_efficiency": [{}],
    "first_pass_yield": [{}],
    "machine_utilisation": [{}],
    "outliers_in_batch": [{"distance": "1"}],
    "overall_equipment_effectiveness": [{}],
    "porosity_and_thickness": [{}],
    "runs_by_step": [{}],
    "runs_incomplete": [{}],
    "runs_past_calibration": [{}],
    "set_and_measured_by_parameter": [{}],
    "set_and_measured_differ": [{"tolerance": "0.5"}, {"tolerance": "0"}],
    "specific_energy": [{}],
    "supplier_comparison": [{}, {"property": "term:ACInternalResistance"}],
    "throughput_by_day": [{}],
    "time_in_step": [{}],
    "values_that_differ": [{}],
    "waiting_between_steps": [{}],
    "wet_cell_mass_doubtful": [{"ratio": "30"}, {"ratio": "1000"}],
    "work_in_progress": [{}, {"moment": "2026-03-10T12:00:00+01:00"}],
    "yield_by_step": [{}],
    "property_by_machine": [
        {},
        {"step": "term:BatteryElectrodeCoating", "property": "term:CalenderedDensity"},
        {"step": "term:FabricatedElectrodeStacking", "property": "term:DischargingEnergy"},
    ],
    "values_side_by_side": [
        {},
        {
            "first": "term:LineLoad",
            "second": "term:Porosity",
            "third": "term:RollGap",
            "fourth": "term:Porosity",
        },
    ],
}
"""What each question is asked for."""

NOTHING = {"term:SpecificHeatCapacity", "cell/PC-0003", "values_that_differ"}
"""What no cell has, what nothing was made from, and what no two files of one line say."""

CASES = [(name, params) for name, cases in PARAMS.items() for params in cases]


@pytest.fixture(scope="module", params=[7, 11])
def line(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graph]:
    folder = tmp_path_factory.mktemp("twins")
    generate(folder / "records", seed=request.param, cells=24)
    generate_operations(folder / "records", seed=request.param, cells=24)
    Loader(folder / "store").load([folder / "records"])
    yield Graph(Store.open(folder / "store"))


def by_value(term: object) -> object:
    if isinstance(term, ox.Literal) and term.datatype.value.endswith("#double"):
        # A mean depends in its last digits on the order of the sum.
        return float(f"{float(term.value):.12g}")
    return term


def check_same(graph: Graph, name: str, params: dict[str, str]) -> int:
    fast = graph.ask(name, **params)
    plain = Answer.of(graph.store.query(graph.text(name, **params)))

    assert isinstance(fast, ColumnAnswer)
    assert fast.columns == plain.columns
    assert sorted(repr([*map(by_value, row)]) for row in fast.rows) == sorted(
        repr([*map(by_value, row)]) for row in plain.rows
    )
    return len(plain.rows)


def test_every_twin_has_its_query_and_is_compared() -> None:
    assert set(FAST.values()) == set(TWINS)
    assert set(FAST) == set(PARAMS)


@pytest.mark.parametrize(("name", "params"), CASES, ids=str)
def test_twin_gives_the_answer_of_the_query(line: Graph, name: str, params: dict[str, str]) -> None:
    rows = check_same(line, name, params)

    assert bool(rows) != bool(NOTHING & {name, *params.values()})


@pytest.mark.parametrize("name", FAST)
def test_twin_gives_its_rows_in_the_order_of_the_query(line: Graph, name: str) -> None:
    plain = Answer.of(line.store.query(line.text(name)))
    fast = line.ask(name)

    assert isinstance(fast, ColumnAnswer)
    assert [row[0] for row in fast.rows] == [row[0] for row in plain.rows]
    assert fast.as_frame().dtypes.to_dict() == plain.as_frame().dtypes.to_dict()


def test_a_store_without_its_parts_is_asked_in_sparql(line: Graph) -> None:
    whole = line.store.path
    moved = whole / "values"
    moved.rename(whole / "elsewhere")
    try:
        answer = Graph(Store.open(whole)).ask("capacity_by_slurry_batch")
    finally:
        (whole / "elsewhere").rename(moved)

    assert isinstance(answer, Answer)
    assert not isinstance(answer, ColumnAnswer)


def means(graph: Graph) -> list[object]:
    answer = graph.ask("capacity_by_slurry_batch")
    assert isinstance(answer, Answer)
    return [row[answer.columns.index("mean")] for row in answer.rows]


def test_twins_answer_what_a_file_says_that_came_again(tmp_path: Path) -> None:
    generate(tmp_path / "records", seed=3, cells=16)
    path = next((tmp_path / "records").glob("eol*.json"))
    Loader(tmp_path / "store").load([tmp_path / "records"])
    text = path.read_text(encoding="utf-8")
    before = means(Graph(Store.open(tmp_path / "store")))
    path.write_text(text.replace('"discharge_Ah": 1.', '"discharge_Ah": 2.'), encoding="utf-8")
    Loader(tmp_path / "store").load([tmp_path / "records"])
    graph = Graph(Store.open(tmp_path / "store"))

    for name in FAST:
        check_same(graph, name, {})
    assert means(graph) != before


def test_two_files_that_differ_are_told_by_the_twin_as_by_the_query(tmp_path: Path) -> None:
    generate(tmp_path / "records", seed=3, cells=16)
    path = next((tmp_path / "records").glob("eol*.json"))
    Loader(tmp_path / "store").load([tmp_path / "records"])
    text = path.read_text(encoding="utf-8")
    (tmp_path / "more").mkdir()
    again = tmp_path / "more" / "eol_tester_again.json"
    again.write_text(text.replace('"discharge_Ah": 1.', '"discharge_Ah": 2.'), encoding="utf-8")
    Loader(tmp_path / "store").load([again])

    assert check_same(Graph(Store.open(tmp_path / "store")), "values_that_differ", {})
