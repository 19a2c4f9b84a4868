"""A calender on a real server, and a watcher of it, each in its own process, for the tests of `kg opcua`."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kg.store import Store

HERE = Path(__file__).parent
PATIENCE = 60
"""Seconds after which a test gives up waiting; none of them is expected to pass."""

PAGE = HERE.parent / "docs" / "how-to" / "watch-a-machine.md"
MAPPING = PAGE.read_text(encoding="utf-8").split("```yaml\n")[1].partition("```")[0]
"""The mapping that the page on watching shows."""


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        assert isinstance(port, int)
        return port


def wait_for(what: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)


class Calender:
    """The server, and what it says that it did."""

    def __init__(self, port: int, *keys: Path) -> None:
        self.url, self._command = f"opc.tcp://127.0.0.1:{port}/", [str(port), *map(str, keys)]
        self.told: list[dict[str, Any]] = []
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "opcua" / "calender.py"), *self._command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout and self.process.stdout.readline() == "ready\n"

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()

    def do(self, **values: Any) -> float:
        """Set values one after the other, and return the time of the last."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(values) + "\n")
        self.process.stdin.flush()
        for _ in values:
            self.told.append(json.loads(self.process.stdout.readline()))
        return float(self.told[-1]["t"])

    def make(self, lot: str, loads: tuple[float, ...]) -> tuple[float, float]:
        """Make one lot, with a stop in the middle; return when it began and ended."""
        began = self.begin(lot)
        for load in loads:
            self.do(LineLoad=load)
            time.sleep(0.02)
        self.do(StopReason=7, State=11)
        self.do(State=6, StopReason=0)
        return began, self.end()

    def begin(self, lot: str) -> float:
        self.do(State=4, Lot=lot, WebIn=f"T-{lot}", WebOut=f"K-{lot}", LineLoadSet=300.0, LineLoad=290.0)
        return self.do(State=6)

    def end(self) -> float:
        self.do(Good=98)
        return self.do(State=17)


class Watcher:
    """`kg opcua watch` in its own process."""

    def __init__(
        self, calender: Calender, folder: Path, *options: str, env: dict[str, str] | None = None
    ) -> None:
        self.calender, self.folder, self.options, self.env = calender, folder, options, env
        self.store = folder / "line"
        if not self.store.exists():
            Store.create(self.store)
            (folder / "kal.yaml").write_text(MAPPING, encoding="utf-8")
        self.start()

    def start(self) -> None:
        words = ["opcua", "watch", self.calender.url, "--mapping", str(self.folder / "kal.yaml"), "--store"]
        words += [str(self.store), "--every", "900", "--period", "0.05", *self.options]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "kg", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **(self.env or {})},
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, args=(self.process,))
        self._reader.start()

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout
        for line in process.stdout:
            self.lines.append(line.rstrip())

    def wait(self, text: str, times: int = 1) -> None:
        def there() -> bool:
            assert self.process.poll() is None or text in "\n".join(self.lines), "\n".join(self.lines)
            return sum(text in line for line in self.lines) >= times

        wait_for(there)

    def kill(self) -> None:
        self.process.kill()
        self._gone()

    def stop(self) -> int:
        self.process.terminate()
        return self._gone()

    def _gone(self) -> int:
        code = self.process.wait()
        self._reader.join()
        assert self.process.stdout
        self.process.stdout.close()
        return code

    def knows(self, text: str) -> None:
        """Wait until a text is in the log of events on disk."""
        log = self.store / "opcua" / "KAL-1.events.jsonl"
        wait_for(lambda: log.exists() and text in log.read_text(encoding="utf-8"))

    def rows(self, kind: str) -> list[dict[str, Any]]:
        return [
            json.loads(line)
            for path in sorted((self.store / "opcua").glob(f"*.opcua-{kind}.jsonl"))
            for line in path.read_text(encoding="utf-8").splitlines()
        ]


@contextmanager
def calender(*keys: Path) -> Iterator[Calender]:
    made = Calender(free_port(), *keys)
    try:
        yield made
    finally:
        made.kill()


@contextmanager
def watched(calender: Calender, folder: Path, *options: str, **more: Any) -> Iterator[Watcher]:
    made = Watcher(calender, folder, *options, **more)
    try:
        yield made
    finally:
        if made.process.poll() is None:
            made.kill()


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def when(text: str) -> str:
    return iso(datetime.fromisoformat(text).timestamp())


def runs_in(store: Path) -> list[tuple[str, str, str]]:
    found = Store.open(store).query(
        "SELECT ?id ?start ?end WHERE { ?run a bvco:BVCO_3f685553_cf80_4b4f_ba3b_c2552c570a81 ; "
        "dcterms:identifier ?id ; prov:startedAtTime ?start ; prov:endedAtTime ?end } ORDER BY ?start"
    )
    return [(row["id"].value, when(row["start"].value), when(row["end"].value)) for row in found]
