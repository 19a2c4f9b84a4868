"""From a cell back to the material lots, and from a slurry batch to the cells that came of it."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pandas as pd
import pyoxigraph as ox
import pytest
from click.testing import CliRunner

from kg import model
from kg.cli import main
from kg.errors import KgError
from kg.iri import DEFAULT_BASE
from kg.lineage import Run, Trace, as_dict, trace, tree
from kg.load import Loader
from kg.store import Store

PLANT = Path(__file__).parent / "plant"
CELL, BATCH = "PC-0001", "B-A-001"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    path = tmp_path_factory.mktemp("line") / "store"
    Loader(path).load([PLANT])
    return Store.open(path)


def runs(found: Trace) -> dict[str, Run]:
    return {run.id: run for run in found.runs.values()}


def names(found: Trace, kind: str) -> set[str]:
    """Return the keys of the things of one kind."""
    return {
        thing.id.removeprefix(f"{kind}/")
        for thing in found.things.values()
        if thing.id.startswith(f"{kind}/")
    }


def csv(name: str) -> pd.DataFrame:
    options = {"sep": ",", "encoding": "utf-8"} if "slitting" in name else {"sep": ";", "encoding": "cp1252"}
    return pd.read_csv(PLANT / name, dtype=str, **options)  # type: ignore[call-overload, no-any-return]


def coating() -> pd.DataFrame:
    return pd.read_csv(PLANT / "coating_2026-03.csv", skiprows=2, dtype=str)


def calendering() -> pd.DataFrame:
    sheet = openpyxl.load_workbook(PLANT / "kalander_2026-03.xlsx").active
    assert sheet is not None
    header, *rows = list(sheet.iter_rows(min_row=3, values_only=True))
    return pd.DataFrame(rows, columns=pd.Index([str(name) for name in header]))


def slitting() -> pd.DataFrame:
    table = csv("slitting_2026-03.csv")
    return table.assign(Reels=table["Reels"].str.split(";")).explode("Reels")


def after(table: pd.DataFrame, column: str, wanted: set[str], made: str) -> set[str]:
    """Return what a step made from some things, by its file."""
    return set(table.loc[table[column].isin(wanted), made])


def cells_of_batch(batch: str) -> set[str]:
    """Return the cells of a slurry batch, by the files alone."""
    webs = after(coating(), "Slurry batch", {batch}, "Web ID")
    webs = after(csv("trocknung_2026-03.csv"), "Rolle ein", webs, "Rolle aus")
    webs = after(calendering(), "Rolle ein", webs, "Rolle aus")
    reels = after(slitting(), "Web in", webs, "Reels")
    stacking = csv("stapeln_2026-03.csv")
    found = after(stacking, "Anodenrolle", reels, "Zell-Nr.") | after(
        stacking, "Kathodenrolle", reels, "Zell-Nr."
    )
    return {str(cell) for cell in found}


# Up


def test_a_cell_leads_back_through_every_step_to_its_lots(store: Store) -> None:
    found = runs(trace(store, CELL))

    steps = {name.removeprefix("run/").partition("/")[0] for name in found}
    assert steps == {
        "inspection",
        "mixing",
        "coating",
        "drying",
        "calendering",
        "slitting",
        "stacking",
        "filling",
        "formation",
        "degassing",
        "eol",
    }


def test_the_lots_behind_a_cell_are_those_that_the_files_give(store: Store) -> None:
    stacking = csv("stapeln_2026-03.csv").set_index("Zell-Nr.").loc[CELL]
    filling = pd.read_csv(PLANT / "filling_2026-03.csv", dtype=str).set_index("Cell").loc[CELL]
    slit = slitting().set_index("Reels")
    calendered = calendering().set_index("Rolle aus")
    dried = csv("trocknung_2026-03.csv").set_index("Rolle aus")
    coated = coating().set_index("Web ID")
    mixed = csv("mischen_2026-03.csv").set_index("Ansatz-Nr.")
    wanted = {str(stacking["Separatorcharge"]), str(filling["Electrolyte lot"])}
    for reel in (stacking["Anodenrolle"], stacking["Kathodenrolle"]):
        web = coated.loc[dried.loc[calendered.loc[slit.loc[reel, "Web in"], "Rolle ein"], "Rolle ein"]]
        lots = mixed.loc[web["Slurry batch"]].filter(like="Charge ").dropna()
        wanted |= {str(web["Foil lot"]), *map(str, lots)}

    assert names(trace(store, CELL), "lot") == wanted


def test_a_run_on_the_way_has_its_parameters_machine_times_and_row(store: Store) -> None:
    found = trace(store, CELL)
    run = runs(found)["run/calendering/KA-C-0001"]

    values = {(value.term, value.name): (value.value, value.unit) for value in run.parameters}
    assert values["LineLoad", "LineLoad"] == (292.7, "N/mm")
    assert values["LineLoad", "LineLoad.set"] == (289.0, "N/mm")
    assert run.classes == ("FabricatedElectrodeCalendering",)
    assert [tool.rpartition("/")[2] for tool in run.tools] == ["KAL-1"]
    assert (run.start, run.end) == ("2026-03-08T06:20:00+01:00", "2026-03-08T06:42:00+01:00")
    assert run.sources == ("kalander_2026-03.xlsx#row=4",)
    assert [found.things[step.source].id for step in found.steps if step.run == run.iri] == ["web/T-C-0001"]


def test_every_process_run_behind_a_cell_has_parameters_and_a_machine(store: Store) -> None:
    found = runs(trace(store, CELL))
    made = {name: run for name, run in found.items() if not name.startswith("run/inspection/")}

    assert [name for name, run in made.items() if not run.parameters] == []
    assert [name for name, run in made.items() if not run.tools] == []
    assert [name for name, run in found.items() if not run.start or not run.sources] == []


def test_things_on_the_way_have_their_properties(store: Store) -> None:
    web = trace(store, CELL).things[f"{DEFAULT_BASE}web/K-C-0001"]

    values = {value.term: (value.value, value.unit) for value in web.properties}
    assert values["Porosity"] == (28.8, "%")
    assert values["CalenderedDensity"] == (3.055, "g/cm³")


def test_a_thing_that_comes_twice_in_the_tree_is_told_once(store: Store) -> None:
    waiting, found = list(tree(trace(store, CELL))), []
    while waiting:
        branch = waiting.pop(0)
        if branch.thing and branch.thing.id == "lot/RUSS-2601":
            found.append((branch.seen, branch.twigs != ()))
        waiting = [other for twig in branch.twigs for other in twig.branches] + waiting

    assert found == [(False, True), (True, False)]


# Down


@pytest.mark.parametrize("batch", ["B-A-001", "B-C-001", "B-C-003"])
def test_a_batch_leads_to_exactly_the_cells_that_the_files_give(store: Store, batch: str) -> None:
    wanted = cells_of_batch(batch)

    assert 0 < len(wanted) < 48
    assert names(trace(store, batch, "down"), "cell") == wanted


def test_a_batch_leads_to_no_other_batch(store: Store) -> None:
    assert names(trace(store, BATCH, "down"), "batch") == {BATCH}
    assert names(trace(store, BATCH, "down"), "lot") == set()


def test_what_leads_up_leads_down_again(store: Store) -> None:
    for lot in names(trace(store, CELL), "lot"):
        assert CELL in names(trace(store, lot, "down"), "cell"), lot


def test_a_cell_of_the_line_is_the_end_of_it(store: Store) -> None:
    found = trace(store, CELL, "down")

    assert names(found, "cell") == {CELL}


# Names


@pytest.mark.parametrize("name", [CELL, f"cell/{CELL}", f"{DEFAULT_BASE}cell/{CELL}"])
def test_a_thing_is_found_by_identifier_name_and_iri(store: Store, name: str) -> None:
    assert trace(store, name).roots == (f"{DEFAULT_BASE}cell/{CELL}",)


def test_a_thing_is_found_by_its_label(store: Store) -> None:
    assert trace(store, "VE-Wasser").roots == (f"{DEFAULT_BASE}lot/VEW-2601",)


def test_a_run_may_be_traced(store: Store) -> None:
    run = "run/calendering/KA-C-0001"

    assert names(trace(store, run, "down"), "reel") == {"S-C-0001", "S-C-0002"}
    assert names(trace(store, run), "web") == {"T-C-0001", "W-C-0001"}
    assert run in runs(trace(store, run))


def test_an_unknown_name_is_told_with_near_ones(store: Store) -> None:
    with pytest.raises(KgError) as error:
        trace(store, "PC-00001")

    assert str(error.value).startswith("nothing in the store is called 'PC-00001'. Near: 'PC-0001'")


@pytest.mark.parametrize("name", ["", "§§§", "https://elsewhere.example/x", "a b<c>", "' } #"])
def test_a_name_that_is_like_none_is_told_with_examples(store: Store, name: str) -> None:
    with pytest.raises(KgError) as error:
        trace(store, name)

    assert f"nothing in the store is called '{name}'." in str(error.value)


MAPPING = """\
title: Calendering
files: ["kal*.csv"]
things:
  run: {kind: run, class: FabricatedElectrodeCalendering, role: run}
  web: {kind: web, class: CalenderedFabricatedElectrode, role: output}
