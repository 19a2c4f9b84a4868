"""A store -> the things in it that have a shell, kind by kind, in an order that stays while the store does.

The walk goes along an index of the store and holds nothing of it, so that a page costs the memory of a page.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pyoxigraph as ox

from kg import model
from kg.errors import KgError
from kg.near import quoted
from kg.passport.facts import OF_MODEL
from kg.store import Store
from kg.terms import vocabulary

PROCESSES = ("Process", "MeasurementProcess")


def _subjects(store: Store, prop: str, object_: str | None) -> Iterator[str]:
    """Yield what has a property, each once as far as the index has it side by side."""
    quads = store.db.quads_for_pattern(
        None, ox.NamedNode(prop), ox.NamedNode(object_) if object_ else None, None
    )
    named = (quad.subject.value for quad in quads if isinstance(quad.subject, ox.NamedNode))
    return (iri for iri, _ in itertools.groupby(named))


def _has(store: Store, subject: str, prop: str) -> bool:
    found = store.db.quads_for_pattern(ox.NamedNode(subject), ox.NamedNode(prop), None, None)
    return next(iter(found), None) is not None


def _batteries(store: Store) -> Iterator[str]:
    return (iri for iri in _subjects(store, OF_MODEL, None) if _has(store, iri, model.HAS_PART))


def _types(store: Store, thing: str) -> set[str]:
    quads = store.db.quads_for_pattern(ox.NamedNode(thing), ox.NamedNode(model.RDF_TYPE), None, None)
    return {quad.object.value for quad in quads if isinstance(quad.object, ox.NamedNode)}


def _of_class(*labels: str) -> Callable[[Store], Iterator[str]]:
    """Return what yields the members of classes and of those below them, each once."""

    def members(store: Store) -> Iterator[str]:
        words = vocabulary()
        tops = [term.iri for term in words if term.label in labels]
        classes = sorted({iri for top in tops for iri in words.descendants(top)})
        for place, iri in enumerate(classes):
            earlier = set(classes[:place])
            for thing in _subjects(store, model.RDF_TYPE, iri):
                if "#" not in thing and not earlier & _types(store, thing):
                    yield thing

    return members


def _machines(store: Store) -> Iterator[str]:
    tools = store.db.quads_for_pattern(None, ox.NamedNode(model.HAS_TOOL), None, None)
    found = (quad.object.value for quad in tools if isinstance(quad.object, ox.NamedNode))
    return (iri for iri, _ in itertools.groupby(found))


def _runs(store: Store) -> Iterator[str]:
    marks = (model.HAS_OUTPUT, model.HAS_TOOL, model.START)
    members = _of_class(*PROCESSES)(store)
    return (iri for iri in members if any(_has(store, iri, mark) for mark in marks))


KINDS: dict[str, Callable[[Store], Iterator[str]]] = {
    "battery": _batteries,
    "module": _of_class("BatteryModule"),
    "cell": _of_class("BatteryCell"),
    "machine": _machines,
    "run": _runs,
}
"""Kind of thing -> what yields the IRIs of all things of it."""


def things(store: Store, kinds: tuple[str, ...] = tuple(KINDS), after: str = "") -> Iterator[str]:
    """Yield the things of some kinds; with `after`, those that come after it.

    Raises KgError for a kind that there is not, and where `after` is none of the things.
    """
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown:
        raise KgError(f"no kind of shells is called '{unknown[0]}'. Kinds: {quoted(KINDS)}.")
    found = (iri for kind in kinds for iri in KINDS[kind](store))
    return _behind(found, after) if after else found


def _behind(found: Iterator[str], after: str) -> Iterator[str]:
    if after not in found:
        raise KgError(f"the things of the store have changed, and {after} is no more among them.")
    return found
