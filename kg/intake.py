"""New graphs on their way into a store on disk, by its bulk loader: all of a graph or nothing of it."""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pyoxigraph as ox

from kg import ntriples as nt
from kg.store import CATALOGUE_GRAPH, INCOMING, Store, StoreError

TOGETHER = 700_000
"""Triples of new graphs that are loaded together; two such loads run at a time, on a core each."""

BEGIN = 60_000
"""Triples with which a load begins where none is running, so that the loader does not wait for more."""

AT_ONCE = 2_600_000
"""Triples that are on their way at a time, which bounds the memory; a larger graph goes in alone."""


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
                    write(pipe)
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


def _give_back() -> None:
    """Give memory that is free back to the system, where it is Linux; its C library keeps a lot of it."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim:
        trim(0)
