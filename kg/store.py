"""The store on disk: named graphs in pyoxigraph, one for each source file, and the catalogue of them.

    kg-store/
      store.toml     base IRI of the steward's identifiers, version of this layout
      oxigraph/      the triples
      values/        the numbers and links of each graph in columns, made from the graph where they are absent
      set-aside/     rows that could not be loaded, with their reasons
      compacted      bytes of the triples when they were put together last
      incoming/      text on its way into the triples; what a killed load left there is thrown away

A graph goes in, or is replaced, in one step: a load that is killed leaves whole graphs only.
"""

from __future__ import annotations

import functools
import hashlib
import time
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyoxigraph as ox

from kg import ntriples as nt
from kg.errors import KgError
from kg.iri import DEFAULT_BASE
from kg.namespaces import PREFIXES
from kg.resources import vocabulary_files

LAYOUT = 1
VOCABULARY_GRAPH = "https://w3id.org/battery-kg/vocabulary"
CATALOGUE_GRAPH = "https://w3id.org/battery-kg/catalogue"
DERIVED = "https://w3id.org/battery-kg/derived/"
"""What the names of derived graphs begin with; the name of the rule follows."""

COMPACT = 500_000
"""Triples after whose load the store is compacted, which halves the time to read it as a whole."""

INCOMING = "incoming"

BULK = 5_000
"""Triples from which a new graph goes in by the bulk loader, which is faster but cannot replace."""

COMPACTED = "compacted"
_SETTINGS = "store.toml"
_SHA = PREFIXES["schema"] + "sha256"
_ITEM = PREFIXES["kgc"] + "item"
_DOUBLE, _DATE_TIME = (PREFIXES["xsd"] + name for name in ("double", "dateTime"))


