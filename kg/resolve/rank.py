"""Headers of a file -> for each the terms that it may mean, ranked, and how sure the first one is."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rapidfuzz import process
from rapidfuzz.distance import OSA

from kg.resolve.header import Header, Slot
from kg.resolve.index import LONG, Index, Label
from kg.resolve.unitread import UnitReader
from kg.terms import Term, Vocabulary, vocabulary

Verdict = Literal["confident", "unsure", "no term"]

CANDIDATES = 5
SURE = 0.87
"""Score from which the first candidate is the answer."""
MARGIN = 0.04
"""How far the next candidate must stay behind for that."""
FULLER = 0.15
"""How far behind a candidate must stay that has clearly more of the header's words."""
_NO_STEP = frozenset({"charging", "discharging", "testing", "cycling", "rest", "storage"})
"""Words of processes that a file speaks of without being about a step of a line."""
_KEYS = frozenset({"identifier", "number", "code", "serial", "information", "recipe", "procedure"})
_OPPOSITE = {"upper": "lower", "maximum": "minimum", "positive": "negative", "charging": "discharging",
             "initial": "final", "wet": "dry", "before": "after"}  # fmt: skip
_OPPOSITE |= {two: one for one, two in _OPPOSITE.items()}
_SORTS = frozenset({"device", "machine", "material"})
"""Words that only say of which sort a thing is: what stands before them says which thing."""
_OTHER = frozenset({"change", "uncertainty", "standard", "deviation"})
"""Words that make another quantity of a quantity: delta U is no U."""
_VAGUE = frozenset({"amount", "loading", "level"})
"""Words that the unit makes clear: an amount in g is a mass, in l/h a flow."""
_TIMES = frozenset({"start", "end"})
BY_FILE = 0.05
"""What a parameter of the step gains that the whole file is about."""
LOOKED_AT = 45
"""Labels of a header that are compared in full, after a rough look at all."""
TOLD = 0.85
"""Share of the words of a header that the answer must have."""
ALIKE = 0.85
"""Likeness of the letters of a header and a name from which the one may be a typing error of the other."""
WORD_AGAINST_UNIT = 0.15
"""What an answer loses whose unit contradicts a word of the header: Capacity (Wh)."""
UNLIKELY = 0.77
"""Score below which the unit is asked whether a word of the header is wrong."""
GENERAL = 0.55
"""Score that the general quantity has at least, where the header has its words among others."""
POSSIBLE = 0.5
"""Score below which a candidate is none."""


@dataclass(frozen=True)
class Candidate:
    """A term that a header may mean: score from 0 to 1, and the reason in words."""

    term: Term
    score: float
    reason: str


@dataclass(frozen=True)
class Resolution:
    """What a header means.

    `verdict` is `confident` (the first candidate is the answer), `unsure` (it may be one of the candidates)
    or `no term` (then there are no candidates). `unit` is what the unit was read as, by its code, or None;
    `unit_iri` its term. `qualifiers` are the words that say which value or place: set value, 2.
    """

    name: str
    verdict: Verdict
    candidates: tuple[Candidate, ...]
    unit: str | None
    unit_iri: str | None
    qualifiers: tuple[str, ...]
    reason: str

    @property
    def best(self) -> Candidate | None:
        """Return the first candidate, or None."""
        return self.candidates[0] if self.candidates else None


@dataclass
class _Match:
    """How one label fits one reading of a header."""

    label: Label
    header: Header
    score: float
    told: float
    """Share of the header's words that the label has."""
    kept: float
    """Share of the label's words that the header has."""
    fits: bool | None
    """Whether the unit fits; None where there is nothing to compare."""
    by_file: tuple[str, ...] = ()
    """Steps that the label names and only the rest of the file speaks of."""

    @property
    def worth(self) -> float:
        """Return the order of the labels of one term: what needs no help of the file goes before."""
        return self.score + (0.1 if not self.by_file and self.score >= 0.95 else 0.0)


@functools.lru_cache(maxsize=4)
def _index(known: Vocabulary) -> Index:
    return Index(known)


def resolve(
    names: Iterable[str], vocabulary: Vocabulary | None = None, context: bool = True, about: str = ""
) -> list[Resolution]:
    """Return for each header or variable name the terms that it may mean, in the order of the names.

    `vocabulary`: by default that of this installation. `context`: the names are those of one file, so that
    each helps the others: `Speed` beside `Line load` is a speed of a calender. Without it the answer to a
    name never depends on the other names. `about` is a text about the whole file, such as its name, and
    counts only with `context`.
    The same names always give the same answers; nothing is learned and nothing is fetched.
    """
    index = _index(vocabulary or _installed())
    asked = [str(name) for name in names]
    told = _Told(frozenset(), 0.0)
    alone = {name: _resolve(index, name, told) for name in dict.fromkeys(asked)}
    if context:
        told = _told(index, alone, about)
        if told.words:
            alone = {name: _resolve(index, name, told) for name in alone}
    return [alone[name] for name in asked]


