"""Labels as people type them -> terms of the vocabulary with their kind, place and unit."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rapidfuzz import fuzz, process

from kg.errors import KgError
from kg.namespaces import PREFIXES
from kg.resources import vocabulary_files
from kg.statements import Statements, walk
from kg.units import Unit, Units


@dataclass(frozen=True)
class Term:
    """A class, property, unit or individual of the vocabulary.

    `kind` is one of "class", "object property", "datatype property", "annotation property", "unit",
    "individual"; `source` is the prefix of its namespace (`emmo`, `bvcox`), empty where the prefix table has
    none; `alt` holds its other names, `german` those of them that are German, `hidden` the spellings of files
    and the names of variables; `parents` are the terms that it is stated to stand under, of an
    individual its classes; `meaning` is one sentence of our own, empty where we have none.
    """

    iri: str
    label: str
    kind: str
    alt: tuple[str, ...]
    parents: tuple[str, ...]
    source: str
    deprecated: bool
    replaced_by: str | None
    german: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    meaning: str = ""
    examples: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    close: tuple[str, ...] = ()

    @property
    def qualified(self) -> str:
        """Return the label with its prefix, as it can be typed: `bvco:Binder`."""
        return f"{self.source}:{self.label}" if self.source else self.iri


@dataclass(frozen=True)
class Hit:
    """A term that a search found, how well (0 to 1) and why."""

    term: Term
    score: float
    reason: str


class UnknownTermError(KgError):
    """No term has this label; `near` holds labels that look similar."""

    def __init__(self, label: str, near: Iterable[str] = (), replacement: str | None = None) -> None:
        """Take the label as it was typed, and what may have been meant."""
        self.label, self.near, self.replacement = label, list(near), replacement
        if replacement:
            super().__init__(f"{label!r} is deprecated. Use {replacement!r}.")
            return
        hint = f" Near: {', '.join(map(repr, self.near))}." if self.near else ""
        super().__init__(f"no term is called {label!r}.{hint} To add one: docs/how-to/add-a-term.md")


class AmbiguousTermError(KgError):
    """Several terms have this label; `candidates` holds what to type instead."""

    def __init__(self, label: str, candidates: Iterable[str]) -> None:
        """Take the label as it was typed, and the names that are unique."""
        self.label, self.candidates = label, list(candidates)
        super().__init__(f"{label!r} is the name of several terms. Type one of: {', '.join(self.candidates)}")


class Vocabulary:
    """The terms of the upstream slices and of our own extension."""

    def __init__(self, paths: Iterable[Path]) -> None:
        """Read the Turtle files; later ones add to earlier ones."""
        self._facts = Statements(paths)
        self._terms = {term.iri: term for term in _terms(self._facts)}
        self._ancestors: dict[str, frozenset[str]] = {}
        self.units = Units(_units(self._facts, self._terms))

    @functools.cached_property
    def _tiers(self) -> tuple[dict[str, list[Term]], ...]:
        """Return label -> terms, from the strictest reading of a label to the loosest."""
        exact: dict[str, list[Term]] = {}
        alt: dict[str, list[Term]] = {}
        folded: dict[str, list[Term]] = {}
        folded_alt: dict[str, list[Term]] = {}
        for term in self._terms.values():
            exact.setdefault(term.label, []).append(term)
            folded.setdefault(_fold(term.label), []).append(term)
            for label in term.alt:
                alt.setdefault(label, []).append(term)
            for label in {_fold(label) for label in term.alt}:
                folded_alt.setdefault(label, []).append(term)
        return exact, alt, folded, folded_alt

    def __iter__(self) -> Iterator[Term]:
        """Iterate over all terms in the order of their IRIs."""
        return iter(self._terms.values())

    def __len__(self) -> int:
        """Return the number of terms."""
        return len(self._terms)

    def __contains__(self, iri: object) -> bool:
        """Tell whether a term has this IRI."""
        return iri in self._terms

    def term(self, iri: str) -> Term:
        """Return the term with this IRI, deprecated or not. Raises UnknownTermError."""
        if iri not in self._terms:
            raise UnknownTermError(iri)
        return self._terms[iri]

    def resolve(self, label: str, kinds: Collection[str] | None = None) -> Term:
        """Return the one term that a label means.

        The label is `LineLoad`, `Line load` (any altLabel; case and spaces do not count),
        `bvco:Binder`, or a full IRI. An exact prefLabel goes before an exact altLabel, and both before
        a loose reading. `kinds` restricts the choice. A deprecated term is found only where no other has
        the label, and refused where upstream names a replacement.
        Raises UnknownTermError, AmbiguousTermError.
        """
        text = label.strip()
        if text in self._terms and self._fits(self._terms[text], kinds, None):
            return self._terms[text]
        prefix, colon, local = text.partition(":")
        namespace = PREFIXES.get(prefix) if colon else None
        if namespace:
            if namespace + local in self._terms and self._fits(self._terms[namespace + local], kinds, None):
                return self._terms[namespace + local]
            text = local
        deprecated: list[Term] = []
        for tier, key in zip(self._tiers, (text, text, _fold(text), _fold(text)), strict=True):
            found = _unique(t for t in tier.get(key, ()) if self._fits(t, kinds, namespace))
            live = [term for term in found if not term.deprecated]
            if len(live) == 1:
                return live[0]
            if live:
                raise AmbiguousTermError(label, self._names(live))
            deprecated += found
        return self._deprecated(label, _unique(deprecated), kinds)

    def _fits(self, term: Term, kinds: Collection[str] | None, namespace: str | None) -> bool:
        return (kinds is None or term.kind in kinds) and (namespace is None or term.iri.startswith(namespace))

    def _deprecated(self, label: str, found: list[Term], kinds: Collection[str] | None) -> Term:
        if not found:
            known = self._facts.replaced.get(label.strip(), "")
            if known in self._terms:
                raise UnknownTermError(label, replacement=self._terms[known].qualified)
            raise UnknownTermError(label, self._near(label, kinds))
        replaced = [term for term in found if term.replaced_by]
        if replaced:
            successor = self._terms.get(replaced[0].replaced_by or "")
            name = successor.qualified if successor else replaced[0].replaced_by
            raise UnknownTermError(label, replacement=name)
        if len(found) > 1:
            raise AmbiguousTermError(label, self._names(found))
        return found[0]

    def _names(self, terms: list[Term]) -> list[str]:
        """Return what to type for each term: the qualified label where that is unique, else the IRI."""
        names = [term.qualified for term in terms]
        return sorted(n if names.count(n) == 1 else t.iri for n, t in zip(names, terms, strict=True))

    def _near(self, label: str, kinds: Collection[str] | None) -> list[str]:
        near: list[str] = []
        for hit in self.search(label.rpartition(":")[2], limit=40):
            if hit.score >= 0.7 and (kinds is None or hit.term.kind in kinds) and hit.term.label not in near:
                near.append(hit.term.label)
        return near[:3]

    @functools.cached_property
    def _searchable(self) -> tuple[list[Term], list[str], list[str], list[frozenset[str]]]:
        rows = [
            (t, label)
            for t in self._terms.values()
            if not t.deprecated
            for label in {t.label: 0, **dict.fromkeys(t.alt), **dict.fromkeys(t.hidden)}
        ]
        return (
            [term for term, _ in rows],
            [label for _, label in rows],
            [_fold(label) for _, label in rows],
            [frozenset(words(label)) for _, label in rows],
        )

    def search(self, text: str, limit: int = 10) -> list[Hit]:
        """Return the best terms for a text: exact, beginning, part, common words, typing errors.

        Labels and altLabels of all languages count; deprecated terms are left out.
        """
        key, asked = _fold(text), frozenset(words(text))
        if not key:
            return []
        terms, labels, folded, bags = self._searchable
        alike = process.cdist([key], folded, scorer=fuzz.ratio, score_cutoff=60)[0]
        best: dict[str, Hit] = {}
        for place, term in enumerate(terms):
            score, reason = _score(key, asked, folded[place], bags[place], float(alike[place]) / 100)
            if score <= 0:
                continue
            if labels[place] != term.label:
                kind = "hiddenLabel" if labels[place] in term.hidden else "altLabel"
                score, reason = score - 0.01, f"{reason} ({kind} {labels[place]!r})"
            if term.iri not in best or best[term.iri].score < score:
                best[term.iri] = Hit(term, round(score, 3), reason)
        # Among equals: our own terms first, then short labels.
        order = sorted(
            best.values(), key=lambda h: (-h.score, h.term.source != "bvcox", len(h.term.label), h.term.iri)
        )
        return order[:limit]

    def ancestors(self, iri: str) -> frozenset[str]:
        """Return the IRIs of all terms above this one, and of itself."""
        if iri not in self._ancestors:
            self._ancestors[iri] = frozenset(walk(iri, self._facts.parents))
        return self._ancestors[iri]

    def descendants(self, iri: str) -> frozenset[str]:
        """Return the IRIs of all terms below this one, and of itself."""
        return frozenset(walk(iri, self._facts.children))

    def is_a(self, iri: str, ancestor_iri: str) -> bool:
        """Tell whether a term is another one or stands below it."""
        return ancestor_iri in self.ancestors(iri)

    def canonical_unit(self, iri: str) -> Unit | None:
        """Return the unit in which values of this term are stored, from the term or its nearest ancestor."""
        for name in walk(iri, self._facts.parents):
            for unit in sorted(self._facts.listed("canonical", name)):
                if (found := self.units.get(unit)) is not None:
                    return found
        return None

    def dimension(self, iri: str) -> str | None:
        """Return the dimension string of a quantity or unit, or None where nothing states it."""
        unit = self.units.get(iri) or self.canonical_unit(iri)
        if unit is not None and unit.dimension is not None:
            return unit.dimension
        return self._facts.dimension(iri)


def _terms(facts: Statements) -> Iterator[Term]:
    namespaces = sorted(((iri, prefix) for prefix, iri in PREFIXES.items()), reverse=True)
    for iri in sorted(facts.kinds.keys() & facts.pref.keys()):
        kind = "unit" if iri in facts.units else facts.kinds[iri]
        yield Term(
            iri=iri,
            label=facts.pref[iri][1],
            kind=kind,
            alt=facts.listed("alt", iri),
            parents=facts.listed("types" if kind == "individual" else "stated", iri),
            source=next((p for n, p in namespaces if iri.startswith(n) and "/" not in iri[len(n) :]), ""),
            deprecated=iri in facts.deprecated,
            replaced_by=facts.replaced.get(iri),
            german=tuple(facts.german.get(iri, ())),
            hidden=facts.listed("hidden", iri),
            meaning=facts.meaning.get(iri, (0, ""))[1],
            examples=facts.listed("examples", iri),
            sources=facts.listed("sources", iri),
            close=facts.listed("close", iri),
        )


def _units(facts: Statements, terms: dict[str, Term]) -> Iterator[Unit]:
    for iri in sorted(facts.units):
        if iri in terms and iri in facts.factor:
            factor = facts.factor[iri]
            yield Unit(
                iri=iri,
                label=terms[iri].label,
                ucum=facts.ucum.get(iri, ""),
                symbol=facts.symbol.get(iri, ""),
                factor=factor,
                # EMMO's offset is added to a number in SI units after dividing it by the multiplier.
                offset=-facts.offset.get(iri, 0.0) * factor + 0.0,
                dimension=facts.dimension(iri),
                deprecated=terms[iri].deprecated,
            )


@functools.cache
def vocabulary() -> Vocabulary:
    """Return the vocabulary of this installation, read once."""
    return Vocabulary(vocabulary_files())


_WORD = re.compile(r"[A-ZÄÖÜ]+(?![a-zäöüß])|[A-ZÄÖÜ]?[a-zäöüß]+|\d+")


def words(label: str) -> list[str]:
    """Return the words of a label in small letters: of CamelCase, of German and English.

    >>> words("CalenderedCoatingThickness")
    ['calendered', 'coating', 'thickness']
    """
    return [word.casefold() for word in _WORD.findall(label)]


def _fold(label: str) -> str:
    return re.sub(r"[\s_-]+", "", label).casefold()


def _unique(terms: Iterable[Term]) -> list[Term]:
    return list({term.iri: term for term in terms}.values())


def _score(
    key: str, asked: frozenset[str], label: str, bag: frozenset[str], alike: float
) -> tuple[float, str]:
    if key == label:
        return 1.0, "same name"
    if label.startswith(key) and len(key) > 1:
        return 0.9 + 0.08 * len(key) / len(label), "begins like this"
    if key in label and len(key) > 2:
        return 0.75 + 0.1 * len(key) / len(label), "contains this"
    common = len(asked & bag)
    by_words = 0.4 + 0.45 * common / len(asked | bag) if common else 0.0
    by_letters = alike * 0.95 if alike >= 0.7 else 0.0
    if by_letters > by_words:
        return by_letters, "written almost like this"
    return by_words, "has words in common" if common else ""
