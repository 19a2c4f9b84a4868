"""The vocabulary -> labels as bags of standard words with their weights, found by their words."""

from __future__ import annotations

import functools
import itertools
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

from kg.namespaces import PREFIXES
from kg.resolve.header import HeaderReader, label_words
from kg.resolve.lexicon import HEADS, Lexicon, Sense, fold, load
from kg.resolve.unitread import UnitReader, exponents
from kg.terms import Term, Vocabulary
from kg.units import Unit

VARIANTS = 6
"""Readings of an ambiguous label that are kept."""

LONG = 8
"""Letters from which names are compared letter by letter."""

_WEIGHTS = {HEADS: 1.25, "process": 1.0, "thing": 0.8, "state": 0.85, "qualifier": 0.4, "general": 0.45,
            "light": 0.3, "filler": 0.0, "record": 0.6, "unknown": 0.8, "other": 0.9}  # fmt: skip
# Branches of physics that no record of a battery line speaks of.
_FAR = ("AtomicAndNuclearPhysicsQuantity", "CondensedMatterPhysicsQuantity", "AcousticQuantity",
        "LightAndRadiationQuantity", "PhysicalConstant", "QuantumNumber", "MonetaryValue",
        "Vector")  # fmt: skip
# Classes that sort other classes, kinds of data and units: no header asks for them.
_NO_ANSWER = ("Quantity", "Property", "Data", "Unit", "Plot", "File", "Role", "Model", "State")
_NO_ANSWERS = ("PassportDataPoint", "SubmodelTopic", "LeftOutAxiom", "dataPointNumber", "sourceToken")
_PARAMETER = PREFIXES["emmo"] + "EMMO_cf80faa4_69d2_46d1_8a2b_f7f63ca244c1"  # ProcessParameter
_NAMES = frozenset({"number", "identifier", "name", "code"})
_OF_ALL = {"charging", "discharging", "coating"}
"""Words of processes that are no step of their own in the name of a quantity."""
# Sources in the order in which a steward of a line expects their terms.
_SOURCES = {"bvcox": 1.0, "schema": 1.0, "echem": 0.99, "battery": 0.985, "bvco": 0.985,
            "emmo": 0.98, "mado": 0.97, "chameo": 0.95, "gpo": 0.95, "chemsub": 0.9}  # fmt: skip
_TERM_IN_MAPPING = re.compile(r"(?:term|class):\s*\"?([\w:]+)|\b\w+:\s+((?:\w+:)?[A-Z]\w+)[,}]|bvcox:(\w+)")


@dataclass(frozen=True, eq=False)
class Label:
    """One way of calling a term, as standard words."""

    term: Term
    text: str
    how: str
    """prefLabel, altLabel or hiddenLabel"""
    words: frozenset[str]
    heads: frozenset[str]
    weight: float
    sure: float
    """Below 1 where a word of the label is taken in a less likely sense."""
    light: frozenset[str]
    """Words that count a fifth in this label."""


