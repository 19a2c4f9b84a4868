"""The store on disk: named graphs in pyoxigraph, one for each source file, and the catalogue of them.

    kg-store/
      store.toml     base IRI of the steward's identifiers, version of this layout
      oxigraph/      the triples
      set-aside/     rows that could not be loaded, with their reasons

A graph is replaced in one transaction: a load that is killed leaves the graph as it was.
"""

from __future__ import annotations

import functools
import hashlib
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyoxigraph as ox

from kg import ntriples as nt
from kg.errors import KgError
from kg.iri import DEFAULT_BASE
from kg.namespaces import PREFIXES
from kg.resources import vocabulary_files

LAYOUT = 1
VOCABULARY_GRAPH = "https://w3id.org/battery-kg/vocabulary"
CATALOGUE_GRAPH = "https://w3id.org/battery-kg/catalogue"
COMPACT = 500_000
"""Triples after whose load the store is compacted, which halves the time to read it as a whole."""

BULK = 5_000
"""Triples from which a new graph goes in by the bulk loader, which is faster but cannot replace."""

_SETTINGS = "store.toml"
_SHA = PREFIXES["schema"] + "sha256"
_ITEM = PREFIXES["kgc"] + "item"


@functools.cache
def vocabulary_digest() -> str:
    """Return the sha256 of the vocabulary."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in vocabulary_files())).hexdigest()


class StoreError(KgError):
    """The store cannot be opened or made."""


class Store:
    """A store that is open. Make one with `Store.create`, open one with `Store.open`."""

    def __init__(self, path: Path, base: str, db: ox.Store) -> None:
        self.path, self.base, self.db = path, base, db

    @classmethod
    def create(cls, path: Path, base: str = DEFAULT_BASE) -> Store:
        """Make a store in a new or empty folder.

        `base` is the beginning of every IRI that is made for the steward's identifiers; it ends in `/` or `#`
        and stays for the life of the store.
        Raises StoreError where something is there already, or the base is no IRI.
        """
        if (path / _SETTINGS).exists():
            raise StoreError(
                f"{path}: there is a store already. 'kg info --store {path}' says what is in it."
            )
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise StoreError(f"{path}: this is not an empty folder. Give another --store.")
        try:
            ox.NamedNode(base)
        except ValueError as error:
            raise StoreError(f"'{base}' is not an IRI ({error}). Example: {DEFAULT_BASE}") from None
        if not base.endswith(("/", "#")):
            raise StoreError(f"the base '{base}' must end in '/' or '#'. Example: {DEFAULT_BASE}")
        path.mkdir(parents=True, exist_ok=True)
        store = cls(path, base, ox.Store(str(path / "oxigraph")))
        store.refresh_vocabulary()
        # Written last: a folder without it is no store yet.
        (path / _SETTINGS).write_text(f'layout = {LAYOUT}\nbase = "{base}"\n', encoding="utf-8")
        return store

    @classmethod
    def open(cls, path: Path, *, write: bool = False) -> Store:
        """Open a store, for reading unless `write` is given; one process at a time can write.

        Raises StoreError where there is none, it is of another layout, or it is being written to.
        """
        if not (path / _SETTINGS).is_file():
            raise StoreError(f"{path}: there is no store. Make one with: kg init --store {path}")
        try:
            settings: dict[str, Any] = tomllib.loads((path / _SETTINGS).read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError):
            settings = {}
        if not {"layout", "base"} <= set(settings):
            hint = 'It holds two lines: layout = 1 and base = "IRI".'
            raise StoreError(f"{path / _SETTINGS}: this file is damaged. {hint}")
        if settings["layout"] != LAYOUT:
            raise StoreError(f"{path}: layout {settings['layout']} of another version; this is {LAYOUT}.")
        where = str(path / "oxigraph")
        try:
            db = ox.Store(where) if write else ox.Store.read_only(where)
        except OSError as error:
            if "lock" in str(error).lower():
                raise StoreError(
                    f"{path}: another process is writing to this store. Try again later."
                ) from None
            raise StoreError(f"{path}: the store cannot be opened: {error}") from None
        store = cls(path, settings["base"], db)
        if write:
            store.refresh_vocabulary()
        return store

    def refresh_vocabulary(self) -> None:
        """Put the vocabulary of this version into its graph, unless it is there already."""
        graph, digest = ox.NamedNode(VOCABULARY_GRAPH), vocabulary_digest()
        known = ox.Quad(graph, ox.NamedNode(_SHA), ox.Literal(digest), ox.NamedNode(CATALOGUE_GRAPH))
        if known in self.db:
            return
        triples = {
            quad.triple: None
            for path in vocabulary_files()
            for quad in ox.parse(path=path, rename_blank_nodes=True)
        }
        text = nt.write(triples)
        self.replace(VOCABULARY_GRAPH, text, f'<{VOCABULARY_GRAPH}> <{_SHA}> "{digest}" .\n')

    def replace(self, graph: str, ntriples: str, catalogue: str) -> None:
        """Put a graph and its entries of the catalogue in the place of what was there, in one transaction.

        `ntriples` and `catalogue` are N-Triples; the entries of a graph are those about its IRI
        and about fragments of it.
        """
        new = not self.has_graph(graph) and not self._known(graph)
        if new and ntriples.count("\n") >= BULK:
            self._bulk(graph, ntriples, catalogue)
            return
        # One pattern each, so that both are looked up in an index and never scan the catalogue.
        self.db.update(
            f"DROP SILENT GRAPH <{graph}> ;\n"
            f"DELETE {{ GRAPH <{CATALOGUE_GRAPH}> {{ ?s ?p ?o }} }}"
            f" WHERE {{ GRAPH <{CATALOGUE_GRAPH}> {{ <{graph}> <{_ITEM}> ?s . ?s ?p ?o }} }} ;\n"
            f"DELETE WHERE {{ GRAPH <{CATALOGUE_GRAPH}> {{ <{graph}> ?p ?o }} }} ;\n"
            f"INSERT DATA {{ GRAPH <{graph}> {{\n{ntriples}}}\nGRAPH <{CATALOGUE_GRAPH}> {{\n{catalogue}}} }}"
        )

    def _bulk(self, graph: str, ntriples: str, catalogue: str) -> None:
        # Line feeds inside literals are escaped, so ' .\n' only ever ends a triple.
        quads = ntriples.replace(" .\n", f" <{graph}> .\n")
        quads += catalogue.replace(" .\n", f" <{CATALOGUE_GRAPH}> .\n")
        self.db.bulk_load(input=quads.encode(), format=ox.RdfFormat.N_QUADS)

    def _known(self, graph: str) -> bool:
        quads = self.db.quads_for_pattern(ox.NamedNode(graph), None, None, ox.NamedNode(CATALOGUE_GRAPH))
        return next(iter(quads), None) is not None

    def has_graph(self, graph: str) -> bool:
        """Return whether the store holds a graph of this name."""
        return self.db.contains_named_graph(ox.NamedNode(graph))

    def query(self, text: str, **options: Any) -> Any:
        """Run a SPARQL query over all graphs at once; prefixes of the project need not be declared.

        Raises KgError where the query is no SPARQL.
        """
        try:
            return self.db.query(
                text, base_iri=self.base, prefixes=PREFIXES, use_default_graph_as_union=True, **options
            )
        except SyntaxError as error:
            raise KgError(f"this is not SPARQL: {error}") from None

    def triples(self, graphs: Iterable[str]) -> Iterator[ox.Triple]:
        """Return the triples of some graphs."""
        for graph in graphs:
            for quad in self.db.quads_for_pattern(None, None, None, ox.NamedNode(graph)):
                yield quad.triple

    def count(self) -> int:
        """Return how many triples the graphs of records hold; counted without reading any of them."""
        others = f"<{VOCABULARY_GRAPH}>, <{CATALOGUE_GRAPH}>"
        text = f"SELECT (COUNT(*) AS ?n) {{ GRAPH ?g {{ ?s ?p ?o }} FILTER(?g NOT IN ({others})) }}"
        solutions = self.db.query(text)
        assert isinstance(solutions, ox.QuerySolutions)
        return int(next(solutions)["n"].value)

    def graphs(self) -> list[str]:
        """Return the names of the graphs that hold records, sorted."""
        names = (node.value for node in self.db.named_graphs() if isinstance(node, ox.NamedNode))
        return sorted(name for name in names if name not in (VOCABULARY_GRAPH, CATALOGUE_GRAPH))


@contextmanager
def writing(path: Path) -> Iterator[Store]:
    """Open a store for writing, and give the lock back at the end."""
    store = Store.open(path, write=True)
    try:
        yield store
    finally:
        store.db.flush()
        del store.db
