"""New graphs on their way into a store on disk, by its bulk loader: all of a graph or nothing of it."""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, cast

import pyoxigraph as ox

from kg import ntriples as nt
from kg.store import CATALOGUE_GRAPH, INCOMING, Store, StoreError

TOGETHER = 10_000_000
"""Triples after which a stream ends and another begins; a load that is killed has to repeat its last one."""

PART = 1_000_000
"""Triples that the bulk loader takes from a stream at a time, sorts and writes."""

HELD = 1_700_000_000
"""Bytes of memory below which another part is begun beside those that are being sorted."""

LARGE = 2_500_000
"""Triples of a graph after which another file is read only where the memory has room for it."""

SETTLED = 1_300_000_000
"""Bytes of memory below which there is room for reading another large file."""

ROOM = 400_000_000
"""Bytes by which the memory may be above that at the beginning of a stream, if this is more."""

POLL = 1.0
"""Seconds between two looks at the memory; to have it given back each time is work as well."""

PATIENCE = 600.0
"""Seconds that a part is waited for; where it takes longer, the memory does not show it."""

IDLE = 10.0
"""Seconds in which a process that works on a part uses more than a tenth of a core."""

_STOP = b" .\n"


class Intake:
    """New graphs on their way into a store: its bulk loader reads them while they are written.

    The loader puts all that it reads of a stream into the store at once, at the end of it, or nothing.
    So a graph and its entry of the catalogue always stand in one stream.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._path = store.path / INCOMING / "new.nq"
        shutil.rmtree(self._path.parent, ignore_errors=True)
        self._thread: threading.Thread | None = None
        self._error: Exception | None = None
        self._file: _Text | None = None
        self._whole = True
        self._pace = _Pace()
        self._size = self._latest = 0
        self._graphs: set[str] = set()

    def holds(self, graph: str) -> bool:
        """Return whether a graph of this name is on its way."""
        return graph in self._graphs

    def add(self, graph: str, write: Callable[[BinaryIO], None], catalogue: str, size: int) -> None:
        """Take in a graph that is not in the store, with its entries of the catalogue as N-Triples.

        `write` writes the graph as N-Quads, about `size` of them.
        Where it breaks off, nothing of its stream is in the store.
        Raises StoreError where the store does not take it; then the same holds.
        """
        file = self._file or self._open()
        self._whole = False
        try:
            write(cast(BinaryIO, file))
            file.write(nt.quads(catalogue, CATALOGUE_GRAPH).encode())
        except BaseException as error:
            self._break_off(error)
            raise
        self._whole = True
        self._graphs.add(graph)
        self._latest = size
        self._size += size
        if self._size >= TOGETHER:
            self._end()

    def settle(self) -> None:
        """Wait after a large graph until there is room in the memory for reading another one's file."""
        if self._latest >= LARGE and self._thread is not None and self._thread.is_alive():
            self._pace.wait(SETTLED)

    def _open(self) -> _Text:
        self._wait()
        self._path.parent.mkdir(exist_ok=True)
        self._thread = threading.Thread(target=self._load, name="kg intake")
        self._pace = _Pace()
        if hasattr(os, "mkfifo"):
            os.mkfifo(self._path)
            self._thread.start()
        try:
            self._file = _Text(self._path.open("wb"), self._pace)
        except BaseException:
            if self._thread.ident:
                self._path.open("wb").close()  # else the loader would wait for a text for ever
            raise
        return self._file

    def _load(self) -> None:
        try:
            # The text is what the mapping makes of IRIs and numbers that it has checked.
            self._store.db.bulk_load(path=self._path, format=ox.RdfFormat.N_QUADS, lenient=True)
        except Exception as error:  # told by the thread that waits
            self._error = error
        self._path.unlink(missing_ok=True)
        _give_back()

    def _end(self) -> None:
        """End the stream: all that is in it goes into the store, or nothing where a graph is not whole."""
        if self._file is None or self._thread is None:
            return
        with suppress(BrokenPipeError):
            if self._whole:
                self._file.finish()
            self._file.close()
        if not self._thread.ident and self._whole:
            self._thread.start()
        self._file, self._size = None, 0

    def _break_off(self, error: BaseException) -> None:
        """End the stream within a graph; raises StoreError where the store or the disk is the reason."""
        thread = self._thread
        by_loader = thread and thread.ident and (isinstance(error, OSError) or not thread.is_alive())
        self._end()
        reason = self._joined()
        self._whole = True
        self._graphs.clear()
        if by_loader:
            raise self._refused(reason) from error
        if isinstance(error, OSError):
            raise StoreError(f"{self._path}: the text for the store cannot be written: {error}") from None

    def _wait(self) -> None:
        error = self._joined()
        if error is not None:
            self._graphs.clear()
            if self._whole:
                raise self._refused(error) from error

    def _joined(self) -> Exception | None:
        """Wait for the loader; return why it took nothing, if it did not."""
        if self._thread is not None and self._thread.ident:
            self._thread.join()
        self._thread = None
        error, self._error = self._error, None
        return error

    def _refused(self, error: Exception | None) -> StoreError:
        return StoreError(f"{self._store.path}: the store did not take the triples: {error}")

    def finish(self) -> None:
        """Load all that is still on its way.

        Raises StoreError where the store does not take it.
        """
        self._end()
        self._wait()
        self._graphs.clear()
        shutil.rmtree(self._path.parent, ignore_errors=True)


class _Pace:
    """How far the bulk loader is with its parts, as the memory of the process shows it.

    It sorts and writes two parts beside reading the next.
    """

    def __init__(self) -> None:
        self._least = _memory()

    def wait(self, held: int) -> None:
        """Wait until parts are done with, so that the process holds less memory than this."""
        limit = max(held, self._least + ROOM)
        until = time.monotonic() + PATIENCE
        since, used = time.monotonic(), time.process_time()
        while self._least and time.monotonic() < until:
            if _memory() > limit:
                _give_back()
            if _memory() <= limit:
                return
            time.sleep(POLL)
            if time.monotonic() - since > IDLE:
                if time.process_time() - used < IDLE / 10:
                    break  # it waits for more, though the memory was not given back
                since, used = time.monotonic(), time.process_time()
        self._least = 0  # the memory does not tell


class _Text:
    """The text of a stream, which the loader is given a part at a time, where the memory has room for it.

    What ends a statement is held back until more follows, or all is whole: a text that breaks off, for
    whatever reason, is then none that the loader takes.
    """

    def __init__(self, file: BinaryIO, pace: _Pace) -> None:
        self._file, self._pace = file, pace
        self._left = PART
        self._held = b""

    def write(self, text: bytes) -> int:
        """Write lines, and wait where a part ends among them."""
        rest = self._held + text
        rest, self._held = rest[: -len(_STOP)], rest[-len(_STOP) :]
        lines = rest.count(b"\n")
        while lines >= self._left:
            end = _after(rest, self._left)
            self._file.write(rest[:end])
            self._file.flush()
            rest, lines, self._left = rest[end:], lines - self._left, PART
            self._pace.wait(HELD)
        self._left -= lines
        self._file.write(rest)
        return len(text)

    def finish(self) -> None:
        """Write what is held back, as all graphs are whole."""
        self._file.write(self._held)
        self._held = b""

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _after(text: bytes, lines: int) -> int:
    """Return where so many lines end in a text."""
    end = 0
    for _ in range(lines):
        end = text.index(b"\n", end) + 1
    return end


def _memory() -> int:
    """Return the bytes of memory of this process; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0


def _give_back() -> None:
    """Give memory that is free back to the system, where it is Linux; its C library keeps a lot of it."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim:
        trim(0)
