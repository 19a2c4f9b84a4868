"""A calender on a real server is watched -> states, runs and series; a crash of either side loses no run."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import kg
import kg.series
from kg.errors import KgError
from kg.load import Loader
from kg.model import (
    HAS_NUMBER_VALUE,
    HAS_NUMERICAL_PART,
    HAS_PROCESS_PARAMETER,
    HAS_UNIT,
    VALUE_KINDS,
)
from kg.opcua.mapping import read_mapping
from kg.opcua.watch import Watch
from kg.store import Store
from tests.calender import MAPPING, Watcher, calender, iso, runs_in, watched


@dataclass
class Story:
    """What the calender did, and what came of it: lot by lot the begin and the end, by its own clock."""

    watcher: Watcher
    spans: dict[str, tuple[float, float]]
    told: list[dict[str, Any]]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Four lots: the watcher is killed in the second, the server in the third."""
    spans: dict[str, tuple[float, float]] = {}
    with calender() as machine, watched(machine, tmp_path_factory.mktemp("watched")) as watcher:
        watcher.wait("connected to")
        spans["KA-1"] = machine.make("KA-1", (291.0, 295.0))
        began = machine.begin("KA-2")
        machine.do(LineLoad=280.0)
        watcher.knows("280.0")
        watcher.kill()
        watcher.start()
        watcher.wait("connected to")
        machine.do(LineLoad=281.0)
        spans["KA-2"] = began, machine.end()
        watcher.wait("run 2")
        began = machine.begin("KA-3")
        time.sleep(0.02)
        spans["KA-3"] = began, machine.do(LineLoad=270.0)
        watcher.knows("270.0")
        machine.kill()
        watcher.wait("next attempt")
        machine.start()
        watcher.wait("connected to", times=2)
        spans["KA-4"] = machine.make("KA-4", (285.0,))
        watcher.wait("run 4")
        machine.do(State=4)
        machine.do(State=2)
        watcher.wait("Idle,", times=3)
        assert watcher.stop() == 0
        yield Story(watcher, spans, machine.told)


def test_each_run_is_in_the_store_once_with_its_times(story: Story) -> None:
    found = runs_in(story.watcher.store)

    assert [row["number"] for row in story.watcher.rows("runs")] == [1, 2, 3, 4]
    assert found == [(lot, iso(began), iso(ended)) for lot, (began, ended) in story.spans.items()]


def test_states_follow_each_other_without_a_number_twice_or_left_out(story: Story) -> None:
    rows = story.watcher.rows("states")

    assert [row["number"] for row in rows] == list(range(1, len(rows) + 1))
    assert [later["start"] for later in rows[1:]] == [row["end"] for row in rows[:-1]]


def test_time_that_nobody_watched_counts_for_no_state(story: Story) -> None:
    rows = story.watcher.rows("states")

    assert [(row["state"], row["comment"]) for row in rows if not row["state"]] == [("", "not watched")]
    assert [row["Lot"] for row in story.watcher.rows("runs") if row["unwatched"]] == ["KA-2"]


def expected(told: list[dict[str, Any]], name: str, span: tuple[float, float]) -> list[tuple[float, float]]:
    """Return what a node was from when on during a run, as the calender told it."""
    begin, end = span
    said = [(each["t"], float(each["value"])) for each in told if each["name"] == name]
    before = [(begin, value) for time, value in said if time <= begin][-1:]
    return [*before, *((time, value) for time, value in said if begin < time <= end)]


def test_a_mean_weighs_each_value_by_the_time_that_it_stood(story: Story) -> None:
    for lot in ("KA-1", "KA-2", "KA-4"):
        begin, end = story.spans[lot]
        loads = expected(story.told, "LineLoad", story.spans[lot])
        ends = [time for time, _ in loads[1:]] + [end]
        mean = sum(v * (until - t) for (t, v), until in zip(loads, ends, strict=True)) / (end - begin)
        (row,) = [row for row in story.watcher.rows("runs") if row["Lot"] == lot]

        assert row["Line load"] == pytest.approx(mean, rel=1e-6)
        assert row["Line load, set"] == 300.0


def test_values_are_quantities_of_the_run_with_unit_and_row(story: Story) -> None:
    found = Store.open(story.watcher.store).query(
        f"SELECT ?value ?unit ?row WHERE {{ ?run dcterms:identifier 'KA-1' ; <{HAS_PROCESS_PARAMETER}> ?q ; "
        f"prov:wasDerivedFrom ?row . ?q a bvcox:LineLoad, <{VALUE_KINDS['measured']}> ; <{HAS_UNIT}> ?unit ; "
        f"<{HAS_NUMERICAL_PART}>/<{HAS_NUMBER_VALUE}> ?value }}"
    )
    ((value, unit, row),) = [[each[name].value for name in ("value", "unit", "row")] for each in found]

    assert float(value) == story.watcher.rows("runs")[0]["Line load"]
    assert unit.endswith("NewtonPerMilliMetre")
    assert ".opcua-runs.jsonl#/0" in row


