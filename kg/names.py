"""A name as people say it -> the IRI of the thing in the store."""

from __future__ import annotations

import pyoxigraph as ox

from kg.catalogue import kinds
from kg.errors import KgError
from kg.iri import encode, shorten
from kg.near import near, quoted
from kg.store import Store


def find(store: Store, name: str) -> str:
    """Return the IRI that a person means: an IRI, a name below the base, an identifier, or a label.

    Raises KgError where nothing or more than one thing has this name.
    """
    key = encode(name)
    if "://" in name or name.startswith("urn:"):
        candidates = [name]
    else:
        candidates = [store.base + key, *(f"{store.base}{kind}/{key}" for kind in kinds(store))]
    things = [iri for iri in candidates if _known(store, iri)]
    if not things:
        rows = store.query(
            "SELECT DISTINCT ?thing WHERE {"
            " ?thing dcterms:identifier|rdfs:label|schema:serialNumber|schema:productID|schema:name"
            f" {ox.Literal(name)} }} ORDER BY ?thing"
        )
        things = [row["thing"].value for row in rows]
    if len(things) == 1:
        return str(things[0])
    if things:
        shown = ", ".join(shorten(iri, store.base) for iri in things[:8])
        more = f" and {len(things) - 8} more" if len(things) > 8 else ""
        raise KgError(f"'{name}' names several things: {shown}{more}. Give one of these.")
    names = [
        row["id"].value for row in store.query("SELECT DISTINCT ?id WHERE { ?thing dcterms:identifier ?id }")
    ]
    alike = near(name, names)
    hint = (
        f" Near: {quoted(alike)}."
        if alike
        else " Names are those of your files, or IRIs such as cell/C-0001."
    )
    raise KgError(f"nothing in the store is called '{name}'.{hint}")


def _known(store: Store, iri: str) -> bool:
    try:
        node = ox.NamedNode(iri)
    except ValueError:
        return False
    return next(iter(store.db.quads_for_pattern(node, None, None, None)), None) is not None
