"""A store on disk -> what the shapes find in it, from columns that are kept beside the triples.

The columns of a graph are made once, and made anew when its entry in the catalogue, the shapes or the
vocabulary change; they stand in `columns/` in the folder of the store and can be deleted at any time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from kg import catalogue, ntriples
from kg.engine.columns import Columns, NotColumnsError, merged, read, save, saved
from kg.store import Store, vocabulary_digest
from kg.validate import Engine, Result, Scope, digest, plan, validate, validate_columns

_VERSION = "2"
_SCOPES: tuple[Scope, ...] = ("record", "line")


def make_columns(text: str) -> Columns:
    """Return the N-Triples of a graph as columns for the shapes of all scopes.

    Raises NotColumnsError where they say what columns do not show.
    """
    plans = [plan(scope) for scope in _SCOPES]
    predicates = frozenset().union(*(told.compiled.predicates() for told in plans))
    return read(text, predicates, [test for told in plans for test in told.tests])


def key_of(entry: catalogue.Entry) -> str:
    """Return the key under which the columns of a graph are kept."""
    parts = (entry.graph, entry.sha256, entry.digest, entry.loaded_at)
    about = (_VERSION, pl.__version__, digest(), vocabulary_digest())
    return hashlib.sha256("\n".join([*parts, *about]).encode()).hexdigest()


def columns_of(store: Store) -> Columns:
    """Return the columns of all graphs of records, from the folder of the store where they are kept.

    Raises NotColumnsError where a graph says what columns do not show.
    """
    folder = store.path / "columns"
    keys = {entry.graph: key_of(entry) for entry in catalogue.entries(store, items=False) if entry.loaded_at}
    parts = []
    for graph in store.graphs():
        kept = saved(folder, keys[graph]) if graph in keys else None
        if kept is None:
            kept = make_columns(ntriples.write(store.triples([graph])))
            if graph in keys:
                _keep(kept, folder, keys[graph])
        parts.append(kept)
    _tidy(folder, set(keys.values()))
    return merged(parts)


def _keep(columns: Columns, folder: Path, key: str) -> None:
    try:
        save(columns, folder, key)
    except OSError:
        # A store that can only be read is checked all the same, and again as slowly.
        return


def _tidy(folder: Path, keys: Iterable[str]) -> None:
    """Delete the columns of graphs that are gone or have changed."""
    wanted = set(keys)
    for path in folder.glob("*") if folder.is_dir() else ():
        if path.name.partition(".")[0] not in wanted:
            try:
                path.unlink()
            except OSError:
                return


def check_scope(store: Store, columns: Columns, scope: Scope) -> list[Result]:
    """Return what the shapes of one scope find in a store and its columns."""
    return validate_columns(plan(scope), columns, store.db, lambda: store.triples(store.graphs()))


def check_triples(store: Store, *, engine: Engine = "compiled") -> list[Result]:
    """Return what the shapes of all scopes find in the graphs of records of a store."""
    if engine == "compiled":
        try:
            columns = columns_of(store)
        except NotColumnsError:
            engine = "pyshacl"
        else:
            return [result for scope in _SCOPES for result in check_scope(store, columns, scope)]
    triples = list(store.triples(store.graphs()))
    return [result for scope in _SCOPES for result in validate(triples, scope, engine=engine)]
