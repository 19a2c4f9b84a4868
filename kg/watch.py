"""A folder that people and machines write into -> loads of what is new or changed in it, one event at a time.

The folder is looked at again and again, and nothing is asked of the file system: that works on a share of the
plant network, too, where no notice of changes comes.
A file is taken when its size and its time have rested from one look to the next.
A file that is gone stays in the store: whoever cleans up a folder of exports must never lose a row by it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from kg import catalogue
from kg.errors import KgError
from kg.load import Outcome, collect
from kg.store import Store

What = Literal["new", "changed", "removed", "again", "error"]

State = tuple[int, int]
"""Size and time of change of a file, in bytes and nanoseconds."""

Load = Callable[[list[Path]], list[Outcome]]
"""Loads some files and returns what became of each, as `Loader.load` does; it may raise KgError."""


@dataclass(frozen=True)
class Event:
    """Something that happened in the folder, and what became of it.

    `outcome` is missing where a file was removed, or where nothing could be loaded; then `text` says why.
    """

    what: What
    name: str
    outcome: Outcome | None = None
    text: str = ""
    at: datetime = field(default_factory=lambda: datetime.now().replace(microsecond=0))


class Watch:
    """A folder, what was seen in it at the last look, and what of it was loaded."""

    def __init__(self, folder: Path, store: Path, load: Load, mappings: tuple[Path, ...] = ()) -> None:
        """Take the folder, the store, how files are loaded, and the mappings named for it.

        Raises KgError where the folder is none.
        """
        if not folder.is_dir():
            raise KgError(f"{folder}: this is no folder. Watch a folder: kg load --watch FOLDER")
        self.folder, self.store, self._load = folder, store, load
        self._mappings = mappings
        self._seen: dict[Path, State] = {}
        self._done: dict[Path, State] = {}
        self._open: set[Path] = set()
        """Files that came to nothing; they are tried again when a mapping changes."""
        self._retry: set[Path] = set()
        self._rules = self._mapping_state()
        self._told = ""
        self._begun = False

    def look(self) -> Iterator[Event]:
        """Look once, load what has rested since the last look, and yield what happened, file by file.

        A fault of a file, of a mapping or of the store is an event; nothing stops the watch.
        """
        try:
            now = self._states()
        except (KgError, OSError) as error:
            yield from self._error(str(error))
            return
        if not self._begun:
            yield from self._gone_meanwhile(now)
            self._begun = True
        for path in [path for path in self._done if path not in now]:
            del self._done[path]
            self._open.discard(path)
            self._retry.discard(path)
            yield Event("removed", self._name(path), text="its rows stay in the store")
        self._again()
        again = set(self._retry)
        rested = [path for path, state in now.items() if self._seen.get(path) == state]
        ready = [path for path in rested if self._done.get(path) != now[path] or path in again]
        self._seen = now
        if ready:
            yield from self._take(ready, now, again)

    def run(self, stop: threading.Event, every: float) -> Iterator[Event]:
        """Look every so many seconds until `stop` is set; a load that has begun is brought to its end."""
        while not stop.is_set():
            yield from self.look()
            stop.wait(every)

    def _take(self, ready: list[Path], now: dict[Path, State], again: set[Path]) -> Iterator[Event]:
        try:
            outcomes = self._load(ready)
        except (KgError, OSError) as error:
            # Another load may hold the store, or a mapping may be half-written: the next look tries again.
            yield from self._error(str(error))
            return
        self._told = ""
        for outcome in outcomes:
            path = outcome.path
            known = path in self._done
            what: What = "again" if path in again else "changed" if known else "new"
            self._done[path] = now[path]
            self._retry.discard(path)
            if outcome.usable:
                self._open.discard(path)
            else:
                self._open.add(path)
            yield Event(what, outcome.name, outcome)

    def _error(self, text: str) -> Iterator[Event]:
        if text != self._told:  # said once, not at every look
            self._told = text
            yield Event("error", self.folder.name, text=text)

    def _states(self) -> dict[Path, State]:
        found: dict[Path, State] = {}
        for path in collect([self.folder]):
            try:
                seen = path.stat()
            except OSError:
                continue  # gone since it was listed, or a link that leads nowhere
            found[path] = seen.st_size, seen.st_mtime_ns
        return found

    def _again(self) -> None:
        """Take the files that came to nothing once more, if a mapping has changed since."""
        rules = self._mapping_state()
        if rules != self._rules:
            self._rules = rules
            self._retry |= self._open

    def _mapping_state(self) -> dict[Path, State]:
        found: dict[Path, State] = {}
        for path in (*self._mappings, *(self.store / "mappings").rglob("*.yaml")):
            try:
                seen = path.stat()
            except OSError:
                continue
            found[path] = seen.st_size, seen.st_mtime_ns
        return found

    def _gone_meanwhile(self, now: dict[Path, State]) -> Iterator[Event]:
        """Tell once of the files that were loaded from here and went away while nobody watched."""
        if not (self.store / "store.toml").is_file():
            return
        here = self.folder.resolve()
        names = {(str(path.resolve().parent), path.name) for path in now}
        try:
            opened = Store.open(self.store)
            entries = catalogue.entries(opened, items=False)
            del opened
        except KgError as error:
            yield from self._error(str(error))
            return
        for entry in entries:
            folder = Path(entry.folder)
            inside = entry.folder and (folder == here or here in folder.parents)
            if inside and entry.outcome == "loaded" and (entry.folder, Path(entry.name).name) not in names:
                yield Event("removed", entry.name, text="its rows stay in the store")

    def _name(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()
