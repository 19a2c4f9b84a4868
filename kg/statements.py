"""Turtle files of the vocabulary -> what they state, by what it is about."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyoxigraph as ox

from kg.errors import Fault, FaultsError
from kg.model import CANONICAL_UNIT, ELUCIDATION
from kg.namespaces import PREFIXES

EMMO, OWL, SKOS, RDFS, DCTERMS = (PREFIXES[name] for name in ("emmo", "owl", "skos", "rdfs", "dcterms"))

KINDS = {
    OWL + "Class": "class",
    OWL + "ObjectProperty": "object property",
    OWL + "DatatypeProperty": "datatype property",
    OWL + "AnnotationProperty": "annotation property",
    OWL + "NamedIndividual": "individual",
}

_TYPE = PREFIXES["rdf"] + "type"
_MULTIPLIER = EMMO + "EMMO_8189b42e_0995_423a_a26c_51168b27c3cf"  # hasSIConversionMultiplier
_OFFSET = EMMO + "EMMO_d088a3cb_d3e3_4eb2_9897_00aef0cb00cd"  # hasSIConversionOffset
_SYMBOL = EMMO + "EMMO_7f1dec83_d85e_4e1b_b7bd_c9442d4f5a64"  # unitSymbol
_SYMBOL_VALUE = EMMO + "EMMO_daf7a9b7_18ef_4e73_9fb9_75adfd9800e8"  # unitSymbolValue
_UCUM = EMMO + "EMMO_33ae2d07_5526_4555_a0b4_8f4c031b5652"  # ucumCode
_DIMENSION = EMMO + "EMMO_19d925d0_2cf1_40e5_a391_1a99d68409c9"  # hasDimensionString
CLASSIFIED = "classified.ttl"
"""The file of what a reasoner found; a term stands under what it says, and it is nobody's statement."""

_MEASUREMENT_UNIT = EMMO + "EMMO_b081b346_7279_46ef_9a3d_2c088fcd79f4"  # MeasurementUnit

# Those properties of which a term has many, each kept in the order of the files.
_LISTED = {
    RDFS + "subClassOf": "parents",
    RDFS + "subPropertyOf": "parents",
    _TYPE: "types",
    CANONICAL_UNIT: "canonical",
    SKOS + "altLabel": "alt",
    SKOS + "hiddenLabel": "hidden",
    SKOS + "example": "examples",
    DCTERMS + "source": "sources",
    SKOS + "closeMatch": "close",
}


