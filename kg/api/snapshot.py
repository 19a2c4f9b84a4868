"""A database that somebody may be writing to -> a state of it that stays, as hard links beside it.

A handle for reading opens files when it first needs them. When the writer has put such a file away meanwhile,
a query fails, and some joins of pyoxigraph 0.5 gather that failure without end. Linked files cannot go away.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import time
from pathlib import Path

FOLDER = "readers"
_TRIES = 200
_NUMBERS = itertools.count()

Stamp = tuple[tuple[str, int, int], ...]


def stamp(folder: Path) -> Stamp:
    """Return what tells one state of the database from another: the names, sizes and times of its files."""
    files = []
    with os.scandir(folder) as found:
        for file in found:
            if file.name.endswith((".sst", ".log")) or file.name.startswith(("CURRENT", "MANIFEST")):
                try:
                    known = file.stat()
                except FileNotFoundError:
                    continue
                files.append((file.name, known.st_size, known.st_mtime_ns))
    return tuple(sorted(files))


def _layout(state: Stamp) -> list[tuple[str, int]]:
    """Return what must stand still while a state is linked; a log may grow, as each part of it is whole."""
    return [(name, 0 if name.endswith((".log", ".sst")) else size) for name, size, _ in state]


def take(store: Path) -> tuple[Path, Stamp]:
    """Return a folder with a state of the database of a store, no older than this call, and its stamp.

    Raises OSError where the files cannot be linked, or do not stand still.
    """
    source = store / "oxigraph"
    for _ in range(_TRIES):
        folder = store / FOLDER / f"{os.getpid()}-{next(_NUMBERS)}"
        folder.mkdir(parents=True)
        before = stamp(source)
        try:
            for name, _, _ in before:
                if name.endswith(".sst"):
                    os.link(source / name, folder / name)
                else:
                    shutil.copyfile(source / name, folder / name)
        except FileNotFoundError:
            pass
        else:
            if _layout(stamp(source)) == _layout(before):
                return folder, before
        drop(folder)
        time.sleep(0.01)
    raise OSError(f"{source}: the files do not stand still.")


def drop(folder: Path) -> None:
    """Take a state away that nobody reads any more."""
    shutil.rmtree(folder, ignore_errors=True)


def tidy(store: Path) -> None:
    """Take away what processes left behind that were ended."""
    with contextlib.suppress(FileNotFoundError):
        for folder in (store / FOLDER).iterdir():
            try:
                os.kill(int(folder.name.partition("-")[0]), 0)
            except (ValueError, ProcessLookupError):
                drop(folder)
            except PermissionError:
                continue
