"""Claims about the forms of a trace: rows, JSON-LD, the picture, and the recall of cells."""

from __future__ import annotations

import json
import re
import warnings
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree

import pyld.jsonld  # type: ignore[import-untyped]
import pyoxigraph as ox
import pytest
import rdflib
from click.testing import CliRunner

from kg.cli import main
from kg.iri import DEFAULT_BASE
from kg.lineage import Direction, as_jsonld, links, moment, recall, rows, svg, trace
from kg.lineage.cards import layers, picture
from kg.lineage.layout import arrange
from kg.load import Loader
from kg.store import Store

PLANT = Path(__file__).parent / "plant"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    path = tmp_path_factory.mktemp("line") / "store"
    Loader(path).load([PLANT])
    return Store.open(path)


# Rows


def test_each_run_and_each_thing_that_no_run_made_has_one_row(store: Store) -> None:
    found = trace(store, "PC-0001")
    told = rows(found)

    assert sorted(row.run for row in told if row.run) == sorted(run.id for run in found.runs.values())
    assert {row.outputs for row in told if not row.run} == {
        thing.id for thing in found.things.values() if thing.id.startswith("lot/")
    }


def test_a_row_has_step_time_machine_values_and_note(store: Store) -> None:
    row = next(row for row in rows(trace(store, "PC-0001")) if row.run == "run/coating/CO-C-0001")

    assert (row.step, row.start, row.machine) == (
        "BatteryElectrodeCoating",
        "2026-03-05T06:20:00+01:00",
        "COAT-1",
    )
    assert "CoatingGap 251.4 µm" in row.values and "MassLoading 17.59 mg/cm²" in row.values
    assert row.note == 'camera says "streak", none seen'


# JSON-LD


