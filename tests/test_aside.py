"""Rows set aside are written as they stand in their source, so that they can be mended and loaded."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from kg.aside import aside_bytes, aside_name
from kg.findings import Finding
from kg.sources import Reading, read_table

READING = Reading(delimiter=";", decimal=",", missing=frozenset({"-"}))


def aside(path: Path, reading: Reading, *places: str, source: str = "table") -> bytes:
    table = read_table(path, reading, source)
    return aside_bytes(
        path, [(table, reading, [Finding("r", "wrong.", place=place, column="A") for place in places])]
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("kal.csv", "kal.set-aside.csv"),
        ("kal.2026.xlsx", "kal.2026.set-aside.xlsx"),
        ("april/kal.csv", "april/kal.set-aside.csv"),
        ("kal", "kal.set-aside"),
    ],
)
def test_the_name_keeps_the_ending_so_that_the_same_mapping_fits(name: str, expected: str) -> None:
    assert aside_name(name) == expected


def test_cells_are_written_as_they_stand(tmp_path: Path) -> None:
    path = tmp_path / "kal.csv"
    path.write_text('Nr;A\n1;x\n 2 ; -\n3;"a;b\n""c"""\n', encoding="utf-8")

    assert aside(path, READING, "row=3", "row=4").decode() == (
        'Nr;A;kg_reason;kg_source\n 2 ; -;A: wrong.;kal.csv#row=3\n3;"a;b\n""c""";A: wrong.;kal.csv#row=4\n'
    )


def test_what_stands_above_the_table_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "kal.csv"
    path.write_text("Line: 1\nfree text\n\nNr;A\n;[mm]\n1;x\n2;y\n", encoding="utf-8")
    reading = replace(READING, header=4, header_rows=2, preamble=True)

    data = aside(path, reading, "row=7")

    assert data.decode() == (
        "Line: 1\nfree text\n\nNr;A\n;[mm];kg_reason;kg_source\n2;y;A: wrong.;kal.csv#row=7\n"
    )
    (tmp_path / "kal.set-aside.csv").write_bytes(data)
    again = read_table(tmp_path / "kal.set-aside.csv", reading, "table")
    assert again.frame.to_dicts() == [{"Nr": "2", "A [mm]": "y", "preamble.Line": "1"}]


def test_the_encoding_of_the_source_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "kal.csv"
    path.write_bytes("Nr;A\n1;ä€\n".encode("cp1252"))
    reading = replace(READING, encodings=("utf-8", "cp1252"))

    assert "1;ä€;" in aside(path, reading, "row=2").decode("cp1252")


def test_a_byte_order_mark_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "kal.csv"
    path.write_bytes("\ufeffNr;A\n1;ä\n".encode())

    assert aside(path, READING, "row=2").startswith(b"\xef\xbb\xbfNr;A;kg_reason")


def test_rows_that_are_set_aside_twice_carry_the_last_reason_only(tmp_path: Path) -> None:
    path = tmp_path / "kal.set-aside.csv"
    path.write_text("Nr;A;kg_reason;kg_source\n1;x;old;kal.csv#row=9\n", encoding="utf-8")

    assert aside(path, READING, "row=2").decode() == (
        "Nr;A;kg_reason;kg_source\n1;x;A: wrong.;kal.set-aside.csv#row=2\n"
    )


def test_a_row_with_too_many_cells_is_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "kal.csv"
    path.write_text("Nr;A\n1;x;surplus\n", encoding="utf-8")

    assert aside(path, READING).decode() == (
        "Nr;A;kg_reason;kg_source\n1;x;surplus;3 cells where the header has 2.;kal.csv#row=2\n"
    )


def test_reasons_of_several_mappings_of_one_table_meet_in_its_row(tmp_path: Path) -> None:
    path = tmp_path / "kal.csv"
    path.write_text("Nr;A\n1;x\n2;y\n", encoding="utf-8")
    table = read_table(path, READING, "table")

    first, second = (Finding("r", f"wrong {n}.", place=f"row={n}") for n in (2, 3))
    data = aside_bytes(path, [(table, READING, [first]), (table, READING, [first, second])])

    assert data.decode().splitlines()[1:] == ["1;x;wrong 2.;kal.csv#row=2", "2;y;wrong 3.;kal.csv#row=3"]


def test_json_lines_stay_lines_in_their_encoding(tmp_path: Path) -> None:
    path = tmp_path / "kal.jsonl"
    path.write_bytes('{"Nr": 1}\n{"Nr": 2, "A": "ä"}\n'.encode("cp1252"))
    reading = Reading(encodings=("cp1252",))

    data = aside(path, reading, "/1", source="records")

    assert data.count(b"\n") == 1
    assert json.loads(data.decode("cp1252")) == {"Nr": 2, "A": "ä", "kg_reason": "A: wrong."}


def test_a_record_under_a_key_with_any_sign_is_found(tmp_path: Path) -> None:
    path = tmp_path / "kal.json"
    path.write_text(json.dumps({"a/b ä~": {"runs": [{"Nr": 1}, {"Nr": 2}]}, "x": 1}), encoding="utf-8")
    reading = Reading(records="a/b ä~.runs[]")

    data = aside(path, reading, "/a~1b%20%C3%A4~0/runs/1", source="records")

    assert json.loads(data) == {"a/b ä~": {"runs": [{"Nr": 2, "kg_reason": "A: wrong."}]}, "x": 1}


def test_a_batch_without_records_is_set_aside_whole(tmp_path: Path) -> None:
    path = tmp_path / "kal.json"
    path.write_text('[{"id": 1, "runs": [{"Nr": 1}]}, {"id": 2}]', encoding="utf-8")

    (record,) = json.loads(aside(path, Reading(records="[].runs[]"), source="records"))

    assert record == {
        "id": 2,
        "kg_reason": "there is no 'runs' at '/1', where the path of the records leads. Here: 'id'.",
    }
