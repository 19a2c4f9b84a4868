"""The value table says in columns what the graph says in triples."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kg.values
from kg import model
from kg.answers import Answer
from kg.graph import Graph
from kg.iri import DEFAULT_BASE
from kg.load import Loader
from kg.store import Store
from kg.terms import vocabulary
from kg.values import LINK_NAMES
from kg.values.part import PARTIAL
from kg.values.table import Values, part_of_graph
from tests.conftest import CALENDERING, Bench

PLANT = Path(__file__).parent / "plant"

GRAPH_VALUES = f"""
SELECT DISTINCT ?bearer ?role ?quantity ?term ?how ?value ?unit ?graph WHERE {{
  VALUES (?has ?role) {{
    (<{model.HAS_PROCESS_PARAMETER}> "parameter") (<{model.HAS_PROPERTY}> "property")
  }}
  GRAPH ?graph {{
    ?bearer ?has ?quantity .
    ?quantity a ?term ; <{model.HAS_UNIT}> ?unit ;
      <{model.HAS_NUMERICAL_PART}>/<{model.HAS_NUMBER_VALUE}> ?value .
    FILTER(?term NOT IN ({", ".join(f"<{iri}>" for iri in model.VALUE_KINDS.values())}))
    OPTIONAL {{
      VALUES (?kind ?how) {{ {" ".join(f'(<{iri}> "{name}")' for name, iri in model.VALUE_KINDS.items())} }}
      ?quantity a ?kind
    }}
  }}
}}"""

Line = tuple[str | float, ...]


def values_of_graph(store: Store) -> set[Line]:
    found: set[Line] = set()
    for row in store.query(GRAPH_VALUES):
        texts = {
            name: row[name].value if row[name] is not None else None
            for name in ("bearer", "role", "quantity", "term", "how", "unit", "graph")
        }
        name = texts["quantity"].partition("#")[2]
        found.add((*texts.values(), name, float(row["value"].value)))
    return found


def links_of_graph(store: Store) -> set[Line]:
    nodes = store.query(
        f"SELECT DISTINCT ?q WHERE {{ {{ ?b <{model.HAS_PROPERTY}>|<{model.HAS_PROCESS_PARAMETER}> ?q }}"
        f" UNION {{ ?q <{model.HAS_NUMBER_VALUE}> ?v }} }}"
    )
    quantities = {row["q"].value for row in nodes}
    names = " ".join(f"<{iri}>" for iri in LINK_NAMES)
    found: set[Line] = set()
    for graph in store.graphs():
        rows = store.query(
            f"SELECT ?s ?p ?o WHERE {{ VALUES ?p {{ {names} }} GRAPH <{graph}> {{ ?s ?p ?o }} }}"
        )
        for row in rows:
            subject, link = row["s"].value, LINK_NAMES[row["p"].value]
            if not (link == "type" and subject in quantities):
                found.add((subject, link, row["o"].value, graph))
    return found


def values_of_table(values: Values) -> set[Line]:
    columns = ("bearer", "role", "quantity", "term", "how", "unit", "graph", "name", "value")
    return set(values.values().select(columns).collect().iter_rows())


def check_same(store: Store, values: Values) -> None:
    assert values_of_table(values) == values_of_graph(store)
    links = values.edges().filter(pl.col("link") != PARTIAL).collect()
    assert set(links.iter_rows()) == links_of_graph(store)


def test_solid_state_has_its_values(tmp_path: Path) -> None:
    Loader(tmp_path / "store").load(sorted((PLANT.parent / "cases" / "solid_state_chain").glob("ssb_*")))
    store = Store.open(tmp_path / "store")
    values = kg.values.open(store)

    assert values.healed == []
    assert values.is_whole
    check_same(store, values)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("values") / "store"
    Loader(place).load([PLANT])
    return place


def test_a_load_writes_the_values_and_links_of_the_graph(place: Path) -> None:
    store = Store.open(place)
    values = kg.values.open(store)

    assert values.healed == []
    check_same(store, values)


def test_parts_made_from_the_store_are_those_of_the_load(place: Path) -> None:
    store = Store.open(place)
    loaded = kg.values.open(store)
    rebuilt = Values([part_of_graph(store, graph) for graph in store.graphs()])

    for one, other in ((loaded.values(), rebuilt.values()), (loaded.edges(), rebuilt.edges())):
        assert set(one.collect().iter_rows()) == set(other.collect().iter_rows())


def test_a_part_that_is_missing_is_made_again_and_told(place: Path) -> None:
    store = Store.open(place)
    before = values_of_table(kg.values.open(store))
    next((place / "values").glob("*.values.parquet")).unlink()
    healed = kg.values.open(store)

    assert len(healed.healed) == 1
    assert values_of_table(healed) == before
    assert kg.values.open(store).healed == []


def test_a_file_that_comes_again_has_its_new_values(bench: Bench, tmp_path: Path) -> None:
    place, folder = tmp_path / "store", tmp_path / "records"
    folder.mkdir()
    mapping = bench.write("kal.yaml", CALENDERING)
    header = "Nr;Rolle;Beginn;Last;Dicke;Text;Schicht\n"
    for text in ("1;a;;200;50;;\n2;b;;210;;;\n", "1;a;;300;50;;\n", "1;a;;200;50;;\n"):
        (folder / "kal.csv").write_text(header + text, encoding="utf-8")
        Loader(place, [mapping]).load([folder])
        store = Store.open(place)
        values = kg.values.open(store)

        assert values.healed == []
        check_same(store, values)
        assert len(list((place / "values").iterdir())) == 2


def test_a_load_that_is_killed_leaves_no_part_that_passes_for_another_graph(
    bench: Bench, tmp_path: Path
) -> None:
    place, file = tmp_path / "store", tmp_path / "kal.csv"
    mapping = bench.write("kal.yaml", CALENDERING)
    header = "Nr;Rolle;Beginn;Last;Dicke;Text;Schicht\n"
    file.write_text(header + "1;a;;200;50;;\n", encoding="utf-8")
    Loader(place, [mapping]).load([file])
    file.write_text(header + "1;a;;300;50;;\n", encoding="utf-8")

    # The part is written before its graph goes in; here, the graph never does.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Store, "replace", kill)
        with pytest.raises(KeyboardInterrupt):
            Loader(place, [mapping]).load([file])
    store = Store.open(place)
    check_same(store, kg.values.open(store))
    assert {200.0, 50.0} == set(kg.values.open(store).values().collect()["value"])

    Loader(place, [mapping]).load([file])
    store = Store.open(place)
    check_same(store, kg.values.open(store))
    assert {300.0, 50.0} == set(kg.values.open(store).values().collect()["value"])
    assert len(list((place / "values").iterdir())) == 2


def kill(*_: object) -> None:
    raise KeyboardInterrupt


AB, NUMBERS = st.sampled_from("ab"), st.sampled_from([1.0, 2.0])
STATED = st.lists(
    st.tuples(st.sampled_from("gh"), AB, AB, st.sampled_from([*model.VALUE_KINDS]), NUMBERS, AB), max_size=8
)


@given(stated=STATED)
@settings(max_examples=60, deadline=None)
def test_what_files_say_together_is_what_a_query_over_all_graphs_says(
    stated: list[tuple[str, str, str, str, float, str]],
) -> None:
    store = Store(Path(), DEFAULT_BASE, ox.Store())
    for graph in "gh":
        lines = ""
        for _, bearer, term, how, value, unit in (line for line in stated if line[0] == graph):
            q, n = f"<urn:{bearer}#x>", f"<urn:{bearer}#x.number>"
            how_iri, number = model.VALUE_KINDS[how], f'"{value}"^^<{model.XSD}double>'
            lines += f"<urn:{bearer}> <{model.HAS_PROPERTY}> {q} . {q} a <urn:{term}>, <{how_iri}> ;"
            lines += f" <{model.HAS_UNIT}> <urn:{unit}> ; <{model.HAS_NUMERICAL_PART}> {n} ."
            lines += f" {n} <{model.HAS_NUMBER_VALUE}> {number} ."
        store.db.load(lines.encode(), format=ox.RdfFormat.TURTLE, to_graph=ox.NamedNode(f"urn:{graph}"))
    values = Values([part_of_graph(store, f"urn:{graph}") for graph in "gh"])
    over_all = GRAPH_VALUES.replace("GRAPH ?graph {", "{").replace(" ?graph WHERE", " WHERE")
    names = ("bearer", "role", "term", "how", "unit")
    expected = {
        (*(row[name].value for name in names), float(row["value"].value)) for row in store.query(over_all)
    }

    assert values.is_whole
    assert set(values.stated().select(*names, "value").iter_rows()) == expected


def test_ancestors_are_what_madefrom_reaches(place: Path) -> None:
    store = Store.open(place)
    rows = store.query("SELECT DISTINCT ?t ?a WHERE { ?t bvcox:madeFrom+ ?a }")
    expected = {(row["t"].value, row["a"].value) for row in rows}
    found = kg.values.open(store).ancestors().filter(pl.col("distance") > 0)

    assert set(found.select("thing", "ancestor").iter_rows()) == expected


def test_beside_a_property_stands_what_the_query_finds_along_the_lineage(place: Path) -> None:
    store = Store.open(place)
    load, capacity = (vocabulary().resolve(label).iri for label in ("LineLoad", "DischargingCapacity"))
    answer = Graph(store).ask("parameter_against_property", parameter="term:LineLoad")
    assert isinstance(answer, Answer)
    frame = answer.as_frame()
    frame = frame[frame["electrode"] != "both"]
    found = kg.values.open(store).beside(capacity)
    columns = found.columns.filter(pl.col("term") == load).select("column", "side")
    own = found.frame.select("thing", "property_value")
    long = found.long.join(columns, on="column").join(own, on="thing")

    names = ("property_of", "property_value", "parameter_of", "electrode", "parameter_value")
    assert len(long) == len(frame) > 80
    assert set(long.select("thing", "property_value", "bearer", "side", "value").iter_rows()) == set(
        frame[list(names)].itertuples(index=False, name=None)
    )


def test_what_came_after_a_property_does_not_stand_beside_it(place: Path) -> None:
    found = kg.values.open(Store.open(place)).beside(vocabulary().resolve("StackMass").iri)
    steps = {
        vocabulary().term(iri).label for iri in found.columns["step"].drop_nulls() if iri in vocabulary()
    }

    assert "FabricatedElectrodeCalendering" in steps
    assert not steps & {"PouchCellFormation", "ElectrochemicalCellEolTesting"}


def test_the_example_of_the_page_runs(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (PLANT.parents[1] / "docs" / "explanation" / "value-table.md").read_text(encoding="utf-8")
    monkeypatch.chdir(place.parent)
    exec(page.partition("```python")[2].partition("```")[0].replace('"line"', '"store"'), {})

    assert "values" in capsys.readouterr().out
