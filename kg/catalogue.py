"""What is known of each source file: the entries of the catalogue graph, written and read.

A file is a prov:Entity with its name, digest, mapping and counts.
Its items are the columns of a table, or the names that an RDF source gives to what it states;
each is mapped, ignored, empty or set aside, with a count and a reason.
"""

from __future__ import annotations

import getpass
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import pyoxigraph as ox

from kg import ntriples as nt
from kg.aside import aside_name
from kg.namespaces import PREFIXES
from kg.store import CATALOGUE_GRAPH, Store

KGC = PREFIXES["kgc"]
_XSD = PREFIXES["xsd"]


@dataclass(frozen=True)
class Item:
    """One column or one name of a source: what became of it, how often, and why.

    `fragment` and `kind` say which quantity of which kind of thing a mapped column became.
    """

    name: str
    outcome: str
    count: int
    reason: str = ""
    term: str = ""
    fragment: str = ""
    kind: str = ""


@dataclass(frozen=True)
class Entry:
    """One source file. `outcome` is `loaded`, `no mapping`, `empty` or `failed`."""

    graph: str
    name: str
    sha256: str
    outcome: str
    folder: str = ""
    mapping: str = ""
    digest: str = ""
    read: int = 0
    loaded: int = 0
    set_aside: int = 0
    reason: str = ""
    loaded_at: str = ""
    kinds: Collection[str] = ()
    items: tuple[Item, ...] = ()


def mended(entries: Iterable[Entry]) -> dict[str, int]:
    """Return by graph how many of the rows that were set aside came in again with a file of mended rows."""
    by_name = {entry.name: entry for entry in entries}
    found = {}
    for entry in by_name.values():
        again = by_name.get(aside_name(entry.name))
        if again is not None and again.read and entry.set_aside:
            found[entry.graph] = min(again.read, entry.set_aside)
    return found


def _statements(entry: Entry) -> Iterable[tuple[str, str, ox.NamedNode | ox.Literal]]:
    file = entry.graph
    integer = ox.NamedNode(_XSD + "integer")
    yield file, PREFIXES["rdf"] + "type", ox.NamedNode(PREFIXES["prov"] + "Entity")
    yield file, PREFIXES["rdf"] + "type", ox.NamedNode(KGC + "SourceFile")
    yield file, PREFIXES["dcterms"] + "title", ox.Literal(entry.name)
    yield file, PREFIXES["schema"] + "sha256", ox.Literal(entry.sha256)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    time = ox.Literal(entry.loaded_at or now, datatype=ox.NamedNode(_XSD + "dateTime"))
    yield file, PREFIXES["prov"] + "generatedAtTime", time
    yield file, KGC + "loadedBy", ox.Literal(_user())
    for name, text in (
        ("outcome", entry.outcome),
        ("folder", entry.folder),
        ("mapping", entry.mapping),
        ("digest", entry.digest),
        ("reason", entry.reason),
    ):
        if text:
            yield file, KGC + name, ox.Literal(text)
    for kind in sorted(entry.kinds):
        yield file, KGC + "holdsKind", ox.Literal(kind)
    for name, count in (("read", entry.read), ("loaded", entry.loaded), ("setAside", entry.set_aside)):
        yield file, KGC + name, ox.Literal(str(count), datatype=integer)
    for number, item in enumerate(entry.items, start=1):
        node = f"{file}#item={number}"
        yield file, KGC + "item", ox.NamedNode(node)
        yield node, PREFIXES["csvw"] + "name", ox.Literal(item.name)
        yield node, KGC + "outcome", ox.Literal(item.outcome)
        yield node, KGC + "count", ox.Literal(str(item.count), datatype=integer)
        for name, text in (("reason", item.reason), ("fragment", item.fragment), ("kind", item.kind)):
            if text:
                yield node, KGC + name, ox.Literal(text)
        if item.term:
            yield node, PREFIXES["csvw"] + "propertyUrl", ox.NamedNode(item.term)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def ntriples(entry: Entry) -> str:
    """Return the entry as N-Triples for the catalogue graph."""
    triples = (
        ox.Triple(ox.NamedNode(subject), ox.NamedNode(predicate), object_)
        for subject, predicate, object_ in _statements(entry)
    )
    return nt.write(triples)


def _rows(store: Store, where: str) -> Iterable[dict[str, str]]:
    solutions = store.query(f"SELECT * WHERE {{ GRAPH <{CATALOGUE_GRAPH}> {{ {where} }} }}")
    names = [variable.value for variable in solutions.variables]
    for solution in solutions:
        yield {name: solution[name].value if solution[name] is not None else "" for name in names}


def kinds(store: Store) -> list[str]:
    """Return the kinds of the things in the store: the words after the base in their IRIs."""
    return sorted({row["kind"] for row in _rows(store, "?file kgc:holdsKind ?kind")})


def _items(store: Store) -> dict[str, list[Item]]:
    items: dict[str, list[Item]] = {}
    found = _rows(
        store,
        """?graph kgc:item ?item . ?item csvw:name ?name ; kgc:outcome ?outcome ; kgc:count ?count .
            OPTIONAL { ?item kgc:reason ?reason } OPTIONAL { ?item csvw:propertyUrl ?term }
            OPTIONAL { ?item kgc:fragment ?fragment } OPTIONAL { ?item kgc:kind ?kind }""",
    )
    for row in found:
        item = Item(
            row["name"],
            row["outcome"],
            int(row["count"]),
            row["reason"],
            row["term"],
            row["fragment"],
            row["kind"],
        )
        items.setdefault(row["graph"], []).append(item)
    return items


def entries(store: Store, *, items: bool = True) -> list[Entry]:
    """Return what the catalogue says of all files, sorted by name; their items only where asked for."""
    of_file = _items(store) if items else {}
    held: dict[str, set[str]] = {}
    for row in _rows(store, "?graph kgc:holdsKind ?kind"):
        held.setdefault(row["graph"], set()).add(row["kind"])
    result = []
    for row in _rows(
        store,
        """?graph a kgc:SourceFile ; dcterms:title ?name ; schema:sha256 ?sha256 ;
              kgc:outcome ?outcome ; prov:generatedAtTime ?at ;
              kgc:read ?read ; kgc:loaded ?loaded ; kgc:setAside ?aside .
            OPTIONAL { ?graph kgc:folder ?folder } OPTIONAL { ?graph kgc:mapping ?mapping }
            OPTIONAL { ?graph kgc:digest ?digest } OPTIONAL { ?graph kgc:reason ?reason }""",
    ):
        result.append(
            Entry(
                graph=row["graph"],
                name=row["name"],
                sha256=row["sha256"],
                outcome=row["outcome"],
                folder=row["folder"],
                mapping=row["mapping"],
                digest=row["digest"],
                read=int(row["read"]),
                loaded=int(row["loaded"]),
                set_aside=int(row["aside"]),
                reason=row["reason"],
                loaded_at=row["at"],
                kinds=tuple(sorted(held.get(row["graph"], ()))),
                items=tuple(sorted(of_file.get(row["graph"], []), key=lambda item: item.name)),
            )
        )
    return sorted(result, key=lambda entry: entry.name)
