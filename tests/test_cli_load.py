"""`kg load` and `kg validate`: what they print, how they end, and what they leave alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import CALENDERING
from tests.desk import ALL_BAD, BAD_ROW, GOOD, Desk, kg, lines

# load


def test_a_load_without_findings_ends_with_0(desk: Desk) -> None:
    result = desk.load()

    assert (result.exit_code, result.stderr) == (0, "")
    assert lines(result) == [
        f"Made a store in {desk.store}, base https://example.org/line/",
        "Files: 1 loaded.",
        "  kal.csv: loaded, 2 of 2 rows (kal.yaml)",
    ]


def test_a_file_that_is_unchanged_ends_with_0(desk: Desk) -> None:
    desk.load()

    result = desk.load()

    assert result.exit_code == 0
    assert lines(result)[0] == "Files: 1 unchanged."


def test_a_load_that_sets_rows_aside_ends_with_1_and_says_where_they_are(desk: Desk) -> None:
    result = desk.load(BAD_ROW)

    assert result.exit_code == 1
    assert (
        "kal.csv:3 column 'Last': this is not a decimal with ',' as decimal sign. Found: 'x'."
        in result.stdout
    )
    aside = desk.store / "set-aside" / "kal.set-aside.csv"
    assert lines(result)[-1].strip() == str(aside) and aside.is_file()


def test_a_load_ends_with_1_again_while_rows_are_set_aside(desk: Desk) -> None:
    desk.load(BAD_ROW)

    assert desk.load(BAD_ROW).exit_code == 1


def test_a_file_that_fails_beside_one_that_loads_ends_with_1(desk: Desk) -> None:
    result = kg(
        "load",
        desk.file(GOOD),
        desk.file(ALL_BAD, "kal-2.csv"),
        "--mapping",
        desk.mapping,
        "--store",
        desk.store,
    )

    assert result.exit_code == 1
    assert "Files: 1 loaded, 1 failed." in result.stdout


def test_a_load_of_nothing_usable_ends_with_2_and_makes_no_store(desk: Desk) -> None:
    result = desk.load(ALL_BAD)

    assert result.exit_code == 2
    assert lines(result)[-1] == "Nothing was loaded; the store is as it was."
    assert not desk.store.exists()


def test_a_load_of_nothing_usable_leaves_a_store_as_it_was(desk: Desk) -> None:
    desk.load()
    before = desk.state()

    assert desk.load(ALL_BAD).exit_code == 2
    assert kg("load", desk.folder / "none.csv", "--store", desk.store).exit_code == 2
    assert desk.state() == before


def test_a_mapping_with_faults_ends_with_2_and_tells_them_all(desk: Desk) -> None:
    desk.mapping.write_text(
        CALENDERING.replace("LineLoad", "LinLoad").replace("unit: um", "unit: umm"), encoding="utf-8"
    )

    result = desk.load()

    assert (result.exit_code, result.stdout) == (2, "")
    assert "kal.yaml:11: no term is called 'LinLoad'. Near: 'LineLoad'." in result.stderr
    assert "kal.yaml:12: no unit is written 'umm'." in result.stderr
    assert not desk.store.exists()


@pytest.mark.parametrize(("text", "code"), [(GOOD, 0), (BAD_ROW, 1), (ALL_BAD, 2)])
def test_a_dry_run_ends_as_the_load_would_and_stores_nothing(desk: Desk, text: str, code: int) -> None:
    result = desk.load(text, "--dry-run")

    assert result.exit_code == code
    assert lines(result)[-1] == "This was a dry run: nothing was stored."
    assert not desk.store.exists()


def test_a_load_tells_machines_what_became_of_each_file(desk: Desk) -> None:
    result = desk.load(BAD_ROW, "--json")

    answer = json.loads(result.stdout)
    assert set(answer) == {"exit_code", "dry_run", "files"}
    assert (answer["exit_code"], answer["dry_run"]) == (result.exit_code, False) == (1, False)
    (file,) = answer["files"]
    (finding,) = file.pop("findings")
    assert file.pop("triples") > 0
    assert file.pop("proposals") == []
    assert file == {
        "file": "kal.csv",
        "path": str(desk.folder / "kal.csv"),
        "outcome": "loaded",
        "reason": "",
        "mapping": "kal.yaml",
        "read": 2,
        "loaded": 1,
        "set_aside": 1,
        "set_aside_file": str(desk.store / "set-aside" / "kal.set-aside.csv"),
    }
    assert finding == {
        "file": "kal.csv",
        "row": "3",
        "column": "Last",
        "value": "x",
        "rule": "number",
        "severity": "Violation",
        "message": "this is not a decimal with ',' as decimal sign.",
        "subject": "",
    }


def test_a_fault_is_told_on_standard_error_also_to_machines(desk: Desk) -> None:
    result = kg("load", desk.folder / "none.csv", "--store", desk.store, "--json")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"kg: {desk.folder / 'none.csv'}: there is no such file or folder.\n"


# Slips, examples and folders that are watched

SLIPPED = "Nr;Rolle;Last\n" + "".join(f"{n};K{n};{200 + n},5\n" for n in range(1, 13)) + "13;K13;2105\n"


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_slip_is_asked_about_below_the_findings_and_the_row_loads(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    result = Desk(tmp_path).load(SLIPPED, *options)
    asked = "kal.csv:14 column 'Last': 2,105 N/mm where 207.5 N/mm is usual in this column"

    assert "13 of 13 rows" in result.output
    assert "Is this meant? Nothing of it was changed:" in result.output
    assert f"{asked} and 5 to 1,000 N/mm plausible: factor 10: decimal sign?" in result.output


def test_slips_are_told_to_machines_beside_the_findings(tmp_path: Path) -> None:
    (file,) = json.loads(Desk(tmp_path).load(SLIPPED, "--json").output)["files"]

    assert [(each["row"], each["rule"], each["value"]) for each in file["proposals"]] == [
        ("14", "slip-decimal", "2105")
    ]


def test_dry_run_shows_three_examples_of_a_rule_and_json_shows_all(tmp_path: Path) -> None:
    text = "Nr;Rolle;Last\n" + "".join(f"{n};K{n};x{n}\n" for n in range(1, 9))
    shown = Desk(tmp_path).load(text, "--dry-run")
    told = json.loads(Desk(tmp_path).load(text, "--dry-run", "--json").output)

    assert "violation number: 8 findings" in shown.output
    assert shown.output.count("this is not a decimal") == 3
    assert "... and 5 more; all of them: --json" in shown.output
    assert len(told["files"][0]["findings"]) == 8


@pytest.mark.parametrize(
    ("options", "expected"),
    [(("--dry-run",), "does not go with --dry-run"), (("other",), "Start it once for each folder")],
)
def test_watch_is_for_one_folder_and_for_real(
    tmp_path: Path, options: tuple[str, ...], expected: str
) -> None:
    result = kg("load", "--watch", tmp_path, *options, "--store", tmp_path / "store")

    assert (result.exit_code, expected in result.output) == (2, True)


def test_mapping_with_columns_to_do_is_refused_as_a_whole(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.mapping.write_text(f"{CALENDERING}todo:\n  Neu: {{text: comment}}\n  Alt:\n", encoding="utf-8")
    result = desk.load()

    assert result.exit_code == 2
    assert "kal.yaml:16: 'Neu' is still to do. Move its line to 'columns'" in result.output
    assert "kal.yaml:17: 'Alt' is still to do." in result.output
    assert not desk.store.exists()


# validate


def test_validate_without_findings_ends_with_0(desk: Desk) -> None:
    kg("init", "--store", desk.store)

    result = kg("validate", "--store", desk.store)

    assert (result.exit_code, result.stdout) == (0, "No findings.\n")
    assert json.loads(kg("validate", "--store", desk.store, "--json").stdout) == {
        "exit_code": 0,
        "findings": [],
    }


def test_validate_with_findings_ends_with_1(loaded: Desk) -> None:
    result = kg("validate", "--store", loaded.store)
    machine = kg("validate", "--store", loaded.store, "--json")

    answer = json.loads(machine.stdout)
    assert result.exit_code == machine.exit_code == answer["exit_code"] == 1
    assert f"{len(answer['findings'])} findings: " in result.stdout
    keys = {"file", "row", "column", "value", "rule", "severity", "message", "subject"}
    assert {frozenset(finding) for finding in answer["findings"]} == {frozenset(keys)}


def test_validate_shows_as_many_examples_as_asked(loaded: Desk) -> None:
    few = lines(kg("validate", "--store", loaded.store, "--limit", "1"))
    all_ = lines(kg("validate", "--store", loaded.store, "--limit", "0"))

    assert any("more; all of them: --json" in line for line in few)
    assert not any("more; all of them" in line for line in all_)
