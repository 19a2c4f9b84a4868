"""A draft of a mapping says what is clear, asks what is not, and never loads with a question open."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import yaml
from click.testing import CliRunner, Result

from kg.cli.draft import draft as draft_command
from kg.draft import draft
from kg.errors import FaultsError, KgError
from kg.load import Loader, Outcome
from kg.mappers.plan import Plan, Quantity, read_plans
from kg.sources import read_table
from kg.terms import vocabulary

PLANT = Path(__file__).parent / "plant"
STEPS = Path(__file__).parents[1] / "kg/mappers/steps"
BY_HAND = {
    "coating_2026-03.csv": "coating",
    "eol_tester_2026-03.json": "end_of_line_test",
    "filling_2026-03.csv": "filling",
    "formierung_2026-03.xlsx": "formation",
    "kalander_2026-03.xlsx": "calendering",
    "materialchargen_2026.csv": "incoming_inspection",
    "mischen_2026-03.csv": "mixing",
    "slitting_2026-03.csv": "slitting",
    "stapeln_2026-03.csv": "stacking",
    "trocknung_2026-03.csv": "drying",
}
"""The tables of the sample line, and the mapping that a person wrote for each."""


def documents(text: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(text))


def plans(text: str, folder: Path) -> list[Plan]:
    path = folder / "draft.yaml"
    path.write_text(text, encoding="utf-8")
    return [plan for plan in read_plans(path, vocabulary()) if isinstance(plan, Plan)]


def settled(text: str, keep: bool = True) -> str:
    """Return a draft as a steward leaves it who takes each proposal, or none, and ignores the rest."""
    done = []
    for document in documents(text):
        for column, line in (document.pop("todo", None) or {}).items():
            if isinstance(line, dict) and keep:
                document["columns"][column] = line
            elif not isinstance(line, str):
                document["ignore"].append(column)
        done.append(document)
    return yaml.safe_dump_all(done, allow_unicode=True, sort_keys=False)


def proposals() -> list[tuple[str, Quantity, str, dict[str, Any] | None]]:
    """Return (file, quantity by hand, where, line of the draft) for each quantity of the sample line."""
    words = vocabulary()
    found = []
    for file, step in BY_HAND.items():
        drafted = documents(draft(PLANT / file).text)
        by_hand = read_plans(STEPS / f"{step}.yaml", words)
        for plan, document in zip(by_hand, drafted, strict=True):
            assert isinstance(plan, Plan)
            for quantity in plan.quantities:
                where = "columns" if quantity.column in document["columns"] else "todo"
                found.append((file, quantity, where, (document[where] or {}).get(quantity.column)))
    return found


def right(quantity: Quantity, line: dict[str, Any] | None) -> bool:
    """Return whether a line has the term and the unit that a person chose."""
    words = vocabulary()
    if not line or "term" not in line:
        return False
    term = words.resolve(line["term"], kinds=("class",))
    unit = words.units.parse(str(line["unit"]), words.dimension(term.iri))
    return term == quantity.term and unit == quantity.unit


def test_most_quantities_of_the_sample_line_get_the_term_and_unit_that_a_person_chose(
    record_property: Callable[[str, object], None],
) -> None:
    found = proposals()
    taken = [right(quantity, line) for _, quantity, where, line in found if where == "columns"]
    asked = [right(quantity, line) for _, quantity, where, line in found if where == "todo"]
    share, sure = (sum(taken) + sum(asked)) / len(found), sum(taken) / len(taken)
    told = (
        f"{len(found)} quantities: {sum(taken)} right of {len(taken)} taken ({sure:.0%}), "
        f"{sum(asked)} right of {len(asked)} asked; {share:.0%} right in all"
    )
    for file, quantity, where, line in found:
        if not right(quantity, line):
            told += f"\n  {where}: {file} {quantity.column}: {line}, by hand {quantity.term.label}"
    record_property("draft of the sample line", told)

    assert len(found) == 107
    assert sum(taken) >= 75, told
    assert sure >= 0.82, told
    assert share >= 0.78, told


@pytest.mark.parametrize(("file", "step"), BY_HAND.items())
def test_run_times_and_identifiers_of_the_sample_line_are_those_of_a_person(file: str, step: str) -> None:
    drafted = documents(draft(PLANT / file).text)
    by_hand = list(yaml.safe_load_all((STEPS / f"{step}.yaml").read_text(encoding="utf-8")))
    missed = []
    for document, hand in zip(drafted, by_hand, strict=True):
        for column, line in hand["columns"].items():
            for verb in ("id", "time"):
                if verb in line and verb not in document["columns"].get(column, {}):
                    missed.append(column)

    assert not missed


@pytest.mark.parametrize("file", BY_HAND)
def test_each_column_has_one_line_in_the_order_of_the_file(file: str) -> None:
    found = draft(PLANT / file)
    for part, document in zip(found.parts, documents(found.text), strict=True):
        columns = part.sight.table.columns

        assert [line.column for line in part.lines] == columns
        lines = [*document["columns"], *(column for column in document.get("todo", {}) if column in columns)]
        assert sorted(lines) == sorted(columns)


@pytest.mark.parametrize("file", BY_HAND)
def test_draft_loads_as_it_is_when_nothing_is_left_to_do(file: str, tmp_path: Path) -> None:
    for plan in plans(settled(draft(PLANT / file).text, keep=False), tmp_path):
        assert read_table(PLANT / file, plan.reading, plan.source).frame.height > 0


def test_draft_with_questions_is_refused_with_all_of_them(tmp_path: Path) -> None:
    found = draft(PLANT / "kalander_2026-03.xlsx")
    with pytest.raises(FaultsError) as caught:
        plans(found.text, tmp_path)
    told = str(caught.value)

    assert found.todo == len(caught.value.faults)
    assert "'SPS-Zähler' is still to do. Move its line to 'columns' or, to leave it out" in told


# A steward with an editor

LABS = Path(__file__).parent / "draft"


class Editor:
    """The text of a draft in an editor: lines are cut and pasted, and texts are typed over."""

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")

    def _at(self, name: str, start: int = 0) -> int:
        return next(
            number
            for number, line in enumerate(self.lines[start:], start=start)
            if line.strip().startswith((f"{name}:", f'"{name}":'))
        )

    def _cut(self, name: str) -> str:
        return self.lines.pop(self._at(name, self.lines.index("todo:")))

    def to_columns(self, name: str, keys: str = "") -> None:
        """Move a line to `columns`, its keys as proposed, or as the steward writes them."""
        if self._at(name) > self.lines.index("todo:"):
            self.lines.insert(self.lines.index("ignore: []"), self._cut(name))
        if keys:
            line = self.lines[self._at(name)]
            quote = '"' if line.strip().startswith('"') else ""
            self.lines[self._at(name)] = f"  {quote}{name}{quote}: {keys}"

    def to_ignore(self, *names: str) -> None:
        for name in names:
            self._cut(name)
        self.type("ignore: []", f"ignore: {json.dumps(list(names), ensure_ascii=False)}")

    def answered(self, question: str) -> None:
        self._cut(question)

    def type(self, old: str, new: str) -> None:
        text = "\n".join(self.lines)
        assert text.count(old) == 1, f"'{old}' stands there {text.count(old)} times"
        self.lines = text.replace(old, new).split("\n")

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


def loaded(name: str, text: str, folder: Path) -> Outcome:
    mapping = folder / "lab.yaml"
    mapping.write_text(text, encoding="utf-8")
    return Loader(folder / "store", [mapping]).load([LABS / name])[0]


def test_german_workbook_with_preamble_and_units_below_the_header(tmp_path: Path) -> None:
    name = "Stanzprotokoll_KW16.xlsx"
    found = draft(LABS / name)
    editor = Editor(found.text)
    editor.to_columns("Stanzdruck bar", "{term: Pressure, unit: bar, name: punching}")
    editor.to_ignore("Sichtprüfung")
    outcome = loaded(name, editor.text, tmp_path)

    assert found.todo <= 3
    assert (outcome.outcome, outcome.loaded, outcome.findings) == ("loaded", 10, [])
    assert "EdgeBurrHeight" in found.text


def test_german_table_of_windows_with_thousands_and_words_for_no_value(tmp_path: Path) -> None:
    name = "Trockenschrank_2026-04.csv"
    found = draft(LABS / name)
    editor = Editor(found.text)
    editor.answered("which process is this?")
    editor.type("class: Process,", "class: FabricatedElectrodePostDrying,")
    editor.to_columns("Einlegen")
    editor.to_columns("Entnahme", '{time: end, format: "%d.%m.%Y %H:%M", zone: Europe/Berlin}')
    editor.to_ignore("Türstatus", "preamble.Exportiert")
    outcome = loaded(name, editor.text, tmp_path)

    assert 'thousands: ".", encoding: [utf-8, cp1252]' in found.text
    assert "k.A." in found.text
    assert (outcome.outcome, outcome.loaded, outcome.findings) == ("loaded", 9, [])


def test_english_records_with_two_levels_and_units_in_the_cells(tmp_path: Path) -> None:
    name = "formation_report_week17.json"
    found = draft(LABS / name)
    editor = Editor(found.text)
    for column in (
        "formation.chargeCapacity_mAh",
        "formation.dischargeCapacity_mAh",
        "ocv_V",
        "acResistance",
    ):
        editor.to_columns(column)
    editor.to_ignore(
        "$.site", "$.instrument.model", "$.instrument.firmware", "batches[].batch", "builtBy", "verdict"
    )
    outcome = loaded(name, editor.text, tmp_path)

    assert "acResistance:" in found.text
    assert "unit: inline" in found.text
    assert (outcome.outcome, outcome.loaded, outcome.findings) == ("loaded", 8, [])


@pytest.mark.parametrize("name", ["Stanzprotokoll_KW16.xlsx", "Trockenschrank_2026-04.csv"])
def test_nothing_of_a_lab_loads_before_the_questions_are_settled(name: str, tmp_path: Path) -> None:
    with pytest.raises(FaultsError) as caught:
        loaded(name, draft(LABS / name).text, tmp_path)

    assert "is still to do" in str(caught.value)
    assert not (tmp_path / "store").exists()


# What is recognised


def drafted(folder: Path, text: str, name: str = "lab.csv", encoding: str = "utf-8") -> dict[str, Any]:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return documents(draft(path).text)[0]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_delimiter_and_encoding_are_seen(delimiter: str, encoding: str, tmp_path: Path) -> None:
    rows = [["Cell", "Mass (mg)", "Note"], ["C-1", "12.5", "a, b"], ["C-2", "12.9", "c; d"]]
    text = "\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in rows)
    found = drafted(tmp_path, text, encoding=encoding)

    assert list(found["columns"]) == ["Cell", "Mass (mg)", "Note"]
    assert found["columns"]["Mass (mg)"]["unit"] == "mg"


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("2026-03-02T08:15:00", "2026-03-02T09:15:00", "iso"),
        ("02.03.2026 08:15", "14.03.2026 08:15", "%d.%m.%Y %H:%M"),
        ("02.03.26 08:15:10", "14.03.26 08:15:12", "%d.%m.%y %H:%M:%S"),
        ("3/2/2026 8:15", "3/14/2026 8:15", "%m/%d/%Y %H:%M"),
        ("14/3/2026", "2/3/2026", "%d/%m/%Y"),
    ],
)
def test_form_of_times_is_seen(first: str, second: str, expected: str, tmp_path: Path) -> None:
    found = drafted(tmp_path, f"Cell,Start,Mass (g)\nC-1,{first},1.5\nC-2,{second},1.6\n")

    assert found["columns"]["Start"].get("format", "iso") == expected


def test_day_and_month_that_cannot_be_told_apart_are_a_question(tmp_path: Path) -> None:
    found = drafted(tmp_path, "Cell,Start,Mass (g)\nC-1,02/03/2026,1.5\nC-2,04/05/2026,1.6\n")

    assert "Start" in found["todo"]


def test_number_without_a_unit_is_a_question(tmp_path: Path) -> None:
    found = drafted(tmp_path, "Cell,Open circuit voltage\nC-1,3.1\nC-2,3.2\n")

    assert found["todo"]["Open circuit voltage"] == {"term": "OpenCircuitVoltage", "unit": "V", "of": "cell"}


def test_table_without_a_key_asks_for_one(tmp_path: Path) -> None:
    found = drafted(tmp_path, "Machine,Web tension (N)\nM1,30\nM1,30\nM1,31\n")

    assert "what is the key of the run?" in found["todo"]


def test_set_and_measured_columns_of_one_term_are_told_apart(tmp_path: Path) -> None:
    found = drafted(
        tmp_path, "Lauf;Linienlast soll [N/mm];Linienlast ist [N/mm]\nL1;200;201,5\nL2;210;209,5\n"
    )
    lines = found["columns"]

    assert lines["Linienlast soll [N/mm]"] == {"term": "LineLoad", "unit": "N/mm", "value": "set"}
    assert lines["Linienlast ist [N/mm]"] == {"term": "LineLoad", "unit": "N/mm"}


def test_a_sample_of_which_each_row_has_its_own_is_what_the_step_makes(tmp_path: Path) -> None:
    path = tmp_path / "coin_cells.csv"
    path.write_text("sample_id;anode sheet;Duration (min)\nN-1;A1;12\nN-2;A1;14\nN-3;A2;13\n")
    document = documents(draft(path).text)[0]
    assert document["things"]["cell"] == {"kind": "cell", "class": "CoinCell", "role": "output"}
    assert document["columns"]["sample_id"] == {"id": "cell"}
    # A duration is one of the run, whatever the run makes.
    assert document["columns"]["Duration (min)"] == {"term": "Duration", "unit": "min"}


def test_names_that_yaml_would_misread_stay_names(tmp_path: Path) -> None:
    rows = '"No","x: #y","{a}","- b"\n"K1","p","q","r"\n"K2","s","t","u"\n'
    found = drafted(tmp_path, rows)

    assert {*found["columns"], *found.get("todo", {})} >= {"No", "x: #y", "{a}", "- b"}


def test_file_without_a_table_is_told_as_such(tmp_path: Path) -> None:
    path = tmp_path / "letter.csv"
    path.write_text("Dear all\nwe moved\n", encoding="utf-8")
    with pytest.raises(FaultsError) as caught:
        draft(path)

    assert "no table is seen in it; it begins with 'Dear all'" in str(caught.value)


def test_workbook_without_a_table_is_told_as_such(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].append(["just a note"])
    book.save(tmp_path / "note.xlsx")
    with pytest.raises(FaultsError) as caught:
        draft(tmp_path / "note.xlsx")

    assert "no sheet of it holds a table" in str(caught.value)


# The command


def command(*words: str | Path) -> Result:
    return CliRunner().invoke(draft_command, [str(word) for word in words])


def test_command_writes_a_file_and_names_what_is_left(tmp_path: Path) -> None:
    output = tmp_path / "stanzen.yaml"
    result = command(LABS / "Stanzprotokoll_KW16.xlsx", "-o", output)

    assert result.exit_code == 1
    assert output.read_text(encoding="utf-8") == draft(LABS / "Stanzprotokoll_KW16.xlsx").text
    assert "  Sichtprüfung: texts such as i.O., n.i.O." in result.output


def test_command_never_writes_over_a_mapping_unasked(tmp_path: Path) -> None:
    output = tmp_path / "mine.yaml"
    output.write_text("title: mine\n", encoding="utf-8")
    result = command(LABS / "Stanzprotokoll_KW16.xlsx", "-o", output)

    assert isinstance(result.exception, KgError)
    assert "there is such a file" in str(result.exception)
    assert output.read_text(encoding="utf-8") == "title: mine\n"
    assert command(LABS / "Stanzprotokoll_KW16.xlsx", "-o", output, "--force").exit_code == 1


def test_command_tells_machines_the_same(tmp_path: Path) -> None:
    result = command(LABS / "formation_report_week17.json", "--json")
    told = json.loads(result.output)

    assert told["todo"] == draft(LABS / "formation_report_week17.json").todo
    assert [column["column"] for column in told["mappings"][0]["columns"]][:2] == [
        "$.site",
        "$.instrument.model",
    ]