def unit_reader(known: Vocabulary) -> UnitReader:
    """Return the reader of units that the resolver uses."""
    return _index(known).units


def _installed() -> Vocabulary:
    return vocabulary()


# What the other headers say


@dataclass(frozen=True)
class _Told:
    """The process step that a file is about, as standard words, and how strongly it says so."""

    words: frozenset[str]
    weight: float


def _told(index: Index, alone: dict[str, Resolution], about: str) -> _Told:
    """Return the step that most headers with a step speak of, if it is clear enough."""
    votes: Counter[str] = Counter()
    for name, found in alone.items():
        steps = {w for header in index.reader.read(name)[:1] for w in _steps(index, header)}
        if not steps and found.verdict == "confident" and found.best is not None:
            # Line load: the words name no step, but labels of the term do.
            texts = list(index.by_iri(found.best.term.iri))
            counted = Counter(w for label in texts for w in label.words if index.lexicon.kind(w) == "process")
            steps = {w for w, n in counted.items() if n}
        votes.update(steps - _NO_STEP)
    for header in index.reader.read(about)[:1] if about else []:
        for step in _steps(index, header):
            votes[step] += 3
    if not votes:
        return _Told(frozenset(), 0.0)
    (first, most), *others = sorted(votes.items(), key=lambda item: (-item[1], item[0]))
    second = others[0][1] if others else 0
    if most < 2 * second or (most < 2 and len(alone) > 3) or most < 0.1 * len(alone):
        return _Told(frozenset(), 0.0)
    return _Told(frozenset({first}), 1.0)


def _steps(index: Index, header: Header) -> set[str]:
    return {w for slot in header.slots if slot.senses for w in slot.senses[0].words
            if index.lexicon.kind(w) == "process"}  # fmt: skip


# One header


def _resolve(index: Index, name: str, told: _Told) -> Resolution:
    readings = index.reader.read(name)
    if not readings:
        return Resolution(name, "no term", (), None, None, (), "there is no word in it")
    best: dict[str, _Match] = {}

    def take(header: Header) -> None:
        for match in _matches(index, header, told):
            iri = match.label.term.iri
            if iri not in best or best[iri].worth < match.worth:
                best[iri] = match

    for header in readings:
        take(header)
    if all(match.score < UNLIKELY for match in best.values()) and (other := _by_unit(readings[0], index)):
        take(other)
    ranked = sorted(
        best.values(), key=lambda m: (-round(m.score, 4), len(m.label.term.label), m.label.term.iri)
    )
    # A name that several ontologies have is shown once, from the source that a steward would choose.
    named: dict[str, _Match] = {}
    for match in ranked:
        if match.score >= POSSIBLE:
            named.setdefault(match.label.term.label, match)
    ranked = list(named.values())[:CANDIDATES]
    header = ranked[0].header if ranked else readings[0]
    unit = header.unit
    candidates = tuple(
        Candidate(m.label.term, round(min(1.0, m.score), 3), _reason(index, m)) for m in ranked
    )
    verdict, reason = _verdict(index, ranked, header)
    return Resolution(
        name,
        verdict,
        candidates if verdict != "no term" else (),
        unit.name if unit else None,
        unit.unit.iri if unit and unit.unit else None,
        header.qualifiers,
        reason,
    )


