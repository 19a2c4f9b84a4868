"""Claims about `kg resolve`: headers and variable names -> terms, unsure, or no term."""

from __future__ import annotations

import json
import random
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks import resolver
from kg.cli import main
from kg.errors import FaultsError
from kg.resolve import Resolution, resolve, unit_reader
from kg.resolve.names import names_in
from kg.terms import vocabulary

PLANT = Path(__file__).parent / "plant"


def one(name: str) -> Resolution:
    return resolve([name], context=False)[0]


def best(name: str) -> str:
    found = one(name).best
    return found.term.label if found else "no term"


def is_unit(text: str) -> bool:
    return unit_reader(vocabulary()).read(text) is not None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("L_pos", "PositiveElectrodeCoatingThickness"),
        ("Calender gap [µm]", "RollGap"),
        ("eps_c", "PositiveElectrodeCoatingPorosity"),
        ("Linienlast N/mm", "LineLoad"),
        ("Elektrodenmasse (mg)", "ElectrodeMass"),
    ],
)
def test_the_names_of_the_brief_are_answered(name: str, expected: str) -> None:
    assert best(name) == expected
    assert one(name).verdict == "confident"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Temperature [°C]", "°C"),
        ("Temperature_degC", "°C"),
        ("Temperatur in Grad C", "°C"),
        ("Dicke µm", "µm"),
        ("thickness_um", "µm"),
        ("THICKNESS_UM", "µm"),
        ("Specific capacity (mAh/g)", "mA⋅h/g"),
        ("discharge_cap_mah_g", "mA⋅h/g"),
        ("Mass loading mg cm-2", "mg/cm²"),
        ("Conductivity [S.m-1]", "S/m"),
        ("Drehzahl [U/min]", "rev/min"),
        ("mixer speed rpm", "rev/min"),
        ("voltage_volt", "V"),
        ("capacity_ah", "A⋅h"),
        ("Widerstand mΩ", "mΩ"),
        ("I/mA", "mA"),
        ("SOC in %", "%"),
    ],
)
def test_units_are_read_in_the_spellings_of_labs(name: str, code: str) -> None:
    assert one(name).unit == code


def test_a_unit_rules_out_what_is_not_measured_in_it() -> None:
    by_mass, by_area = best("Capacity [mAh/g]"), best("Capacity [mAh/cm²]")

    assert (by_mass, by_area) == ("SpecificCapacity", "AreicCapacity")


def test_a_unit_that_fits_nothing_of_this_name_leaves_no_confident_answer() -> None:
    assert one("Porosity [kg]").verdict != "confident"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Porositt [%]", "Porosity"),
        ("Electrolite volume [ml]", "ElectrolyteVolume"),
        ("coatng speed", "CoatingLineSpeed"),
    ],
)
def test_typing_errors_are_forgiven(written: str, meant: str) -> None:
    assert best(written) == meant


def test_umlauts_may_be_written_in_three_ways() -> None:
    answers = {best(name) for name in ("Porosität", "Porositaet", "Porositat")}

    assert answers == {"Porosity"}


def test_compounds_are_split_that_no_label_has() -> None:
    assert best("Elektrolytmenge [µl]") == "ElectrolyteVolume"
    assert best("Kalandriergeschwindigkeit [m/min]") == "CalenderLineSpeed"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Nassfilmdike [um]", "WetFilmThickness"),
        ("Walzentemperatr", "RollTemperature"),
        ("Beschichtungsgeschwindigkiet", "CoatingLineSpeed"),
    ],
)
def test_typing_errors_inside_compounds_are_forgiven(written: str, meant: str) -> None:
    assert best(written) == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("p.L_n", "NegativeElectrodeCoatingThickness"),
        ("p.R_s_p", "PositiveElectrodeActiveMaterialParticleRadius"),
        ("poros_a", "NegativeElectrodeCoatingPorosity"),
        ("dry_room.dp", "DewPointTemperature"),
        ("Separator.porosity", "SeparatorPorosity"),
        ("calendering__no_passes", "CalenderPassCount"),
    ],
)
def test_the_last_part_of_a_nested_name_says_what_is_measured(written: str, meant: str) -> None:
    assert best(written) == meant


def test_the_last_key_may_be_the_unit() -> None:
    assert (best("electrolyte_fill.soak.s"), one("electrolyte_fill.soak.s").unit) == ("WettingDuration", "s")


