"""Words that a person types -> the statement that is meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyoxigraph as ox

from kg import model
from kg.errors import KgError
from kg.explain.prove import NotSaidError, show
from kg.names import find
from kg.namespaces import PREFIXES
from kg.near import near, quoted
from kg.store import Store
from kg.terms import vocabulary

_PROPERTIES = ("object property", "datatype property", "annotation property")


@dataclass(frozen=True)
class Asked:
    """A statement of which somebody asks why it is said."""

    subject: ox.NamedNode
    predicate: ox.NamedNode
    object: ox.NamedNode | ox.Literal


def read_statement(store: Store, words: Sequence[str]) -> Asked:
    """Return the statement that words mean: subject, property and value, or subject and the name of a value.

    A subject is an identifier (`PC-0001`), a name below the base or an IRI; a property its label
    (`madeFrom`), `a`, or a name with prefix; a value a thing, a term, a number or a text.
    Raises KgError where something is unknown, and where several statements may be meant, with what they are.
    """
    if len(words) == 1:
        raise KgError("give a subject and the name of a value, or a subject, a property and a value.")
    subject = _subject(store, words[0])
    if len(words) == 2:
        return _value_or_link(store, subject, words[1])
    predicate = _property(words[1])
    return Asked(subject, predicate, _object(store, subject, predicate, " ".join(words[2:])))


def _subject(store: Store, word: str) -> ox.NamedNode:
    try:
        return ox.NamedNode(find(store, word))
    except KgError as error:
        try:
            return ox.NamedNode(vocabulary().resolve(word).iri)
        except KgError:
            raise error from None


def _property(word: str) -> ox.NamedNode:
    if word == "a":
        return ox.NamedNode(model.RDF_TYPE)
    if "://" in word:
        return ox.NamedNode(word)
    prefix, colon, local = word.partition(":")
    if colon and prefix in PREFIXES:
        return ox.NamedNode(PREFIXES[prefix] + local)
    if word.startswith("value-"):
        return ox.NamedNode(model.BVCOX + word)
    common = {"subClassOf": "rdfs", "comment": "rdfs", "label": "rdfs", "identifier": "dcterms"}
    common |= {"startedAtTime": "prov", "endedAtTime": "prov", "wasDerivedFrom": "prov"}
    if word in common:
        return ox.NamedNode(PREFIXES[common[word]] + word)
    return ox.NamedNode(vocabulary().resolve(word, _PROPERTIES).iri)


def _value_or_link(store: Store, subject: ox.NamedNode, word: str) -> Asked:
    """Return the statement of the number of a value of this name, or the only one of a property."""
    found = _numbers(store, subject, word)
    if len(found) == 1:
        return found[0]
    if found:
        names = sorted({one.subject.value.partition("#")[2].removesuffix(".number") for one in found})
        raise KgError(f"'{word}' names several values: {', '.join(names)}. Give one of these.")
    try:
        predicate = _property(word)
    except KgError:
        names = sorted(_names(store, subject))
        alike = near(word, names)
        hint = f" Near: {quoted(alike)}." if alike else f" Its values: {', '.join(names[:12]) or 'none'}."
        raise KgError(f"'{word}' is no value of '{show(store, subject)}' and no property.{hint}") from None
    quads = store.db.quads_for_pattern(subject, predicate, None, None)
    values = sorted({quad.object for quad in quads}, key=str)
    if len(values) == 1:
        assert isinstance(values[0], ox.NamedNode | ox.Literal)
        return Asked(subject, predicate, values[0])
    if not values:
        raise NotSaidError(f"the store says no {show(store, predicate)} of '{show(store, subject)}'.")
    shown = ", ".join(show(store, value) for value in values[:8])
    more = f" and {len(values) - 8} more" if len(values) > 8 else ""
    raise KgError(f"{show(store, predicate)} has {len(values)} values: {shown}{more}. Add one of these.")


def _names(store: Store, subject: ox.NamedNode) -> dict[str, ox.NamedNode]:
    """Return the quantities of a run or thing by the names of their nodes."""
    found = {}
    for link in (model.HAS_PROPERTY, model.HAS_PROCESS_PARAMETER):
        for quad in store.db.quads_for_pattern(subject, ox.NamedNode(link), None, None):
            if isinstance(quad.object, ox.NamedNode):
                found[quad.object.value.partition("#")[2] or quad.object.value] = quad.object
    return found


def _numbers(store: Store, subject: ox.NamedNode, word: str) -> list[Asked]:
    """Return the statements of numbers of the quantities with a name, or else of a term."""
    names = _names(store, subject)
    chosen = [names[word]] if word in names else []
    if not chosen:
        chosen = [
            node for name, node in names.items() if name.partition(".")[0].casefold() == word.casefold()
        ]
    link = ox.NamedNode(model.HAS_NUMBER_VALUE)
    return [
        Asked(number.object, link, value.object)  # type: ignore[arg-type]
        for node in chosen
        for number in _once(store, node, model.HAS_NUMERICAL_PART)
        for value in _once(store, number.object, model.HAS_NUMBER_VALUE)
    ]


def _once(store: Store, node: object, link: str) -> list[ox.Triple]:
    assert isinstance(node, ox.NamedNode)
    quads = store.db.quads_for_pattern(node, ox.NamedNode(link), None, None)
    return list(dict.fromkeys(quad.triple for quad in quads))


def _object(
    store: Store, subject: ox.NamedNode, predicate: ox.NamedNode, word: str
) -> ox.NamedNode | ox.Literal:
    """Return the value that is meant: one that the store says, else a thing or term of this name."""
    values = {quad.object for quad in store.db.quads_for_pattern(subject, predicate, None, None)}
    for value in sorted(values, key=str):
        if isinstance(value, ox.NamedNode | ox.Literal) and _means(store, value, word):
            return value
    try:
        return ox.NamedNode(find(store, word))
    except KgError:
        pass
    try:
        return ox.NamedNode(vocabulary().resolve(word).iri)
    except KgError:
        pass
    if "://" in word:
        return ox.NamedNode(word)
    if "#" in word:
        bearer, _, name = word.partition("#")
        return ox.NamedNode(f"{find(store, bearer)}#{name}")
    return ox.Literal(word)


def _means(store: Store, value: ox.NamedNode | ox.Literal, word: str) -> bool:
    if isinstance(value, ox.NamedNode):
        return word in (value.value, show(store, value), value.value.rpartition("/")[2])
    if value.value == word:
        return True
    try:
        return float(value.value) == float(word)
    except ValueError:
        return False