class Statements:
    """What the files state: one mapping of subject to value for each property that the product reads."""

    def __init__(self, paths: Iterable[Path]) -> None:
        """Read the files. Raises FaultsError with file and line where one is not Turtle."""
        self.kinds: dict[str, str] = {}
        self.pref: dict[str, tuple[int, str]] = {}
        self.german: dict[str, list[str]] = {}
        self.meaning: dict[str, tuple[int, str]] = {}
        self.deprecated: set[str] = set()
        self.replaced: dict[str, str] = {}
        self.dimensions: dict[str, str] = {}
        self.factor: dict[str, float] = {}
        self.offset: dict[str, float] = {}
        self.ucum: dict[str, str] = {}
        self.symbol: dict[str, str] = {}
        names = (*_LISTED.values(), "stated")
        self._lists: dict[str, dict[str, dict[str, None]]] = {name: {} for name in names}
        for path in paths:
            self._stated = path.name != CLASSIFIED
            try:
                for quad in ox.parse(path=str(path), format=ox.RdfFormat.TURTLE):
                    if isinstance(quad.subject, ox.NamedNode):
                        self._add(quad.subject.value, quad.predicate.value, quad.object)
            except SyntaxError as error:
                fault = Fault(path.name, error.lineno or 0, f"this is not Turtle: {error.msg}.")
                raise FaultsError([fault]) from None

    def listed(self, name: str, iri: str) -> tuple[str, ...]:
        """Return the values of a property of which a term has many: `alt`, `hidden`, ...

        `parents` are all terms directly above, `stated` those of them that no reasoner added.
        """
        return tuple(self._lists[name].get(iri, ()))

    @property
    def parents(self) -> dict[str, dict[str, None]]:
        """Return the terms directly above each term."""
        return self._lists["parents"]

    @functools.cached_property
    def children(self) -> dict[str, dict[str, None]]:
        """Return the terms directly below each term."""
        found: dict[str, dict[str, None]] = {}
        for iri, parents in self.parents.items():
            for parent in parents:
                found.setdefault(parent, {})[iri] = None
        return found

    @functools.cached_property
    def units(self) -> frozenset[str]:
        """Return the IRIs of units proper: below MeasurementUnit, with a code, symbol or multiplier."""
        coded = self.ucum.keys() | self.symbol.keys() | self.factor.keys()
        return frozenset(coded).intersection(walk(_MEASUREMENT_UNIT, self.children))

    def dimension(self, iri: str) -> str | None:
        """Return the dimension that the nearest term above states."""
        return next((self.dimensions[n] for n in walk(iri, self.parents) if n in self.dimensions), None)

    def _add(self, subject: str, predicate: str, value: object) -> None:
        if isinstance(value, ox.NamedNode):
            self._add_link(subject, predicate, value.value)
        elif isinstance(value, ox.Literal):
            self._add_text(subject, predicate, value)

    def _list(self, name: str, subject: str, value: str) -> None:
        self._lists[name].setdefault(subject, {})[value] = None

    def _add_link(self, subject: str, predicate: str, value: str) -> None:
        if predicate == _TYPE and value in KINDS:
            # A class that is also declared an individual is a class.
            if self.kinds.get(subject) in (None, "individual"):
                self.kinds[subject] = KINDS[value]
        elif predicate in _LISTED and value not in KINDS:
            self._list(_LISTED[predicate], subject, value)
            if _LISTED[predicate] == "parents" and self._stated:
                self._list("stated", subject, value)
        elif predicate == OWL + "equivalentClass":
            self._list("parents", subject, value)
            self._list("parents", value, subject)
        elif predicate == DCTERMS + "isReplacedBy":
            self.replaced[subject] = value

    def _add_text(self, subject: str, predicate: str, value: ox.Literal) -> None:
        text, language = value.value, value.language or ""
        if predicate == SKOS + "prefLabel":
            rank = 0 if language.startswith("en") else 1 if not language else 2
            if (rank, text) < self.pref.get(subject, (9, "")):
                self.pref[subject] = rank, text
        elif predicate in (ELUCIDATION, SKOS + "scopeNote"):
            rank = 0 if predicate == ELUCIDATION else 1
            if language in ("", "en") and (rank, text) < self.meaning.get(subject, (9, "")):
                self.meaning[subject] = rank, text
        elif predicate in _LISTED:
            self._list(_LISTED[predicate], subject, text)
            if language == "de" and predicate == SKOS + "altLabel":
                self.german.setdefault(subject, []).append(text)
        elif predicate == _UCUM:
            self.ucum[subject] = min(text, self.ucum.get(subject, text), key=lambda c: (len(c), c))
        elif predicate == _SYMBOL or (predicate == _SYMBOL_VALUE and subject not in self.symbol):
            self.symbol[subject] = text
        elif predicate == _MULTIPLIER:
            self.factor[subject] = float(text)
        elif predicate == _OFFSET:
            self.offset[subject] = float(text)
        elif predicate == _DIMENSION:
            self.dimensions[subject] = text
        elif predicate == OWL + "deprecated" and text in ("true", "1"):
            self.deprecated.add(subject)


def walk(iri: str, links: dict[str, dict[str, None]]) -> Iterator[str]:
    """Yield an IRI and all that is reached from it, nearest first, each once."""
    seen = {iri}
    level = [iri]
    while level:
        yield from level
        following: dict[str, None] = {}
        for name in level:
            following.update(links.get(name, {}))
        level = [name for name in following if name not in seen]
        seen.update(level)
