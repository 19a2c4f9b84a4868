"""Files of testers -> recordings with BDF names and units; what is no recording is refused with a reason."""

from __future__ import annotations

import tarfile
from pathlib import Path

import polars as pl
import pytest

from kg.errors import FaultsError
from kg.sources.cyclers import columns, maps, read_cycler
from kg.sources.cyclers.spec import read_map
from kg.terms import vocabulary

DATA = Path(__file__).parents[1].parent / "shared" / "data"
shared = pytest.mark.skipif(not DATA.is_dir(), reason="the shared data is not here: ../shared/data")

BEEP, ARCHIVE, BDF = (DATA / name for name in ("beep_cyclers", "batteryarchive", "bdf_sintef_dlr"))
LOADS = {
    ARCHIVE / "CALCE_CX2-33_prism_LCO_25C_0-100_0.5-0.5C_d_cycle_data.csv": [
        ("battery_archive_cycles.toml", 9)
    ],
    ARCHIVE / "CALCE_CX2-33_prism_LCO_25C_0-100_0.5-0.5C_d_timeseries.csv": [("battery_archive.toml", 15)],
    ARCHIVE / "arbin_example.csv": [("arbin.toml", 2142)],
    ARCHIVE / "maccor_example.001": [("maccor.toml", 8)],
    BDF / "DLR__LiLNMOHydra0b__20221125__POCV__25degC__Basytec.bdf.csv": [("bdf.toml", 17860)],
    BDF / "SINTEF__LiGrR2032__2024-04-30__25degC__Landt.bdf.csv": [("bdf.toml", 25162)],
    BDF / "SINTEF__SLPBA842124HV__2024-10-23__Rate_25degC__Neware__Time_Bug.bdf.csv": [("bdf.toml", 13086)],
    BDF / "GCPL-0.mpr": [("biologic_mpr.toml", 4)],
    BDF / "PEIS-0.mpr": [("biologic_mpr.toml", 60)],
    BDF / "filetype14-0.ndax": [("neware_ndax.toml", 67)],
    BEEP / "2017-05-09_test-TC-contact_CH33.csv": [("arbin.toml", 287)],
    BEEP / "FastCharge_000025_CH8.csv": [("arbin.toml", 248)],
    BEEP / "PreDiag_000233_00021F_truncated_structure.json": [
        ("beep_cycles_interpolated.toml", 1),
        ("beep_diagnostic_summary.toml", 82),
        ("beep_summary.toml", 1612),
    ],
    BEEP / "PredictionDiagnostics_000107_0001B9_structure_short.json": [
        ("beep_cycles_interpolated.toml", 1),
        ("beep_diagnostic_interpolated.toml", 1),
        ("beep_diagnostic_summary.toml", 15),
        ("beep_summary.toml", 56),
    ],
    BEEP / "PredictionDiagnostics_000151_test.052": [("maccor.toml", 333)],
    BEEP / "maccor_test_file_4267-66-6519.041": [("maccor.toml", 74)],
    BEEP / "test_Nova_Form-CH01-01_short.csv": [("novonix.toml", 3942)],
}
REFUSED = {
    BEEP / "PreDiag_parameters - GP.csv": "a table of test programs",
    BEEP / "anode_test.csv": "a reference curve of a half cell",
    BEEP / "xTESLADIAG_000004_CH69.000": "a procedure of a Maccor tester",
    BDF / "battery.json": "no map fits",
}


def need_library(path: Path) -> None:
    if path.suffix == ".mpr":
        pytest.importorskip("galvani")
    if path.suffix == ".ndax":
        pytest.importorskip("fastnda")


@shared
def test_every_file_of_a_tester_in_the_shared_data_is_listed_here_and_in_the_reference() -> None:
    here = {p for folder in (ARCHIVE, BDF, BEEP) for p in folder.iterdir() if p.name != "SOURCE.txt"}
    page = (Path(__file__).parents[1] / "docs" / "reference" / "cyclers.md").read_text(encoding="utf-8")

    assert here == LOADS.keys() | REFUSED.keys()
    assert [path.name for path in REFUSED if path.name not in page] == []


@shared
@pytest.mark.parametrize("path", LOADS, ids=lambda path: path.name)
def test_every_row_of_a_file_is_read_or_set_aside(path: Path) -> None:
    need_library(path)

    found = read_cycler(path)

    assert LOADS[path] == [(recording.map, recording.frame.height) for recording in found]
    assert [0] * len(found) == [len(recording.aside) for recording in found]


@shared
@pytest.mark.parametrize("path", REFUSED, ids=lambda path: path.name)
def test_a_file_that_is_no_recording_is_refused_with_the_reason(path: Path) -> None:
    with pytest.raises(FaultsError, match=REFUSED[path]):
        read_cycler(path)


