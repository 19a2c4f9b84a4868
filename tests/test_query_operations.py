"""Claims about answers on what is recorded beside the steps: they are those that the files give.

The same answer is computed twice, once from the graph and once from the files.
"""

from __future__ import annotations

import json

import pandas as pd
import pytest

from kg.graph import Graph
from tests.asking import OPERATIONS, PLANT, frame


def german(name: str) -> pd.DataFrame:
    folder = OPERATIONS if (OPERATIONS / name).exists() else PLANT
    return pd.read_csv(folder / name, sep=";", decimal=",", encoding="cp1252")


def readings() -> pd.DataFrame:
    """Return the readings of the energy meters, with their step and electricity and heat together."""
    steps = json.loads((OPERATIONS / "energiezaehler_2026-03.json").read_text(encoding="utf-8"))["steps"]
    table = pd.DataFrame([{"step": step, **one} for step in steps for one in steps[step]["readings"]])
    return table.assign(energy=table["electrical_kWh"] + table["heat_kWh"].fillna(0))


def yields(page: str) -> pd.DataFrame:
    return pd.read_excel(OPERATIONS / "ausbeute_2026-03.xlsx", sheet_name=page, engine="openpyxl")


def durations() -> pd.DataFrame:
    """Return the states of the machines with their minutes; the last state of a machine has none."""
    found = german("maschinenzustaende_2026-03.csv")
    time = pd.to_datetime(found["Zeitpunkt"], format="%d.%m.%Y %H:%M")
    after = time.groupby(found["Maschine"]).shift(-1)
    return found.assign(time=time, minutes=(after - time).dt.total_seconds() / 60)


def test_energy_of_steps_is_the_sum_of_the_readings(whole_line: Graph) -> None:
    expected = readings().groupby("step")["energy"].sum().sort_values(ascending=False)
    found = frame(whole_line, "energy_by_step")

    assert found["total"].tolist() == pytest.approx(expected.tolist())
    assert found["share"].sum() == pytest.approx(100)


def test_energy_of_all_cells_is_that_of_all_runs_that_made_them(whole_line: Graph) -> None:
    """What is shared out is neither lost nor doubled: the cells take up every run that led to one."""
    found = frame(whole_line, "energy_per_cell")
    own = readings().query("step in ('stacking', 'filling', 'formation', 'degassing', 'eol')")
    # Two tests and two runs of formation and degassing are set aside; their energy is read all the same.
    kept = own[~own["run"].isin(["PC-0012", "PC-0015"]) | (own["step"] != "eol")]
    kept = kept[(kept["step"] != "formation") | (kept["run"] != "PC-0007")]
    kept = kept[(kept["step"] != "degassing") | (kept["run"] != "PC-0010")]

    assert found["own"].sum() == pytest.approx(kept["energy"].sum())
    assert found["total"].sum() == pytest.approx(readings()["energy"].sum(), rel=1e-3)


def test_energy_of_a_cell_adds_up_to_its_row_among_all_cells(whole_line: Graph) -> None:
    everywhere = frame(whole_line, "energy_per_cell").set_index("cell")["total"]

    for cell in ("PC-0001", "PC-0030"):
        assert frame(whole_line, "energy_of_cell", cell=f"cell/{cell}")["share"].sum() == pytest.approx(
            everywhere[cell]
        )


def test_yield_of_a_step_is_that_of_its_sheet(whole_line: Graph) -> None:
    found = frame(whole_line, "yield_by_step").set_index("step")
    pressed, stacked = yields("Kalandrieren"), yields("Stapeln")

    assert found.loc["FabricatedElectrodeCalendering", "yield"] == pytest.approx(
        pressed["Gutanteil [%]"].mean()
    )
    assert found.loc["FabricatedElectrodeCalendering", "scrap"] == pytest.approx(
        pressed["Ausschuss [m]"].sum()
    )
    assert found.loc["FabricatedElectrodeStacking", "yield"] == pytest.approx(
        100 * stacked["Gut"].sum() / stacked["Gefertigt"].sum()
    )


def test_first_pass_yield_leaves_out_scrap_and_rework(whole_line: Graph) -> None:
    table = yields("Formieren")
    once = table["Gefertigt"].sum() - table["Ausschuss"].sum() - table["Nacharbeit"].sum()
    found = frame(whole_line, "first_pass_yield").set_index("step").loc["PouchCellFormation"]

    assert found["first_pass"] == pytest.approx(100 * once / table["Gefertigt"].sum())


def test_time_in_states_is_that_between_the_events(whole_line: Graph) -> None:
    expected = durations().dropna(subset=["minutes"]).groupby(["Maschine", "Zustand"])["minutes"].sum()
    found = frame(whole_line, "machine_states")
    states = found["state"].str.removesuffix("State")

    assert dict(zip(zip(found["machine"], states, strict=True), found["total"], strict=True)) == (
        pytest.approx(expected.to_dict())
    )


def test_reasons_of_stops_are_those_of_the_log(whole_line: Graph) -> None:
    table = durations().dropna(subset=["minutes", "Grund"])
    expected = table.groupby(["Maschine", "Grund"])["minutes"].agg(["count", "sum", "max"])
    found = frame(whole_line, "stop_reasons").set_index(["machine", "reason"]).sort_index()

    assert list(found.index) == list(expected.index)
    assert found[["stops", "total", "longest"]].to_numpy(float).ravel().tolist() == pytest.approx(
        expected.to_numpy(float).ravel().tolist()
    )


