"""Files as they come from a plant: what is read, and what is said of a file that cannot be read."""

from __future__ import annotations

import dataclasses
import datetime
import io
import json
import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.errors import FaultsError
from kg.sources import Reading, Table, read_table
from kg.sources.csvfile import fast, split
from kg.sources.grid import Grid, table_of_grid
from kg.sources.parquet import parquet_aside
from kg.sources.records import read_records

GERMAN = Reading(delimiter=";", decimal=",")


def csv_table(folder: Path, data: str | bytes, reading: Reading = GERMAN, name: str = "kal.csv") -> Table:
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return read_table(path, reading, "table")


def json_table(folder: Path, content: object, records: str = "[]", name: str = "eol.json") -> Table:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return read_table(path, Reading(records=records), "records")


def rows(table: Table) -> list[dict[str, str | None]]:
    return table.frame.to_dicts()


# What is read


def test_cells_are_text_and_missing_ones_are_none(tmp_path: Path) -> None:
    reading = Reading(delimiter=";", missing=frozenset({"-"}))

    table = csv_table(tmp_path, "Nr;Last;Text\n 007 ;-; a \n8;210,50;\n", reading)

    assert rows(table) == [
        {"Nr": "007", "Last": None, "Text": "a"},
        {"Nr": "8", "Last": "210,50", "Text": None},
    ]
    assert table.places.to_list() == ["row=2", "row=3"]


def test_quoted_cells_hold_delimiters_quotation_marks_and_lines(tmp_path: Path) -> None:
    table = csv_table(tmp_path, 'Nr;Text\n1;"a;b ""c""\nd"\n2;5" Rohr\n')

    assert [row["Text"] for row in rows(table)] == ['a;b "c"\nd', '5" Rohr']
    assert table.places.to_list() == ["row=2", "row=4"]


