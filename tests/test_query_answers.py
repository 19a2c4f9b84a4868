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
    rolled = pd.read_excel(PLANT / "kalander_2026-03.xlsx", header=2, engine="openpyxl")
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
    rolled = pd.read_excel(PLANT / "kalander_2026-03.xlsx", header=2, engine="openpyxl")

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


def test_time_in_a_step_is_that_of_its_file(line: Graph) -> None:
    rolled = pd.read_excel(PLANT / "kalander_2026-03.xlsx", header=2, engine="openpyxl")
    minutes = (rolled["Ende"] - rolled["Beginn"]).dt.total_seconds() / 60
    found = frame(line, "time_in_step").set_index("step").loc["FabricatedElectrodeCalendering"]

    assert found.astype(float).to_dict() == pytest.approx(
        {
            "runs": 24,
            "shortest": minutes.min(),
            "mean": minutes.mean(),
            "longest": minutes.max(),
            "total": minutes.sum() / 60,
        }
    )


def test_waiting_between_two_steps_is_that_of_their_files(line: Graph) -> None:
    rolled = pd.read_excel(PLANT / "kalander_2026-03.xlsx", header=2, engine="openpyxl").set_index(
        "Rolle aus"
    )
    slit = pd.read_csv(PLANT / "slitting_2026-03.csv", parse_dates=["Start"]).set_index("Web in")
    hours = (slit["Start"] - rolled["Ende"]).dt.total_seconds() / 3600
    found = frame(line, "waiting_between_steps").set_index("step").loc["FabricatedElectrodeCalendering"]

    assert [found["things"], found["shortest"], found["mean"], found["longest"]] == pytest.approx(
        [24, hours.min(), hours.mean(), hours.max()]
    )


def test_work_in_progress_counts_stacks_that_nobody_has_filled(line: Graph) -> None:
    moment = pd.Timestamp("2026-03-16 08:00")
    stacked = german("stapeln_2026-03.csv")
    stacked = stacked[pd.to_datetime(stacked["Ende"], format="%d.%m.%Y %H:%M") <= moment]["Zell-Nr."]
    filled = pd.read_csv(PLANT / "filling_2026-03.csv", parse_dates=["Start"])
    filled = filled[filled["Start"] <= moment]["Cell"]
    found = frame(line, "work_in_progress").set_index("step")["waiting"]

    assert found["FabricatedElectrodeStacking"] == len(set(stacked) - set(filled)) > 0


def test_capability_is_that_of_the_capacities_in_the_file(line: Graph) -> None:
    values = capacities()
    found = frame(line, "capability", lower=1.5, upper=1.8).iloc[0]
    nearer = min(1.8 - values.mean(), values.mean() - 1.5)

    assert found[["n", "mean", "deviation", "cp", "cpk", "outside"]].tolist() == pytest.approx(
        [
            len(values),
            values.mean(),
            values.std(),
            0.3 / 6 / values.std(),
            nearer / 3 / values.std(),
            (~values.between(1.5, 1.8)).sum(),
        ]
    )


def test_outliers_are_far_from_median_and_mad_of_their_batch(line: Graph) -> None:
    stacking = german("stapeln_2026-03.csv").set_index("Zell-Nr.")
    table = pd.DataFrame({"value": capacities(), "batch": stacking["Kathodenrolle"].map(webs()["batch"])})
    grouped = table.dropna().groupby("batch")["value"]
    median = grouped.transform("median")
    mad = (table["value"] - median).abs().groupby(table["batch"]).transform("median")
    score = ((table["value"] - median) / (1.4826 * mad)).dropna()
    found = frame(line, "outliers_in_batch", distance=1.5).set_index("cell")["score"]

    assert len(found) > 3
    assert found.sort_index().to_dict() == pytest.approx(score[score.abs() >= 1.5].to_dict())


def test_balance_of_electrodes_comes_from_the_loadings_of_their_webs(line: Graph) -> None:
    coating = pd.read_csv(PLANT / "coating_2026-03.csv", skiprows=2).set_index("Web ID")
    drying = german("trocknung_2026-03.csv").set_index("Rolle aus")["Rolle ein"]
    loading = webs()["Rolle ein"].map(drying).map(coating["Mass loading (mg/cm2)"])
    stacking = german("stapeln_2026-03.csv").set_index("Zell-Nr.").sort_index()
    ratio = stacking["Anodenrolle"].map(loading) * 330 / (stacking["Kathodenrolle"].map(loading) * 160)
    found = frame(line, "electrode_balance", positive=160, negative=330)

    assert list(found["cell"]) == list(ratio.index)
    assert found["ratio"].tolist() == pytest.approx(ratio.tolist())


def test_porosity_and_thickness_are_those_of_the_calender(line: Graph) -> None:
    stacking = german("stapeln_2026-03.csv").set_index("Zell-Nr.").sort_index()
    found = frame(line, "porosity_and_thickness").set_index("cell")
    for side, reel in (("positive", "Kathodenrolle"), ("negative", "Anodenrolle")):
        pressed = webs().loc[stacking[reel]]

        assert found[f"{side}_porosity"].tolist() == pytest.approx(pressed["Porosität [%]"].tolist())
        assert found[f"{side}_thickness"].tolist() == pytest.approx(
            pressed["Schichtdicke nachher [µm]"].tolist()
        )


def test_cells_of_an_interval_are_those_of_the_webs_pressed_in_it(line: Graph) -> None:
    table, stacking = webs(), german("stapeln_2026-03.csv")
    since, until = pd.Timestamp("2026-03-08 06:00"), pd.Timestamp("2026-03-08 08:00")
    reels = table[(table["Beginn"] <= until) & (table["Ende"] >= since)].index
    hit = stacking["Kathodenrolle"].isin(reels) | stacking["Anodenrolle"].isin(reels)

    assert set(frame(line, "cells_of_machine_interval")["cell"]) == set(stacking.loc[hit, "Zell-Nr."])


def test_cells_by_lot_are_as_many_as_the_recall_of_each_lot_finds(line: Graph) -> None:
    counts = frame(line, "cells_by_lot").set_index("lot")["cells"]

    for lot in ("NMC-2601", "ELY-2602", "FOL-2601"):
        found = frame(line, "cells_of_material_lot", lot=f"lot/{lot}")
        assert counts[lot] == found["cell"].nunique()


def test_capacity_by_lot_is_the_mean_over_its_cells(line: Graph) -> None:
    filling = pd.read_csv(PLANT / "filling_2026-03.csv").dropna(subset=["Cell"]).set_index("Cell")
    expected = capacities().groupby(filling["Electrolyte lot"]).mean()
    found = frame(line, "supplier_comparison").set_index("lot")["mean"]

    assert found[expected.index].to_dict() == pytest.approx(expected.to_dict())


def test_a_variable_name_leads_to_its_term_and_unit(line: Graph) -> None:
    found = frame(line, "variable_terms", variable="L_pos")

    assert found[["label", "unit"]].to_numpy().tolist() == [["PositiveElectrodeCoatingThickness", "µm"]]
