"""`kg validate`: what the shapes find in a whole store, and where in the files it stands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from kg.check import check
from kg.cli import main
from kg.findings import Finding
from kg.load import Loader
from kg.store import Store

PLANT = Path(__file__).parent / "plant"
FILES = ("stapeln_2026-03.csv", "filling_2026-03.csv", "kalander_2026-03.xlsx")

FILLING = """\
title: Filling of a cell
files: ["filling*.csv"]
things:
  run: {kind: run, class: bvco:PouchCellElectrolyteFilling, role: run, key: "filling/{Cell}"}
  cell: {kind: cell, class: FilledPouchCell, role: output}
columns:
  Cell: {id: cell}
  Start: {time: start}
  Dry (g): {term: DryCellMass, unit: g, of: cell}
  Wet (g): {term: WetCellMass, unit: g, of: cell}
  Volume (mL): {term: ElectrolyteVolume, unit: mL}
"""
HEAD = "Cell,Start,Dry (g),Wet (g),Volume (mL)\n"


def rule(finding: Finding) -> str:
    return finding.rule.rpartition("#")[2]


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Store:
    path = tmp_path_factory.mktemp("line") / "store"
    Loader(path).load([PLANT / name for name in FILES])
    return Store.open(path)


@pytest.fixture(scope="module")
def on_line(line: Store) -> list[Finding]:
    return check(line)


def planted(fault: str) -> tuple[str, str, str]:
    """Return file, place and column of a planted fault, as the plant itself tells it."""
    for line in (PLANT / "README.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip(" `") for cell in line.split("|")]
        if len(cells) > 4 and cells[1] == fault:
            return cells[2], cells[3], cells[4]
    raise AssertionError(fault)


# The sample line


def test_a_filled_cell_that_was_never_stacked_is_found_with_its_row(on_line: list[Finding]) -> None:
    (finding,) = [finding for finding in on_line if rule(finding) == "Cell-was-stacked"]

    file, place, _ = planted("filled cell was never stacked")
    assert (finding.file, finding.place, finding.row) == (file, place, "51")
    assert finding.subject == "https://example.org/line/cell/PC-9001"


def test_a_doubtful_line_load_is_found_with_its_row_and_column(on_line: list[Finding]) -> None:
    (finding,) = [finding for finding in on_line if rule(finding) == "LineLoad-plausible"]

    file, place, column = planted("decimal slip")
    row = place.rpartition("=")[2]
    assert (finding.file, finding.row, finding.column, finding.value) == (file, row, column, "2649")
    assert finding.severity == "Warning"


def test_machines_get_the_same_in_the_same_order(line: Store, on_line: list[Finding]) -> None:
    result = CliRunner().invoke(main, ["validate", "--json", "--store", str(line.path)])

    answer = json.loads(result.stdout)
    assert result.exit_code == answer["exit_code"] == 1
    assert answer["findings"] == [finding.as_dict() for finding in on_line]


# A made-up line


def findings(folder: Path, *tables: str) -> list[Finding]:
    (folder / "filling.yaml").write_text(FILLING, encoding="utf-8")
    for number, table in enumerate(tables, start=1):
        (folder / f"filling_{number}.csv").write_text(HEAD + table, encoding="utf-8")
    loader = Loader(folder / "store", [folder / "filling.yaml"])
    outcomes = loader.load(sorted(folder.glob("*.csv")))
    assert {outcome.outcome for outcome in outcomes} == {"loaded"}
    return [finding for finding in check(Store.open(folder / "store")) if "CellMass" in finding.rule]


SOUND = "A,2026-03-04T09:00:00,13.0,14.3,1.0\n"


def test_a_filled_cell_that_gained_the_mass_of_its_electrolyte_is_sound(tmp_path: Path) -> None:
    assert findings(tmp_path, SOUND) == []


def test_the_mass_of_the_electrolyte_in_the_place_of_the_cell_is_found(tmp_path: Path) -> None:
    found = findings(tmp_path, SOUND + "B,2026-03-04T09:10:00,13.0,1.3,1.0\n")

    assert [rule(finding) for finding in found] == [
        "WetCellMass-more-than-electrolyte",
        "WetCellMass-not-below-dry",
    ]
    for finding in found:
        assert (finding.file, finding.row, finding.column) == ("filling_1.csv", "3", "Wet (g)")
        assert (float(finding.value), finding.severity) == (1.3, "Warning")


@pytest.mark.parametrize(
    ("row", "rules"),
    [
        ("13.0,13.5,1.0", ["WetCellMass-gain-fits-volume"]),
        ("13.0,15.0,1.0", ["WetCellMass-gain-fits-volume"]),
        ("13.0,12.9,1.0", ["WetCellMass-gain-fits-volume", "WetCellMass-not-below-dry"]),
        ("13.0,13.9,1.0", []),
        ("13.0,14.7,1.0", []),
        (",14.3,1.0", []),
        ("13.0,14.3,", []),
        ("13.0,,1.0", []),
    ],
)
def test_the_gain_fits_the_volume(tmp_path: Path, row: str, rules: list[str]) -> None:
    assert [rule(finding) for finding in findings(tmp_path, f"A,2026-03-04T09:00:00,{row}\n")] == rules


def test_the_rule_holds_across_files(tmp_path: Path) -> None:
    dry, wet = "A,2026-03-04T09:00:00,13.0,,\n", "A,,,1.3,1.0\n"

    found = findings(tmp_path, dry, wet)

    assert {(finding.file, finding.row, finding.column) for finding in found} == {
        ("filling_2.csv", "2", "Wet (g)")
    }
    assert len(found) == 2
