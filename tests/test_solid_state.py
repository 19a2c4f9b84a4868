"""A solid-state chain, described by terms and mappings alone, from the slurries to the formed cell."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from kg.lineage import Run, Trace, trace
from kg.load import Loader
from kg.mappers.plan import read_plans
from kg.resources import PACKAGE
from kg.store import Store
from kg.terms import vocabulary

CHAIN = Path(__file__).parent / "cases" / "solid_state_chain"
FILES = sorted(CHAIN.glob("ssb_*"))
MAPPINGS = sorted((PACKAGE / "mappers" / "solid_state").glob("*.yaml"))
CELL, FILM = "SS-001", "F-01"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    path = tmp_path_factory.mktemp("solid_state") / "store"
    Loader(path).load(FILES)
    return Store.open(path)


def runs(found: Trace) -> dict[str, Run]:
    return {run.id: run for run in found.runs.values()}


def names(found: Trace, kind: str) -> set[str]:
    """Return the keys of the things of one kind."""
    return {one.id.removeprefix(f"{kind}/") for one in found.things.values() if one.id.startswith(f"{kind}/")}


def csv(step: str, **options: str) -> pd.DataFrame:
    return pd.read_csv(CHAIN / f"ssb_{step}_2026-04.csv", dtype=str, **options)  # type: ignore[call-overload, no-any-return]


def test_every_file_of_the_chain_loads_whole_and_without_a_finding(tmp_path: Path) -> None:
    outcomes = Loader(tmp_path / "store").load(FILES)

    assert len(FILES) == 7
    assert [(one.name, one.reason) for one in outcomes if one.outcome != "loaded"] == []
    assert [finding for one in outcomes for finding in one.findings] == []
    assert sum(one.loaded for one in outcomes) == sum(one.read for one in outcomes) == 16


@pytest.mark.parametrize("path", MAPPINGS, ids=lambda path: path.stem)
def test_a_mapping_of_the_chain_leaves_no_column_out(path: Path) -> None:
    assert len(MAPPINGS) == 7
    assert "\nignore:" not in path.read_text(encoding="utf-8")
    assert read_plans(path, vocabulary()) != []


def test_a_cell_leads_back_through_every_step(store: Store) -> None:
    found = runs(trace(store, CELL))

    assert set(found) == {
        "run/formation/SS-001",
        "run/isostatic/SS-001",
        "run/lamination/SS-001",
        "run/film_casting/FC-01",
        "run/composite_cathode/CC-01",
        "run/lithium_foil/LI-01",
        "run/mixing/B-SE-01",
        "run/mixing/B-CC-01",
    }


def test_the_film_casting_behind_a_cell_has_its_settings_machine_and_row(store: Store) -> None:
    found = trace(store, CELL)
    run = runs(found)["run/film_casting/FC-01"]

    values = {(value.term, value.name): (value.value, value.unit) for value in run.parameters}
    assert run.classes == ("SolidElectrolyteFilmCasting",)
    assert values["CastingGap", "CastingGap.set"] == (200.0, "µm")
    assert values["CastingGap", "CastingGap"] == (201.5, "µm")
    assert values["FilmCastingSpeed", "FilmCastingSpeed"] == (0.4, "m/min")
    assert [tool.rpartition("/")[2] for tool in run.tools] == ["CAST-1"]
    assert run.sources == ("ssb_film_casting_2026-04.csv#row=2",)
    assert [found.things[step.source].id for step in found.steps if step.run == run.iri] == ["batch/B-SE-01"]


def test_the_lots_behind_a_cell_are_those_that_the_files_give(store: Store) -> None:
    laminated = csv("lamination").set_index("Cell").loc[CELL]
    cathode = csv("composite_cathode").set_index("Web").loc[laminated["Cathode web"]]
    anode = csv("lithium_foil").set_index("Anode").loc[laminated["Anode web"]]
    film = csv("film_casting").set_index("Film").loc[laminated["Film"]]
    batches = [str(film["Slurry batch"]), str(cathode["Slurry batch"])]
    mixed = csv("mixing").set_index("Batch").loc[batches].filter(like=" lot")
    wanted = {str(cathode["Foil lot"]), str(anode["Lithium lot"]), str(anode["Copper lot"])}
    wanted |= {str(lot) for column in mixed for lot in mixed[column].dropna()}

    assert names(trace(store, CELL), "lot") == wanted


def test_a_film_leads_to_exactly_the_cells_that_it_is_in(store: Store) -> None:
    laminated = csv("lamination")
    wanted = set(laminated.loc[laminated["Film"] == FILM, "Cell"])

    assert 0 < len(wanted) < len(laminated)
    assert names(trace(store, FILM, "down"), "cell") == wanted


def test_a_lot_of_solid_electrolyte_leads_to_all_cells_it_is_in(store: Store) -> None:
    # The first lot is in every cathode; the second is in one film only.
    assert names(trace(store, "LPSCL-2604", "down"), "cell") == {"SS-001", "SS-002", "SS-003"}
    assert names(trace(store, "LPSCL-2605", "down"), "cell") == {"SS-003"}


def test_the_values_of_a_german_press_and_an_english_cycler_have_one_unit_each(store: Store) -> None:
    found = runs(trace(store, CELL))
    pressed = {value.name: (value.value, value.unit) for value in found["run/isostatic/SS-001"].parameters}
    formed = {value.name: (value.value, value.unit) for value in found["run/formation/SS-001"].parameters}

    assert pressed["IsostaticPressure"] == (398.5, "MPa")
    assert pressed["IsostaticPressingDuration"] == (15.0, "min")
    assert formed["FormationPressure.set"] == (2000.0, "kPa")


@pytest.mark.parametrize(
    ("step", "above"),
    [
        ("SolidElectrolyteFilmCasting", "gpo:Coating"),
        ("CompositeCathodeCoating", "BatteryElectrodeCoating"),
        ("LithiumFoilLamination", "ElectrodeLamination"),
        ("IsostaticPressing", "gpo:Pressing"),
        ("SulfurInfiltration", "gpo:HeatTreatment"),
        ("CatalystInkSpraying", "gpo:SprayCoating"),
    ],
)
def test_a_step_of_another_chemistry_stands_below_a_general_one(step: str, above: str) -> None:
    terms = vocabulary()

    assert terms.is_a(terms.resolve(step).iri, terms.resolve(above).iri)
