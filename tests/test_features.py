"""Features of series: definitions against numbers known beforehand, and against those of others."""

from __future__ import annotations

import json
import shutil
import tarfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import kg.series
from kg.errors import KgError
from kg.series import features as f
from kg.series.write_features import compute
from kg.sources.cyclers import read_cycler
from kg.store import Store

DATA = Path(__file__).parents[1].parent / "shared" / "data"
shared = pytest.mark.skipif(not DATA.is_dir(), reason="the shared data is not here: ../shared/data")


def cell(cycles: int = 3, capacity: float = 2.0, resistance: float = 0.05, fade: float = 0.0) -> pl.DataFrame:
    """Return a test of known answers: rest, charge at 1 A, rest, discharge at 1 A; linear voltage.

    Steps of 10 s; capacity in A.h at the first cycle, less by `fade` in each further one.
    """
    rows: list[tuple[float, float, float, int, int]] = []
    time, charge = 0.0, 0.0
    for cycle in range(1, cycles + 1):
        size = capacity * (1 - fade * (cycle - 1))
        for step, current in enumerate((0.0, 1.0, 0.0, -1.0), start=1):
            count = 12 if current == 0 else round(size * 360)
            for _ in range(count):
                time += 10.0
                charge += current * 10 / 3600
                rows.append((time, 3.0 + charge / capacity + current * resistance, current, cycle, step))
    names = ["test_time_second", "voltage_volt", "current_ampere", "cycle_count", "step_index"]
    return pl.DataFrame(rows, schema=names, orient="row")


def test_capacities_are_the_integral_of_the_current() -> None:
    found = f.per_cycle(cell())

    assert [pytest.approx(2.0, rel=1e-9)] * 3 == found["charging_capacity"].to_list()
    assert [pytest.approx(2.0, rel=1e-9)] * 3 == found["discharging_capacity"].to_list()


def test_energies_are_the_integral_of_the_power() -> None:
    found = f.per_cycle(cell(1))

    # Mean voltage 3.5 V, 0.05 V more on charge and less on discharge; half a step of 10 s at the ends.
    assert pytest.approx(2 * 3.55, rel=2e-3) == found["charging_energy"][0]
    assert pytest.approx(2 * 3.45, rel=2e-3) == found["discharging_energy"][0]


def test_efficiencies_are_ratios_of_one_cycle() -> None:
    cycles = f.per_cycle(cell(2))

    assert [pytest.approx(100)] * 2 == f.coulombic_efficiency(cycles)["value"].to_list()
    assert [pytest.approx(100 * 3.45 / 3.55, rel=2e-3)] * 2 == f.energy_efficiency(cycles)["value"].to_list()


def test_the_resistance_of_a_pulse_from_rest_is_found() -> None:
    found = f.dc_resistance(cell(2, resistance=0.05))

    # In 10 s of pulse the open-circuit voltage moves by 10/3600/2 V.
    assert [pytest.approx(0.05 + 10 / 7200, rel=1e-9)] * 4 == found["value"].to_list()
    assert found["current"].to_list() == [1.0, -1.0, 1.0, -1.0]


def test_a_change_of_current_after_a_moment_of_rest_is_no_pulse() -> None:
    frame = cell(1)
    moment = frame.filter((pl.col("current_ampere") != 0) | (pl.col("step_index") == 1).is_first_distinct())

    assert len(f.dc_resistance(moment.filter(pl.col("step_index") != 3).tail(-11))) == 0


def test_c_rates_are_those_of_the_steps() -> None:
    rates = f.cycle_c_rates(f.c_rates(cell(2), capacity=4.0))

    assert rates.rows() == [(1, False, 0.25), (1, True, 0.25), (2, False, 0.25), (2, True, 0.25)]


def test_the_end_of_life_is_the_cycle_from_which_capacity_stays_low() -> None:
    capacity = [1.0, 0.95, 0.7, 0.9, 0.85, 0.79, 0.78, 0.77]
    cycles = pl.DataFrame(
        {
            "cycle": range(1, 9),
            "charging_capacity": capacity,
            "discharging_capacity": capacity,
            "charging_energy": capacity,
            "discharging_energy": capacity,
        }
    )

    assert f.cycles_to(cycles) == 6
    assert None is f.cycles_to(cycles, percent=50)
    assert pytest.approx([100, 95, 70, 90, 85, 79, 78, 77]) == f.retention(cycles)["value"].to_list()


def test_a_partial_first_cycle_is_no_reference() -> None:
    cycles = f.per_cycle(cell(3)).with_columns(
        discharging_capacity=pl.when(pl.col("cycle") == 1).then(0.3).otherwise("discharging_capacity")
    )

    assert pytest.approx(2.0) == f.reference_capacity(cycles)