class Index:
    """Labels of the terms that a header may mean."""

    def __init__(self, known: Vocabulary) -> None:
        """Read all labels of the vocabulary."""
        self.vocabulary = known
        self.lexicon: Lexicon = load()
        self.units = UnitReader(known.units, self.lexicon)
        self.reader = HeaderReader(self.lexicon, self.units)
        self._quantity = _one(known, "Quantity")
        self._far = {iri for name in _FAR if (iri := _one(known, name))}
        self._counts = {_one(known, "PureNumberQuantity")} - {None}
        used = _used_in_mappings()
        terms = [term for term in known if self._may_be_meant(term)]
        self.lexicon.learn(sorted({p for t in terms for p in self.reader.tokens(t.label) if len(p) > 2}))
        self.lexicon.learn(sorted(self._unread(terms)))
        spelled = [(t, text, how) for t in terms for text, how in _labels(t)]
        read = [(t, text, how, *variant) for t, text, how in spelled for variant in self._variants(text)]
        self._weigh(read)
        self.labels: list[Label] = []
        self.by_word: dict[str, list[Label]] = {}
        self.by_name: dict[str, dict[str, Label]] = {}
        self._by_iri: dict[str, list[Label]] = {}
        for variant in read:
            self._enter(*variant)
        self.names = [name for name in self.by_name if len(name) >= LONG]
        self.prior = {t.iri: self._prior(t, used) for t in terms}

    def _unread(self, terms: list[Term]) -> Iterator[str]:
        """Yield the words of the other labels of our own terms that no lexicon and no compound explains."""
        for term in terms:
            if term.source == "bvcox":
                for text in term.alt:
                    for word in self.reader.tokens(text):
                        if len(word) > 3 and not self.lexicon.look_up(fold(word), guess=False):
                            yield word

    def _enter(
        self, term: Term, text: str, how: str, words: frozenset[str], heads: frozenset[str], sure: float
    ) -> None:
        weight, light = sum(map(self.weight, words)), frozenset[str]()
        if term.kind == "datatype property" and _NAMES & words and len(words) > 1:
            # A column Batch holds the numbers of batches.
            weight -= 0.8 * sum(self.weight(word) for word in _NAMES & words)
            sure *= 0.9
            light = _NAMES & words
        label = Label(term, text, how, words, heads, weight, sure, light)
        name = re.sub(r"[\W_]+", "", fold(text))
        self.by_name.setdefault(name, {}).setdefault(term.iri, label)
        self._by_iri.setdefault(term.iri, []).append(label)
        # A hidden label is a spelling and not words: `L_pos` is compared as a whole.
        # Of a property between things only the whole name counts.
        if term.kind == "object property":
            return
        if how != "hiddenLabel" or (
            len(text) > 8 and min(map(len, re.findall(r"[^\W\d_]+", text) or [""])) > 2
        ):
            self.labels.append(label)
            for word in words:
                self.by_word.setdefault(word, []).append(label)

    def by_iri(self, iri: str) -> list[Label]:
        """Return the labels of a term."""
        return self._by_iri.get(iri, [])

    def _may_be_meant(self, term: Term) -> bool:
        if term.deprecated or term.label.endswith(_NO_ANSWER) or term.label in _NO_ANSWERS:
            return False
        return term.kind in ("class", "object property") or (
            term.kind == "datatype property" and term.source in ("bvcox", "battery", "echem", "schema")
        )

    @functools.lru_cache(maxsize=20_000)  # noqa: B019 - an index lives as long as its vocabulary
    def is_quantity(self, iri: str) -> bool:
        """Tell whether a term is a quantity, something with a number and a unit."""
        return self._quantity is not None and self.vocabulary.is_a(iri, self._quantity)

    @functools.lru_cache(maxsize=20_000)  # noqa: B019 - an index lives as long as its vocabulary
    def is_parameter(self, iri: str) -> bool:
        """Tell whether a term is a parameter of a process."""
        return self.vocabulary.is_a(iri, _PARAMETER)

    @functools.lru_cache(maxsize=20_000)  # noqa: B019 - an index lives as long as its vocabulary
    def is_count(self, iri: str) -> bool:
        """Tell whether a term counts things, so that no percent fits."""
        return any(self.vocabulary.is_a(iri, count) for count in self._counts if count)

    def _variants(self, text: str) -> Iterator[tuple[frozenset[str], frozenset[str], float]]:
        """Yield the readings of a label, for each word one of its senses: words, heads, how likely."""
        found = label_words(self.lexicon, self.reader, text)
        choices = itertools.product(*(senses[:3] for senses in found))
        seen: set[frozenset[str]] = set()
        for choice in itertools.islice(choices, VARIANTS):
            words = frozenset(word for sense in choice for word in sense.words)
            if words and words not in seen:
                seen.add(words)
                later = sum(sense is not senses[0] for sense, senses in zip(choice, found, strict=True))
                yield words, frozenset(w for sense in choice for w in self.heads(sense)), 0.96**later

    def heads(self, sense: Sense) -> frozenset[str]:
        """Return the words of a sense that say what is measured: not the current of a current collector."""
        if sense.kind not in (HEADS, "symbol", "other"):
            return frozenset()
        return frozenset(w for w in sense.words if self.lexicon.kind(w) == HEADS)

    def _weigh(self, read: list[tuple[Term, str, str, frozenset[str], frozenset[str], float]]) -> None:
        """Reckon how telling each word is: a word of many terms tells little."""
        holders: dict[str, set[str]] = {}
        for term, _, _, words, *_ in read:
            for word in words:
                holders.setdefault(word, set()).add(term.iri)
        total = max(2, len({t.iri for t, *_ in read}))
        self._rarity = {w: math.log(total / len(iris)) / math.log(total) for w, iris in holders.items()}

    @functools.lru_cache(maxsize=20_000)  # noqa: B019 - an index lives as long as its vocabulary
    def weight(self, word: str) -> float:
        """Return how much a standard word weighs, by its kind and its rarity."""
        return _WEIGHTS[self.lexicon.kind(word)] * (0.35 + 0.65 * self._rarity.get(word, 0.8))

    @functools.lru_cache(maxsize=20_000)  # noqa: B019 - an index lives as long as its vocabulary
    def above(self, iri: str) -> frozenset[str]:
        """Return the standard words of the prefLabels of a term's parents."""
        known = self.vocabulary
        parents = [known.term(p) for p in known.term(iri).parents if p in known]
        return frozenset(word for p in parents for words, *_ in self._variants(p.label) for word in words)

    @functools.lru_cache(maxsize=20_000)  # noqa: B019 - an index lives as long as its vocabulary
    def steps(self, iri: str) -> frozenset[str]:
        """Return the process steps that the prefLabel of a term names."""
        return frozenset(w for w in self.called(iri) if self.lexicon.kind(w) == "process") - _OF_ALL

    @functools.lru_cache(maxsize=20_000)  # noqa: B019 - an index lives as long as its vocabulary
    def called(self, iri: str) -> frozenset[str]:
        """Return the standard words of the prefLabel of a term."""
        return frozenset(w for words, *_ in self._variants(self.vocabulary.term(iri).label) for w in words)

    @functools.lru_cache(maxsize=20_000)  # noqa: B019 - an index lives as long as its vocabulary
    def dimension(self, iri: str) -> tuple[int, ...] | None:
        """Return the exponents of the dimension of a term, where the vocabulary states one."""
        return exponents(self.vocabulary.dimension(iri))

    @functools.lru_cache(maxsize=20_000)  # noqa: B019 - an index lives as long as its vocabulary
    def canonical(self, iri: str) -> Unit | None:
        """Return the unit in which a term is best given, where the vocabulary states one."""
        return self.vocabulary.canonical_unit(iri)

    def _prior(self, term: Term, used: frozenset[str]) -> float:
        prior = _SOURCES.get(term.source, 0.93)
        if not self.is_quantity(term.iri):
            # Classes of everything that there is are a hint, not an answer.
            prior -= 0.2 if term.source in ("emmo", "gpo", "chameo", "chemsub") else 0.02
        if any(self.vocabulary.is_a(term.iri, far) for far in self._far):
            prior -= 0.2
        return min(1.0, prior + (0.01 if term.label in used else 0.0))


def _labels(term: Term) -> Iterator[tuple[str, str]]:
    yield term.label, "prefLabel"
    for text in term.alt:
        # Some altLabels of upstream are whole sentences.
        if len(text) <= 60:
            yield text, "altLabel"
    for text in getattr(term, "hidden", ()):
        yield text, "hiddenLabel"


def _one(known: Vocabulary, label: str) -> str | None:
    found = [term for term in known if term.label == label and not term.deprecated]
    return found[0].iri if found else None


def _used_in_mappings() -> frozenset[str]:
    """Return the labels of the terms that the shipped mappings name."""
    used: set[str] = set()
    for path in _walk(files("kg.mappers")):
        if path.name.endswith((".yaml", ".rq")):
            for groups in _TERM_IN_MAPPING.findall(path.read_text("utf-8")):
                used |= {name.rpartition(":")[2] for name in groups if name}
    return frozenset(used)


def _walk(root: Traversable) -> Iterator[Traversable]:
    for entry in sorted(root.iterdir(), key=lambda e: e.name):
        if entry.is_dir():
            yield from _walk(entry)
        else:
            yield entry