@shared
def test_every_maccor_file_of_kiprobatt_is_read(tmp_path: Path) -> None:
    with tarfile.open(DATA / "kiprobatt" / "maccor.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    found = {path.name: read_cycler(path)[0] for path in sorted(tmp_path.rglob("*.txt"))}
    rows = {
        name: sum(
            line.split("\t")[0].isdigit()
            for line in (tmp_path / "files" / name).read_text("cp1252").split("\n")
        )
        for name in found
    }

    assert len(found) == 112
    assert rows == {name: recording.frame.height for name, recording in found.items()}
    assert {"maccor_cycles.toml"} == {recording.map for recording in found.values()}
    # Two of them have a header and no cycle.
    empty = ["Gron-221208-gron-0300-045_-STATS-.txt", "Joro-KI-221122-0500-058.txt"]
    assert empty == [name for name, count in rows.items() if count == 0]


def write(tmp_path: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding=encoding)
    return path


BASYTEC = """~Resultfile from Basytec Battery Test System
~Battery: X-1
~
~Time[h]\tDataSet\tCommand\tU[V]\tI[A]\tAh[Ah]\tT1[°C]
0,5\t1\tCharge\t3,5\t0,2\t0,1\t25,5
1,0\t2\tCharge\t3,6\t0,2\t0,2\t25,6
"""
LANDT = """cell model: X,,,,,,
channel_index,cycle_index,step_index,date_time_iso_string,test_time_s,current_A,voltage_V,Pressure_Psi,step_name,
1,1,1,04/30/2024 14:33:19,0.5,-0.1,2.9,1,rest,
"""
NEWARE = """Total Time(s),Voltage(V),Current(mA),Cycle,Step,Charge Capacity(mAh),Charge Energy(mWh)
0,3.8,1500,1,1,0,0
10,3.9,1500,1,1,4.1667,16.0
"""
PEC = """TestRegime Name:,Formation
#RESULTS CHECK
2024,201,1,
#END RESULTS CHECK
Test,Cycle,Step,Total Time (Seconds),Step Time (Seconds),Voltage (mV),Current (mA),Charge Capacity (mAh),
201,1,3,12.5,2.5,3712.5,-1750,10
"""
MPT = """EC-Lab ASCII FILE
Nb header lines : 3
time/s\tEwe/V\tI/mA\tcycle number\tQ charge/mA.h
0,5\t3,8\t-500,0\t1\t0,139
"""
ARBIN = """Data Point,Date Time,Test Time (s),Cycle Index,Current (A),Voltage (V),Charge Capacity (Ah)
1,10/10/2023 16:09:14.500,0.25,1,-2.0,3.8,0.5
"""
MACCOR = """Today's Date 01/02/2026\tFilename: x.001
Rec#\tCyc#\tStep\tTest (Min)\tAmp-hr\tAmps\tVolts\tState\tDPt Time
1\t0\t1\t0.5\t0.1\t2.0\t3.5\tC\t01/02/2026 10:00:00
2\t0\t2\t1.0\t0.1\t2.0\t3.4\tD\t01/03/2026
"""
LABELS = "Test Time / s,Voltage / V,Current / A,Thickness / mm\n1.5,3.5,0.1,2\n"


@pytest.mark.parametrize(
    ("text", "map_", "first"),
    [
        (
            BASYTEC,
            "basytec.toml",
            {"test_time_second": 1800.0, "voltage_volt": 3.5, "temperature_t1_celsius": 25.5},
        ),
        (LANDT, "landt.toml", {"current_ampere": -0.1, "applied_pressure_pa": 6894.758, "cycle_count": 1}),
        (NEWARE, "neware.toml", {"current_ampere": 1.5, "charging_capacity_ah": 0.0, "step_index": 1}),
        (PEC, "pec.toml", {"voltage_volt": 3.7125, "current_ampere": -1.75, "charging_capacity_ah": 0.01}),
        (
            MPT,
            "biologic_mpt.toml",
            {"test_time_second": 0.5, "current_ampere": -0.5, "charging_capacity_ah": 0.000139},
        ),
        (ARBIN, "arbin.toml", {"unix_time_second": 1696954154.5, "charging_capacity_ah": 0.5}),
        (MACCOR, "maccor.toml", {"test_time_second": 30.0, "counter_capacity_ah": 0.1}),
        (LABELS, "bdf_labels.toml", {"test_time_second": 1.5, "current_ampere": 0.1, "Thickness / mm": "2"}),
    ],
    ids=["basytec", "landt", "neware", "pec", "mpt", "arbin", "maccor", "bdf-labels"],
)
def test_an_export_becomes_bdf_columns_in_bdf_units(
    tmp_path: Path, text: str, map_: str, first: dict[str, object]
) -> None:
    (recording,) = read_cycler(write(tmp_path, "export.dat", text))

    found = {name: recording.frame[name][0] for name in first}

    assert map_ == recording.map
    assert {n: v if isinstance(v, str) else pytest.approx(v, rel=1e-9) for n, v in first.items()} == found
    assert recording.aside == ()


def test_a_current_without_sign_takes_it_from_the_state(tmp_path: Path) -> None:
    (recording,) = read_cycler(write(tmp_path, "x.001", MACCOR))

    assert recording.frame["current_ampere"].to_list() == [2.0, -2.0]
    assert "'State' gives it" in " ".join(recording.notes)


def test_midnight_without_a_time_of_day_is_read(tmp_path: Path) -> None:
    (recording,) = read_cycler(write(tmp_path, "x.001", MACCOR))

    assert recording.frame["unix_time_second"].diff()[1] == 14 * 3600


def test_a_zone_that_is_given_shifts_times_that_name_none(tmp_path: Path) -> None:
    path = write(tmp_path, "x.001", MACCOR)
    utc, berlin = read_cycler(path)[0], read_cycler(path, zone="Europe/Berlin")[0]

    assert (utc.frame["unix_time_second"] - berlin.frame["unix_time_second"]).to_list() == [3600.0] * 2


def test_rows_that_cannot_be_read_are_kept_aside_with_line_and_reason(tmp_path: Path) -> None:
    text = "test_time_second,voltage_volt,current_ampere,note\n"
    text += "1,3.5,0.1,a\n2,3;5,0.1,b\n3,3.5\n4,3.5,0.1,d,e\n5,3.5,0.1,\n"
    (recording,) = read_cycler(write(tmp_path, "x.csv", text))

    assert recording.frame["test_time_second"].to_list() == [1.0, 5.0]
    assert [(row.line, row.reason) for row in recording.aside] == [
        (3, "column 'voltage_volt': '3;5' is not a number with '.' as decimal sign."),
        (4, "the row has 2 cells; the header has 4."),
        (5, "the row has 5 cells; the header has 4."),
    ]


def test_columns_that_no_map_knows_stay_text_under_their_own_name(tmp_path: Path) -> None:
    text = "test_time_second,voltage_volt,current_ampere,0815\n1,3.5,0.1,007\n"
    (recording,) = read_cycler(write(tmp_path, "x.csv", text))

    assert recording.frame["0815"].to_list() == ["007"]
    assert pl.String == recording.frame["0815"].dtype
    assert [(c.name, c.mapped) for c in recording.columns if not c.mapped] == [("0815", False)]


def test_the_name_of_a_file_says_nothing(tmp_path: Path) -> None:
    (recording,) = read_cycler(write(tmp_path, "novonix.mpr", BASYTEC))

    assert recording.map == "basytec.toml"


def test_a_quoted_cell_may_hold_the_delimiter(tmp_path: Path) -> None:
    text = 'test_time_second,voltage_volt,current_ampere,note\n1,3.5,0.1,"a, ""b"""\n2,3.6,0.1,c\n'
    (recording,) = read_cycler(write(tmp_path, "x.csv", text))

    assert recording.frame["note"].to_list() == ['a, "b"', "c"]


def test_a_parquet_file_with_bdf_columns_is_read(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {"test_time_second": [0.0, 1.0], "voltage_volt": [3.5, 3.6], "current_ampere": [0.1, 0.1]}
    )
    frame.write_parquet(tmp_path / "x.bdf.parquet")
    (recording,) = read_cycler(tmp_path / "x.bdf.parquet")

    assert recording.map == "bdf_parquet.toml"
    assert frame.equals(recording.frame)


def test_a_file_that_fits_no_map_is_refused_with_what_was_tried(tmp_path: Path) -> None:
    path = write(tmp_path, "x.csv", "Total Time(s),Voltage(V),Strom\n1,2,3\n")

    with pytest.raises(
        FaultsError, match=r"Tried: arbin.toml.*nearest is neware.toml.*Current\(A\)\|Current\(mA\)"
    ):
        read_cycler(path)


def test_a_text_that_stands_for_a_step_back_of_time_is_told(tmp_path: Path) -> None:
    text = "test_time_second,voltage_volt,current_ampere\n5,3.5,0.1\n4,3.5,0.1\n"
    (recording,) = read_cycler(write(tmp_path, "x.csv", text))

    assert recording.notes == ("the test time goes back 1 times; the rows keep the order of the file.",)


def test_every_map_names_known_columns_and_units_that_fit() -> None:
    found = maps()

    assert len(found) == 21
    assert set() == {target.name for map_ in found for target in map_.targets.values()} - columns().keys()


def test_the_unit_of_each_column_measures_its_term() -> None:
    wrong = []
    for name, column in columns().items():
        if column.term:
            term = vocabulary().resolve(column.term, ("class",))
            unit = vocabulary().units.parse(column.unit)
            expected = vocabulary().dimension(term.iri)
            if expected is not None and unit.dimension != expected:
                wrong.append(name)

    assert wrong == []


def test_all_faults_of_a_map_are_told_at_once(tmp_path: Path) -> None:
    text = (
        'title = "x"\nkind = "text"\ndetect = ["a"]\n[columns]\n"a" = { name = "voltag_volt", unit = "V" }\n'
    )
    text += '"b" = { name = "voltage_volt", unit = "A" }\n'
    with pytest.raises(FaultsError) as caught:
        read_map(write(tmp_path, "x.toml", text))

    assert len(caught.value.faults) == 2
    assert "Near: 'voltage_volt'" in str(caught.value.faults[0])