def test_the_number_of_a_step_is_a_qualifier() -> None:
    found = one("Mixing time STEP 2 (minutes)")

    assert found.best is not None
    assert (found.best.term.label, found.qualifiers) == ("MixingDuration", ("step 2",))


def test_a_value_at_which_it_was_measured_is_no_unit() -> None:
    assert one("Innenwiderstand 1 kHz").unit is None


def test_the_unit_is_believed_where_a_word_contradicts_it() -> None:
    assert best("Discharge Capacity (mWh)") == "DischargingEnergy"
    assert one("Discharge Capacity (mWh)").verdict == "unsure"


def test_a_formula_decides_between_sisters() -> None:
    assert (best("glovebox O2"), best("glovebox H2O ppm")) == (
        "GloveboxOxygenContent",
        "GloveboxWaterContent",
    )


def test_a_difference_is_not_the_quantity_itself() -> None:
    assert one("Delta porosity (%)").verdict == "unsure"


@pytest.mark.parametrize("name", ["Total Time(min)", "Run Time (h)", "rest_duration", "Roll Pressure"])
def test_a_general_name_is_not_confidently_a_special_quantity(name: str) -> None:
    found = one(name)

    assert found.best is not None
    assert found.verdict == "unsure" or found.best.term.label in ("RestingTime", "LineLoad")


def test_charge_before_a_material_is_no_capacity() -> None:
    assert (best("Charge NMP"), best("Charge Binder")) == ("Solvent", "Binder")


def test_set_and_actual_are_qualifiers_of_one_term() -> None:
    soll, ist = one("Linienlast soll [N/mm]"), one("Linienlast ist [N/mm]")

    assert soll.best is not None and ist.best is not None
    assert soll.best.term == ist.best.term
    assert (soll.qualifiers, ist.qualifiers) == (("set value",), ("actual value",))


def test_a_letter_alone_is_never_confident() -> None:
    assert {one(letter).verdict for letter in "xydRk"} <= {"unsure", "no term"}


@pytest.mark.parametrize(
    "name", ["Bemerkung", "Kommentar", "Farbe", "VAR1", "qwrtzuplk", "", "   ", "12", "---"]
)
def test_what_no_term_fits_is_told_so(name: str) -> None:
    found = one(name)

    assert (found.verdict, found.candidates) == ("no term", ())
    assert found.reason


@pytest.mark.parametrize("name", ["Datum", "File name", "Notes", "Timestamp", "Dateipfad"])
def test_names_and_times_of_a_record_are_no_confident_quantity(name: str) -> None:
    assert one(name).verdict != "confident"


def test_the_step_of_the_file_settles_what_a_bare_word_means() -> None:
    beside = resolve(["Line load [N/mm]", "Roll temperature [°C]", "Calender gap [µm]", "Speed [m/min]"])[-1]

    assert best("Speed [m/min]") == "Speed"
    assert beside.best is not None and beside.best.term.label == "CalenderLineSpeed"
    assert (beside.verdict, beside.reason) == ("unsure", "the other headers speak of calendering")


def test_without_context_the_other_headers_are_nothing() -> None:
    names = ["Speed [m/min]", "Line load [N/mm]", "Thickness [µm]", "Cell ID", "T", "Dauer"]
    shuffled = random.Random(7).sample(names, len(names))

    together = {found.name: found for found in resolve(shuffled, context=False)}

    assert [together[name] for name in names] == [one(name) for name in names]


def test_with_context_the_order_of_the_headers_is_nothing() -> None:
    names = ["Speed [m/min]", "Line load [N/mm]", "Calender gap [µm]", "Thickness [µm]"]

    forward = {found.name: found for found in resolve(names)}
    backward = {found.name: found for found in resolve(names[::-1])}

    assert forward == backward


def test_the_same_names_give_the_same_answers() -> None:
    names = ["L_neg", "Temp Zone 3", "Kapazität (mAh)", "Slurry visc.", "x"]

    assert resolve(names) == resolve(names)


def test_scores_fall_from_candidate_to_candidate() -> None:
    for found in resolve(["Thickness [µm]", "Charge capacity", "Druck [mbar]", "t_mix"]):
        scores = [candidate.score for candidate in found.candidates]

        assert scores == sorted(scores, reverse=True)
        assert all(0 <= score <= 1 for score in scores)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=80))
