"""Claims about the answers of the query library: they are those that the files of the line give.

The same answer is computed twice, once from the graph and once from the files.
"""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from kg.graph import Graph
from kg.iri import DEFAULT_BASE
from kg.namespaces import PREFIXES
from kg.store import Store
from kg.terms import vocabulary
from tests.asking import PLANT, asked, frame


def german(name: str) -> pd.DataFrame:
    return pd.read_csv(PLANT / name, sep=";", decimal=",", encoding="cp1252")


def webs() -> pd.DataFrame:
    """Return one row for each reel: slurry batch, calendered web and line load behind it."""
    coating = pd.read_csv(PLANT / "coating_2026-03.csv", skiprows=2).set_index("Web ID")["Slurry batch"]
    drying = german("trocknung_2026-03.csv").set_index("Rolle aus")["Rolle ein"]
    rolled = pd.read_excel(PLANT / "kalander_2026-03.xlsx", header=2)
    slitting = pd.read_csv(PLANT / "slitting_2026-03.csv")
    reels = slitting.assign(reel=slitting["Reels"].str.split(";")).explode("reel").set_index("reel")["Web in"]
    found = rolled.set_index("Rolle aus").loc[reels].assign(reel=reels.index)
    return found.assign(batch=[coating[drying[web]] for web in found["Rolle ein"]]).set_index("reel")


def capacities() -> pd.Series:
    """Return the discharge capacity of each cell, A.h, without the two tests that the load sets aside."""
    stations = json.loads((PLANT / "eol_tester_2026-03.json").read_text(encoding="utf-8"))["stations"]
    found = {
        test["cell"]: test["capacity"]["discharge_Ah"] for station in stations for test in station["tests"]
    }
    return pd.Series({cell: value for cell, value in found.items() if cell not in ("PC-0012", "PC-0015")})


def test_recall_of_a_lot_finds_the_cells_that_the_files_give(line: Graph) -> None:
    mixing, stacking = german("mischen_2026-03.csv"), german("stapeln_2026-03.csv")
    batches = mixing.loc[mixing["Charge Aktivmaterial"] == "NMC-2601", "Ansatz-Nr."]
    reels = webs().loc[lambda table: table["batch"].isin(batches)].index
    expected = sorted(stacking.loc[stacking["Kathodenrolle"].isin(reels), "Zell-Nr."])

    assert 0 < len(expected) < len(stacking)
    assert sorted(frame(line, "cells_of_material_lot", lot="lot/NMC-2601")["cell"]) == expected


def test_line_load_meets_capacity_as_in_the_files(line: Graph) -> None:
    loads, capacity, expected = webs()["Linienlast ist [N/mm]"], capacities(), set()
    stacking = german("stapeln_2026-03.csv").set_index("Zell-Nr.")
    for cell, value in capacity.items():
        for side in ("Anodenrolle", "Kathodenrolle"):
            expected.add((cell, loads[stacking[side][str(cell)]], value))
    found = frame(
        line, "parameter_against_property", parameter="term:LineLoad", property="term:DischargingCapacity"
    )

    assert len(found) == 92
    assert (
        set(zip(found["property_of"], found["parameter_value"], found["property_value"], strict=True))
        == expected
    )


def test_parameter_before_the_side_is_known_says_which_electrode_it_is_of(line: Graph) -> None:
    found = frame(line, "parameter_against_property", parameter="term:LineLoad", property="term:Porosity")

    assert set(found["electrode"]) == {"positive", "negative"}
    assert set(found.loc[found["electrode"] == "positive", "property_of"].str[:4]) == {"K-C-"}


def test_capacity_by_batch_is_the_mean_over_the_cells_of_the_files(line: Graph) -> None:
    stacking = german("stapeln_2026-03.csv").set_index("Zell-Nr.")
    batch = webs()["batch"]
    table = pd.concat(
        pd.DataFrame({"batch": stacking[side].map(batch), "capacity": capacities()})
        for side in ("Anodenrolle", "Kathodenrolle")
    )
    expected = table.dropna().groupby("batch")["capacity"].agg(["count", "mean", "min", "max"])
    found = frame(line, "capacity_by_slurry_batch").set_index("batch")[["n", "mean", "lowest", "highest"]]

    assert list(found.index) == list(expected.index)
    assert found.to_numpy(float).ravel().tolist() == pytest.approx(expected.to_numpy(float).ravel().tolist())


def test_electrolyte_is_that_of_the_filling_file(line: Graph) -> None:
    filling = (
        pd.read_csv(PLANT / "filling_2026-03.csv").dropna(subset=["Cell"]).set_index("Cell").sort_index()
    )
    found = frame(line, "electrolyte_by_cell").set_index("cell")

    assert list(found.index) == list(filling.index)
    assert list(found["lot"]) == list(filling["Electrolyte lot"])
    assert found["volume"].tolist() == pytest.approx(filling["Volume dosed (ml)"].tolist())
    assert found["gain"].tolist() == pytest.approx(
        (filling["Mass after (g)"] - filling["Mass before (g)"]).tolist()
    )


def test_planted_decimal_slip_is_the_one_run_far_from_its_set_value(line: Graph) -> None:
    found = frame(line, "set_and_measured_differ")

    assert found[["run", "parameter", "as_set", "measured"]].to_numpy().tolist() == [
        ["KA-C-0005", "LineLoad", 262, 2649]
    ]


def test_planted_cell_without_stacking_is_found(line: Graph) -> None:
    found = frame(line, "cells_without_step", missing="term:FabricatedElectrodeStacking")

    assert list(found["cell"]) == ["PC-9001"]


def test_value_leads_back_to_its_row_and_column(line: Graph) -> None:
    found = asked(line, "rows_behind_value").as_frame()
    rolled = pd.read_excel(PLANT / "kalander_2026-03.xlsx", header=2)

    # Row 4 of the sheet is the first one below the header in row 3.
    assert found["row"].str.partition("#")[2].str.endswith("row=4").tolist() == [True]
    assert found["value"].tolist() == [rolled[found["column"][0]][0]]


def test_values_that_differ_are_told_with_both_files(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "store")
    quantity, number = DEFAULT_BASE + "web/1#Porosity", DEFAULT_BASE + "web/1#Porosity.number"
    has = {
        label: vocabulary().resolve(label).iri
        for label in ("emmo:hasProperty", "hasNumericalPart", "hasNumberValue")
    }
    for file, value in (("a.csv", 30), ("b.csv", 31), ("c.csv", 31)):
        text = (
            f"<{DEFAULT_BASE}web/1> <{has['emmo:hasProperty']}> <{quantity}> .\n"
            f"<{quantity}> <{has['hasNumericalPart']}> <{number}> .\n"
            f'<{number}> <{has["hasNumberValue"]}> "{value}"^^<{PREFIXES["xsd"]}double> .\n'
        )
        store.replace(DEFAULT_BASE + "file/" + file, text, "")
    found = frame(Graph(store), "values_that_differ")

    assert found[["thing", "value", "file", "other_value", "other_file"]].to_numpy().tolist() == [
        ["1", 30, "a.csv", 31, "b.csv"],
        ["1", 30, "a.csv", 31, "c.csv"],
    ]
