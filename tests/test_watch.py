"""A watched folder stays in step with the store: real files, a real store, and nothing stops the watch."""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kg import catalogue
from kg.errors import KgError
from kg.load import Loader, Outcome
from kg.store import Store, StoreError, writing
from kg.watch import Event, Watch
from tests.conftest import CALENDERING

GOOD = "Nr;Rolle;Last\n1;K1;210,5\n2;K2;220\n"
MORE = "Nr;Rolle;Last\n1;K1;210,5\n2;K2;220\n3;K3;230\n"
BAD = "Nr;Rolle;Last\n1;K1;210,5\n2;K2;x\n"


class Post:
    """A folder under watch, and a store; each `look` is one look."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.store = folder / "exports", folder / "store"
        self.mapping = folder / "kal.yaml"
        self.folder.mkdir()
        self.mapping.write_text(CALENDERING, encoding="utf-8")
        self.watch = self.begin()

    def begin(self) -> Watch:
        return Watch(self.folder, self.store, self.load, (self.mapping,))

    def load(self, paths: list[Path]) -> list[Outcome]:
        return Loader(self.store, [self.mapping]).load(paths)

    def write(self, text: str, name: str = "kal.csv") -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def look(self, times: int = 1) -> list[tuple[str, str, str]]:
        """Return (what, name, outcome or text) of what happened."""
        events = [event for _ in range(times) for event in self.watch.look()]
        return [(e.what, e.name, e.outcome.outcome if e.outcome else e.text) for e in events]

    def rows(self) -> dict[str, int]:
        opened = Store.open(self.store)
        found = {entry.name: entry.loaded for entry in catalogue.entries(opened) if entry.outcome == "loaded"}
        del opened
        gc.collect()
        return found


@pytest.fixture
def post(tmp_path: Path) -> Post:
    return Post(tmp_path)


def test_new_file_is_loaded_when_it_has_rested_for_one_look(post: Post) -> None:
    post.write(GOOD)
    first, second, third = post.look(), post.look(), post.look()

    assert (first, second, third) == ([], [("new", "kal.csv", "loaded")], [])
    assert post.rows() == {"kal.csv": 2}


def test_file_that_still_grows_is_left_until_it_rests(post: Post) -> None:
    post.look()
    for text in (GOOD[:20], GOOD[:30], GOOD):
        post.write(text)

        assert post.look() == []
    assert post.look() == [("new", "kal.csv", "loaded")]
    assert post.rows() == {"kal.csv": 2}


def test_changed_file_replaces_what_it_said(post: Post) -> None:
    post.write(GOOD)
    post.look(2)
    post.write(MORE)

    assert post.look(2) == [("changed", "kal.csv", "loaded")]
    assert post.rows() == {"kal.csv": 3}


def test_removed_file_is_told_and_its_rows_stay(post: Post) -> None:
    path = post.write(GOOD)
    post.look(2)
    path.unlink()

    assert post.look(2) == [("removed", "kal.csv", "its rows stay in the store")]
    assert post.rows() == {"kal.csv": 2}


def test_file_removed_while_nobody_watched_is_told_once(post: Post) -> None:
    path = post.write(GOOD)
    post.look(2)
    path.unlink()
    post.watch = post.begin()

    assert post.look(3) == [("removed", "kal.csv", "its rows stay in the store")]


def test_watch_that_begins_again_finds_its_files_unchanged(post: Post) -> None:
    post.write(GOOD)
    post.look(2)
    post.watch = post.begin()

    assert post.look(2) == [("new", "kal.csv", "unchanged")]


def test_file_that_cannot_be_read_is_told_and_the_others_load(post: Post) -> None:
    post.write("Nr;Rolle\n1;K1\n", "kal_a.csv")
    post.write(GOOD, "kal_b.csv")

    assert post.look(2) == [("new", "kal_a.csv", "failed"), ("new", "kal_b.csv", "loaded")]
    post.write(GOOD, "kal_a.csv")
    assert post.look(2) == [("changed", "kal_a.csv", "loaded")]


def test_broken_mapping_is_told_once_and_its_repair_loads_the_files(post: Post) -> None:
    post.mapping.write_text(CALENDERING.replace("LineLoad", "LinLoad"), encoding="utf-8")
    post.write(GOOD)
    events = post.look(4)
    post.mapping.write_text(CALENDERING, encoding="utf-8")

    assert [event[0] for event in events] == ["error"]
    assert "no term is called 'LinLoad'" in events[0][2]
    assert post.look(2) == [("new", "kal.csv", "loaded")]


def test_file_without_a_mapping_is_tried_again_when_one_is_put_into_the_store(tmp_path: Path) -> None:
    folder, store = tmp_path / "exports", tmp_path / "store"
    folder.mkdir()
    (folder / "walzwerk.csv").write_text(GOOD, encoding="utf-8")
    Store.create(store)
    gc.collect()
    watch = Watch(folder, store, lambda paths: Loader(store).load(paths))
    before = [e for _ in range(3) for e in watch.look()]
    (store / "mappings").mkdir()
    (store / "mappings/walz.yaml").write_text(CALENDERING.replace("kal*", "walz*"), encoding="utf-8")
    after = [e for _ in range(2) for e in watch.look()]

    assert [(e.what, e.outcome and e.outcome.outcome) for e in before] == [("new", "no mapping")]
    assert [(e.what, e.outcome and e.outcome.outcome) for e in after] == [("again", "loaded")]


def test_store_that_another_process_writes_to_is_waited_for(post: Post) -> None:
    post.write(GOOD)
    post.look(2)
    post.write(MORE)
    with writing(post.store):
        events = post.look(3)
    gc.collect()

    assert [event[0] for event in events] == ["error"]
    assert "another process is writing" in events[0][2]
    assert post.look() == [("changed", "kal.csv", "loaded")]


def test_fault_of_the_loader_does_not_stop_the_watch(post: Post) -> None:
    post.write(GOOD)
    faults = iter([StoreError("no room on the disk"), OSError("the share is gone")])

    def load(paths: list[Path]) -> list[Outcome]:
        for fault in faults:
            raise fault
        return post.load(paths)

    watch = Watch(post.folder, post.store, load)
    events: list[Event] = [event for _ in range(4) for event in watch.look()]

    assert [event.what for event in events] == ["error", "error", "new"]


def test_folder_that_goes_away_for_a_while_is_told_once(post: Post) -> None:
    post.write(GOOD)
    post.look(2)
    away = post.folder.rename(post.folder.with_name("away"))
    events = post.look(3)
    away.rename(post.folder)

    assert [event[0] for event in events] == ["error"]
    assert post.look(2) == []
    assert post.rows() == {"kal.csv": 2}


def test_watch_wants_a_folder(tmp_path: Path) -> None:
    with pytest.raises(KgError) as caught:
        Watch(tmp_path / "nothing", tmp_path / "store", lambda paths: [])

    assert "this is no folder" in str(caught.value)


def test_rows_set_aside_are_mended_in_the_source_and_loaded_again(post: Post) -> None:
    post.write(BAD)
    post.look(2)
    aside = post.store / "set-aside/kal.set-aside.csv"
    reason = aside.read_text(encoding="utf-8")
    post.write(BAD.replace("x", "220"))
    post.look(2)

    assert "this is not a decimal" in reason
    assert not aside.exists()
    assert post.rows() == {"kal.csv": 2}


def lines_until(process: subprocess.Popen[str], wanted: int) -> list[str]:
    assert process.stdout is not None
    return [process.stdout.readline().strip() for _ in range(wanted)]


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
def test_command_tells_each_event_on_a_line_and_ends_by_ctrl_c(post: Post) -> None:
    command = [sys.executable, "-m", "kg", "load", "--watch", str(post.folder), "--every", "0.2"]
    command += ["--mapping", str(post.mapping), "--store", str(post.store), "--json"]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    post.write(GOOD)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env
    ) as process:
        new = json.loads(lines_until(process, 1)[0])
        post.write(BAD, "kal_2.csv")
        bad = json.loads(lines_until(process, 1)[0])
        (post.folder / "kal.csv").unlink()
        gone = json.loads(lines_until(process, 1)[0])
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        rest, error = process.communicate(timeout=60)

    assert (new["what"], new["outcome"], new["loaded"]) == ("new", "loaded", 2)
    assert (bad["what"], bad["set_aside"], len(bad["findings"])) == ("new", 1, 1)
    assert (gone["what"], gone["name"]) == ("removed", "kal.csv")
    assert (process.returncode, rest, error) == (0, "", "")
    assert post.rows() == {"kal.csv": 2, "kal_2.csv": 1}