def test_an_aged_cell_has_no_first_cycle_efficiency() -> None:
    cycles = f.per_cycle(cell(2))
    aged = cycles.with_columns(
        charging_capacity=pl.when(pl.col("cycle") == 1).then(1.0).otherwise("charging_capacity")
    )

    assert pytest.approx(100.0) == f.first_cycle_efficiency(cycles)
    assert None is f.first_cycle_efficiency(aged)


def test_noise_of_a_counter_is_no_discharge() -> None:
    cycles = pl.DataFrame(
        {
            "cycle": [1],
            "charging_capacity": [0.6],
            "discharging_capacity": [4e-11],
            "charging_energy": [2.1],
            "discharging_energy": [1e-10],
        }
    )

    assert (
        len(f.coulombic_efficiency(cycles)),
        len(f.retention(cycles)),
        f.reference_capacity(cycles),
    ) == (0, 0, None)


def test_a_counter_may_begin_at_zero_again() -> None:
    frame = pl.DataFrame(
        {
            "test_time_second": [0.0, 1, 2, 3, 4],
            "current_ampere": [1.0, 1, 1, 1, 1],
            "voltage_volt": [3.0] * 5,
            "cycle_count": [1, 1, 1, 2, 2],
            "charging_capacity_ah": [5.0, 5.1, 5.2, 0.1, 0.3],
        }
    )

    assert pytest.approx([0.2, 0.3]) == f.per_cycle(frame)["charging_capacity"].to_list()


def test_peaks_of_the_differential_capacity_lie_where_charge_gathers() -> None:
    voltage = np.linspace(3.0, 4.0, 4001)
    # Two plateaus, at 3.3 V and 3.7 V, the second twice as high; time is proportional to charge.
    density = 0.2 + np.exp(-(((voltage - 3.3) / 0.03) ** 2)) + 2 * np.exp(-(((voltage - 3.7) / 0.03) ** 2))
    charge = np.concatenate([[0], np.cumsum((density[1:] + density[:-1]) / 2 * np.diff(voltage))])
    frame = pl.DataFrame(
        {"test_time_second": charge * 3600, "current_ampere": np.ones(4001), "voltage_volt": voltage}
    )
    found = f.differential_capacity_peaks(f.differential_capacity(frame))

    assert [row[:3] for row in found.rows()] == [(1, True, 1), (1, True, 2)]
    assert pytest.approx([3.7, 3.3], abs=0.005) == found["voltage"].to_list()
    assert pytest.approx([2.2, 1.2], rel=0.05) == found["value"].to_list()


def test_cycles_are_counted_where_the_file_does_not() -> None:
    frame = cell(3).drop("cycle_count", "step_index")

    assert f.per_cycle(frame)["cycle"].to_list() == [1, 2, 3]
    assert [pytest.approx(2.0, rel=1e-9)] * 3 == f.per_cycle(frame)["discharging_capacity"].to_list()


def test_no_charge_is_computed_where_time_goes_back() -> None:
    frame = cell(1)

    with pytest.raises(KgError, match="goes back 1 times"):
        compute(pl.concat([frame, frame.head(1)]))


@shared
@pytest.mark.parametrize(
    ("name", "tolerance"),
    [
        ("batteryarchive/arbin_example.csv", 0.001),
        ("beep_cyclers/2017-05-09_test-TC-contact_CH33.csv", 0.001),
    ],
)
def test_the_integral_meets_the_counters_of_the_tester(name: str, tolerance: float) -> None:
    frame = read_cycler(DATA / name)[0].frame
    counted, integrated = f.per_cycle(frame), f.per_cycle(frame, counters=False)

    for column in ("charging_capacity", "discharging_capacity", "charging_energy", "discharging_energy"):
        assert counted[column].to_list() == pytest.approx(
            integrated[column].to_list(), rel=tolerance, abs=1e-6
        )


@shared
def test_the_integral_meets_the_net_counter_of_novonix() -> None:
    frame = read_cycler(DATA / "beep_cyclers" / "test_Nova_Form-CH01-01_short.csv")[0].frame
    net = frame["net_capacity_ah"][-1] - frame["net_capacity_ah"][0]

    assert net == pytest.approx(f.per_cycle(frame)["charging_capacity"].sum(), rel=0.001)


@shared
def test_the_efficiencies_of_beep_are_ours() -> None:
    path = DATA / "beep_cyclers" / "PreDiag_000233_00021F_truncated_structure.json"
    said = json.loads(path.read_text(encoding="utf-8"))
    parts = {recording.part: recording.frame for recording in read_cycler(path)}
    energy = f.energy_efficiency(f.per_cycle(parts["summary"]))
    coulombic = f.coulombic_efficiency(f.per_cycle(parts["diagnostic_summary"]))

    expected = dict(zip(said["summary"]["cycle_index"], said["summary"]["energy_efficiency"], strict=True))
    assert len(energy) == 1612
    assert [expected[c] * 100 for c in energy["cycle"]] == pytest.approx(energy["value"].to_list(), rel=1e-9)
    expected = dict(
        zip(
            said["diagnostic_summary"]["cycle_index"],
            said["diagnostic_summary"]["coulombic_efficiency"],
            strict=True,
        )
    )
    assert [expected[c] * 100 for c in coulombic["cycle"]] == pytest.approx(coulombic["value"].to_list())


