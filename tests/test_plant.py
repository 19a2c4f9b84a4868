"""The sample line: what the generator writes is what is committed, and what it promises holds."""

from __future__ import annotations

import csv
import json
from collections import Counter
from importlib import resources
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import openpyxl
import pytest
import yaml
from scipy.stats import rankdata, spearmanr  # type: ignore[import-untyped]

from kg.errors import KgError
from kg.plant import Relations, generate
from kg.plant.__main__ import main
from kg.plant.files import DIALECTS

PLANT = Path(__file__).parent / "plant"
BOOKS = ("kalander_2026-03.xlsx", "formierung_2026-03.xlsx")
Row = dict[str, str]


def csv_rows(folder: Path, file: str) -> list[Row]:
    dialect = DIALECTS[file]
    with (folder / file).open(encoding=dialect.encoding, newline="") as stream:
        lines = [line for line in csv.reader(stream, delimiter=dialect.delimiter) if len(line) > 2]
    rows = [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]
    if dialect.decimal == ",":
        rows = [{name: _point(text) for name, text in row.items()} for row in rows]
    return rows


def _point(text: str) -> str:
    return text.replace(",", ".") if text.replace(",", "").lstrip("-").isdigit() else text


def book_cells(folder: Path, file: str) -> dict[str, list[tuple[object, ...]]]:
    book = openpyxl.load_workbook(folder / file)
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets}


def book_rows(folder: Path, file: str, sheet: str, header: int) -> list[dict[str, Any]]:
    lines = book_cells(folder, file)[sheet]
    return [dict(zip(map(str, lines[header]), line, strict=True)) for line in lines[header + 1 :]]


def cell_tests(folder: Path) -> list[dict[str, Any]]:
    content = json.loads((folder / "eol_tester_2026-03.json").read_text(encoding="utf-8"))
    return sorted(
        (test for station in content["stations"] for test in station["tests"]), key=lambda each: each["cell"]
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Relations]:
    folder = tmp_path_factory.mktemp("line")
    return folder, generate(folder, seed=7, cells=48)


def test_the_committed_files_are_what_the_generator_writes(made: tuple[Path, Relations]) -> None:
    folder, _ = made
    written = sorted(path.name for path in folder.iterdir())
    committed = sorted(path.name for path in PLANT.iterdir() if path.name != "README.md")

    assert written == committed
    assert len(written) == 11
    for name in written:
        if name in BOOKS:
            assert book_cells(PLANT, name) == book_cells(folder, name), name
        else:
            assert (PLANT / name).read_bytes() == (folder / name).read_bytes(), name


def test_another_seed_gives_another_line(tmp_path: Path, made: tuple[Path, Relations]) -> None:
    generate(tmp_path, seed=8, cells=48)

    assert csv_rows(tmp_path, "filling_2026-03.csv") != csv_rows(made[0], "filling_2026-03.csv")


def test_relations_json_holds_what_generate_returns(made: tuple[Path, Relations]) -> None:
    assert (PLANT / "relations.json").read_text(encoding="utf-8") == made[1].to_json()


def test_every_file_is_wide() -> None:
    widths = {file: len(csv_rows(PLANT, file)[0]) for file in DIALECTS}
    widths |= {file: len(lines[-1]) for file in BOOKS for lines in book_cells(PLANT, file).values()}

    assert all(10 <= width <= 25 for width in widths.values()), widths


class Line:
    """The committed files joined along the lineage, one number for each cell."""

    def __init__(self, folder: Path) -> None:
        def by(rows: list[dict[str, Any]], column: str) -> dict[str, dict[str, Any]]:
            return {row[column]: row for row in rows}

        self.mixing = by(csv_rows(folder, "mischen_2026-03.csv"), "Ansatz-Nr.")
        self.coating = by(csv_rows(folder, "coating_2026-03.csv"), "Web ID")
        self.drying = by(csv_rows(folder, "trocknung_2026-03.csv"), "Rolle aus")
        self.calendering = by(book_rows(folder, "kalander_2026-03.xlsx", "Kalander", 2), "Rolle aus")
        self.slitting = {
            reel: row for row in csv_rows(folder, "slitting_2026-03.csv") for reel in row["Reels"].split(";")
        }
        self.stacking = by(csv_rows(folder, "stapeln_2026-03.csv"), "Zell-Nr.")
        self.filling = by(csv_rows(folder, "filling_2026-03.csv"), "Cell")
        self.formation = by(book_rows(folder, "formierung_2026-03.xlsx", "Formierung", 0), "Zelle")
        self.degassing = by(book_rows(folder, "formierung_2026-03.xlsx", "Entgasung", 0), "Zelle")
        self.testing = by(cell_tests(folder), "cell")
        self.lots = by(csv_rows(folder, "materialchargen_2026.csv"), "Chargen-Nr.")

    def webs(self, electrode: str) -> list[str]:
        return [web for web, row in self.calendering.items() if row["Elektrode"] == electrode]

    def pressed(self, cell: str, column: str = "Kathodenrolle") -> dict[str, Any]:
        return self.calendering[self.slitting[self.stacking[cell][column]]["Web in"]]

    def coated(self, pressed: dict[str, Any]) -> dict[str, Any]:
        return self.coating[self.drying[pressed["Rolle ein"]]["Rolle ein"]]