@pytest.mark.parametrize("sign", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028"])
def test_only_line_feeds_and_carriage_returns_end_a_row(tmp_path: Path, sign: str) -> None:
    table = csv_table(tmp_path, f"Nr;Text\n1;a{sign}b\n")

    assert rows(table) == [{"Nr": "1", "Text": f"a{sign}b"}]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_line_ending_and_a_byte_order_mark_are_read(tmp_path: Path, end: str) -> None:
    table = csv_table(tmp_path, "\ufeff" + end.join(["Nr;Länge", "1;ü", ""]))

    assert rows(table) == [{"Nr": "1", "Länge": "ü"}]


def test_a_byte_order_mark_goes_before_the_encoding_of_the_mapping(tmp_path: Path) -> None:
    reading = Reading(delimiter=";", encodings=("cp1252",))

    assert csv_table(tmp_path, "\ufeffNr\nä\n", reading).columns == ["Nr"]


def test_encodings_are_tried_in_order(tmp_path: Path) -> None:
    reading = Reading(delimiter=";", encodings=("utf-8", "cp1252"))

    table = csv_table(tmp_path, "Nr;Prüfer\n1;Jörg\n".encode("cp1252"), reading)

    assert (table.encoding, rows(table)[0]["Prüfer"]) == ("cp1252", "Jörg")


def test_empty_lines_are_no_rows_and_keep_the_numbers(tmp_path: Path) -> None:
    table = csv_table(tmp_path, "Nr;A\n1;x\n\n;\n2;y\n")

    assert table.places.to_list() == ["row=2", "row=5"]


def test_trailing_delimiters_are_no_columns(tmp_path: Path) -> None:
    assert rows(csv_table(tmp_path, "Nr;A;;\n1;x;;\n")) == [{"Nr": "1", "A": "x"}]


def test_rows_with_too_many_or_too_few_cells_are_kept_aside(tmp_path: Path) -> None:
    table = csv_table(tmp_path, "Nr;A\n1;x;surplus\n2\n3;z\n")

    assert rows(table) == [{"Nr": "3", "A": "z"}]
    assert [(bad.place, bad.reason) for bad in table.bad] == [
        ("row=2", "3 cells where the header has 2"),
        ("row=3", "1 cells where the header has 2"),
    ]


def test_a_table_with_a_header_only_has_no_rows(tmp_path: Path) -> None:
    table = csv_table(tmp_path, "Nr;A\n")

    assert (table.columns, table.frame.height) == (["Nr", "A"], 0)


def test_lines_above_the_header_become_columns(tmp_path: Path) -> None:
    reading = Reading(delimiter="\t", header="Nr", preamble=True)

    table = csv_table(tmp_path, "Export\nLinie:\t1\nTester: T-7\nZeit:\t\n\nNr\tA\n1\tx\n2\ty\n", reading)

    assert rows(table)[1] == {
        "Nr": "2",
        "A": "y",
        "preamble.Linie": "1",
        "preamble.Tester": "T-7",
        "preamble.Zeit": None,
    }


def test_no_value_above_the_header_is_lost(tmp_path: Path) -> None:
    reading = Reading(delimiter=";", header="Nr", preamble=True)

    table = csv_table(tmp_path, "Kanal:;1;2\nNotiz: a\nNotiz: b\nNr;A\n1;x\n", reading)

    assert (rows(table)[0]["preamble.Kanal"], rows(table)[0]["preamble.Notiz"]) == ("1 2", "a\nb")


def test_a_header_in_several_rows_or_lines_is_joined_by_blanks(tmp_path: Path) -> None:
    reading = Reading(delimiter=";", header_rows=2)

    table = csv_table(tmp_path, 'Nr;Dicke;"Linien-\nlast"\n;[um];[N/mm]\n1;95;210\n', reading)

    assert table.columns == ["Nr", "Dicke [um]", "Linien- last [N/mm]"]


def test_nested_records_become_columns_with_dots(tmp_path: Path) -> None:
    content = [{"id": "C-1", "ocv": {"value": 3.610, "ok": True}, "images": ["a", "b"], "note": None}]

    table = json_table(tmp_path, content)

    assert rows(table) == [
        {"id": "C-1", "ocv.value": "3.61", "ocv.ok": "true", "images[]": "a\nb", "note": None},
    ]
    assert table.places.to_list() == ["/0"]


def test_scalars_of_the_levels_above_come_with_each_record(tmp_path: Path) -> None:
    content = {"line": "L1", "batches": [{"id": "B1", "cells": [{"id": "C1"}, {"id": "C2"}]}]}

    table = json_table(tmp_path, content, "batches[].cells[]")

    assert rows(table)[1] == {"$.line": "L1", "batches[].id": "B1", "id": "C2"}
    assert table.places.to_list() == ["/batches/0/cells/0", "/batches/0/cells/1"]


def test_a_list_beside_the_path_with_the_name_of_a_step_is_not_lost(tmp_path: Path) -> None:
    content = {"batches": [{"old": {"cells": ["C0"]}, "cells": [{"id": "C1"}]}]}

    assert rows(json_table(tmp_path, content, "batches[].cells[]")) == [
        {"batches[].old.cells[]": "C0", "id": "C1"},
    ]


def test_of_a_list_of_lists_neither_name_hides_the_other(tmp_path: Path) -> None:
    assert rows(json_table(tmp_path, [{"id": "B1", "cells": [{"id": "C1"}]}], "[].cells[]")) == [
        {"[].id": "B1", "id": "C1"},
    ]


def test_a_record_without_the_inner_list_is_kept_aside(tmp_path: Path) -> None:
    content = {"batches": [{"id": "B1", "cells": [{"id": "C1"}]}, {"id": "B2", "cels": []}, {"cells": None}]}

    table = json_table(tmp_path, content, "batches[].cells[]")

    assert table.frame.height == 1
    assert [(bad.place, bad.reason) for bad in table.bad] == [
        (
            "/batches/1",
            "there is no 'cells' at '/batches/1', where the path of the records leads. Near: 'cels'",
        ),
    ]


def test_json_lines_keep_numbers_as_they_stand(tmp_path: Path) -> None:
    table = json_table(tmp_path, '{"n": 1.10}\n\n{"n": 12345678901234567890}\n{"n": NaN}\n', name="eol.jsonl")

    assert [row["n"] for row in rows(table)] == ["1.10", "12345678901234567890", "NaN"]


def test_the_columns_of_rows_set_aside_are_dropped(tmp_path: Path) -> None:
    assert csv_table(tmp_path, "Nr;kg_reason;kg_source\n1;a;b\n").columns == ["Nr"]
    assert json_table(tmp_path, [{"Nr": 1, "kg_reason": "a"}]).columns == ["Nr"]


def test_each_value_of_an_object_may_be_a_record_and_its_key_is_a_column(tmp_path: Path) -> None:
    content = {"site": "A", "tasks": {"t1": {"n": 2, "result": {"1": {"ok": 1}, "2/b": {"ok": 0}}}}}

    table = json_table(tmp_path, content, "tasks.*.result.*")

    assert rows(table)[1] == {
        "$.site": "A",
        "tasks.*": "t1",
        "tasks.*.n": "2",
        "tasks.*.result.*": "2/b",
        "ok": "0",
    }
    assert table.places.to_list() == ["/tasks/t1/result/1", "/tasks/t1/result/2~1b"]


def test_records_at_the_top_that_are_named_by_their_keys(tmp_path: Path) -> None:
    assert rows(json_table(tmp_path, {"C1": {"m": 1}, "C2": {"m": 2}}, "*")) == [
        {"$.*": "C1", "m": "1"},
        {"$.*": "C2", "m": "2"},
    ]


def test_records_that_a_file_may_lack_are_none(tmp_path: Path) -> None:
    path = tmp_path / "eol.json"
    path.write_text('{"cells": []}')

    table = read_table(path, Reading(records="blend.*", may_lack=True, named=frozenset({"m"})), "records")

    assert (table.columns, table.frame.height) == (["m"], 0)


KEYED = (("extras", ("term", "key")), ("extras.*.value", ("key",)))


def test_a_list_of_objects_is_named_by_the_first_key_that_each_alone_has(tmp_path: Path) -> None:
    extras = [
        {"key": "a", "term": "T", "value": 1},
        {"key": "b", "value": 2},
        {"key": "c", "term": "U", "value": 3},
        {"key": "d", "term": "U", "value": [{"key": "inner", "value": 4}]},
    ]
    path = tmp_path / "r.json"
    path.write_text(json.dumps({"extras": extras}))

    found = rows(read_table(path, Reading(keyed=KEYED), "records"))[0]

    assert {name: text for name, text in found.items() if name.endswith("value")} == {
        "extras.T.value": "1",
        "extras.b.value": "2",
        "extras.c.value": "3",
        "extras.d.value.inner.value": "4",
    }


def test_an_object_of_a_list_without_a_name_of_its_own_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text('{"extras": [{"key": "a", "value": 1}, {"value": 2}]}')

    with pytest.raises(FaultsError) as error:
        read_table(path, Reading(keyed=KEYED), "records")

    assert str(error.value) == (
        "r.json: at '/': in the list 'extras' no 'term' or 'key' of its own names {\"value\": 2}."
    )


def test_a_value_takes_its_unit_from_another_column(tmp_path: Path) -> None:
    reading = Reading(delimiter=";", units=(("Wert", "Einheit"),))

    table = csv_table(tmp_path, "Wert;Einheit\n2,5;Ah\n3;\n;V\n1000;1\n", reading)

    assert [row["Wert"] for row in rows(table)] == ["2,5 Ah", "3", None, "1000"]


def test_cells_that_are_no_numbers_move_into_a_column_of_texts(tmp_path: Path) -> None:
    reading = Reading(delimiter=";", otherwise=("N", "M"))

    table = csv_table(tmp_path, "N;X\n>1000;a\n1.200,5;b\n-2e-3;c\n4 * x;d\n", reading)

    assert [(row["N"], row["N (text)"], row["M (text)"]) for row in rows(table)] == [
        (None, "N = >1000", None),
        ("1.200,5", None, None),
        ("-2e-3", None, None),
        (None, "N = 4 * x", None),
    ]


def test_columns_that_fit_a_pattern_are_counted_and_left_out(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text('[{"raw": {"a [1]": 1, "b": 2}, "c": 3}, {"raw": {"a [1]": 1}, "c": 4}]')

    table = read_table(path, Reading(left_out=("raw.*",), named=frozenset({"raw.b"})), "records")

    assert (table.columns, table.left_out) == (["raw.b", "c"], (("raw.a [1]", 2),))


def parquet(folder: Path, **columns: object) -> Path:
    pl.DataFrame(columns).write_parquet(folder / "kal.parquet")
    return folder / "kal.parquet"


def test_typed_columns_of_parquet_become_the_texts_of_a_csv(tmp_path: Path) -> None:
    path = parquet(
        tmp_path,
        Nr=pl.Series([7, None], dtype=pl.Int64),
        Last=[210.5, 1e-7],
        Ganz=[3.0, float("nan")],
        Kurz=pl.Series([0.1, 2.0], dtype=pl.Float32),
        Preis=pl.Series(["1.10", "2.00"]).cast(pl.Decimal(10, 2)),
        Zeit=[datetime.datetime(2026, 3, 2, 8, 15), datetime.datetime(2026, 3, 2, 8, 15, 0, 250_000)],
        Tag=[datetime.date(2026, 3, 2), None],
        Dauer=[datetime.timedelta(minutes=1), None],
        Gut=[True, False],
        Art=pl.Series(["a", "b"], dtype=pl.Categorical),
    )

    table = read_table(path, Reading(decimal=",", missing=frozenset({"NaN"})), "table")

    assert rows(table) == [
        {"Nr": "7", "Last": "210,5", "Ganz": "3", "Kurz": "0,1", "Preis": "1,10",
         "Zeit": "2026-03-02T08:15:00", "Tag": "2026-03-02", "Dauer": "60", "Gut": "true", "Art": "a"},
        {"Nr": None, "Last": "1e-7", "Ganz": None, "Kurz": "2", "Preis": "2,00",
         "Zeit": "2026-03-02T08:15:00.250", "Tag": None, "Dauer": None, "Gut": "false", "Art": "b"},
    ]  # fmt: skip
    assert (table.places.to_list(), table.native_times) == (["row=1", "row=2"], True)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_no_digit_of_a_parquet_number_is_lost(values: list[float]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        table = read_table(parquet(Path(folder), x=values), Reading(), "table")

    assert [float(text) for text in table.frame["x"]] == values


def test_groups_and_lists_of_parquet_become_columns_as_in_json(tmp_path: Path) -> None:
    path = parquet(tmp_path, a=[{"b": 1, "c": {"d": "x"}}, None], e=[[1, 2], []])

    assert rows(read_table(path, Reading(), "table")) == [
        {"a.b": "1", "a.c.d": "x", "a": None, "e[]": "1\n2"},
        {"a.b": None, "a.c.d": None, "a": None, "e[]": None},
    ]


def test_rows_of_parquet_that_are_set_aside_keep_their_types(tmp_path: Path) -> None:
    path = parquet(tmp_path, Nr=[1, 2, 3], Zeit=[datetime.datetime(2026, 3, day) for day in (1, 2, 3)])

    aside = pl.read_parquet(io.BytesIO(parquet_aside(path, {"row=2": "too cold."})))

    assert aside.to_dicts() == [
        {
            "Nr": 2,
            "Zeit": datetime.datetime(2026, 3, 2),
            "kg_reason": "too cold.",
            "kg_source": "kal.parquet#row=2",
        }
    ]


# What is said of a file that cannot be read


def test_a_file_that_is_no_parquet_or_holds_bytes_is_refused(tmp_path: Path) -> None:
    whole = parquet(tmp_path, a=["x" * 1000, "y"], b=[b"1", b"2"])
    with pytest.raises(FaultsError, match=r"kal.parquet: column 'b' holds bytes, which are no text\."):
        read_table(whole, Reading(), "table")

    whole.write_bytes(whole.read_bytes()[:-20])
    with pytest.raises(FaultsError, match=r"kal.parquet: this is not a whole Parquet file: .*\. Copy"):
        read_table(whole, Reading(), "table")


CSV_FAULTS: list[tuple[str | bytes, Reading, str]] = [
    ("", GERMAN, "kal.csv: the file is empty. Export it again, or leave it out."),
    (" \n\n", GERMAN, "kal.csv: the file is empty. Export it again, or leave it out."),
    (";;\n;;\n", GERMAN, "kal.csv: the table is empty. Export it again, or leave it out."),
    (
        b"PK\x03\x04\0\0",
        GERMAN,
        "kal.csv: this is not a text file. Is it a workbook, a picture or an archive?",
    ),
    (
        "Nr;Länge\n1;2\n".encode("cp1252"),
        GERMAN,
        "kal.csv:1: the bytes near 'Nr;Länge 1;2' are not utf-8. "
        "Name the encoding under 'table' in the mapping, e.g. encoding: cp1252.",
    ),
    (
        "Nr;A\n1;2\n".encode("utf-16"),
        GERMAN,
        "kal.csv: the text is in utf-16, not utf-8. Write it in the mapping: encoding: utf-16.",
    ),
    (
        "Nr\n1\n",
        Reading(encodings=("uft-8",)),
        "kal.csv: no encoding is called 'uft-8'. Usual ones: utf-8, cp1252.",
    ),
    (
        "Nr,A,B\n1,2,3\n",
        GERMAN,
        "kal.csv:1: the header is one single column, 'Nr,A,B'. Is the delimiter ','?",
    ),
    (
        "x\nNr\tA\n1\t2\n",
        Reading(header="Nr"),
        "kal.csv: no row begins with the cell 'Nr', which the mapping names as the head of the table. "
        "Is the delimiter 'tab'?",
    ),
    ("Nr;A\n", Reading(header=3), "kal.csv: the header should be in row 3, but the file ends before it."),
    (
        "\nNr;A\n1;2\n",
        GERMAN,
        "kal.csv:1: row 1, where the mapping looks for the header, is empty. Give its row under 'table'.",
    ),
    (
        "Nr;T;;T;Nr;;T\n1;2;3;4;5;6;7\n",
        GERMAN,
        "kal.csv:1: the header has 'Nr', 'T' more than once. Rename all but one, or "
        "write 'repeated: number'.\n"
        "kal.csv:1: columns 3, 6 without a name in the header. Name what holds data, delete the rest.",
    ),
    (
        'Nr;A\n1;x\n2;"y\n3;z\n',
        GERMAN,
        "kal.csv:3: a quotation mark opens a cell here and never closes it, or closes it too early. "
        'Inside a quoted cell a quotation mark is written twice: "".',
    ),
]


@pytest.mark.parametrize(("data", "reading", "message"), CSV_FAULTS)
def test_a_text_file_that_is_no_table_is_refused(
    tmp_path: Path, data: str | bytes, reading: Reading, message: str
) -> None:
    with pytest.raises(FaultsError) as error:
        csv_table(tmp_path, data, reading)

    assert str(error.value) == message


JSON_FAULTS = [
    ("eol.json", '{\n"a": }', "[]", "eol.json:2: this is not JSON: Expecting value, column 6."),
    (
        "eol.jsonl",
        '{"a": 1}\n{"a": \n',
        "[]",
        "eol.jsonl:2: this is not JSON: Expecting value, column 7. One record a line, or "
        "name the file .json.",
    ),
    (
        "eol.json",
        '{"a": 1, "a": 2}',
        "[]",
        "eol.json: the key 'a' comes twice in one object. Keep one of the two.",
    ),
    ("eol.json", "[]", "[]", "eol.json: there are no records under '[]'."),
    ("eol.json", "[1, 2]", "[]", "eol.json: at '/0' a record in braces is expected, not 1."),
    ("eol.json", '"x"', "[]", "eol.json: at '/' a list of records is expected, not \"x\"."),
    (
        "eol.json",
        '{"run": []}',
        "runs[]",
        "eol.json: there is no 'runs' at '/', where the path of the records leads. Near: 'run'.",
    ),
    (
        "eol.json",
        '{"a": {"x": 1, "y": 2}}',
        "runs[]",
        "eol.json: there is no 'runs' at '/', where the path of the records leads. Here: 'a'.",
    ),
    (
        "eol.json",
        '[{"a.b": 1, "a": {"b": 2}}]',
        "[]",
        "eol.json: at '/0' two values are called 'a.b', by a dot in a key. Rename the key.",
    ),
    ("eol.json", '[{"a": "\\ud800"}]', "[]", "eol.json: a text holds '\\ud800', which is half a character."),
    ("eol.json", "[" * 20_000, "[]", "eol.json: the values are nested too deeply to be records."),
]


@pytest.mark.parametrize(("name", "text", "records", "message"), JSON_FAULTS, ids=range(len(JSON_FAULTS)))
def test_json_that_holds_no_records_is_refused(
    tmp_path: Path, name: str, text: str, records: str, message: str
) -> None:
    with pytest.raises(FaultsError) as error:
        json_table(tmp_path, text, records, name)

    assert str(error.value) == message


def test_a_source_of_the_other_kind_is_refused_with_what_to_write(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[]")
    (tmp_path / "a.xlsx").write_bytes(b"x")

    with pytest.raises(FaultsError, match="write 'source: records' in the mapping"):
        read_table(tmp_path / "a.json", Reading(), "table")
    with pytest.raises(FaultsError, match="write 'source: table' in the mapping"):
        read_table(tmp_path / "a.xlsx", Reading(), "records")


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(FaultsError) as error:
        read_table(tmp_path / "kal.csv", Reading(), "table")

    assert str(error.value) == "kal.csv: there is no such file."


@settings(deadline=None)
@given(st.text(st.sampled_from('ab ;;,\t\x1c\x85\u2028-1\n\n\r""'), max_size=30))
def test_a_text_reads_by_columns_as_by_the_csv_module(text: str) -> None:
    text = f"Nr;Text\n{text}"
    reading = Reading(delimiter=";", missing=frozenset({"-"}))

    grid = fast(text, ";")

    if grid is not None:
        grids = [grid, Grid.of_rows(split(Path("kal.csv"), text, ";"))]
        one, other = (table_of_grid(Path("kal.csv"), each, reading, place="row={}") for each in grids)
        assert (rows(one), one.places.to_list(), one.bad) == (rows(other), other.places.to_list(), other.bad)


@pytest.mark.parametrize(
    ("text", "by_columns"),
    [('1;"a;b"\n2;c', True), ('1;5" Rohr\n2;6" Rohr', False), ('1;"a\nb"', False), ('1;5" Rohr;"a\n', False)],
)
def test_quoted_cells_within_a_line_are_read_by_columns(text: str, by_columns: bool) -> None:
    assert (fast(text, ";") is not None) == by_columns


def test_other_records_of_a_file_are_told_beside_each_record_but_not_copied(tmp_path: Path) -> None:
    readings = [{"run": str(number), "kWh": number} for number in range(50)]
    path = tmp_path / "meters.json"
    steps = {name: {"readings": readings} for name in ("mixing", "coating")}
    path.write_text(json.dumps({"site": "A", "steps": steps}), encoding="utf-8")
    reading = Reading(records="steps.mixing.readings[]")
    whole = read_table(path, reading, "records").frame
    without = dataclasses.replace(reading, left_out=("$.*",))
    brief, raw = read_table(path, without, "records"), read_records(path, without).frame

    assert len(whole["$.steps.coating.readings[]"][0]) > 1000
    assert raw["$.steps.coating.readings[]"][0] == "[...]"
    assert brief.frame.columns == ["run", "kWh"]
    assert brief.left_out == (("$.site", 50), ("$.steps.coating.readings[]", 50))