def test_effectiveness_is_the_product_of_its_three_parts(whole_line: Graph) -> None:
    table = durations().query("Maschine == 'KAL-1'")
    executing = table.loc[table["Zustand"] == "Execute", "minutes"].sum()
    planned = table.loc[table["Zustand"] != "Stopped", "minutes"].sum()
    takt = german("maschinenliste_2026.csv").set_index("Maschine").loc["KAL-1", "Plantakt [min]"]
    good = yields("Kalandrieren")["Gutanteil [%]"].mean()
    found = frame(whole_line, "overall_equipment_effectiveness").set_index("machine").loc["KAL-1"]

    assert found["availability"] == pytest.approx(100 * executing / planned)
    assert found["performance"] == pytest.approx(100 * 24 * takt / executing)
    assert found["oee"] == pytest.approx(24 * takt / planned * good)


def test_planted_web_breaks_are_the_alarm_that_goes_with_scrap(whole_line: Graph) -> None:
    found = frame(whole_line, "alarms_before_scrap")
    breaks, others = found[found["alarm"] == "E-2104"], found[found["alarm"] != "E-2104"]

    assert len(breaks) > 0
    assert breaks["lost"].min() > others["lost"].max() + 1


def test_upkeep_is_due_from_its_day_on(whole_line: Graph) -> None:
    table = german("instandhaltung_2026.csv")
    due = table[table["Nächste fällig"] <= "2026-04-15"]
    found = frame(whole_line, "upkeep_due", day="2026-04-15")

    assert sorted(zip(found["machine"], found["due"], strict=True)) == sorted(
        zip(due["Maschine"], due["Nächste fällig"], strict=True)
    )


def test_weighings_are_compared_with_their_recipe(whole_line: Graph) -> None:
    table = german("einwaagen_2026-03.csv")
    off = 100 * (table["Ist [kg]"] - table["Soll [kg]"]) / table["Soll [kg]"]
    found = frame(whole_line, "consumption_against_recipe", tolerance=0.25)

    assert sorted(found["difference"]) == pytest.approx(sorted(off[off.abs() >= 0.25]))


def test_mass_of_a_batch_is_the_sum_of_its_weighings(whole_line: Graph) -> None:
    table = german("einwaagen_2026-03.csv")
    found = frame(whole_line, "mass_balance_of_batches").set_index("batch")
    solid = table[table["Komponente"] != "Lösemittel"]

    assert found["weighed"].to_dict() == pytest.approx(
        table.groupby("Ansatz-Nr.")["Ist [kg]"].sum().to_dict()
    )
    assert found["solids"].to_dict() == pytest.approx(solid.groupby("Ansatz-Nr.")["Ist [kg]"].sum().to_dict())


def test_composition_of_a_cell_adds_up_to_the_mass_of_its_parts(whole_line: Graph) -> None:
    parts = pd.read_csv(OPERATIONS / "cell_parts_2026-03.csv").set_index("Cell")
    columns = [
        "Positive electrodes (g)", "Negative electrodes (g)", "Separator (g)", "Housing and tabs (g)",
        "Electrolyte (g)",
    ]  # fmt: skip
    for cell in ("PC-0001", "PC-0030"):
        found = frame(whole_line, "composition_of_cell", cell=f"cell/{cell}")

        assert 1000 * found["mass"].sum() == pytest.approx(parts.loc[cell, columns].sum())


def test_cobalt_of_the_black_mass_is_that_of_the_weighed_active_material(whole_line: Graph) -> None:
    parts = pd.read_csv(OPERATIONS / "cell_parts_2026-03.csv").set_index("Cell").loc["PC-0001"]
    weighed = german("einwaagen_2026-03.csv").query(
        "`Ansatz-Nr.` == 'B-C-001' and Komponente != 'Lösemittel'"
    )
    share = weighed.set_index("Komponente")["Ist [kg]"]["Aktivmaterial"] / weighed["Ist [kg]"].sum()
    coating = parts["Positive electrodes (g)"] - parts["Positive foil (g)"]
    found = frame(whole_line, "black_mass_of_cell").set_index("substance")["mass"]

    assert 1000 * found["Kobalt"] == pytest.approx(coating * share * 0.1216)


def test_hazardous_substances_of_a_cell_are_those_of_its_lots(whole_line: Graph) -> None:
    found = frame(whole_line, "substances_of_cell")
    table = german("zusammensetzung_2026.csv")
    hazardous = set(found.loc[found["hazard"].notna(), "substance"])

    # The solvent of the slurry is dried off, and so not in the cell.
    assert hazardous == set(table.loc[table["Gefahrstoff"] == "ja", "Stoff"]) - {"N-Methyl-2-pyrrolidon"}
    assert set(found.loc[found["critical"] == "yes", "substance"]) == set(
        table.loc[table["Kritischer Rohstoff"] == "ja", "Stoff"]
    )


def test_faster_formation_costs_cycles(whole_line: Graph) -> None:
    found = frame(whole_line, "cycle_life_by_formation")

    for _, warm in found.groupby("test_temperature"):
        assert warm["mean"].is_monotonic_decreasing and len(warm) > 2


def test_fade_of_a_cell_is_that_of_its_check_ups(whole_line: Graph) -> None:
    tests = json.loads((OPERATIONS / "zyklenalterung_2026.json").read_text(encoding="utf-8"))["tests"]
    found = frame(whole_line, "capacity_fade", cell="cell/PC-0001")

    assert found["capacity"].tolist() == [one["capacity_Ah"] for one in tests[0]["checkups"]]
    assert found["retention"].tolist() == [one["retention_pct"] for one in tests[0]["checkups"]]
