"""A load that is killed at any moment leaves whole files only, and the next load completes it."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from kg import catalogue
from kg.intake import INCOMING
from kg.iri import file_iri
from kg.load import Loader
from kg.store import Store
from tests.conftest import BASE, CALENDERING

KILLS = 20
SEED = 20260302
FILES = 8
CHANGED = ("kal-00.csv", "kal-01.csv", "kal-02.csv")
"""The first is small; the others are too large for a transaction."""

# Two files a time go to the bulk loader, and the largest by itself, so that a kill falls between and within
# several of its streams. The child tells when it begins to read each file.
CHILD = """\
import sys
from pathlib import Path
import kg.intake, kg.load
from kg.load import Loader
kg.load.BATCH = 2_000
kg.intake.TOGETHER = 8_000
store, records = map(Path, sys.argv[1:])
loader = Loader(store, progress=lambda name, number, total: print(number, flush=True))
print(0, flush=True)
loader.load([records])
print("done", flush=True)
"""

State = dict[str, tuple[str, int, int, frozenset[str]]]
"""For each file: the sha256 and the rows in the catalogue, the rows set aside, and the triples."""


def write_records(folder: Path, version: int) -> None:
    """Write files of which one row each is set aside; of version 1 only those that change later."""
    folder.mkdir()
    for number in range(FILES):
        name = f"kal-{number:02}.csv"
        if version == 1 and name not in CHANGED:
            continue
        rows = {0: 40, 3: 700}.get(number, 260)
        shift = version if name in CHANGED else 0
        lines = [f"{number}-{row};K{number}-{row};{200 + shift + row % 7};t{row}" for row in range(rows)]
        (folder / name).write_text("Nr;Rolle;Last;Text\n" + "\n".join([*lines, f"x{number};K;?;"]) + "\n")


def state(path: Path) -> State:
    """Return what a store holds of each file; asserts that graphs and entries are of the same files."""
    store = Store.open(path)
    entries = catalogue.entries(store, items=False)
    assert [entry.graph for entry in entries] == [file_iri(BASE, entry.name) for entry in entries]
    assert sorted(entry.graph for entry in entries) == store.graphs()
    return {
        entry.name: (
            entry.sha256,
            entry.read,
            entry.set_aside,
            frozenset(map(str, store.triples([entry.graph]))),
        )
        for entry in entries
    }


class Scene:
    """A store with some files in their first version, and the same loaded whole with the second."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.before, self.after = folder / "before", folder / "after"
        for version in (1, 2):
            write_records(folder / f"v{version}", version)
        # The records stand at one address in both versions, as a changed file does.
        self.records = folder / "records"
        shutil.copytree(folder / "v1", self.records)
        Store.create(self.before)
        (self.before / "mappings").mkdir()
        (self.before / "mappings" / "kal.yaml").write_text(CALENDERING, encoding="utf-8")
        Loader(self.before).load([self.records])
        shutil.rmtree(self.records)
        shutil.copytree(folder / "v2", self.records)
        shutil.copytree(self.before, self.after)
        self.seconds = self.run(self.after)
        self.old, self.new = state(self.before), state(self.after)

    def run(self, store: Path, file: int = -1, wait: float = 0.0) -> list[float]:
        """Load in a process of its own; return the seconds between what it tells, one for each file.

        It is killed when it has begun to read a file and some seconds have gone by since.
        """
        command = [sys.executable, "-c", CHILD, str(store), str(self.records)]
        told = []
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            for line in child.stdout:
                told.append(time.perf_counter())
                if line == f"{file}\n":
                    time.sleep(wait)
                    child.send_signal(signal.SIGKILL)
            child.wait(120)
        return [after - before for before, after in pairwise(told)]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return Scene(tmp_path_factory.mktemp("kill"))


def test_the_scene_has_new_and_changed_files_and_rows_set_aside(scene: Scene) -> None:
    assert sorted(scene.old) == sorted(CHANGED)
    assert len(scene.new) == FILES
    assert all(scene.old[name][3] != scene.new[name][3] for name in CHANGED)
    assert {aside for _, _, aside, _ in scene.new.values()} == {1}


def test_a_load_killed_at_any_moment_leaves_whole_files_only(scene: Scene) -> None:
    moments = random.Random(SEED)
    found: Counter[int] = Counter()
    for _ in range(KILLS):
        store = scene.folder / "killed"
        shutil.copytree(scene.before, store)
        file = moments.randint(0, FILES)
        scene.run(store, file, moments.uniform(0, scene.seconds[file]))

        here = state(store)
        for name, told in here.items():
            assert told in (scene.old.get(name), scene.new[name]), name
        # What is in the catalogue with rows set aside has them in a file.
        asides = {path.name for path in (store / "set-aside").glob("*.csv")}
        assert {name.replace(".csv", ".set-aside.csv") for name in here} <= asides
        found[sum(here.get(name) == scene.new[name] for name in scene.new)] += 1

        Loader(store).load([scene.records])
        assert state(store) == scene.new
        assert not (store / INCOMING).exists()
        assert list((store / "oxigraph").glob("bulk-*.sst")) == []
        shutil.rmtree(store)
    # Kills that all fall before the first file or after the last would show nothing.
    assert set(found) - {0, FILES}, found
