"""The tables beside the steps: what is committed is what the generator writes, and it fits the runs."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from kg.plant import generate
from kg.plant.__main__ import main
from kg.plant.operations import generate_operations
from kg.plant.operations.states import NUMBERS
from tests.test_plant import book_cells

OPERATIONS = Path(__file__).parent / "plant_operations"


def test_the_committed_tables_are_what_the_generator_writes(tmp_path: Path) -> None:
    names = generate_operations(tmp_path, seed=7, cells=48)
    committed = sorted(path.name for path in OPERATIONS.iterdir() if path.name != "README.md")

    assert sorted(set(names)) == sorted(path.name for path in tmp_path.iterdir()) == committed
    for name in names:
        if name.endswith(".xlsx"):
            assert book_cells(OPERATIONS, name) == book_cells(tmp_path, name), name
        else:
            assert (OPERATIONS / name).read_bytes() == (tmp_path / name).read_bytes(), name


def test_the_command_writes_them_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), "--operations", "--cells", "16"]) == 0
    assert "maschinenzustaende_2026-03.csv" in capsys.readouterr().out


def test_the_files_of_the_steps_know_nothing_of_them(tmp_path: Path) -> None:
    generate(tmp_path / "line", seed=7, cells=16)
    generate_operations(tmp_path / "operations", seed=7, cells=16)

    assert not {path.name for path in (tmp_path / "line").iterdir()} & {
        path.name for path in (tmp_path / "operations").iterdir()
    }


def states() -> pd.DataFrame:
    found = pd.read_csv(
        OPERATIONS / "maschinenzustaende_2026-03.csv", sep=";", encoding="cp1252", dtype={"Alarm-Nr.": str}
    )
    return found.assign(Zeitpunkt=pd.to_datetime(found["Zeitpunkt"], format="%d.%m.%Y %H:%M"))


def test_a_machine_enters_one_state_after_the_other() -> None:
    found = states()

    assert set(found["Zustand"]) <= set(NUMBERS)
    for _, events in found.groupby("Maschine"):
        assert events["Ereignis-Nr."].tolist() == list(range(1, len(events) + 1))
        assert events["Zeitpunkt"].is_monotonic_increasing and events["Zeitpunkt"].is_unique
        assert (events["Zustand"] != events["Zustand"].shift()).all()
        assert events["Zustand"].iloc[-1] == "Stopped"


def test_a_machine_executes_while_its_runs_begin() -> None:
    stacking = pd.read_csv(OPERATIONS.parent / "plant" / "stapeln_2026-03.csv", sep=";", encoding="cp1252")
    entered = set(states().query("Maschine == 'STK-1' and Zustand == 'Execute'")["Zeitpunkt"])

    assert set(pd.to_datetime(stacking["Beginn"], format="%d.%m.%Y %H:%M")) <= entered
