"""Parts of the value table as Parquet files beside the store, one for each writing of a source graph.

A part is named by a key that changes whenever its graph is written, so a part that is there is that of the
graph: a load that is killed leaves files that nobody asks for, or lacks files that are then made again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import datetime
from pathlib import Path

import polars as pl

from kg.catalogue import Entry
from kg.values.part import Part

FOLDER = "values"
_LAYOUT = "4"


def key(entry: Entry) -> str:
    """Return the key of the part of a graph as the catalogue describes it."""
    # The store writes a time in another form than it was given.
    at = str(datetime.fromisoformat(entry.loaded_at).timestamp()) if entry.loaded_at else ""
    said = (_LAYOUT, entry.graph, entry.sha256, entry.digest, at, str(entry.loaded))
    return hashlib.sha256("\0".join(said).encode()).hexdigest()[:32]


def places(store: Path, name: str) -> tuple[Path, Path]:
    """Return the files of a part: values and links."""
    return store / FOLDER / f"{name}.values.parquet", store / FOLDER / f"{name}.links.parquet"


def is_there(store: Path, name: str) -> bool:
    """Return whether the part of a key is there."""
    return all(place.is_file() for place in places(store, name))


def put(store: Path, name: str, part: Part) -> None:
    """Write a part; a half-written one is never read."""
    (store / FOLDER).mkdir(exist_ok=True)
    for place, frame in zip(places(store, name), (part.values, part.links), strict=True):
        half = place.with_suffix(".part")
        frame.write_parquet(half, compression="lz4")
        half.replace(place)


def take(store: Path, name: str) -> Part:
    """Return the part of a key."""
    values, links = places(store, name)
    return Part(pl.read_parquet(values), pl.read_parquet(links))


def prune(store: Path, names: Collection[str]) -> None:
    """Remove the parts that have none of these keys; only whoever writes to the store may do so."""
    for path in (store / FOLDER).glob("*"):
        if path.name.partition(".")[0] not in names:
            path.unlink(missing_ok=True)