def test_what_changed_during_a_run_is_a_series_of_it(story: Story) -> None:
    store = story.watcher.store
    listed = {each.id: each for each in kg.series.listing(store)}
    frame = kg.series.read(store, "KAL-1-1")

    assert sorted(listed) == ["KAL-1-1", "KAL-1-2", "KAL-1-3", "KAL-1-4"]
    assert listed["KAL-1-1"].about == (f"{Store.open(store).base}run/calendering/KA-1",)
    loads = expected(story.told, "LineLoad", story.spans["KA-1"])
    column = frame["line_load_newton_per_milli_metre"]
    changed = column != column.shift()
    assert list(column[changed]) == [value for _, value in loads]
    assert list(frame["unix_time_second"][changed]) == pytest.approx([time for time, _ in loads], abs=1e-5)


@pytest.mark.parametrize("name", ["machine_states", "stop_reasons", "overall_equipment_effectiveness"])
def test_questions_on_machines_answer_for_one_that_is_watched(story: Story, name: str) -> None:
    # The planned time of a run stands in the list of machines, which no machine tells.
    listed = story.watcher.folder / "maschinenliste.csv"
    listed.write_text(
        "Maschine;Art;Hersteller;Serien-Nr.;Plantakt [min];Wartung alle [d];Kalibrierung alle [d]\n"
        "KAL-1;Kalander;;;0,001;;\n",
        encoding="utf-8",
    )
    assert Loader(story.watcher.store).load([listed])[0].outcome in ("loaded", "unchanged")

    rows = kg.open(story.watcher.store).query(name)

    assert {machine.rpartition("/")[2] for machine in rows["machine"]} == {"KAL-1"}
    if name == "stop_reasons":
        assert list(rows["reason"]) == ["Bahnriss"]
        assert list(rows["stops"]) == [2]
    if name == "overall_equipment_effectiveness":
        assert (rows["oee"] > 0).all()


def test_a_store_that_is_lost_comes_again_from_its_journals(story: Story, tmp_path: Path) -> None:
    old, new = story.watcher.store, tmp_path / "line"
    Store.create(new, Store.open(old).base)
    for folder in ("opcua", "series"):
        shutil.copytree(old / folder, new / folder)

    async def run() -> None:
        stop = asyncio.Event()
        stop.set()
        await Watch("opc.tcp://127.0.0.1:1", read_mapping(story.watcher.folder / "kal.yaml"), new).run(stop)

    asyncio.run(run())

    assert runs_in(new) == runs_in(old)
    assert [each.id for each in kg.series.listing(new)] == [each.id for each in kg.series.listing(old)]


# Faults of the mapping


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("term: LineLoad,", "term: LinLoad,", "kal.yaml:18: no term is called 'LinLoad'"),
        ("unit: Cel", "unit: bar", "kal.yaml:20: "),
        ("take: max", "take: top", "kal.yaml:20: column 'Roll temperature': 'top' cannot be taken."),
        ("node: LineLoad,", "nod: LineLoad,", "kal.yaml:18: column 'Line load': 'node' is missing"),
        ("  node: State\n", "  names: packs\n", "kal.yaml:6: no names of states are called 'packs'"),
        (
            "  node: State\n",
            '  names: {"1": Runing}\n  node: State\n',
            "kal.yaml:6: no state is called 'Runing'",
        ),
        ("  things:", "  while: [Excute]\n  things:", "kal.yaml:10: no state is called 'Excute'"),
        ("machine: KAL-1\n", "machines: KAL-1\n", "kal.yaml:2: 'machines' is no key here"),
        ("Web in:", "reason:", "kal.yaml:16: each row has a column 'reason' already"),
        ("Web in:", "start:", "kal.yaml:16: each row has a column 'start' already"),
    ],
)
def test_a_fault_of_a_mapping_is_told_with_its_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert MAPPING.count(old) >= 1
    (tmp_path / "kal.yaml").write_text(MAPPING.replace(old, new, 1), encoding="utf-8")

    with pytest.raises(KgError) as error:
        read_mapping(tmp_path / "kal.yaml")

    assert said in str(error.value)


def test_own_names_of_states_have_the_reasons_and_runs_of_packml(tmp_path: Path) -> None:
    own = MAPPING.replace("  node: State", "  names: {1: Execute, 2: Held, 3: Idle}\n  node: State")
    (tmp_path / "kal.yaml").write_text(own, encoding="utf-8")

    (machine,) = read_mapping(tmp_path / "kal.yaml")

    assert {"Execute", "Held"} <= machine.rules.running
    assert "Idle" not in machine.rules.running
    assert "Held" in machine.rules.stops
    assert machine.rules.state({"state 0": 2})[0] == "Held"
    assert sorted(machine.nodes)[-2:] == ["reason", "state 0"]