def _verdict(index: Index, ranked: Sequence[_Match], header: Header) -> tuple[Verdict, str]:
    if not ranked:
        unknown = [slot.text for slot in header.slots if slot.kind == "unknown"]
        if any(slot.kind == "record" for slot in header.slots):
            return "no term", "names, times and remarks of a record are no quantity"
        if unknown:
            return "no term", f"no label has {', '.join(unknown)}"
        return "no term", "no label has enough of these words" + (
            f" and a unit like {header.unit.name}" if header.unit else ""
        )
    first = ranked[0]
    rivals = [m for m in ranked[1:] if not _same(index, first, m)]
    behind = first.score - rivals[0].score if rivals else 1.0
    fuller = [m for m in ranked[1:] if m.told > first.told + 0.1 and m.score > first.score - FULLER]
    if first.by_file and first.kept > 0.9:
        return "unsure", f"the other headers speak of {', '.join(first.by_file)}"
    side = {"upper", "lower"} & index.called(first.label.term.iri)
    if side and not any(side & {"upper", "lower"} & s for s in _told_words(header)):
        return "unsure", f"it may be another limit than the {sorted(side)[0]} one"
    extreme = {"maximum", "minimum", "end"}.intersection(header.qualifiers)
    if extreme and first.label.how != "hiddenLabel" and any(slot.kind == "symbol" for slot in header.slots):
        return "unsure", f"a limit, or the {sorted(extreme)[0]} of what was measured"
    if first.score >= SURE and first.told >= TOLD and behind >= MARGIN and not fuller:
        return "confident", _reason(index, first)
    if first.score >= SURE and fuller:
        return "unsure", f"{fuller[0].label.term.label} has more of the words"
    if first.score >= SURE and rivals and behind < MARGIN:
        return "unsure", f"{rivals[0].label.term.label} is as likely"
    return "unsure", _reason(index, first)


def _told_words(header: Header) -> list[frozenset[str]]:
    return [frozenset(sense.words) for slot in header.slots for sense in slot.senses]


def _same(index: Index, first: _Match, other: _Match) -> bool:
    """Tell whether another candidate is no rival.

    It says the same less exactly or more narrowly, or it is the same again from a source that a steward
    would not choose.
    """
    one, two = first.label.term, other.label.term
    if index.vocabulary.is_a(one.iri, two.iri) or index.vocabulary.is_a(two.iri, one.iri):
        return True
    if not index.is_quantity(one.iri):
        return one.label == two.label
    if not index.is_quantity(two.iri) or index.prior[one.iri] <= index.prior[two.iri]:
        return False
    if index.called(one.iri) != index.called(two.iri):
        return False
    return first.label.words == other.label.words and index.dimension(one.iri) == index.dimension(two.iri)


def _matches(index: Index, header: Header, told: _Told) -> list[_Match]:
    slots = _ready(index, header)
    worth: dict[str, float] = {}
    for slot in slots:
        for sense in slot.senses:
            for word, weight in sense.weights.items():
                worth[word] = max(worth.get(word, 0.0), weight * sense.sure)
    shared: dict[Label, float] = {}
    for word, weight in worth.items():
        for label in index.by_word.get(word, ()):
            shared[label] = shared.get(label, 0.0) + weight
    dimensions = header.unit.dimensions if header.unit else None
    rough: list[tuple[float, str, str, Label]] = []
    for label, weight in shared.items():
        fits = dimensions is not None and index.dimension(label.term.iri) in dimensions
        if dimensions is not None and not fits and index.dimension(label.term.iri) is not None:
            continue
        extra = sum(index.weight(w) for w in label.heads if w not in worth) if fits else 0.0
        rough.append((-weight * min(1.0, (weight + extra) / label.weight), label.term.iri, label.text, label))
    rough.sort(key=lambda item: item[:3])
    found = [
        match
        for *_, label in rough[:LOOKED_AT]
        if (match := _match(index, header, slots, label, told)) is not None
    ]
    for label in index.by_name.get(header.bare, {}).values() if header.bare else ():
        found += _named(index, header, label)
    if len(header.bare) >= LONG and any(slot.kind == "unknown" or _guessed(slot) for slot in header.slots):
        near = process.extract(
            header.bare, index.names, scorer=OSA.normalized_similarity, score_cutoff=ALIKE, limit=3
        )
        for name, likeness, _ in near:
            for label in index.by_name[name].values() if name != header.bare else ():
                for match in _named(index, header, label):
                    score = match.score * (likeness - 0.06)
                    found.append(replace(match, score=score, kept=likeness))
    return found


def _guessed(slot: Slot) -> bool:
    return bool(slot.senses) and slot.kind in ("quantity", "thing", "process") and slot.senses[0].sure < 0.92


def _by_unit(header: Header, index: Index) -> Header | None:
    """Return the reading of a header whose words say another quantity than its unit: the unit is right."""
    unit = [replace(slot, optional=False) for slot in header.slots if slot.kind == "unit"]
    rest = [s for s in header.slots if s.kind != "unit" and not any(index.heads(x) for x in s.senses)]
    if not unit or len(rest) == len(header.slots) - 1:
        return None
    return replace(header, slots=(*rest, *unit), cost=header.cost + WORD_AGAINST_UNIT)


