"""How new graphs go into a store by its bulk loader: whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import pytest

from kg import catalogue
from kg.intake import INCOMING, Intake
from kg.load import Loader
from kg.store import BULK, Store, StoreError, writing
from tests.line import Line, many, told


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.fixture
def line(tmp_path: Path, empty_store: Path) -> Line:
    return Line(tmp_path, empty_store)


def test_what_a_killed_bulk_load_left_is_thrown_away(line: Line) -> None:
    left = [line.store / "oxigraph" / "bulk-17991722.sst", line.store / INCOMING / "0.nq"]
    for path in left:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"<half a tri")
    line.file("kal.csv", many())

    line.load()

    assert [path.exists() for path in left] == [False, False]


def test_what_the_store_does_not_take_is_told_and_leaves_it_as_it_was(line: Line) -> None:
    before = line.dump()

    with pytest.raises(StoreError, match="the store did not take the triples"), writing(line.store) as store:
        intake = Intake(store)
        intake.add("x:g", lambda file: file.write(b"<x:s> <x:p> <x:g> ."), "", 1)
        intake.add("x:h", lambda file: file.write(b"no statement"), "", 1)
        intake.finish()

    assert line.dump() == before


def test_a_graph_that_the_store_refuses_while_it_is_written_is_told(line: Line) -> None:
    before = line.dump()

    with pytest.raises(StoreError, match="the store did not take the triples"), writing(line.store) as store:
        intake = Intake(store)
        for number in range(100):
            intake.add(f"x:{number}", lambda file: file.write(b"no statement\n" * 10_000), "", 10_000)

    assert line.dump() == before


@pytest.mark.parametrize("times", [1, 2])
def test_a_graph_that_breaks_off_while_it_is_loaded_is_not_there(
    times: int, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = line.dump()
    if times == 2:  # while the first is still dealt with
        monkeypatch.setattr(Intake, "_break_off", interrupt)

    def write(file: BinaryIO) -> None:
        file.write(b"<x:s> <x:p> <x:o> <x:g> .\n" * 100)
        interrupt()

    with pytest.raises(KeyboardInterrupt), writing(line.store) as store:
        intake = Intake(store)
        try:
            intake.add("x:g", write, "", 100)
        finally:
            intake.finish()

    assert line.dump() == before


def test_files_that_are_whole_go_in_where_the_load_breaks_off_at_a_later_one(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kg.load.BATCH", 1)
    line.file("kal-1.csv", many(1))
    line.file("kal-2.csv", many(2))

    def progress(name: str, number: int, total: int) -> None:
        if name == "kal-2.csv":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Loader(line.store, progress=progress).load([line.records])

    assert [entry.name for entry in catalogue.entries(Store.open(line.store))] == ["kal-1.csv"]
    assert told(line.load()) == {"kal-1.csv": "unchanged", "kal-2.csv": "loaded"}


def test_a_part_is_waited_for_until_the_memory_or_a_process_that_rests_shows_that_it_is_done(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    line.file("kal.csv", many())
    held = iter([1, *[10**15] * 100])
    for name, value in {"PART": 2_001, "POLL": 0.1, "IDLE": 0.5, "PATIENCE": 1e9}.items():
        monkeypatch.setattr(f"kg.intake.{name}", value)
    monkeypatch.setattr("kg.intake._memory", lambda: next(held))

    assert told(line.load()) == {"kal.csv": "loaded"}
    assert len(line.graph("kal.csv")) > BULK


@pytest.mark.parametrize("where", ["in parts", "where there are no pipes"])
def test_a_graph_is_the_same_however_its_text_comes_to_the_loader(
    where: str, line: Line, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    line.file("kal.csv", many())
    line.load()
    if where == "in parts":
        monkeypatch.setattr("kg.intake.PART", 2_001)
    else:
        monkeypatch.delattr("os.mkfifo")
    other = Loader(tmp_path / "other", [line.store / "mappings" / "kal.yaml"])

    assert told(other.load([line.records])) == {"kal.csv": "loaded"}
    assert len(line.graph("kal.csv")) == Store.open(tmp_path / "other").count() > BULK