columns:
  Nr: {id: run}
  Web: {id: web}
"""


def test_a_name_of_several_things_is_told_with_all_of_them(tmp_path: Path) -> None:
    (tmp_path / "kal.yaml").write_text(MAPPING, encoding="utf-8")
    (tmp_path / "kal.csv").write_text("Nr,Web\n7,7\n", encoding="utf-8")
    Loader(tmp_path / "store", [tmp_path / "kal.yaml"]).load([tmp_path / "kal.csv"])
    opened = Store.open(tmp_path / "store")

    with pytest.raises(KgError) as error:
        trace(opened, "7")

    assert str(error.value) == "'7' names several things: run/7, web/7. Give one of these."
    assert [thing.classes for thing in trace(opened, "web/7").things.values()] == [
        ("CalenderedFabricatedElectrode",)
    ]


def test_things_that_go_in_a_circle_end_the_walk(tmp_path: Path) -> None:
    mapping = MAPPING.replace(
        "columns:", "  before: {kind: web, class: CalenderedFabricatedElectrode, role: input}\ncolumns:"
    )
    (tmp_path / "kal.yaml").write_text(mapping + "  Before: {id: before}\n", encoding="utf-8")
    (tmp_path / "kal.csv").write_text("Nr,Web,Before\n1,A,B\n2,B,A\n3,C,C\n", encoding="utf-8")
    Loader(tmp_path / "store", [tmp_path / "kal.yaml"]).load([tmp_path / "kal.csv"])
    opened = Store.open(tmp_path / "store")

    assert names(trace(opened, "A"), "web") == names(trace(opened, "A", "down"), "web") == {"A", "B"}
    assert names(trace(opened, "C"), "web") == names(trace(opened, "C", "down"), "web") == {"C"}


def test_a_trace_tells_values_at_blank_nodes_and_texts_as_they_are(tmp_path: Path) -> None:
    opened = Store.create(tmp_path / "store")
    text = f"""
        <run/1> <{model.HAS_INPUT}> <a/1> ; <{model.HAS_OUTPUT}> <b/1> ;
            <{model.HAS_PROCESS_PARAMETER}> <run/1#P> ;
            <{model.TEXT_PROPERTIES["comment"]}> "7 times,  3 of them\\n 8 late " .
        <run/1#P> a <P> ; <{model.HAS_NUMERICAL_PART}> [ <{model.HAS_NUMBER_VALUE}> 5.0 ] .
        <b/1> <{model.HAS_PROPERTY}> [ a <Q> ; <{model.HAS_NUMERICAL_PART}> <n> ] .
        <n> <{model.HAS_NUMBER_VALUE}> 6.5 .
    """
    graph = ox.NamedNode(opened.base + "file/x")
    opened.db.load(text.encode(), ox.RdfFormat.TURTLE, base_iri=opened.base, to_graph=graph)

    found = trace(opened, "b/1")

    run = runs(found)["run/1"]
    assert run.comment == "7 times,  3 of them\n 8 late "
    assert [(value.term, value.value) for value in run.parameters] == [("P", 5.0)]
    assert [value.value for value in found.things[opened.base + "b/1"].properties] == [6.5]


# For machines


def test_json_of_a_trace_is_what_python_gives(store: Store) -> None:
    for name, way in ((CELL, "up"), (BATCH, "down")):
        options = ["trace", name, f"--{way}", "--json", "--store", str(store.path)]
        answer = json.loads(CliRunner().invoke(main, options).stdout)

        assert answer == as_dict(trace(store, name, "up" if way == "up" else "down"))


def test_every_step_of_the_json_joins_things_and_runs_that_are_in_it(store: Store) -> None:
    answer = as_dict(trace(store, CELL))
    ids = {one["id"] for one in answer["things"]}
    run_ids = {one["id"] for one in answer["runs"]}

    assert answer["roots"] == [f"cell/{CELL}"]
    assert {step["run"] for step in answer["steps"]} == run_ids
    assert {step[end] for step in answer["steps"] for end in ("source", "made")} - {None} == ids