@shared
def test_the_time_series_of_battery_archive_meets_its_own_counter() -> None:
    frame = read_cycler(
        DATA / "batteryarchive" / "CALCE_CX2-33_prism_LCO_25C_0-100_0.5-0.5C_d_timeseries.csv"
    )[0].frame
    counted, integrated = f.per_cycle(frame), f.per_cycle(frame, counters=False)

    # The first row of a charge stands for the 30 s before it, of which the cell charged for 10 s.
    assert abs(counted["charging_capacity"][0] - integrated["charging_capacity"][0]) < 0.675 * 30 / 3600


@shared
def test_the_first_cycle_of_kiprobatt_is_that_of_its_statistics(tmp_path: Path) -> None:
    name = "Gron-221208-gron-0900-062_-STATS-.txt"
    with tarfile.open(DATA / "kiprobatt" / "maccor.tar.xz") as archive:
        archive.extract(f"files/{name}", tmp_path, filter="data")
    cycles = f.per_cycle(read_cycler(tmp_path / "files" / name)[0].frame)

    assert pytest.approx(100 * 0.441498861143 / 0.540160318348) == f.first_cycle_efficiency(cycles)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store that is copied for each test, since making one takes a second."""
    path = tmp_path_factory.mktemp("empty") / "store"
    Store.create(path, "https://example.org/line/").db.flush()
    return path


@pytest.fixture
def store(tmp_path: Path, empty: Path) -> Path:
    shutil.copytree(empty, tmp_path / "store")
    cell(3).write_csv(tmp_path / "cell7.csv")
    kg.series.add(tmp_path / "store", [tmp_path / "cell7.csv"], cell="C-1", test="T-1")
    return tmp_path / "store"


def test_features_become_quantities_that_lead_to_series_and_definition(store: Path) -> None:
    (outcome,) = kg.series.add_features(store)
    rows = Store.open(store).query(
        """SELECT DISTINCT ?value ?unit ?title WHERE {
          <cycle/T-1/2> emmo:EMMO_08bd340b_9d49_4d60_8ac5_b89f2f442169 ?q .  # hasProcessParameter
          ?q a echem:electrochemistry_0141b5c2_9f15_46f4_82e6_92a104faa476 ;  # DischargingCapacity
             emmo:EMMO_8ef3cd6d_ae58_4a8d_9fc0_ad8f49015cd0/  # hasNumericalPart
             emmo:EMMO_faf79f53_749d_40b2_807c_d34244c192f4 ?value ;  # hasNumberValue
             emmo:EMMO_bed1d005_b04e_4a90_94cf_02bc678a8569 ?unit ;  # hasMeasurementUnit
             prov:wasDerivedFrom/dcterms:title ?source ; prov:wasGeneratedBy/dcterms:title ?title . }"""
    )
    found = [(float(r["value"].value), r["unit"].value, r["title"].value) for r in rows]

    assert outcome.outcome == "added"
    assert [(pytest.approx(2.0), "https://w3id.org/emmo#AmpereHour", "kg.series.features.per_cycle")] == found


def test_a_resistance_is_stored_in_the_unit_of_its_term(store: Path) -> None:
    kg.series.add_features(store)
    rows = Store.open(store).query(
        """SELECT ?value WHERE {
          ?q a echem:electrochemistry_7b3eb826_b968_493a_8396_cc3a5f09ecb3 ;  # DCInternalResistance
          emmo:EMMO_8ef3cd6d_ae58_4a8d_9fc0_ad8f49015cd0/  # hasNumericalPart
          emmo:EMMO_faf79f53_749d_40b2_807c_d34244c192f4 ?value }"""
    )

    # DCInternalResistance in milliohm.
    assert [pytest.approx(51.3889, rel=1e-4)] * 6 == [float(row["value"].value) for row in rows]


def test_features_of_the_cell_hang_on_the_cell(store: Path) -> None:
    kg.series.add_features(store)
    opened = Store.open(store)

    assert opened.query(
        """ASK {
          <cell/C-1> emmo:EMMO_e1097637_70d2_4895_973f_2396f04fa204 ?q .  # hasProperty
          ?q a echem:electrochemistry_469b9516_a96d_4aa2_b8e5_05ae982e2084  # InitialCoulombicEfficiency
        }"""
    )


def test_computing_features_twice_changes_nothing(store: Path) -> None:
    kg.series.add_features(store)
    before = {str(triple) for triple in Store.open(store).triples(Store.open(store).graphs())}
    (again,) = kg.series.add_features(store)
    after = {str(triple) for triple in Store.open(store).triples(Store.open(store).graphs())}

    assert ("unchanged", before) == (again.outcome, after)
    assert kg.series.add_features(store, capacity=4.0)[0].outcome == "added"
