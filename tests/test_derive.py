"""Claims about derived graphs: what the rules say, that they stay in step, and that nothing else changes."""

from __future__ import annotations

import dataclasses
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyoxigraph as ox
import pytest

from kg import model
from kg.catalogue import Entry
from kg.derive import Refreshed, layers, refresh, rules, states, tables
from kg.derive.columns import COLUMNS
from kg.derive.rule import parse, read_rules
from kg.derive.run import construct
from kg.errors import FaultsError
from kg.load import Loader
from kg.store import DERIVED, Store, writing

PLANT = Path(__file__).parent / "plant"
OPERATIONS = Path(__file__).parent / "plant_operations"
BVCOX = model.BVCOX

SMALL = """\
#+ summary: {name}
#+ question: {name}?
#+ focus: x
#+ uses: [{uses}]
#+ writes: {{p: is a test}}
CONSTRUCT {{ ?x bvcox:{name} ?y }}
WHERE {{
  VALUES ?x {{ UNDEF }}
  ?x {reads} ?y .
}}
"""


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the store of the sample line, loaded with its derived graphs."""
    place = tmp_path_factory.mktemp("line") / "store"
    records = [*sorted(PLANT.glob("*_*.*")), *sorted(OPERATIONS.glob("*.csv"))]
    Loader(place).load(path for path in records if path.suffix in (".csv", ".xlsx", ".json"))
    return place


def derived(store: Store) -> dict[str, set[ox.Triple]]:
    return {graph.removeprefix(DERIVED): set(store.triples([graph])) for graph in store.derived()}


def steps(store: Store, link: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for triple in store.triples(store.graphs()):
        if triple.predicate.value == link:
            assert isinstance(triple.subject, ox.NamedNode) and isinstance(triple.object, ox.NamedNode)
            found.setdefault(triple.subject.value, set()).add(triple.object.value)
    return found


def behind(thing: str, made: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [thing]
    while waiting:
        new = made.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return found


def test_a_thing_comes_from_all_that_is_behind_it(line: Path) -> None:
    store = Store.open(line)
    made = steps(store, model.MADE_FROM)
    expected = {(thing, source) for thing in made for source in behind(thing, made)}

    told = derived(store)["derived-from"]

    assert {(t.subject.value, t.object.value) for t in told} == expected  # type: ignore[union-attr]
    assert len(expected) > 1000


def test_each_value_of_a_table_has_one_direct_triple(line: Path) -> None:
    store = Store.open(line)
    expected = set()
    for triple in store.triples(store.graphs()):
        if triple.predicate.value == model.HAS_NUMBER_VALUE:
            assert isinstance(triple.subject, ox.NamedNode)
            bearer, _, name = triple.subject.value.removesuffix(".number").partition("#")
            link = ox.NamedNode(f"{BVCOX}value-{name}")
            expected.add(ox.Triple(ox.NamedNode(bearer), link, triple.object))

    assert derived(store)["direct-values"] == expected
    assert len(expected) > 3000


def _stored(text: bytes) -> set[str]:
    """Return triples as a store has them: it writes 62.0 as 62."""
    store = ox.Store()
    store.load(input=text, format=ox.RdfFormat.N_TRIPLES)
    return set(map(str, store))


def test_columns_say_what_the_query_of_the_rule_says(line: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "READ", 10_000)  # an answer ends in the midst of things
    monkeypatch.setattr(tables, "ROWS", 100)
    store = Store.open(line)
    compared = [rule for rule in rules() if rule.name in COLUMNS]
    for rule in compared:
        by_columns = _stored(b"".join(COLUMNS[rule.name](store)))

        assert by_columns == _stored(construct(store, rule.all())), rule.name
        # Where a part of the value table is absent, the store is asked.
        with monkeypatch.context() as without:
            without.setattr(tables, "_kept", lambda store: {})
            assert by_columns == _stored(b"".join(COLUMNS[rule.name](store))), rule.name

    assert len(compared) == len(COLUMNS) >= 3


def test_derived_graphs_are_no_records(line: Path) -> None:
    store = Store.open(line)
    records = sum(1 for _ in store.triples(store.graphs()))

    assert store.count() == records
    assert not set(store.graphs()) & set(store.derived())
    assert {graph.removeprefix(DERIVED) for graph in store.derived()} <= {rule.name for rule in rules()}


def test_every_kept_rule_is_in_step_after_a_load(line: Path) -> None:
    store = Store.open(line)
    known = states(store)
    kept = [rule for rule in rules() if rule.about.kept]

    assert set(known) == {rule.name for rule in kept}
    assert {name: state.triples for name, state in known.items()} == {
        rule.name: len(set(store.triples([rule.graph]))) for rule in kept
    }
    with writing(line) as opened:
        assert {done.how for done in refresh(opened)} == {"unchanged"}


@pytest.mark.parametrize("seed", range(2))
def test_a_refresh_of_a_part_gives_what_a_refresh_of_all_gives(line: Path, tmp_path: Path, seed: int) -> None:
    """Rows of random files are dropped, and values in them changed, again and again."""
    chance = random.Random(seed)
    store = tmp_path / "store"
    shutil.copytree(line, store)
    records = tmp_path / "records"
    shutil.copytree(PLANT, records)
    # The same folder, so that a file is a new version of the one that was loaded.
    done: list[str] = []
    for name in chance.sample(
        ["coating_2026-03.csv", "filling_2026-03.csv", "stapeln_2026-03.csv", "slitting_2026-03.csv"], 2
    ):
        before = (records / name).read_bytes().splitlines(keepends=True)
        # Header lines stand at the top.
        gone = set(chance.sample(range(6, len(before)), 2))
        after = [row for number, row in enumerate(before) if number not in gone]
        (records / name).write_bytes(b"".join(after))
        loader = Loader(store)
        # The records of the copy lie elsewhere than those that were loaded first.
        loader.known = {key: _here(entry, records) for key, entry in loader.known.items()}
        loader.load([records / name])
        done += [state.how for state in states(Store.open(store)).values()]
    by_parts = derived(Store.open(store))
    with writing(store) as opened:
        for graph in opened.derived():
            opened.replace(graph, "", "")
        refresh(opened)

    assert by_parts == derived(Store.open(store))
    assert done.count("part") >= 2


def _here(entry: Entry, folder: Path) -> Entry:
    return dataclasses.replace(entry, folder=str(folder.resolve()))


WRITTEN = [
    *((text, "double") for text in ("95.0", "-0.0", "3.7", "1e-07", "2.5e+20", "0.00012")),
    *((f"2026-03-02T06:30:00{end}", "dateTime") for end in ("", "Z", "+01:00", "+00:00", ".500Z", ".000")),
]
"""Numbers and times as files and mappings write them."""


def test_what_the_store_writes_in_another_way_is_no_change(tmp_path: Path) -> None:
    text = "".join(
        f'<http://a/{at}> <http://a/p> "{said}"^^<{model.XSD}{kind}> .\n'
        for at, (said, kind) in enumerate(WRITTEN)
    )
    with writing(Store.create(tmp_path / "store").path) as store:
        store.replace("http://a/graph", text, "")
    with writing(tmp_path / "store") as store:
        store.replace("http://a/graph", text.replace("3.7", "3.8"), "")
        changed = store.changes["http://a/graph"]

    assert changed is not None
    assert sorted(line[:12] for line in changed["line"]) == ["<http://a/2>", "<http://a/2>"]


def test_a_refresh_leaves_what_was_asserted(line: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    shutil.copytree(line, store)
    opened = Store.open(store)
    before = {graph: set(opened.triples([graph])) for graph in opened.graphs()}
    del opened
    with writing(store) as handle:
        for graph in handle.derived():
            handle.replace(graph, "", "")
        refresh(handle)
    after = Store.open(store)

    assert {graph: set(after.triples([graph])) for graph in after.graphs()} == before


def test_a_refresh_that_is_killed_leaves_the_old_or_the_new(line: Path, tmp_path: Path) -> None:
    whole = derived(Store.open(line))
    program = (
        "import sys; from pathlib import Path; from kg.store import writing; from kg.derive import refresh\n"
        "with writing(Path(sys.argv[1])) as store:\n"
        "    for graph in store.derived(): store.replace(graph, '', '')\n"
        "    print('go', flush=True); refresh(store); print('done', flush=True)\n"
    )
    for number in range(2):
        store = tmp_path / str(number)
        shutil.copytree(line, store)
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(store)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        with process.stdout:
            assert process.stdout.readline() == "go\n"
            time.sleep(0.2 * number**2)
            os.kill(process.pid, signal.SIGKILL)
        process.wait()
        after = derived(Store.open(store))
        known = states(Store.open(store))

        # A graph is empty where its rule was not run yet, and then has no entry.
        assert all(told in (set(), whole[name]) for name, told in after.items())
        assert set(known) == {name for name, told in after.items() if told}


def test_rules_that_need_one_another_are_named(tmp_path: Path) -> None:
    for name, uses, reads in (("one", "two", "a:p"), ("two", "three", "a:p"), ("three", "one", "a:p")):
        (tmp_path / f"{name}.rq").write_text(
            SMALL.format(name=name, uses=uses, reads=f"<{reads}>"), encoding="utf-8"
        )

    with pytest.raises(FaultsError, match="one -> two -> three -> one"):
        read_rules(tmp_path)


def test_a_rule_names_the_rules_that_it_reads(tmp_path: Path) -> None:
    for name, uses, reads in (("one", "", "<a:p>"), ("two", "", "bvcox:one")):
        (tmp_path / f"{name}.rq").write_text(
            SMALL.format(name=name, uses=uses, reads=reads), encoding="utf-8"
        )

    with pytest.raises(FaultsError, match="it reads bvcox:one, which 'one' writes"):
        read_rules(tmp_path)


def test_a_rule_comes_after_those_that_it_uses() -> None:
    number = {rule.name: n for n, layer in enumerate(layers(rules())) for rule in layer}

    assert len(number) >= 4
    assert all(number[name] < number[rule.name] for rule in rules() for name in rule.about.uses)


def test_the_focus_needs_a_line_of_its_own() -> None:
    with pytest.raises(FaultsError, match=r"the focus needs a line 'VALUES \?x { UNDEF }'"):
        parse("one", SMALL.format(name="one", uses="", reads="<a:p>").replace("UNDEF", "<a:b>"))


def test_a_load_can_leave_derived_graphs_as_they_are(tmp_path: Path) -> None:
    Loader(tmp_path / "store", derive=False).load([PLANT / "coating_2026-03.csv"])

    assert Store.open(tmp_path / "store").derived() == []


def test_what_was_done_is_told(tmp_path: Path) -> None:
    Loader(tmp_path / "store", derive=False).load([PLANT / "coating_2026-03.csv"])
    with writing(tmp_path / "store") as store:
        done = refresh(store)

    assert all(isinstance(one, Refreshed) and one.how == "whole" for one in done)
    assert {one.rule for one in done} == {rule.name for rule in rules() if rule.about.kept}
