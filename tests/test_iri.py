"""Keys become IRIs: injective, stable, and the same one by one or in columns."""

from __future__ import annotations

import polars as pl
import pyoxigraph as ox
import pytest

from kg.iri import encode, encode_series, file_iri, mint, shorten

BASE = "https://example.org/line/"
KEYS = {
    "C-0001": "C-0001",
    "Rolle 7/ä": "Rolle%207/%C3%A4",
    "a%20b": "a%2520b",
    "1?x#y": "1%3Fx%23y",
    "..": "%2E%2E",
    "a/./b": "a/%2E/b",
    "a.b": "a.b",
    "...": "...",
    "a//b": "a//b",
    "x\ny": "x%0Ay",
    '<"{}|\\^`>': "%3C%22%7B%7D%7C%5C%5E%60%3E",
    "電池 🔋": "%E9%9B%BB%E6%B1%A0%20%F0%9F%94%8B",
}


@pytest.mark.parametrize(("key", "encoded"), KEYS.items(), ids=range(len(KEYS)))
def test_a_key_is_percent_encoded_where_an_iri_needs_it(key: str, encoded: str) -> None:
    iri = mint(BASE, "lot", key)

    assert encode(key) == encoded
    assert ox.NamedNode(iri).value == f"{BASE}lot/{encoded}"


def test_an_iri_stays_the_same_when_it_is_resolved() -> None:
    text = "\n".join(f"<lot/{encoded}> <p> <o> ." for encoded in KEYS.values())

    found = [quad.subject.value for quad in ox.parse(text, format=ox.RdfFormat.TURTLE, base_iri=BASE)]

    assert found == [mint(BASE, "lot", key) for key in KEYS]


def test_a_column_is_encoded_like_its_cells() -> None:
    keys = pl.Series([*KEYS, None, "C-0001"])

    assert encode_series(keys).to_list() == [*KEYS.values(), None, "C-0001"]
    assert encode_series(pl.Series([None, "a"], dtype=pl.String)).to_list() == [None, "a"]
    assert encode_series(pl.Series([], dtype=pl.String)).to_list() == []


def test_the_iri_of_a_file_is_made_of_its_name() -> None:
    assert file_iri(BASE, "2026/kal 1.csv") == f"{BASE}file/2026/kal%201.csv"


def test_an_iri_of_the_store_is_shortened_and_no_other() -> None:
    assert shorten(f"{BASE}cell/C1", BASE) == "cell/C1"
    assert shorten("https://other.org/cell/C1", BASE) == "https://other.org/cell/C1"