@pytest.fixture(scope="module")
def line() -> Line:
    return Line(PLANT)


def numbers(values: list[Any]) -> Any:
    return np.array([float(value) for value in values])


def partial(response: Any, factors: list[Any], index: int) -> float:
    """Return the rank correlation of one factor and the response, with the other factors held."""
    ranks = [rankdata(factor) for factor in factors]
    others = np.column_stack([np.ones(len(response)), *(ranks[:index] + ranks[index + 1 :])])

    def rest(values: Any) -> Any:
        return values - others @ np.linalg.lstsq(others, values, rcond=None)[0]

    return float(np.corrcoef(rest(ranks[index]), rest(rankdata(response)))[0, 1])


@pytest.mark.parametrize("electrode", ["Kathode", "Anode"])
def test_gap_and_solids_give_the_mass_loading(line: Line, electrode: str) -> None:
    coated = [line.coated(line.calendering[web]) for web in line.webs(electrode)]
    loading = numbers([row["Mass loading (mg/cm2)"] for row in coated])
    gap = numbers([row["Comma gap (um)"] for row in coated])
    solids = numbers([line.mixing[row["Slurry batch"]]["Feststoffgehalt ist [%]"] for row in coated])

    assert partial(loading, [gap, solids], 0) > 0.7
    assert partial(loading, [gap, solids], 1) > 0.7


@pytest.mark.parametrize("electrode", ["Kathode", "Anode"])
def test_line_load_presses_the_pores_shut(line: Line, electrode: str) -> None:
    rows = [line.calendering[web] for web in line.webs(electrode)]
    load = numbers([row["Linienlast soll [N/mm]"] for row in rows])

    for column, sign in (("Porosität [%]", -1), ("Dichte [g/cm³]", 1), ("Verdichtungsgrad [%]", 1)):
        assert sign * spearmanr(load, numbers([row[column] for row in rows])).statistic > 0.8, column


@pytest.mark.parametrize("electrode", ["Kathode", "Anode"])
def test_heat_and_time_drive_the_solvent_out(line: Line, electrode: str) -> None:
    rows = [row for row in line.drying.values() if row["Elektrode"] == electrode]
    solvent = numbers([row["Restlösemittel [ppm]"] for row in rows])
    factors = [numbers([row[column] for row in rows]) for column in ("Zone 2 [°C]", "Verweilzeit [min]")]

    assert partial(solvent, factors, 0) < -0.6
    assert partial(solvent, factors, 1) < -0.6


@pytest.mark.parametrize(
    ("path", "signs"),
    [
        ("capacity.discharge_Ah", (1, 1, 1, -1)),
        ("Wirkungsgrad 1. Zyklus [%]", (1, 0, 1, -1)),
        ("resistance.ac_1khz", (-1, 0, -1, 0)),
    ],
)
def test_porosity_filling_and_current_make_the_cell(
    line: Line, path: str, signs: tuple[int, int, int, int]
) -> None:
    wrong = {fault["id"] for fault in json.loads((PLANT / "relations.json").read_text())["faults"]}
    cells = [cell for cell in line.stacking if cell not in wrong]
    pressed = [line.pressed(cell) for cell in cells]
    factors = [
        numbers([row["Porosität [%]"] for row in pressed]),
        numbers([line.coated(row)["Mass loading (mg/cm2)"] for row in pressed]),
        numbers([line.filling[cell]["Volume dosed (ml)"] for cell in cells]),
        numbers([line.formation[cell]["Formierstrom ist [mA]"] for cell in cells]),
    ]
    if "." in path and path[0].islower():
        group, name = path.split(".")
        response = numbers([line.testing[cell][group][name] for cell in cells])
    else:
        response = numbers([line.formation[cell][path] for cell in cells])
    found = [partial(response, factors, index) for index in range(len(factors))]

    assert all(sign * value > 0.5 for sign, value in zip(signs, found, strict=True) if sign), found


def test_decoys_do_not_move_the_capacity(line: Line) -> None:
    cells = list(line.stacking)
    capacity = numbers([line.testing[cell]["capacity"]["discharge_Ah"] for cell in cells])
    columns = {
        "injection": numbers([line.filling[cell]["Injection pressure (mbar)"] for cell in cells]),
        "wetting": numbers([line.filling[cell]["Wetting time (h)"] for cell in cells]),
        "sealing": numbers([line.filling[cell]["Sealing temperature (degC)"] for cell in cells]),
        "temperature": numbers([line.formation[cell]["Temperatur [°C]"] for cell in cells]),
    }

    assert all(abs(spearmanr(capacity, values).statistic) < 0.3 for values in columns.values())


def test_energy_is_capacity_times_voltage(line: Line) -> None:
    for test in line.testing.values():
        capacity = test["capacity"]

        assert capacity["energy_Wh"] == pytest.approx(
            capacity["discharge_Ah"] * capacity["mean_voltage_V"], abs=1e-4
        )


