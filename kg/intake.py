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
"""Triples after which a stream ends and another begins; a load that is killed loses those of its last one."""

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
        self._file: BinaryIO | None = None
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
        try:
            write(file)
            file.write(nt.quads(catalogue, CATALOGUE_GRAPH).encode())
        except BaseException as error:
            self._break_off()
            if isinstance(error, OSError):
                raise StoreError(f"{self._path}: the text for the store cannot be written: {error}") from None
            raise
        self._graphs.add(graph)
        self._latest = size
        self._size += size
        if self._size >= TOGETHER:
            self._end()

    def settle(self) -> None:
        """Wait after a large graph until there is room in the memory for reading another one's file."""
        if self._latest >= LARGE and self._thread is not None and self._thread.is_alive():
            self._pace.wait(SETTLED)

    def _open(self) -> BinaryIO:
        self._wait()
        self._path.parent.mkdir(exist_ok=True)
        self._thread = threading.Thread(target=self._load, name="kg intake")
        if hasattr(os, "mkfifo"):
            os.mkfifo(self._path)
            self._thread.start()
            self._pace = _Pace()
            self._file = cast(BinaryIO, _Paced(self._path.open("wb"), self._pace))
        else:
            self._file = self._path.open("wb")
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
        """End the stream, so that all that is in it goes into the store."""
        if self._file is None:
            return
        file, self._file, self._size = self._file, None, 0
        with suppress(BrokenPipeError):
            file.close()
        assert self._thread is not None
        if not self._thread.ident:
            self._thread.start()

    def _break_off(self) -> None:
        """End the stream within a graph, so that nothing of it goes into the store."""
        assert self._file is not None and self._thread is not None
        if not self._thread.ident:
            self._file.close()
            self._file = self._thread = None
            self._path.unlink()
            return
        try:
            # The end alone would let the loader take the half that it has; this does not.
            self._file.write(b'\n"\n')
            self._file.flush()
        except BrokenPipeError:
            self.finish()  # tells why the loader went away
        self._end()
        with suppress(StoreError):
            self._wait()

    def _wait(self) -> None:
        if self._thread is None:
            return
        self._thread.join()
        self._thread = None
        if self._error is not None:
            error, self._error = self._error, None
            self._graphs.clear()
            raise StoreError(f"{self._store.path}: the store did not take the triples: {error}") from error

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


class _Paced:
    """A pipe into the bulk loader, which is given a further part only where the memory has room for it."""

    def __init__(self, pipe: BinaryIO, pace: _Pace) -> None:
        self._pipe, self._pace = pipe, pace
        self._left = PART

    def write(self, text: bytes) -> int:
        """Write lines, and wait where a part ends among them."""
        rest, lines = text, text.count(b"\n")
        while lines >= self._left:
            end = _after(rest, self._left)
            self._pipe.write(rest[:end])
            self._pipe.flush()
            rest, lines, self._left = rest[end:], lines - self._left, PART
            self._pace.wait(HELD)
        self._left -= lines
        self._pipe.write(rest)
        return len(text)

    def flush(self) -> None:
        """Let the loader have all that was written."""
        self._pipe.flush()

    def close(self) -> None:
        """End the text."""
        self._pipe.close()


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