def test_json_ld_is_valid_and_says_nothing_that_the_store_does_not(store: Store) -> None:
    document = as_jsonld(trace(store, "PC-0001"), embed=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of rdflib, about its own reader
        nt = rdflib.Graph().parse(data=json.dumps(document), format="json-ld").serialize(format="nt")
    by_pyld = ox.parse(pyld.jsonld.to_rdf(document, {"format": "application/n-quads"}), ox.RdfFormat.N_QUADS)
    said = {quad.triple for quad in ox.parse(nt, ox.RdfFormat.N_TRIPLES)}
    known = {quad.triple for quad in store.db}

    def doubles(triples: set[ox.Triple]) -> set[ox.Triple]:
        return {
            t
            for t in triples
            if isinstance(t.object, ox.Literal) and t.object.datatype.value.endswith("double")
        }

    def numbers(triples: set[ox.Triple]) -> set[tuple[str, float]]:
        return {
            (str(t.subject), float(t.object.value))
            for t in doubles(triples)
            if isinstance(t.object, ox.Literal)
        }

    assert len(said) > 1500
    assert said - doubles(said) <= known
    assert numbers(said) <= numbers(known)
    read = {quad.triple for quad in by_pyld}
    assert (read - doubles(read), numbers(read)) == (said - doubles(said), numbers(said))


def test_json_ld_names_the_context_of_the_project(store: Store) -> None:
    document = as_jsonld(trace(store, "B-A-001", "down"))

    assert document["@context"] == "https://w3id.org/battery-kg/context"
    assert len(document["@graph"]) == len({node["@id"] for node in document["@graph"]})


# The picture


@pytest.mark.parametrize(("name", "way"), [("PC-0001", "up"), ("B-A-001", "down"), ("NMC-2601", "down")])
def test_the_picture_is_whole_and_no_card_lies_on_another(store: Store, name: str, way: str) -> None:
    found = trace(store, name, "up" if way == "up" else "down")
    root = ElementTree.fromstring(svg(found))
    cards = [group for group in root.iter(f"{SVG}g") if group.find(f"{SVG}title") is not None]
    boxes = []
    for card in cards:
        rects = [rect for rect in card.findall(f"{SVG}rect") if rect.get("class") == "card"]
        x, y, width, height = (float(str(rects[-1].get(key))) for key in ("x", "y", "width", "height"))
        boxes.append((x, y, x + width, y + height))
        for text in card.findall(f"{SVG}text"):
            assert x <= float(str(text.get("x"))) <= x + width
            assert y <= float(str(text.get("y"))) <= y + height

    assert (
        root.get("role") == "img"
        and root.find(f"{SVG}title") is not None
        and root.find(f"{SVG}desc") is not None
    )
    assert len(cards) == len(picture(found).cards) > 10
    assert all(
        one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
        for one, other in combinations(boxes, 2)
    )


def test_lines_of_a_card_do_not_touch(store: Store) -> None:
    root = ElementTree.fromstring(svg(trace(store, "PC-0001")))
    cards = [group for group in root.iter(f"{SVG}g") if group.find(f"{SVG}title") is not None]

    for card in cards:
        lines = sorted({float(str(text.get("y"))) for text in card.findall(f"{SVG}text")})
        assert all(below - above >= 12 for above, below in pairwise(lines))


def test_many_cells_are_one_card_with_their_number_and_ranges(store: Store) -> None:
    drawn = picture(trace(store, "NMC-2601", "down"))
    alone = picture(trace(store, "NMC-2601", "down"), together=1000)
    group = next(card for card in drawn.cards.values() if card.title == "Fabricated electrode stacking")

    assert re.fullmatch(r"\d+ cells", group.name) and group.count > 8
    assert all("…" in text for _, text in group.lines)
    assert sum(card.count for card in drawn.cards.values()) == len(alone.cards)


def test_a_picture_of_hundreds_of_cards_keeps_them_apart() -> None:
    keys = [f"{column}.{row}" for column in range(8) for row in range(40)]
    arrows = [
        (f"{column}.{row}", f"{column + 1 + row % 2}.{(7 * row) % 40}")
        for column in range(6)
        for row in range(40)
    ]
    columns = layers(keys, arrows)
    plan = arrange(dict.fromkeys(keys, 50.0), columns, arrows, width=100, gap_x=20, gap_y=10)

    assert all(columns[one] < columns[other] for one, other in arrows)
    for column in set(columns.values()):
        tops = sorted(plan.boxes[key].y for key in keys if columns[key] == column)
        assert all(below - above >= 59.999 for above, below in pairwise(tops))


def test_a_circle_of_cards_has_columns_all_the_same() -> None:
    assert set(layers("abc", [("a", "b"), ("b", "c"), ("c", "a")])) == {"a", "b", "c"}


# Recall


def test_a_machine_in_a_time_reaches_the_cells_of_its_webs(store: Store) -> None:
    since, until = moment("2026-03-08T06:00"), moment("2026-03-08T08:00")
    found = trace(store, "machine/KAL-1", "down", since=since, until=until)
    webs = {found.runs[root].id for root in found.roots}
    wanted = {
        thing.id
        for run in webs
        for thing in trace(store, run, "down").things.values()
        if thing.id.startswith("cell/")
    }

    assert webs == {"run/calendering/KA-C-0001", "run/calendering/KA-A-0001", "run/calendering/KA-C-0002"}
    assert {cell.cell for cell in recall(found).cells} == wanted


def test_a_time_with_a_zone_is_that_moment_wherever_it_is_read(store: Store) -> None:
    there = trace(
        store,
        "machine/KAL-1",
        "down",
        since=moment("2026-03-08T05:00+00:00"),
        until=moment("2026-03-08T07:00+00:00"),
    )
    here = trace(
        store, "machine/KAL-1", "down", since=moment("2026-03-08T06:00"), until=moment("2026-03-08T08:00")
    )

    assert there.roots == here.roots != ()


def test_a_recall_says_where_each_cell_is_now(store: Store) -> None:
    cells = {cell.cell: cell for cell in recall(trace(store, "S-C-0001", "down")).cells}
    cell = cells["cell/PC-0001"]

    assert set(cells) == {"cell/PC-0001", "cell/PC-0002"}
    assert (cell.last_step, cell.state) == ("ElectrochemicalCellEolTesting", "EolTestedElectrochemicalCell")
    assert (cell.when, cell.grade, cell.place) == ("2026-03-27T13:15:00+01:00", "B", "at EOL-1")
    assert cell.through == "reel/S-C-0001"


def test_what_was_not_used_yet_is_a_gap_of_the_recall(tmp_path: Path) -> None:
    for name in ("coating_2026-03.csv", "trocknung_2026-03.csv"):
        (tmp_path / name).write_bytes((PLANT / name).read_bytes())
    Loader(tmp_path / "store").load([tmp_path])
    found = recall(trace(Store.open(tmp_path / "store"), "B-A-001", "down"))

    assert found.cells == ()
    assert [gap.where for gap in found.gaps] == [f"web/T-A-{number:04}" for number in range(1, 5)]
    assert {gap.text for gap in found.gaps} == {"no record says what was made of it"}


def test_depth_ends_the_walk_and_says_where(store: Store) -> None:
    found = trace(store, "B-A-001", "down", depth=2)

    assert {thing.id.partition("/")[0] for thing in found.things.values()} == {"batch", "web"}
    assert [gap.where for gap in found.gaps] == [f"web/T-A-{number:04}" for number in range(1, 5)]


@pytest.mark.parametrize("way", ["up", "down"])
@pytest.mark.parametrize("with_values", [True, False])
def test_a_long_walk_over_columns_finds_what_single_looks_find(
    store: Store, monkeypatch: pytest.MonkeyPatch, way: Direction, with_values: bool
) -> None:
    names = ["B-A-001", "PC-0001", "lot/NMC-2601"]
    singly = [trace(store, name, way, with_values=with_values) for name in names]
    monkeypatch.setattr(links, "MANY", 1)

    assert [trace(store, name, way, with_values=with_values) for name in names] == singly


def test_values_may_be_left_out_and_nothing_else_changes(store: Store) -> None:
    full, brief = (trace(store, "B-A-001", "down", with_values=flag) for flag in (True, False))

    assert (full.steps, list(full.things), list(full.runs)) == (
        brief.steps,
        list(brief.things),
        list(brief.runs),
    )
    assert recall(full) == recall(brief)
    assert not any(thing.properties for thing in brief.things.values())


# The command


def run(store: Store, *options: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["trace", *options, "--store", str(store.path)])
    return result.exit_code, result.output


@pytest.mark.parametrize("form", ["table", "csv", "json", "jsonld", "svg"])
def test_every_form_is_printed(store: Store, form: str) -> None:
    code, text = run(store, "S-C-0001", "--format", form)

    assert code == 0
    assert "S-C-0001" in text


def test_a_file_is_written_where_it_is_asked_for(store: Store, tmp_path: Path) -> None:
    code, _ = run(store, "S-C-0001", "--format", "svg", "-o", str(tmp_path / "reel.svg"))

    assert code == 0
    assert (tmp_path / "reel.svg").read_text("utf-8") == svg(trace(store, "S-C-0001"))


def test_cells_are_listed_with_what_was_not_followed(store: Store) -> None:
    code, text = run(store, "B-A-001", "--down", "--cells")

    assert code == 0
    assert "16 cells reached from batch/B-A-001.\n0 ways could not be followed to a cell.\n" in text


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("PC-0001", "--cells"), "--cells goes with --down"),
        (("PC-0001", "-o", "x.txt"), "-o goes with --format csv, json, jsonld or svg"),
        (("PC-0001", "--from", "2026-03-08T06:00"), "'cell/PC-0001' is no machine and no person"),
        (("machine/KAL-1", "--from", "gestern"), "'gestern' is no time. Write it like 2026-03-08T06:00"),
        (("PC-0001", "--positions", "a..b"), "'a..b' are no metres of a web. Write them like 120..121."),
    ],
)
def test_what_does_not_go_together_is_said(store: Store, options: tuple[str, ...], said: str) -> None:
    code, text = run(store, *options)

    assert code == 2
    assert said in text


def test_iris_of_a_trace_are_those_of_the_store(store: Store) -> None:
    found = trace(store, "PC-0001")

    assert all(iri.startswith(DEFAULT_BASE) for iri in (*found.things, *found.runs))