def test_efficiency_is_discharge_by_charge_but_for_the_planted_fault(line: Line) -> None:
    wrong = [
        row["Zelle"]
        for row in line.formation.values()
        if abs(
            100 * row["Entladekapazität 1. Zyklus [mAh]"] / row["Ladekapazität 1. Zyklus [mAh]"]
            - row["Wirkungsgrad 1. Zyklus [%]"]
        )
        > 0.01
    ]

    assert [fault.id for fault in _faults("efficiency above 100 %")] == wrong


def test_lineage_is_closed_but_for_the_planted_cell(line: Line) -> None:
    lot_columns = ("Charge Aktivmaterial", "Charge Binder", "Charge Leitruß", "Charge Lösemittel")
    named = {row[column] for row in line.mixing.values() for column in lot_columns}
    named |= {row["Foil lot"] for row in line.coating.values()}
    named |= {row["Separatorcharge"] for row in line.stacking.values()}
    named |= {row["Electrolyte lot"] for row in line.filling.values()}

    assert named <= set(line.lots)
    assert {row["Slurry batch"] for row in line.coating.values()} == set(line.mixing)
    assert {row["Rolle ein"] for row in line.drying.values()} == set(line.coating)
    assert {row["Rolle ein"] for row in line.calendering.values()} == set(line.drying)
    assert {row["Web in"] for row in line.slitting.values()} == set(line.calendering)
    for column in ("Anodenrolle", "Kathodenrolle"):
        assert {row[column] for row in line.stacking.values()} <= set(line.slitting)
    assert set(line.stacking) == set(line.formation) == set(line.degassing) == set(line.testing)
    stray = set(line.filling) - set(line.stacking) - {""}

    assert stray == {fault.id for fault in _faults("filled cell was never stacked")}


def _faults(kind: str) -> list[SimpleNamespace]:
    faults = json.loads((PLANT / "relations.json").read_text(encoding="utf-8"))["faults"]
    return [SimpleNamespace(**fault) for fault in faults if fault["kind"] == kind]


def test_each_planted_fault_stands_where_the_record_says() -> None:
    record = json.loads((PLANT / "relations.json").read_text(encoding="utf-8"))
    kinds = Counter(fault["kind"] for fault in record["faults"])
    for fault in record["faults"]:
        assert fault["written"] == _cell(fault), fault

    assert len(record["faults"]) == 8
    assert kinds["text in a number column"] == 2


def _cell(fault: dict[str, str]) -> str:
    file = fault["file"]
    if file.endswith(".json"):
        value = json.loads((PLANT / file).read_text(encoding="utf-8"))
        for step in fault["place"].strip("/").split("/"):
            value = value[int(step) if step.isdigit() else step]
        for key in fault["column"].split("."):
            value = value[key]
        return str(value).removesuffix("+01:00").removesuffix("+02:00")
    if file.endswith(".xlsx"):
        sheet, row = (part.split("=")[1] for part in fault["place"].split("&"))
        lines = book_cells(PLANT, file)[sheet]
        header = next(line for line in lines if fault["column"] in line)
        return str(lines[int(row) - 1][header.index(fault["column"])])
    dialect = DIALECTS[file]
    with (PLANT / file).open(encoding=dialect.encoding, newline="") as stream:
        texts = list(csv.reader(stream, delimiter=dialect.delimiter))
    names = next(line for line in texts if fault["column"] in line)
    return texts[int(fault["place"].removeprefix("row=")) - 1][names.index(fault["column"])]


def test_a_mapping_writes_every_term_of_a_relation(made: tuple[Path, Relations]) -> None:
    steps = Path(str(resources.files("kg"))) / "mappers" / "steps"
    documents = [doc for path in steps.glob("*.yaml") for doc in yaml.safe_load_all(path.read_text("utf-8"))]
    columns = [line for doc in documents for line in doc["columns"].values()]
    written = {line["term"] for line in columns if "term" in line}
    named = {label for each in made[1].relations for label in (each.parameter, each.property)}
    named |= {each.parameter for each in made[1].decoys}

    assert len(documents) >= 11
    assert named <= written


def test_the_readme_tells_every_relation_decoy_and_fault(made: tuple[Path, Relations]) -> None:
    readme = (PLANT / "README.md").read_text(encoding="utf-8")
    known = made[1]
    rows = [f"| {each.parameter} | {each.of} | {each.property} | {each.bearer} |" for each in known.relations]
    rows += [f"- {each.parameter} ({each.step})" for each in known.decoys]
    rows += [f"| {each.kind} | `{each.file}` | `{each.place}` |" for each in known.faults]

    assert [row for row in rows if row not in readme] == []


def test_too_few_cells_are_refused(tmp_path: Path) -> None:
    with pytest.raises(KgError, match="15 cells are too few"):
        generate(tmp_path, cells=15)


def test_the_command_writes_the_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main([str(tmp_path / "line"), "--cells", "16", "--seed", "3"])

    assert code == 0
    assert "16 cells" in capsys.readouterr().out
    assert (tmp_path / "line" / "relations.json").is_file()


def test_the_command_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main([str(tmp_path), "--cells", "3"])

    assert code == 2
    assert "16 or more" in capsys.readouterr().err
