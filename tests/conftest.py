"""What the tests of reading, mapping, loading and asking share."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kg.graph import Graph
from kg.graph import open as open_graph
from kg.load import Loader, Outcome
from kg.mappers.apply import Mapped, apply
from kg.mappers.plan import Plan, read_plans
from kg.sources import read_table
from kg.store import Store
from kg.terms import vocabulary
from tests.asking import OPERATIONS, PLANT

if TYPE_CHECKING:  # it takes its mapping from here
    from tests.desk import Desk

BASE = "https://example.org/line/"

CALENDERING = """\
title: Calendering
files: ["kal*.csv"]
table: {delimiter: ";", decimal: ","}
things:
  run: {kind: run, class: FabricatedElectrodeCalendering, role: run, key: "calendering/{Nr}"}
  web: {kind: web, class: CalenderedFabricatedElectrode, role: output}
columns:
  Nr: {id: run}
  Rolle: {id: web}
  Beginn: {time: start, format: "%d.%m.%Y %H:%M", zone: Europe/Berlin, optional: true}
  Last: {term: LineLoad, unit: N/mm}
  Dicke: {term: CalenderedCoatingThickness, unit: um, of: web, optional: true}
  Text: {text: comment, optional: true}
ignore: [Schicht]
"""
"""A mapping that most tests start from; its columns are few, so that a row fits on a line."""


class Bench:
    """A folder with a mapping file and a record file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8", newline="")
        return path

    def plans(self, mapping: str = CALENDERING) -> list[Plan]:
        plans = read_plans(self.write("kal.yaml", mapping), vocabulary())
        assert all(isinstance(plan, Plan) for plan in plans)
        return [plan for plan in plans if isinstance(plan, Plan)]

    def map(self, text: str, mapping: str = CALENDERING, name: str = "kal.csv") -> Mapped:
        """Return what a table becomes by the first plan of a mapping."""
        plan = self.plans(mapping)[0]
        table = read_table(self.write(name, text), plan.reading, plan.source)
        return apply(plan, replace(table, file=name), BASE, vocabulary().units)


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("empty") / "store"
    Store.create(path)
    return path


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture(scope="session")
def line_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a store that holds the sample line."""
    path = tmp_path_factory.mktemp("line") / "store"
    Loader(path).load([PLANT])
    return path


@pytest.fixture(scope="session")
def line(line_store: Path) -> Graph:
    return open_graph(line_store)


@pytest.fixture(scope="session")
def whole_line(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    """Return the sample line with what is recorded beside its steps."""
    path = tmp_path_factory.mktemp("whole") / "store"
    Loader(path).load([PLANT, OPERATIONS])
    return open_graph(path)


@pytest.fixture(scope="session")
def coin(tmp_path_factory: pytest.TempPathFactory) -> tuple[Outcome, Store]:
    """Return what became of BattINFO's coin cell, and the store that holds it; tests only read it."""
    from tests.documents import EXAMPLES
    from tests.documents import Desk as Documents

    return Documents(tmp_path_factory.mktemp("coin")).load(EXAMPLES / "coin_cell.jsonld")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    from tests.desk import Desk

    return Desk(tmp_path)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A desk whose store holds one file; tests that use it only read."""
    from tests.desk import CODES, Desk

    desk = Desk(tmp_path_factory.mktemp("loaded"))
    assert desk.load().exit_code == CODES["DONE"]
    return desk
