"""The wheel holds all that the main job needs: it runs from another folder, without the checkout."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from kg import docs, queries, resources

ROOT = Path(__file__).parents[1]
RECORDS = (
    ROOT / "tests/plant/kalander_2026-03.xlsx",
    ROOT / "tests/plant/stapeln_2026-03.csv",
    ROOT / "tests/plant/formierung_2026-03.xlsx",
    ROOT / "tests/cases/kiprobatt/OSL_stacking.jsonld",
)

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("hatchling") is None or importlib.util.find_spec("pip") is None,
    reason="the wheel cannot be built without the network: hatchling or pip is not installed here",
)


def pip(*words: str | Path) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@dataclass
class Installed:
    """The wheel, unpacked where nothing else is; what it depends on comes from the running environment."""

    target: Path
    folder: Path

    def python(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        hidden = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "KG_STORE")}
        env: Mapping[str, str] = {**hidden, "PYTHONPATH": str(self.target), "PYTHONUTF8": "1"}
        return subprocess.run(
            [sys.executable, *map(str, words)],
            capture_output=True,
            text=True,
            encoding="utf-8",
            cwd=self.folder,
            env=env,
            check=False,
        )

    def kg(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        return self.python("-m", "kg", *words)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", ROOT, "--no-deps", "--no-build-isolation", "--no-index", "-w", folder / "dist")
    (wheel,) = (folder / "dist").glob("*.whl")
    pip("install", wheel, "--no-deps", "--no-index", "--target", folder / "target")
    work = folder / "work"
    (work / "records").mkdir(parents=True)
    for path in RECORDS:
        shutil.copy(path, work / "records")
    return Installed(folder / "target", work)


@pytest.fixture(scope="module")
def loaded(installed: Installed) -> subprocess.CompletedProcess[str]:
    return installed.kg("load", "records", "--json")


def test_the_package_that_runs_is_that_of_the_wheel(installed: Installed) -> None:
    where = installed.python("-c", "import kg; print(kg.__file__)")

    assert Path(where.stdout.strip()).is_relative_to(installed.target)
    assert installed.kg("--version").stdout.strip()


@pytest.mark.parametrize("name", ["ontology", "queries"])
def test_folders_beside_the_package_are_in_the_wheel(installed: Installed, name: str) -> None:
    here, there = resources.folder(name), installed.target / "kg" / "_data" / name
    wanted = {path.relative_to(here): path.read_bytes() for path in here.rglob("*") if path.is_file()}

    assert wanted
    assert {
        path.relative_to(there): path.read_bytes() for path in there.rglob("*") if path.is_file()
    } == wanted


def test_files_of_the_package_are_in_the_wheel(installed: Installed) -> None:
    def files(package: Path) -> set[Path]:
        return {
            path.relative_to(package)
            for path in package.rglob("*")
            if path.is_file() and path.suffix not in (".pyc", ".orig")
        }

    assert files(resources.PACKAGE) - files(installed.target / "kg") == set()
    assert not list((installed.target / "kg").rglob("*.orig"))


def test_tests_and_docs_stay_out_of_the_wheel(installed: Installed) -> None:
    assert {path.name for path in installed.target.iterdir() if not path.name.endswith(".dist-info")} <= {
        "kg",
        "bin",
        "Scripts",
    }


def test_records_load_from_another_folder(
    installed: Installed, loaded: subprocess.CompletedProcess[str]
) -> None:
    answer = json.loads(loaded.stdout)

    assert (loaded.returncode, loaded.stderr) == (1, "")
    assert {file["file"]: file["outcome"] for file in answer["files"]} == {
        path.name: "loaded" for path in RECORDS
    }
    # Mappings come from the wheel, and so do the shapes: a negative thickness is set aside by one.
    found = {finding["rule"].rpartition("#")[2] for file in answer["files"] for finding in file["findings"]}
    assert {"CellThickness-range", "LineLoad-plausible", "PredryingMass-range"} <= found
    assert (installed.folder / "kg-store" / "store.toml").is_file()


def test_a_query_of_the_library_answers(
    installed: Installed, loaded: subprocess.CompletedProcess[str]
) -> None:
    answer = installed.kg("query", "first_cycle_efficiency", "--format", "csv")

    assert loaded.stdout and (answer.returncode, answer.stderr) == (0, "")
    header, *rows = csv.reader(io.StringIO(answer.stdout))
    assert header[:3] == ["cell", "charge", "discharge"]
    assert len(rows) == 47  # of 48 cells, one is set aside


def test_the_whole_library_is_there(installed: Installed) -> None:
    told = json.loads(installed.kg("query", "--list", "--json").stdout)

    assert [query["name"] for query in told] == list(queries.library())


def test_the_vocabulary_is_there(installed: Installed) -> None:
    answer = json.loads(installed.kg("terms", "Linienlast", "--json").stdout)

    assert answer["exact"]["label"] == "LineLoad"


def test_the_store_validates(installed: Installed, loaded: subprocess.CompletedProcess[str]) -> None:
    answer = installed.kg("validate", "--json")

    assert loaded.stdout and answer.stderr == ""
    assert any("LineLoad" in finding["rule"] for finding in json.loads(answer.stdout)["findings"])


def test_the_pages_can_be_written(installed: Installed) -> None:
    done = installed.python("-m", "kg.docs", "pages")

    assert (done.returncode, done.stderr) == (0, "")
    written = {
        path.relative_to(installed.folder / "pages").as_posix()
        for path in installed.folder.glob("pages/**/*.md")
    }
    assert written == set(docs.pages())
