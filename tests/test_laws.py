"""Laws of reading and mapping that hold for any table: order, repetition, halves, keys, texts, numbers."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import polars as pl
import pyoxigraph as ox
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg import model
from kg.iri import encode, encode_series, mint
from kg.mappers.apply import Mapped, apply
from kg.mappers.cells import moments
from kg.mappers.plan import Moment, Plan, read_plans
from kg.sources import Reading, Table, read_table
from kg.terms import vocabulary
from tests.conftest import BASE, CALENDERING

SOME = settings(max_examples=25, deadline=None)

# Any text of a file: no zero byte, and no half of a surrogate pair.
texts = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=12)
keys = st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=12)
decimals = st.decimals(-(10**6), 10**6, places=3).map(str)
rows = st.lists(
    st.fixed_dictionaries(
        {"Nr": st.one_of(keys, st.just("")), "Rolle": keys, "Last": st.one_of(decimals, texts), "Text": texts}
    ),
    max_size=6,
)


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    path = tmp_path_factory.mktemp("laws") / "kal.yaml"
    mapping = CALENDERING.replace('decimal: ","', 'decimal: "."').replace("unit: N/mm", "unit: kN/m")
    path.write_text(mapping.replace("{id: web}", '{id: web, split: ";"}'), encoding="utf-8")
    (compiled,) = read_plans(path, vocabulary())
    assert isinstance(compiled, Plan)
    return compiled


def mapped(plan: Plan, records: list[dict[str, str]], first: int = 0) -> Mapped:
    """Return what records become whose places begin at a number."""
    cells = {name: [row[name].strip() or None for row in records] for name in ("Nr", "Rolle", "Last", "Text")}
    frame = pl.DataFrame(cells, schema=dict.fromkeys(cells, pl.String))
    places = pl.Series("place", [f"row={first + n}" for n in range(len(records))], dtype=pl.String)
    return apply(plan, Table("kal.csv", frame, places), BASE, vocabulary().units)


def statements(*parts: Mapped) -> set[str]:
    """Return the statements without those on the rows that things come from."""
    quads = (q for part in parts for q in ox.parse(part.ntriples().encode(), format=ox.RdfFormat.N_TRIPLES))
    return {str(quad.triple) for quad in quads if quad.predicate.value != model.DERIVED_FROM}


@SOME
@given(records=rows, random=st.randoms())
def test_the_order_of_rows_is_nothing(plan: Plan, records: list[dict[str, str]], random: object) -> None:
    shuffled = list(records)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert statements(mapped(plan, shuffled)) == statements(mapped(plan, records))


@SOME
@given(records=rows)
def test_mapping_twice_is_mapping_once(plan: Plan, records: list[dict[str, str]]) -> None:
    once = mapped(plan, records)

    assert mapped(plan, records).ntriples() == once.ntriples()
    assert statements(mapped(plan, records + records)) == statements(once)


@SOME
@given(records=rows, share=st.integers(0, 6))
def test_two_halves_of_a_table_make_the_whole(plan: Plan, records: list[dict[str, str]], share: int) -> None:
    left, right = mapped(plan, records[:share]), mapped(plan, records[share:], share)
    whole = mapped(plan, records)

    halves = set(left.ntriples().splitlines()) | set(right.ntriples().splitlines())
    assert halves == set(whole.ntriples().splitlines())
    assert len(left.findings) + len(right.findings) == len(whole.findings)


@SOME
@given(records=rows)
def test_a_row_is_mapped_or_has_a_finding(plan: Plan, records: list[dict[str, str]]) -> None:
    result = mapped(plan, records)

    runs = set(result.things["run"]["kg row index"])
    assert runs | {index for index, _ in result.findings} == set(range(len(records)))
    assert not runs & {index for index, _ in result.findings}


@settings(max_examples=100, deadline=None)
@given(left=keys, right=keys)
def test_different_keys_have_different_iris(left: str, right: str) -> None:
    one, other = mint(BASE, "lot", left), mint(BASE, "lot", right)

    assert (one == other) == (left == right)
    assert ox.NamedNode(one).value == one


@settings(max_examples=100, deadline=None)
@given(key=keys)
def test_an_iri_is_not_changed_when_it_is_resolved(key: str) -> None:
    iri = mint(BASE, "lot", key)
    text = f"<{iri.removeprefix(BASE)}> <p> <o> ."

    (quad,) = ox.parse(text, format=ox.RdfFormat.TURTLE, base_iri=BASE)
    assert quad.subject.value == iri


@SOME
@given(st.lists(st.one_of(keys, st.none()), max_size=8))
def test_a_column_of_keys_is_encoded_like_each_key(column: list[str | None]) -> None:
    encoded = encode_series(pl.Series(column, dtype=pl.String))

    assert encoded.to_list() == [None if key is None else encode(key) for key in column]


@SOME
@given(text=st.text(st.characters(blacklist_categories=["Cs"])))
def test_any_text_is_the_same_in_the_store(plan: Plan, text: str) -> None:
    row = {"Nr": "1", "Rolle": "K", "Last": "1", "Text": text}
    store = ox.Store()

    store.update(f"INSERT DATA {{ GRAPH <{BASE}g> {{ {mapped(plan, [row]).ntriples()} }} }}")

    comment = ox.NamedNode(model.TEXT_PROPERTIES["comment"])
    found = [quad.object.value for quad in store.quads_for_pattern(None, comment, None)]
    assert found == ([text.strip()] if text.strip() else [])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells=st.lists(st.tuples(texts, texts), min_size=1, max_size=5), delimiter=st.sampled_from(";,\t|"))
def test_any_text_is_the_same_out_of_a_csv(
    tmp_path: Path, cells: list[tuple[str, str]], delimiter: str
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([("A", "B"), *cells])
    (tmp_path / "t.csv").write_bytes(text.getvalue().encode())

    table = read_table(tmp_path / "t.csv", Reading(delimiter=delimiter), "table")

    expected = [tuple(cell.strip() or None for cell in row) for row in cells if any(map(str.strip, row))]
    assert table.frame.rows() == expected


def values(plan: Plan, numbers: list[str]) -> list[float]:
    """Return the values that a column of numbers becomes."""
    records = [{"Nr": str(n), "Rolle": "K", "Last": number, "Text": ""} for n, number in enumerate(numbers)]
    lines = mapped(plan, records).ntriples().splitlines()
    return [float(line.split('"')[1]) for line in lines if model.HAS_NUMBER_VALUE in line]


@SOME
@given(numbers=st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=20))
def test_a_number_in_the_canonical_unit_is_kept_to_the_last_digit(plan: Plan, numbers: list[float]) -> None:
    same = replace(plan, quantities=tuple(replace(q, unit=q.canonical) for q in plan.quantities))

    assert values(same, [repr(number) for number in numbers]) == numbers


@SOME
@given(
    numbers=st.lists(st.decimals(-(10**9), 10**9, places=4).map(lambda number: f"{number:f}"), max_size=20),
    unit=st.sampled_from(["um", "mm", "m", "nm", "km"]),
)
def test_a_decimal_stays_a_decimal_when_it_is_converted(plan: Plan, numbers: list[str], unit: str) -> None:
    units = vocabulary().units
    (load,) = [quantity for quantity in plan.quantities if quantity.column == "Last"]
    length = replace(load, unit=units.parse(unit), canonical=units.parse("um"))

    found = values(replace(plan, quantities=(length,)), numbers)

    power = {"nm": -3, "um": 0, "mm": 3, "m": 6, "km": 9}[unit]
    assert found == [float(f"{number}e{power}") for number in numbers]


@SOME
@given(
    times=st.lists(st.datetimes(datetime(1890, 1, 1), datetime(2200, 1, 1)), max_size=10),
    slip=st.text(":0 6."),
)
def test_a_time_is_read_the_same_in_columns_and_one_by_one(
    plan: Plan, times: list[datetime], slip: str
) -> None:
    # A format with '%%' is not read by polars.
    column = [time.strftime("%d.%m.%Y %H:%M:%S") for time in times] + [slip]
    zone = "Europe/Berlin"
    fast = Moment("Text", model.START, "%d.%m.%Y %H:%M:%S", zone)
    slow = replace(fast, format="%d.%m.%Y %H:%M:%S%%")

    def read(moment: Moment, texts: list[str]) -> tuple[list[str | None], list[int]]:
        frame = pl.DataFrame({"Text": texts}, schema={"Text": pl.String})
        places = pl.Series([str(n) for n in range(len(texts))], dtype=pl.String)
        series, found = moments(moment, plan, Table("kal.csv", frame, places))
        return series.to_list(), [index for index, _ in found]

    assert read(fast, column) == read(slow, [f"{text}%" for text in column])
