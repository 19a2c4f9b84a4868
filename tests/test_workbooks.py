"""Workbooks: typed cells become the text of a CSV, and what is no whole workbook is refused."""

from __future__ import annotations

import datetime
import io
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path

import openpyxl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kg.errors import FaultsError
from kg.sources import Reading, Table, read_table
from kg.sources.xlsx import column_text, fast_columns, slow_columns

GERMAN = Reading(delimiter=";", decimal=",")
PLANT = Path(__file__).parent / "plant"


def book_table(
    folder: Path, rows: list[list[object]], reading: Reading = GERMAN, sheet: str = "Kal"
) -> Table:
    book = openpyxl.Workbook()
    first = book.worksheets[0]
    first.title = sheet
    for row in rows:
        first.append(row)
    book.save(folder / "kal.xlsx")
    return read_table(folder / "kal.xlsx", reading, "table")


def test_typed_cells_of_a_workbook_read_like_the_same_cells_of_a_csv(tmp_path: Path) -> None:
    time = datetime.datetime(2026, 3, 2, 8, 15)

    table = book_table(tmp_path, [["Nr", "Last", "Zeit", "Ja", "Text"], [1.0, 210.5, time, True, None]])

    assert table.frame.to_dicts() == [
        {"Nr": "1", "Last": "210,5", "Zeit": "2026-03-02T08:15:00", "Ja": "true", "Text": None},
    ]
    assert table.places.to_list() == ["row=2"]


def test_a_sheet_name_with_any_sign_gives_a_place_that_fits_into_an_iri(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.create_sheet('Zellen {1} "ä" <b>#%')
    sheet.append(["Nr"])
    sheet.append([1])
    book.save(tmp_path / "kal.xlsx")

    table = read_table(tmp_path / "kal.xlsx", Reading(sheet=sheet.title), "table")

    assert table.places.to_list() == ["sheet=Zellen%20%7B1%7D%20%22%C3%A4%22%20%3Cb%3E%23%25&row=2"]


def test_a_workbook_that_states_its_size_wrongly_is_read_whole(tmp_path: Path) -> None:
    book_table(tmp_path, [["Nr", "A"], [1, "x"]])
    source, target = tmp_path / "kal.xlsx", io.BytesIO()
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b'<dimension ref="A1:B2"', b'<dimension ref="A1"'))
    source.write_bytes(target.getvalue())

    assert read_table(source, GERMAN, "table").frame.to_dicts() == [{"Nr": "1", "A": "x"}]


def zipped(name: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        file.writestr(name, "x")
    return data.getvalue()


NOT_WHOLE = "kal.xlsx: this is not a whole workbook; it may have been cut off. Copy or export it again."
OLD = (
    "kal.xlsx: this is a workbook in the old form (.xls), or one with a password. "
    "Save it as .xlsx without one."
)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "kal.xlsx: the file is empty. Export it again, or leave it out."),
        (b"Nr;A\n1;2\n", NOT_WHOLE),
        (zipped("word/document.xml"), NOT_WHOLE),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OLD),
    ],
)
def test_a_file_that_is_no_workbook_is_refused(tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "kal.xlsx").write_bytes(data)

    with pytest.raises(FaultsError) as error:
        read_table(tmp_path / "kal.xlsx", GERMAN, "table")

    assert str(error.value) == message


@pytest.mark.parametrize("share", [0.3, 0.7, 0.99])
def test_a_workbook_that_was_cut_off_is_refused(tmp_path: Path, share: float) -> None:
    book_table(tmp_path, [["Nr", "A"], *([n, "x" * n] for n in range(50))])
    path = tmp_path / "kal.xlsx"
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])

    with pytest.raises(FaultsError) as error:
        read_table(path, GERMAN, "table")

    assert str(error.value) == NOT_WHOLE


def test_a_sheet_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(FaultsError) as error:
        book_table(tmp_path, [["Nr"], [1]], Reading(sheet="Kall"))

    assert str(error.value) == "kal.xlsx: there is no sheet 'Kall'. Near: 'Kal'."


# Two readers

FORMATS = """General|0|0.00|#,##0.00|0%|0.00E+00|@|# ?/?|dd.mm.yyyy|yyyy-mm-dd hh:mm:ss|h:mm|[h]:mm:ss|mm:ss.0
d-mmm-yy|[$-407]d. mmmm yyyy;@|yyyy|ss|[mm]|h AM/PM|0.0 "mS"|[Red]0.0|0.0\\s|#,##0 "Stunden"|"Tag" 0|0.00_
_-* #,##0.00 "€"_-|General"h"|[>100]0.0;0|0\\d|TT.MM.JJJJ""".replace("\n", "|").split("|")
TIMES = st.datetimes(datetime.datetime(1900, 1, 1), datetime.datetime(2100, 1, 1)).map(
    lambda time: time.replace(microsecond=0)
)
NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False, min_value=-1e16, max_value=1e16),
    st.integers(-(10**17), 10**17),
    st.floats(20_000, 60_000),
    st.integers(0, 100),
)
CELLS = st.one_of(
    NUMBERS,
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=5),
    st.sampled_from([None, True, False, "#N/A", "true", "1.50", "2026-03-02", " x ", "a\nb", "<b>", "=1+1"]),
    TIMES,
    TIMES.map(datetime.datetime.date),
    TIMES.map(datetime.datetime.time),
)


def written(rows: list[list[tuple[object, str]]]) -> bytes:
    book = openpyxl.Workbook()
    for number, row in enumerate(rows, start=1):
        for column, (value, form) in enumerate(row, start=1):
            cell = book.worksheets[0].cell(number, column)
            cell.value = value
            if isinstance(value, int | float):
                cell.number_format = form
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(st.tuples(CELLS, st.sampled_from(FORMATS)), max_size=4), max_size=4))
@example([[(-0.5, "dd.mm.yyyy")], [(-1e-7, "hh:mm")]])
def test_the_fast_reader_sees_the_text_that_openpyxl_sees(rows: list[list[tuple[object, str]]]) -> None:
    data = written(rows)

    fast, slow = fast_columns(data, None), slow_columns(Path("a.xlsx"), data, None)

    if fast is not None:
        assert shown(fast[0]) == shown(slow[0])
        assert fast[1:] == slow[1:]


def shown(columns: list[Sequence[object]]) -> dict[tuple[int, int], str]:
    """Return the text of each cell that has one."""
    return {
        (row, column): text
        for column, cells in enumerate(columns)
        for row, text in enumerate(column_text(cells, ","))
        # Beyond the year 9999, a number in the form of a date is an error for one and a number for the other.
        if text and text != "#VALUE!" and not re.match(r"-?\d{7,}", text)
    }


@pytest.mark.parametrize("path", sorted(PLANT.glob("*.xlsx")), ids=lambda path: path.name)
def test_the_workbooks_of_the_sample_line_are_for_the_fast_reader(path: Path) -> None:
    fast, slow = fast_columns(path.read_bytes(), None), slow_columns(path, path.read_bytes(), None)

    assert fast is not None
    assert [column_text(column, ".").to_list() for column in fast[0]] == [
        column_text(column, ".").to_list() for column in slow[0]
    ]


@pytest.mark.parametrize(
    "value", ["#N/A", 1e15, -(10**16), datetime.datetime(1900, 2, 1, 12), datetime.time(0, 0)]
)
def test_what_the_two_readers_see_differently_is_left_to_openpyxl(value: object) -> None:
    data = written([[("Nr", "General")], [(value, "General")]])

    assert fast_columns(data, None) is None