def test_any_text_is_taken(text: str) -> None:
    found = one(text)

    assert found.name == text
    assert (found.verdict == "no term") == (not found.candidates)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["Porosity", "Linienlast", "Electrolyte volume", "Roll temperature", "Coating speed"]),
    st.sampled_from([str.upper, str.lower, str.title, lambda text: text.replace(" ", "_")]),
)
def test_capitals_and_separators_change_no_answer(name: str, change: object) -> None:
    assert callable(change)

    assert best(change(name)) == best(name)


# Files


def test_headers_of_a_table_below_a_preamble_and_above_units_are_found(tmp_path: Path) -> None:
    table = tmp_path / "run.csv"
    table.write_text("Line;2\n\nSpeed;Line load;Comment\nm/min;N/mm;\n5,0;210,0;ok\n6,0;220,0;\n", "utf-8")

    assert names_in(table, is_unit) == ["Speed [m/min]", "Line load [N/mm]", "Comment"]


def test_keys_of_json_come_with_their_path(tmp_path: Path) -> None:
    records = tmp_path / "cells.json"
    records.write_text(
        json.dumps({"cells": [{"id": 1, "ocv": {"value": 3.7}}, {"id": 2, "mass_g": 5}]}), "utf-8"
    )

    assert names_in(records, is_unit) == ["cells[].id", "cells[].ocv.value", "cells[].mass_g"]


def test_a_text_file_holds_a_name_on_each_line(tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    names.write_text("L_pos\n\nCalender gap [µm]\nL_pos\n", "utf-8")

    assert names_in(names, is_unit) == ["L_pos", "Calender gap [µm]"]


def test_a_workbook_gives_the_header_of_its_sheet(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["Protokoll"], ["Zelle", "Masse [g]", "Dicke [mm]"], ["A", 1.5, 3.2]):
        sheet.append(row)
    book.save(tmp_path / "cells.xlsx")

    assert names_in(tmp_path / "cells.xlsx", is_unit) == ["Zelle", "Masse [g]", "Dicke [mm]"]


def test_a_file_without_names_says_so(tmp_path: Path) -> None:
    empty = tmp_path / "empty.json"
    empty.write_text("[]", "utf-8")

    with pytest.raises(FaultsError, match="no name of a column"):
        names_in(empty, is_unit)


def test_command_prints_a_table_for_people() -> None:
    result = CliRunner().invoke(main, ["resolve", str(PLANT / "coating_2026-03.csv")])

    assert result.exit_code == 0
    line = next(line for line in result.output.splitlines() if line.startswith("Mass loading (mg/cm2)"))
    assert line.split()[3:5] == ["MassLoading", "mg/cm²"]
    assert "without a term" in result.output.splitlines()[-1]


def test_command_prints_json_for_machines() -> None:
    result = CliRunner().invoke(main, ["resolve", "--json", "--name", "Walzenspalt [µm]", "--name", "Farbe"])
    first, second = json.loads(result.output)

    assert first["candidates"][0]["term"] == "bvcox:RollGap"
    assert first["unit"] == first["candidates"][0]["canonical_unit"] == "µm"
    assert (second["verdict"], second["candidates"]) == ("no term", [])


def test_command_without_anything_to_resolve_says_what_to_give() -> None:
    result = CliRunner().invoke(main, ["resolve"])

    assert result.exit_code == 2
    assert "nothing to resolve" in result.stderr


# The benchmark


def test_headers_with_answers_written_by_hand_keep_the_bar() -> None:
    known = vocabulary()
    rows = list(resolver.read_rows(resolver.HEADERS))
    scores, _, _ = resolver.measure(rows, lambda headers: resolver.ours(headers, known))

    assert len(rows) > 1_400
    assert scores["all"].first >= 0.88
    assert scores["all"].three >= 0.95
    assert scores["all"].wrong <= 0.03


def test_benchmark_counts_as_by_hand() -> None:
    rows = [
        resolver.Row("s", "a", frozenset({"X"})),
        resolver.Row("s", "b", frozenset({"Y"})),
        resolver.Row("s", "c", frozenset()),
        resolver.Row("s", "d", frozenset()),
    ]
    answers = [
        resolver.Answer((frozenset({"X"}),), confident=True),
        resolver.Answer((frozenset({"Z"}), frozenset({"Y"})), confident=False),
        resolver.Answer((frozenset({"Z"}),), confident=True),
        resolver.Answer((), confident=False),
    ]

    counted = resolver.score(rows, answers)

    assert counted == resolver.Score(
        headers=4, with_term=2, first=0.5, three=1.0, wrong=0.25, silent=0.5, sure=0.5
    )
