"""Changes and closed rows -> files that outlive a crash: a log of events, and a journal of what is over.

The events of a machine go to disk before anything is made of them. Its journals are JSON Lines, one file for
each day, and they are the source files that the store is loaded from. A row that was written before a crash
is known by its number and is not written again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from kg.errors import KgError
from kg.opcua.mapping import RUNS, STATES
from kg.opcua.tracker import Closed, Kind, Rules, Tracker

Keep = Callable[[Closed], str]

FOLDER = "opcua"
"""Folder of the journals in a store."""
ENDINGS: dict[Kind, str] = {"states": STATES, "runs": RUNS}
LONG = 5_000
"""Events after which the log is cut where no run is open."""


def _sync_folder(folder: Path) -> None:
    with suppress(OSError):  # a folder cannot be opened everywhere, as on Windows
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def append(path: Path, records: Iterable[Mapping[str, Any]]) -> None:
    """Put records at the end of a file, one a line, and return when they are on disk."""
    new = not path.exists()
    data = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()
    with path.open("ab", buffering=0) as file:
        file.write(data)
        os.fsync(file.fileno())
    if new:
        _sync_folder(path.parent)


def whole_lines(path: Path) -> list[dict[str, Any]]:
    """Return the records of a file, and cut off a last line that a crash left half-written."""
    if not path.exists():
        return []
    data = path.read_bytes()
    end = data.rfind(b"\n") + 1
    if end < len(data):
        with path.open("r+b") as file:
            file.truncate(end)
            os.fsync(file.fileno())
    return [json.loads(line) for line in data[:end].splitlines() if line.strip()]


class Journal:
    """The files of one machine in a store, and the tracker that they bring up to date."""

    def __init__(self, store: Path, stem: str, rules: Rules, keep: Keep = lambda closed: "") -> None:
        """Open the files and go through the events since the last cut; rows that are missing are written.

        `keep` puts the series of a run on disk, before its row is written, and returns its name.
        Raises KgError where another watcher holds the files.
        """
        self._keep = keep
        self.folder, self.stem = store / FOLDER, stem
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = _lock(self.folder / f"{stem}.lock")
        self._events = self.folder / f"{stem}.events.jsonl"
        self._written: dict[Kind, int] = {kind: self._last(kind) for kind in ENDINGS}
        self.replayed: list[Closed] = []
        lines = whole_lines(self._events)
        memory = lines.pop(0)["memory"] if lines and "memory" in lines[0] else None
        self.tracker = Tracker(rules, memory)
        for kind, number in self._written.items():
            if memory is None and not lines:
                self.tracker.numbers[kind] = number
        self._length = len(lines)
        for line in lines:
            self.replayed += self.tracker.feed(line)
        self._write(self.replayed)

    def close(self) -> None:
        """Let another watcher have the files."""
        self._lock.close()

    def files(self) -> list[Path]:
        """Return the journals of all days."""
        return sorted(
            path for end in ENDINGS.values() for path in self.folder.glob(f"{_literal(self.stem)}_*{end}")
        )

    def runs(self) -> list[tuple[Path, dict[str, Any]]]:
        """Return the rows of all runs, each with its file."""
        return [(path, row) for path in self.files() if path.name.endswith(RUNS) for row in whole_lines(path)]

    def place(self, closed: Closed) -> Path:
        """Return the journal of a row: that of the day on which it was over."""
        return self.folder / f"{self.stem}_{str(closed.row['end'])[:10]}{ENDINGS[closed.kind]}"

    def take(self, events: list[dict[str, Any]]) -> list[Closed]:
        """Put events on disk, go through them, and return what is over, once its rows are on disk too."""
        if not events:
            return []
        append(self._events, events)
        self._length += len(events)
        closed = [row for event in events for row in self.tracker.feed(event)]
        new = self._write(closed)
        over = any(row.kind == "runs" for row in closed)
        if over or (self.tracker.run is None and self._length > LONG):
            self._cut()
        return new

    def _cut(self) -> None:
        """Begin the log of events anew with all that is known now."""
        half = self._events.with_name(self._events.name + ".part")
        half.unlink(missing_ok=True)
        append(half, [{"memory": self.tracker.memory()}])
        half.replace(self._events)
        _sync_folder(self.folder)
        self._length = 0

    def _write(self, closed: list[Closed]) -> list[Closed]:
        """Write the rows that are not in the journals yet, and return them."""
        new = [row for row in closed if row.row["number"] > self._written[row.kind]]
        for each in new:
            if each.kind == "runs":
                each.row["series"] = self._keep(each)
        by_file: dict[Path, list[dict[str, Any]]] = {}
        for each in new:
            by_file.setdefault(self.place(each), []).append(each.row)
            self._written[each.kind] = each.row["number"]
        for path, rows in by_file.items():
            append(path, rows)
        return new

    def _last(self, kind: Kind) -> int:
        """Return the number of the last row that is in a journal."""
        numbers = [0]
        for path in self.folder.glob(f"{_literal(self.stem)}_*{ENDINGS[kind]}"):
            numbers += [row["number"] for row in whole_lines(path)[-1:]]
        return max(numbers)


def _literal(text: str) -> str:
    return text.replace("[", "[[]")


def _lock(path: Path) -> Any:
    """Hold a file as the only watcher of its machine, for as long as this process lives."""
    handle = path.open("a+b")
    try:
        import fcntl
    except ImportError:  # Windows: there, two watchers are not told from one
        return handle
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.close()
        name = path.name.removesuffix(".lock")
        raise KgError(
            f"{name}: another process watches this machine into this store. End that first."
        ) from None
    return handle
