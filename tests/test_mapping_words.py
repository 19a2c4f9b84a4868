"""The words of a mapping for keys, units beside values, texts among numbers, and databases; slips in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg.errors import FaultsError
from kg.mappers.plan import Plan, read_plans
from kg.terms import vocabulary
from tests.conftest import Bench

RECORDS = """\
title: Cells
source: records
files: ["cells*.json"]
things:
  cell: {kind: cell, class: BatteryCell}
columns:
  id: {id: cell}
  p.*.value:
    unit: {column: p.*.unit}
    value: nominal
    terms: {mass: Mass, capacity: NominalCapacity}
  p.mass.value: {term: Mass, unit: kg, name: stated, otherwise: comment, optional: true}
ignore: ["raw.*"]
"""
SQL = """\
title: Cells
source: sql
files: ["cells*.sql.toml"]
query: SELECT id, mass FROM cell
row: {cell: id}
things:
  cell: {kind: cell, class: BatteryCell}
columns:
  id: {id: cell}
  mass: {term: Mass, unit: g}
"""


def plan(folder: Path, text: str) -> Plan:
    (folder / "cells.yaml").write_text(text)
    (found,) = read_plans(folder / "cells.yaml", vocabulary())
    assert isinstance(found, Plan)
    return found


def test_a_line_with_terms_is_a_line_for_each_key_and_a_whole_name_goes_before_it(tmp_path: Path) -> None:
    found = plan(tmp_path, RECORDS)

    assert [(each.column, each.fragment, each.unit) for each in found.quantities] == [
        ("p.mass.value", "Mass.stated", vocabulary().units.parse("kg")),
        ("p.capacity.value", "NominalCapacity.nominal", None),
    ]
    assert found.reading.units == (("p.capacity.value", "p.capacity.unit"),)


def test_a_column_of_units_is_read_and_optional_like_its_values(tmp_path: Path) -> None:
    text = RECORDS.replace("otherwise: comment, optional: true", "otherwise: comment")
    found = plan(tmp_path, text.replace("unit: kg", "unit: {column: p.mass.unit}"))

    assert set(found.columns) - found.optional == {"id", "p.mass.value", "p.mass.unit"}
    assert "p.capacity.unit" in found.optional


def test_units_beside_their_values_are_converted_and_a_missing_one_sets_its_row_aside(bench: Bench) -> None:
    rows = """[{"id": "C-1", "p": {"capacity": {"value": 2500, "unit": "mAh"}}},
        {"id": "C-2", "p": {"capacity": {"value": 3}}},
        {"id": "C-3", "p": {"capacity": {"value": 3, "unit": "V"}}}]"""

    mapped = bench.map(rows, RECORDS, "cells.json")

    assert '"2.5"' in mapped.ntriples()
    assert [(index, finding.value) for index, finding in mapped.findings] == [(1, "3"), (2, "3 V")]


def test_a_text_among_numbers_is_kept_with_the_name_of_its_column(bench: Bench) -> None:
    mapped = bench.map('[{"id": "C-1", "p": {"mass": {"value": "about 70 g"}}}]', RECORDS, "cells.json")

    assert mapped.findings == []
    assert '"p.mass.value = about 70 g"' in mapped.ntriples()


SLIPS = [
    (RECORDS, ("p.*.value", "p.value"),
     "cells.yaml:8: 'p.value' has 'terms', so it needs one '*', which stands for each of their keys."),
    (RECORDS, ("unit: {column: p.*.unit}", "unit: {colum: p.*.unit}"),
     "cells.yaml:9: column 'p.*.value', unit: give a UCUM code, or {column: NAME} where another column "
     "names the unit of each row."),
    (RECORDS, ("    unit: {column: p.*.unit}\n", ""),
     "cells.yaml:8: column 'p.*.value': a quantity needs its unit, as UCUM code: unit: um; "
     "unit: '1' for a number."),
    (RECORDS, ("unit: {column: p.*.unit}", "unit: {column: p.*.value}"),
     "cells.yaml:11: 'p.capacity.value' cannot name its own unit; write inline."),
    (RECORDS, ("unit: kg", "unit: inline"),
     "cells.yaml:12: 'otherwise' tells numbers from texts, so it does not go with 'unit: inline'."),
    (RECORDS, ('ignore: ["raw.*"]', "ignore: [p.capacity.value]"),
     "cells.yaml:11: 'p.capacity.value' is mapped and ignored at once. Keep one."),
    (RECORDS, ("source: records", "source: table\nkeyed: {a: b}\noptional: true"),
     "cells.yaml:1: 'keyed' and 'optional' go with 'source: records'."),
    (SQL, ("query: SELECT id, mass FROM cell\nrow: {cell: id}\n", ""),
     "cells.yaml:1: 'source: sql' needs 'query:', a SELECT in the words of the database. 'source: sql' needs "
     "'row:', the table and the columns that are its primary key: {cell: id}."),
    (SQL, ("source: sql", "source: table"), "cells.yaml:1: 'query' and 'row' go with 'source: sql'."),
]  # fmt: skip


@pytest.mark.parametrize(("text", "change", "message"), SLIPS, ids=range(len(SLIPS)))
def test_a_slip_in_these_words_is_told_with_its_line(
    tmp_path: Path, text: str, change: tuple[str, str], message: str
) -> None:
    assert change[0] in text
    with pytest.raises(FaultsError) as error:
        plan(tmp_path, text.replace(*change))

    assert str(error.value) == message


def test_every_unknown_term_of_a_table_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(FaultsError) as error:
        plan(tmp_path, RECORDS.replace("{mass: Mass, capacity: NominalCapacity}", "{a: Xyzzy, b: Plugh}"))

    assert [fault.line for fault in error.value.faults] == [11, 11]
    assert "'Xyzzy'" in str(error.value) and "'Plugh'" in str(error.value)
