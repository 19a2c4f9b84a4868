"""What the tests of the commands share: a desk with records and a mapping, and ways to run a command."""

from __future__ import annotations

import csv
import gc
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from kg.cli import main
from tests.conftest import CALENDERING

GOOD = "Nr;Rolle;Last;Dicke;Text\n1;K1;210,5;57,5;a\n2;K2;220;;\n"
BAD_ROW = "Nr;Rolle;Last;Text\n1;K1;210;a\n2;K2;x;\n"
ALL_BAD = "Nr;Rolle;Last;Neu\n1;K1;210;a\n"
QUERY = "SELECT ?run ?number { ?run a term:FabricatedElectrodeCalendering ; rdfs:comment ?number }"
FOREIGN = "SELECT ?type (COUNT(?s) AS ?n) { ?s a ?type } GROUP BY ?type"
EXPECTED = [["run", "number"], ["https://example.org/line/run/calendering/1", "a"]]

CODES = {"DONE": 0, "FINDINGS": 1, "NOTHING": 2}
"""The codes as the help of `kg` gives them."""


def kg(*words: str | Path, input: str | None = None, env: dict[str, str | None] | None = None) -> Result:
    """Run a command in this process; a traceback is a failure of the test."""
    arguments = [str(word) for word in words]
    result = CliRunner().invoke(
        main, arguments, prog_name="kg", input=input, env={"KG_STORE": None, **(env or {})}
    )
    error = result.exception
    result.exc_info = None  # its frames keep the store open
    gc.collect()
    assert error is None or isinstance(error, SystemExit), f"kg {' '.join(arguments)}: {error!r}"
    assert "Traceback" not in result.output
    return result


def kg_process(*words: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own, its output in pipes."""
    command = [sys.executable, "-m", "kg", *map(str, words)]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=env, **options)


class Desk:
    """A folder with a mapping, a record file and a store that is not made yet."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.store, self.mapping = folder, folder / "store", folder / "kal.yaml"
        self.mapping.write_text(CALENDERING, encoding="utf-8")

    def file(self, text: str, name: str = "kal.csv") -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def load(self, text: str = GOOD, *options: str) -> Result:
        return kg("load", self.file(text), "--mapping", self.mapping, "--store", self.store, *options)

    def state(self) -> dict[str, bytes]:
        """Return the files of the store, without those that RocksDB writes when it is opened for reading."""
        return {
            str(path.relative_to(self.store)): path.read_bytes()
            for path in self.store.rglob("*")
            if path.is_file() and not path.name.startswith("LOG")
        }


def lines(result: Result) -> list[str]:
    return result.stdout.splitlines()


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))