def _named(index: Index, header: Header, label: Label) -> list[_Match]:
    """Return the match of a header that is a label letter by letter."""
    fits = _fits(index, header, label)
    factor = _unit_factor(index, header, label, fits)
    if header.unit is not None and not index.is_quantity(label.term.iri):
        return []
    base = {"hiddenLabel": 0.97, "altLabel": 0.98}.get(label.how, 1.01)
    # A spelling of two letters is a symbol: capitals count.
    if len(header.bare) <= 3 and label.text.strip() not in header.text:
        base -= 0.25
    if index.is_quantity(label.term.iri) and all(s.kind == "record" for s in header.slots if not s.optional):
        base -= 0.15
    if len(header.bare) == 1 and header.unit is None:
        base -= 0.2
    if any(slot.above and not slot.optional for slot in header.slots):
        # Separator.porosity: the last key alone is not the whole name.
        base -= 0.12
    score = (base + 0.02) * index.prior[label.term.iri] * factor - header.cost
    return [_Match(label, header, score, 1.0, 1.0, fits)]


@dataclass(frozen=True)
class _Sense:
    """A sense of a word with the weights of its standard words."""

    weights: dict[str, float]
    whole: float
    sure: float


@dataclass(frozen=True)
class _Slot:
    """A word of a header, made ready for many comparisons."""

    senses: tuple[_Sense, ...]
    heads: frozenset[str]
    optional: bool
    kind: str
    sure: tuple[str, ...]
    """The words of its likeliest sense."""
    names: bool
    """Whether it is the number or name under which something is kept."""
    above: bool
    """Whether it stands in the path above a key."""


def _ready(index: Index, header: Header) -> list[_Slot]:
    """Return the words of a header with their weights; of a thing the last word says what it is."""
    needed = [slot for slot in header.slots if not slot.optional]
    measured = header.unit is not None or any(index.heads(s) for slot in needed for s in slot.senses)
    known = [slot for slot in needed if slot.kind not in ("unknown", "record")]
    last = known[-1] if known and not measured and not _SORTS.issuperset(known[-1].senses[0].words) else None
    return [_asked(index, slot, 2.0 if slot is last else 1.0) for slot in header.slots]


def _asked(index: Index, slot: Slot, times: float) -> _Slot:
    senses = []
    for sense in slot.senses:
        weights = {word: times * slot.times * index.weight(word) for word in sense.words}
        senses.append(_Sense(weights, sum(weights.values()) or 0.01, sense.sure))
    heads = frozenset(w for sense in slot.senses for w in index.heads(sense))
    names = any(_KEYS.intersection(sense.words) for sense in slot.senses)
    return _Slot(tuple(senses), heads, slot.optional, slot.kind, tuple(senses[0].weights), names, slot.above)