@functools.cache
def vocabulary_digest() -> str:
    """Return the sha256 of the vocabulary."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in vocabulary_files())).hexdigest()


def _read_only(where: str) -> ox.Store:
    """Open a database for reading, and again where its writer took a file away meanwhile."""
    for pause in (0.05, 0.2, 0.8):
        try:
            return ox.Store.read_only(where)
        except RuntimeError:
            time.sleep(pause)
    return ox.Store.read_only(where)


def holds_records(graph: str) -> bool:
    """Return whether a graph of this name is one of records: not the vocabulary, the catalogue or derived."""
    return graph not in (VOCABULARY_GRAPH, CATALOGUE_GRAPH) and not graph.startswith(DERIVED)


class StoreError(KgError):
    """The store cannot be opened or made."""


class Store:
    """A store that is open. Make one with `Store.create`, open one with `Store.open`."""

    def __init__(self, path: Path, base: str, db: ox.Store, *, fixed: bool = False) -> None:
        self.path, self.base, self.db = path, base, db
        self.changes: dict[str, pl.DataFrame | None] = {}
        """What each graph that was replaced by this handle lost or gained, as N-Triples in the column `line`;
        None where all of the graph is new."""
        self.fixed = fixed
        """Whether what is in the store stays as it was when it was opened: it is read only."""

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
            db = ox.Store(where) if write else _read_only(where)
        except OSError as error:
            if "lock" in str(error).lower():
                raise StoreError(
                    f"{path}: another process is writing to this store. Try again later."
                ) from None
            raise StoreError(f"{path}: the store cannot be opened: {error}") from None
        store = cls(path, settings["base"], db, fixed=not write)
        if write:
            # What a killed bulk load leaves is never cleared by the engine; whoever writes is alone here.
            for left in (path / "oxigraph").glob("bulk-*.sst"):
                left.unlink()
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
        if not self.holds(graph) and ntriples.count("\n") >= BULK:
            self.changes[graph] = None
            quads = nt.quads(ntriples, graph) + nt.quads(catalogue, CATALOGUE_GRAPH)
            self.db.bulk_load(input=quads.encode(), format=ox.RdfFormat.N_QUADS)
            return
        gone, new = self._changes(graph, ntriples)
        # One pattern each, so that both are looked up in an index and never scan the catalogue.
        self.db.update(
            f"{gone}"
            f"DELETE {{ GRAPH <{CATALOGUE_GRAPH}> {{ ?s ?p ?o }} }}"
            f" WHERE {{ GRAPH <{CATALOGUE_GRAPH}> {{ <{graph}> <{_ITEM}> ?s . ?s ?p ?o }} }} ;\n"
            f"DELETE WHERE {{ GRAPH <{CATALOGUE_GRAPH}> {{ <{graph}> ?p ?o }} }} ;\n"
            f"INSERT DATA {{ GRAPH <{graph}> {{\n{new}}}\nGRAPH <{CATALOGUE_GRAPH}> {{\n{catalogue}}} }}"
        )

    def _changes(self, graph: str, ntriples: str) -> tuple[str, str]:
        """Return the update that takes out what a graph no longer says, and what it says anew.

        Most of a file is as it was when it comes again, and a transaction costs time and memory by its size.
        """
        drop = f"DROP SILENT GRAPH <{graph}> ;\n"
        earlier = self.changes.get(graph)
        known = graph not in self.changes or earlier is not None
        self.changes[graph] = None
        if not self.has_graph(graph):
            return drop, ntriples
        dumped = self.db.dump(format=ox.RdfFormat.N_TRIPLES, from_graph=ox.NamedNode(graph))
        assert dumped is not None
        old, new = _lines(dumped.decode()), _as_stored(_lines(ntriples))
        if _has_blank_nodes(old) or _has_blank_nodes(new):
            return drop, ntriples
        gone = old.join(new, on="line", how="anti")
        come = new.join(old, on="line", how="anti", maintain_order="left")
        before = earlier if earlier is not None else old.clear()
        self.changes[graph] = pl.concat([before, gone, come]) if known else None
        delete = f"DELETE DATA {{ GRAPH <{graph}> {{\n{_text(gone)}\n}} }} ;\n"
        # A triple that is still written in another way is taken out and put in again.
        return delete if len(gone) else "", f"{_text(come)}\n"

    def holds(self, graph: str) -> bool:
        """Return whether there are triples in a graph of this name, or entries about it in the catalogue."""
        return self.has_graph(graph) or self._known(graph)

    def compact(self) -> None:
        """Put the files of the triples together, where so many are apart that reading is slow.

        The price grows with the store and not with what was loaded, so a large store is left as it is
        until it has grown by a quarter.
        """
        mark = self.path / COMPACTED
        now = _bytes(self.path / "oxigraph")
        before = int(mark.read_text() or 0) if mark.is_file() else 0
        if now * 4 >= before * 5:
            self.db.optimize()
            mark.write_text(str(_bytes(self.path / "oxigraph")))

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
        others = ", ".join(f"<{name}>" for name in (VOCABULARY_GRAPH, CATALOGUE_GRAPH, *self.derived()))
        text = f"SELECT (COUNT(*) AS ?n) {{ GRAPH ?g {{ ?s ?p ?o }} FILTER(?g NOT IN ({others})) }}"
        solutions = self.db.query(text)
        assert isinstance(solutions, ox.QuerySolutions)
        return int(next(solutions)["n"].value)

    def graphs(self) -> list[str]:
        """Return the names of the graphs that hold records, sorted."""
        return sorted(name for name in self._graph_names() if holds_records(name))

    def derived(self) -> list[str]:
        """Return the names of the graphs that rules wrote, sorted."""
        return sorted(name for name in self._graph_names() if name.startswith(DERIVED))

    def _graph_names(self) -> Iterator[str]:
        return (node.value for node in self.db.named_graphs() if isinstance(node, ox.NamedNode))


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*.sst"))


def _lines(text: str) -> pl.DataFrame:
    lines = pl.Series("line", [text]).str.split("\n").explode().to_frame()
    return lines.filter(pl.col("line") != "")


def _as_stored(lines: pl.DataFrame) -> pl.DataFrame:
    """Return lines with numbers and times as the store gives them back: 95 for 95.0, and Z for +00:00."""
    line = pl.col("line")
    line = line.str.replace(rf'\.0+("\^\^<{_DOUBLE}>)', "${1}")
    line = line.str.replace(rf'(\.\d*?)0+((?:Z|[+-]\d\d:\d\d)?"\^\^<{_DATE_TIME}>)', "${1}${2}")
    line = line.str.replace(rf'\.((?:Z|[+-]\d\d:\d\d)?"\^\^<{_DATE_TIME}>)', "${1}")
    line = line.str.replace(rf'[+-]00:00("\^\^<{_DATE_TIME}>)', "Z${1}")
    lines = lines.with_columns(line)
    small = lines["line"].str.contains(rf'"[-+.0-9]+[eE][-+0-9]+"\^\^<{_DOUBLE}>')
    if not small.any():
        return lines
    return lines.with_columns(
        pl.when(small).then(pl.col("line").map_elements(_plainly, pl.String)).otherwise(pl.col("line"))
    )


def _plainly(line: str) -> str:
    """Return a line with its number written without an exponent."""
    head, text, end = line.split('"')
    return f'{head}"{Decimal(repr(float(text))).normalize():f}"{end}'


def _text(lines: pl.DataFrame) -> str:
    return str(lines["line"].str.join("\n").item()) if len(lines) else ""


def _has_blank_nodes(lines: pl.DataFrame) -> bool:
    return bool(lines["line"].str.contains(r"^_:|> _:").any())


@contextmanager
def writing(path: Path) -> Iterator[Store]:
    """Open a store for writing, and give the lock back at the end."""
    store = Store.open(path, write=True)
    try:
        yield store
    finally:
        store.db.flush()
        del store.db
