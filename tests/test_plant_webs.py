"""The tables with metres of webs: what is committed is what the generator writes, and traces follow them."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest

from kg.lineage import Trace, moment, svg, trace
from kg.load import Loader
from kg.plant.__main__ import main
from kg.plant.webs import generate_webs
from kg.store import Store

HERE = Path(__file__).parent
WEBS = HERE / "plant_webs"


def table(name: str) -> pd.DataFrame:
    return pd.read_csv(WEBS / f"{name}_2026-03.csv", sep=";", decimal=",", encoding="cp1252")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    path = tmp_path_factory.mktemp("line") / "store"
    outcomes = Loader(path).load([HERE / "plant", WEBS])
    mine = [one for one in outcomes if (WEBS / one.name).exists() and one.name != "README.md"]
    assert [(one.outcome, one.set_aside) for one in mine] == [("loaded", 0)] * 4
    return Store.open(path)


def test_the_committed_tables_are_what_the_generator_writes(tmp_path: Path) -> None:
    names = generate_webs(tmp_path, seed=7, cells=48)

    assert len(names) == 4
    for name in names:
        assert (WEBS / name).read_bytes() == (tmp_path / name).read_bytes(), name


def test_the_command_writes_them_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), "--webs", "--cells", "16"]) == 0
    assert "separation_2026-03.csv" in capsys.readouterr().out


def back(cell: str, electrode: str) -> tuple[str, float, float]:
    """Return the dried web behind a cell and the metres of it, by the tables alone."""
    cut = table("separation").set_index(["Zell-Nr.", "Elektrode"]).loc[(cell, electrode)]
    name, low, high = str(cut["Rolle"]), float(cut["von [m]"]), float(cut["bis [m]"])
    for protocol in ("schnittprotokoll", "wickelprotokoll"):
        row = table(protocol).set_index("Rolle aus").loc[name]
        # The web was unwound from its end, so metres count down while those of what came out count up.
        first = float(row["ein von [m]"])
        name, low, high = str(row["Rolle ein"]), first - high, first - low
    return name, low, high


def metres(found: Trace, web: str) -> list[tuple[float, float]]:
    at = {step.source_at for step in found.steps if step.source.endswith(f"/{web}") and step.source_at}
    return sorted((span.start, span.end) for reach in at for span in reach or ())


@pytest.mark.parametrize("number", [1, 7, 20, 48])
def test_the_metres_of_a_web_behind_a_cell_are_those_of_the_tables(store: Store, number: int) -> None:
    cell = f"PC-{number:04}"
    found = trace(store, cell)

    for electrode in ("Kathode", "Anode"):
        web, low, high = back(cell, electrode)
        assert (low, high) == pytest.approx(metres(found, web)[0]), web


def test_the_faults_behind_each_cell_are_those_on_its_metres(store: Store) -> None:
    faults = table("bahninspektion")
    seen = 0
    for number in range(1, 49):
        cell = f"PC-{number:04}"
        wanted = set()
        for electrode in ("Kathode", "Anode"):
            web, low, high = back(cell, electrode)
            on_it = (faults["Rolle"] == web) & (faults["von [m]"] < high) & (faults["bis [m]"] > low)
            wanted |= set(faults.loc[on_it, "Fehler-Nr."])
        runs = trace(store, cell, with_values=False).runs.values()
        found = {run.id.rpartition("/")[2] for run in runs if run.id.startswith("run/inspection/BF-")}
        seen += len(wanted)

        assert found == wanted, cell
    assert seen > 0


def test_the_pictures_of_the_guide_are_current(store: Store) -> None:
    since, until = moment("2026-03-08T06:00"), moment("2026-03-08T10:00")
    pictures = {
        "trace-a-cell.svg": trace(store, "PC-0006"),
        "recall-a-lot.svg": trace(store, "machine/KAL-1", "down", since=since, until=until),
    }

    for name, found in pictures.items():
        path = HERE.parent / "docs" / "how-to" / name
        if os.environ.get("KG_WRITE_DOCS"):
            path.write_text(svg(found), encoding="utf-8")
        assert path.read_text(encoding="utf-8") == svg(found), "run this test with KG_WRITE_DOCS=1"
