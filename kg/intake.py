"""New graphs on their way into a store on disk, by its bulk loader: all of a graph or nothing of it."""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, cast

import pyoxigraph as ox

from kg import ntriples as nt
from kg.store import CATALOGUE_GRAPH, INCOMING, Store, StoreError

TOGETHER = 700_000
"""Triples of new graphs that are loaded together; two such loads run at a time, on a core each."""

BEGIN = 60_000
"""Triples with which a load begins where none is running, so that the loader does not wait for more."""

AT_ONCE = 2_600_000
"""Triples that are on their way at a time, which bounds the memory; a larger graph goes in alone."""

PART = 1_000_000
"""Triples that the bulk loader takes from a stream at a time, sorts and writes."""

ROOM = 400_000_000
"""Bytes by which the memory is above that at the beginning, where a part is done with."""

PATIENCE = 600.0
"""Seconds that a part is waited for; where it takes longer, the memory does not show it."""

IDLE = 10.0
"""Seconds in which a process that works on a part uses more than a tenth of a core."""


class Intake:
    """New graphs on their way into a store: they are written to a file while the file before is loaded.

    The bulk loader puts all that is in a file into the store at once, or nothing.
    So a graph and its entry of the catalogue always stand in one file.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._folder = store.path / INCOMING
        shutil.rmtree(self._folder, ignore_errors=True)
        self._loads: list[tuple[threading.Thread, int]] = []
        self._error: Exception | None = None
        self._file: BinaryIO | None = None
        self._number = 0
        self._size = 0
        self._graphs: set[str] = set()

    def holds(self, graph: str) -> bool:
        """Return whether a graph of this name is on its way."""
        return graph in self._graphs

    def add(self, graph: str, write: Callable[[BinaryIO], None], catalogue: str, size: int) -> None:
        """Take in a graph that is not in the store, with its entries of the catalogue as N-Triples.

        `write` writes the graph as N-Quads, about `size` of them.
        Raises StoreError where there is no room for it; then all that came before is still in the store.
        """
        if size >= AT_ONCE and hasattr(os, "mkfifo"):
            self._stream(graph, write, catalogue)
            return
        try:
            if self._file is None:
                self._folder.mkdir(exist_ok=True)
                self._file = (self._folder / f"{self._number}.nq").open("wb")
            write(self._file)
            self._file.write(nt.quads(catalogue, CATALOGUE_GRAPH).encode())
        except OSError as error:
            self.abandon()
            raise StoreError(f"{self._folder}: the text for the store cannot be written: {error}") from None
        self._graphs.add(graph)
        self._size += size
        idle = not any(thread.is_alive() for thread, _ in self._loads)
        if self._size >= (min(BEGIN, TOGETHER) if idle else TOGETHER):
            self._hand_over()

    def _stream(self, graph: str, write: Callable[[BinaryIO], None], catalogue: str) -> None:
        """Load a large graph while it is written, so that its text never stands on the disk."""
        self._hand_over()
        self._wait()
        self._folder.mkdir(exist_ok=True)
        path = self._folder / f"{self._number}.nq"
        os.mkfifo(path)
        self._number += 1
        self._start(path, AT_ONCE)
        try:
            with path.open("wb") as pipe:
                try:
                    write(cast(BinaryIO, _Paced(pipe)))
                    pipe.write(nt.quads(catalogue, CATALOGUE_GRAPH).encode())
                except BrokenPipeError:
                    raise
                except BaseException:
                    # The end of the text would let the loader take the half that it has; this does not.
                    pipe.write(b'\n"\n')
                    raise
        except BrokenPipeError:
            self._wait()  # tells why the loader went away
        self._graphs.add(graph)

    def _start(self, path: Path, size: int) -> None:
        while self._loads and (len(self._loads) > 1 or self._loads[0][1] + size > AT_ONCE):
            self._wait(1)
        thread = threading.Thread(target=self._load, args=(path,), name="kg intake")
        thread.start()
        self._loads.append((thread, size))

    def _hand_over(self) -> None:
        if self._file is None:
            return
        self._file.close()
        self._file = None
        self._start(self._folder / f"{self._number}.nq", self._size)
        self._size = 0
        self._number += 1

    def _load(self, path: Path) -> None:
        try:
            # The text is what the mapping makes of IRIs and numbers that it has checked.
            self._store.db.bulk_load(path=path, format=ox.RdfFormat.N_QUADS, lenient=True)
            path.unlink()
            _give_back()
        except Exception as error:  # told by the thread that waits
            self._error = error

    def _wait(self, number: int = 2) -> None:
        """Wait for the loads that began first, or for all."""
        for thread, _ in self._loads[:number]:
            thread.join()
        del self._loads[:number]
        if self._error is not None:
            error, self._error = self._error, None
            self.abandon()
            raise StoreError(f"{self._store.path}: the store did not take the triples: {error}") from error

    def finish(self) -> None:
        """Load all that is still on its way.

        Raises StoreError where the store does not take it.
        """
        self._hand_over()
        self._wait()
        self._graphs.clear()
        shutil.rmtree(self._folder, ignore_errors=True)

    def abandon(self) -> None:
        """Throw away what the store does not have yet."""
        if self._file is not None:
            self._file.close()
            self._file = None
        for thread, _ in self._loads:
            thread.join()
        self._loads.clear()
        shutil.rmtree(self._folder, ignore_errors=True)


class _Paced:
    """A pipe into the bulk loader, which is given no further part before it is done with the one before.

    The loader sorts and writes a part beside reading the next, and has three of them in memory; on the cores
    of a small machine it is no faster for it. How far it is shows in the memory of the process.
    """

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe
        self._left = PART
        self._least = _memory()

    def write(self, text: bytes) -> int:
        """Write lines, and wait where a part ends among them."""
        rest, lines = text, text.count(b"\n")
        while lines >= self._left:
            end = _after(rest, self._left)
            self._pipe.write(rest[:end])
            self._pipe.flush()
            rest, lines, self._left = rest[end:], lines - self._left, PART
            self._wait()
        self._left -= lines
        self._pipe.write(rest)
        return len(text)

    def _wait(self) -> None:
        until = time.monotonic() + PATIENCE
        since, used = time.monotonic(), time.process_time()
        while self._least and time.monotonic() < until:
            time.sleep(0.2)
            if time.monotonic() - since > IDLE:
                if time.process_time() - used < IDLE / 10:
                    break  # it waits for more, though the memory was not given back
                since, used = time.monotonic(), time.process_time()
            _give_back()
            if _memory() < self._least + ROOM:
                return
        self._least = 0  # the memory does not tell


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