def _match(index: Index, header: Header, slots: list[_Slot], label: Label, told: _Told) -> _Match | None:
    weight, words = index.weight, label.words
    asked = had = 0.0
    seen: dict[str, float] = {}
    heads: set[str] = set()
    leaf_told = head_told = lacking_record = key_of_thing = False
    other = False
    extras = 0
    fits = _fits(index, header, label)
    quantity = index.is_quantity(label.term.iri)
    for slot in slots:
        best, share, gained = slot.senses[0], 0.0, 0.0
        for sense in slot.senses:
            got = sum(w for word, w in sense.weights.items() if word in words)
            # Of a qualifier there is no half: the lower limit is not any limit.
            if slot.optional and slot.kind != "unit" and got < 0.99 * sense.whole:
                continue
            if got / sense.whole * sense.sure > share:
                best, share, gained = sense, got / sense.whole * sense.sure, got
        # A phrase of which a label has a part only is another thing: open-circuit voltage is no voltage.
        got = gained * best.sure * (0.3 + 0.7 * share)
        if share:
            for word in best.weights:
                if word in words:
                    seen[word] = max(seen.get(word, 0.0), best.sure)
            leaf_told = leaf_told or not slot.above
            if slot.heads & label.heads:
                head_told = True
            if slot.optional and slot.kind != "unit":
                extras += 1
        elif not slot.optional:
            above = index.above(label.term.iri)
            got = 0.4 * max(sum(w for word, w in s.weights.items() if word in above) for s in slot.senses)
            if slot.kind == "record":
                # The number of a cell names the cell, and says nothing of its mass.
                named = not quantity and slot.names
                lacking_record = lacking_record or not named
                got = best.whole if named else got
                key_of_thing = key_of_thing or named
            elif fits and slot.heads and slot.heads <= _VAGUE:
                got, head_told = 0.8 * best.whole, True
        elif _OTHER.intersection(slot.sure):
            other = True
        if not slot.optional:
            heads |= slot.heads
        asked += got if slot.optional else best.whole
        had += got
    if not seen or asked <= 0:
        return None
    kept = sum(weight(w) * sure * (0.2 if w in label.light else 1.0) for w, sure in seen.items())
    lacking = label.weight
    by_file = told.words & (label.words - seen.keys())
    # The step that the file is about needs not stand in each header of a parameter.
    parameter = bool(by_file) and index.is_parameter(label.term.iri)
    kept += sum(map(weight, by_file)) * (1.0 if parameter else 0.8)
    by_unit = fits and not heads and label.heads
    if by_unit:
        # D50 [µm]: the unit says that a size is measured.
        kept += 0.8 * sum(weight(w) for w in label.heads if w not in seen)
    share_told, share_kept = had / asked, min(1.0, kept / lacking)
    score = 2 * share_told * share_kept / (share_told + share_kept)
    if header.unit is not None and not quantity:
        return None
    score *= _unit_factor(index, header, label, fits)
    if heads and quantity and not head_told:
        score *= 0.55
    if heads and not quantity:
        score *= 0.8
    if not heads and not by_unit and quantity and label.heads and share_kept < 0.95:
        score *= 0.7
    if key_of_thing:
        score *= 0.85
    if not leaf_told:
        score *= 0.6
    if quantity and (other or _OTHER & (words - seen.keys())):
        score *= 0.83
    if lacking_record or (not quantity and _TIMES.intersection(header.qualifiers)):
        score *= 0.45
    if quantity and all(slot.kind == "record" for slot in slots if not slot.optional):
        score *= 0.85
    if header.unit is None and any(slot.kind == "symbol" and len(slot.text) == 1 for slot in header.slots):
        # One letter stands for too many things.
        score *= 0.85 if len(header.bare) == 1 else 0.88
    called = index.called(label.term.iri)
    if any(
        w in _OPPOSITE and _OPPOSITE[w] in called and w not in called for slot in slots for w in slot.sure
    ):
        score *= 0.85
    # A parameter of one step is meant where the header or the file speaks of the step.
    steps = index.steps(label.term.iri)
    if steps and not steps & (seen.keys() | told.words):
        score *= 0.95
    score = score * label.sure * index.prior[label.term.iri] - header.cost + 0.004 * extras
    # Of two terms that are called so, the one is meant whose own name has more of the words.
    score += 0.02 * sum(weight(w) for w in seen if w in called) / sum(map(weight, seen)) - 0.02
    score += BY_FILE if parameter else 0.0
    if quantity and fits is not False and seen.keys() >= label.words == label.heads and not lacking_record:
        # Whatever else the words mean: a thickness is a thickness.
        score = max(score, GENERAL * index.prior[label.term.iri])
    return _Match(label, header, score, share_told, share_kept, fits, tuple(sorted(by_file)))


def _fits(index: Index, header: Header, label: Label) -> bool | None:
    if header.unit is None:
        return None
    dimension = index.dimension(label.term.iri)
    return None if dimension is None else dimension in header.unit.dimensions


def _unit_factor(index: Index, header: Header, label: Label, fits: bool | None) -> float:
    if header.unit is None:
        return 1.0
    if fits is None:
        return 0.93
    if not fits:
        return 0.2
    if header.unit.code.endswith(("%", "]", "RH")) and index.is_count(label.term.iri):
        return 0.5
    canonical = index.canonical(label.term.iri)
    if header.unit.code == "K" and canonical is not None and canonical.name == "°C":
        return 0.9
    return 1.0 if canonical is not None and canonical == header.unit.unit else 0.99


def _reason(index: Index, match: _Match) -> str:
    """Return in words why a term is a candidate."""
    label, header = match.label, match.header
    called = f"{label.how} '{label.text}'"
    parts = []
    if match.told >= 0.999 and match.kept >= 0.999:
        parts.append(f"says the same as {called}")
    else:
        missing = [s.text for s in header.slots if not s.optional and not _shared(s, label)]
        parts.append(f"like {called}")
        if missing:
            parts.append(f"without {', '.join(dict.fromkeys(missing))}")
    if header.unit is not None:
        state = {True: "fits", False: "does not fit", None: "cannot be compared"}[match.fits]
        parts.append(f"{header.unit.name} {state}")
    return "; ".join(parts)


def _shared(slot: Slot, label: Label) -> bool:
    return any(w in label.words for s in slot.senses for w in s.words)
