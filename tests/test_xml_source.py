"""XML records -> a table, like JSON that says the same; rows set aside are XML again."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from kg.errors import FaultsError
from kg.load import Loader
from kg.model import HAS_NUMBER_VALUE
from kg.sources import Reading, read_table
from kg.sources.xmlfile import parse_xml, pruned_xml
from kg.store import Store

PAGE = Path(__file__).parents[1] / "docs" / "how-to" / "load-from-a-mes.md"


def put(folder: Path, text: str, name: str = "order.xml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def rows(path: Path, **reading: Any) -> list[dict[str, str]]:
    table = read_table(path, Reading(**reading), "records")
    found = table.frame.with_columns(table.places.alias("place")).to_dicts()
    return [{name: text for name, text in row.items() if text is not None} for row in found]


def test_elements_attributes_and_texts_become_columns(tmp_path: Path) -> None:
    path = put(
        tmp_path,
        '<lab xmlns="urn:a" xmlns:b="urn:b" name="L1"><cell b:id="C1">'
        '<mass unit="g">12.5</mass><b:note/><tag>x</tag><tag>y</tag></cell><cell b:id="C2"/></lab>',
    )

    assert rows(path, records="cell[]") == [
        {
            "place": "/cell/0",
            "$.@name": "L1",
            "@id": "C1",
            "mass.@unit": "g",
            "mass.#text": "12.5",
            "tag[]": "x\ny",
        },
        {"place": "/cell/1", "$.@name": "L1", "@id": "C2"},
    ]


def test_one_element_is_a_row_like_several(tmp_path: Path) -> None:
    path = put(tmp_path, "<lab><run><id>R1</id><cell><id>C1</id></cell></run></lab>")

    assert rows(path, records="run[].cell[]") == [{"place": "/run/0/cell/0", "run[].id": "R1", "id": "C1"}]


def test_a_list_of_named_elements_is_keyed_though_it_has_one(tmp_path: Path) -> None:
    path = put(tmp_path, "<lab><run><data><ID>T</ID><value>60</value></data></run></lab>")

    assert rows(path, records="run[]", keyed=(("data", ("ID",)),)) == [
        {"place": "/run/0", "data.T.value": "60"}
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<a><b></a>", "order.xml:1: this is not XML: "),
        ("no xml", "order.xml:1: this is not XML: "),
        ("<a><c/></a>", "order.xml: there is no 'b' at '/'"),
    ],
)
def test_what_is_no_xml_or_holds_no_records_is_told(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(FaultsError) as error:
        rows(put(tmp_path, text), records="b[]")

    assert said in str(error.value)


def test_entities_are_not_followed(tmp_path: Path) -> None:
    secret = put(tmp_path, "secret", "secret.txt")
    text = f'<!DOCTYPE a [<!ENTITY e SYSTEM "{secret.as_uri()}">]><a><b><c>x&e;</c></b></a>'

    assert rows(put(tmp_path, text), records="b[]") == [{"place": "/b/0", "c": "x"}]


def test_rows_set_aside_keep_what_stands_around_them(tmp_path: Path) -> None:
    path = put(tmp_path, '<o x="1"><r><i>1</i></r><r><i>2</i><s><i>3</i></s></r><r><i>4</i></r></o>')
    places = {"/r/0", "/r/1", "/r/2", "/r/1/s/0"}

    found = pruned_xml(path, {"/r/1/s/0": "a -- b"}, places, frozenset({"r", "r.s"}))

    assert found.endswith(b'<o x="1"><r><i>2</i><!-- a - - b --><s><i>3</i></s></r></o>')
    assert parse_xml(put(tmp_path, found.decode(), "again.xml")) == {
        "@x": "1",
        "r": {"i": "2", "s": {"i": "3"}},
    }


def block(begin: str) -> str:
    """Return the block of the page that begins with a text."""
    page = PAGE.read_text(encoding="utf-8")
    return next(part.partition("\n```")[0] for part in page.split("```yaml\n")[1:] if part.startswith(begin))


def test_the_tables_of_a_mes_load_as_the_page_says(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "mes.db") as database:
        database.executescript(
            """
            CREATE TABLE segment_response (id TEXT PRIMARY KEY, process_segment_id TEXT, actual_start TEXT,
                                           actual_end TEXT, equipment_id TEXT);
            CREATE TABLE material_actual (segment_id TEXT, lot_id TEXT, material_use TEXT);
            CREATE TABLE segment_data (segment_id TEXT, parameter_id TEXT, value REAL);
            INSERT INTO segment_response VALUES
              ('KA-1', 'Calendering', '2026-03-08T05:20:00', '2026-03-08T05:42:00', 'KAL-1'),
              ('BE-1', 'Coating', '2026-03-07T05:20:00', '2026-03-07T05:42:00', 'BES-1');
            INSERT INTO material_actual VALUES ('KA-1', 'T-1', 'Consumed'), ('KA-1', 'K-1', 'Produced');
            INSERT INTO segment_data VALUES ('KA-1', 'LineLoad', 292.7);
            """
        )
    database.close()
    put(tmp_path, 'url = "sqlite:///mes.db"\n', "mes.sql.toml")
    put(tmp_path, block("title: Work at the calender, out of the database"), "mes.yaml")

    (outcome,) = Loader(tmp_path / "line", [tmp_path / "mes.yaml"]).load([tmp_path / "mes.sql.toml"])

    assert (outcome.outcome, outcome.loaded, outcome.set_aside) == ("loaded", 1, 0)
    found = Store.open(tmp_path / "line").query(f"SELECT ?v WHERE {{ ?n <{HAS_NUMBER_VALUE}> ?v }}")
    assert [float(row["v"].value) for row in found] == [292.7]


def test_what_is_set_aside_is_xml_that_others_read(tmp_path: Path) -> None:
    text = PAGE.read_text(encoding="utf-8")
    order = text.split("```xml\n")[1].partition("\n```")[0]
    path = put(tmp_path, order, "order_1.xml")
    put(tmp_path, block("title: Work at the calender, as the MES"), "b2mml.yaml")

    (outcome,) = Loader(tmp_path / "line", [tmp_path / "b2mml.yaml"]).load([path])

    assert outcome.aside is not None
    aside = etree.parse(str(outcome.aside)).getroot()
    segments = aside.findall(".//{http://www.mesa.org/xml/B2MML}SegmentResponse")
    assert [segment.findtext("{*}ID") for segment in segments] == ["KA-C-0102"]
    assert "is not a number" in str(segments[0].getprevious().text)
