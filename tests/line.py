"""What the tests of loading share: a folder of records, a store with one mapping, and long files."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyoxigraph as ox

from kg import catalogue
from kg.iri import file_iri
from kg.load import Loader, Outcome
from kg.store import CATALOGUE_GRAPH, Store
from tests.conftest import BASE, CALENDERING

HEAD = "Nr;Rolle;Last;Text\n"

ROWS = 500
"""More triples than go in by a transaction."""


def many(shift: int = 0, away: int = -1) -> str:
    rows = (f"{n};K{n};{n + shift if n % 5 == 0 else n};a\t{n}\n" for n in range(ROWS) if n != away)
    return HEAD + "".join(rows)


def told(outcomes: list[Outcome]) -> dict[str, str]:
    return {outcome.name: outcome.outcome for outcome in outcomes}


class Line:
    """A folder of record files and a store, with one mapping in the store."""

    def __init__(self, folder: Path, store: Path) -> None:
        self.records, self.store = folder / "records", folder / "store"
        self.records.mkdir()
        shutil.copytree(store, self.store)
        self.mapping("kal.yaml", CALENDERING)

    def mapping(self, name: str, text: str) -> Path:
        path = self.store / "mappings" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def file(self, name: str, text: str | bytes) -> Path:
        path = self.records / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def load(self, *paths: Path, **options: object) -> list[Outcome]:
        return Loader(self.store, **options).load(paths or [self.records])  # type: ignore[arg-type]

    def dump(self) -> list[str]:
        """Return all statements but those of the vocabulary."""
        store = Store.open(self.store)
        quads = (
            quad
            for graph in (*store.graphs(), CATALOGUE_GRAPH)
            for quad in store.db.quads_for_pattern(None, None, None, ox.NamedNode(graph))
        )
        return sorted(map(str, quads))

    def graph(self, name: str) -> set[str]:
        return set(map(str, Store.open(self.store).triples([file_iri(BASE, name)])))

    def entries(self) -> dict[str, catalogue.Entry]:
        return {entry.name: entry for entry in catalogue.entries(Store.open(self.store))}
