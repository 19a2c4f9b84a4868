"""The lexicon -> which standard words a written word stands for."""

from __future__ import annotations

import functools
import re
import tomllib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files

from rapidfuzz import process
from rapidfuzz.distance import OSA

HEADS = "quantity"
KEPT = 50_000
"""Words that are remembered, so that a server does not grow without end."""
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "å": "a"})
_PLAIN = str.maketrans({"ä": "a", "ö": "o", "ü": "u", "ß": "ss", "å": "a"})
_ENDINGS = ("es", "en", "er", "s", "n", "e")
_LINKS = ("", "s", "es", "n", "en", "er", "e")
_KINDS = ("quantity", "state", "process", "thing", "qualifier", "general", "light", "filler", "record")


@dataclass(frozen=True)
class Sense:
    """One meaning of a written word: standard words, the section they stand in, and how sure that is."""

    words: tuple[str, ...]
    kind: str
    sure: float = 1.0


@functools.lru_cache(maxsize=KEPT)
def fold(text: str) -> str:
    """Return a text in small letters, with umlauts as two letters and without accents.

    >>> fold("Schließkraft für Höhe")
    'schliesskraft fuer hoehe'
    """
    lowered = unicodedata.normalize("NFC", text.casefold()).translate(_UMLAUTS)
    if lowered.isascii():
        return lowered
    return "".join(c for c in unicodedata.normalize("NFD", lowered) if not unicodedata.combining(c))


class Lexicon:
    """Written forms with their senses, symbols, subscripts and spellings of units."""

    def __init__(self, sections: dict[str, dict[str, str]]) -> None:
        """Take the sections of the file: standard words and how they are written."""
        self.kinds: dict[str, str] = {}
        self._forms: dict[str, list[Sense]] = {}
        for kind in _KINDS:
            for means, written in sections[kind].items():
                self._add(kind, means, written)
        self.symbols = {s: _senses(means, "symbol") for s, means in sections["symbol"].items()}
        self.subscripts = {s: _senses(means, "subscript") for s, means in sections["subscript"].items()}
        self.units = {code: _split(written) for code, written in sections["unit"].items()}
        self.capitals = dict(pair.split("=") for pair in _split(sections["capitals"][""]))
        self.measures = {code: tuple(_split(means)) for code, means in sections["measures"].items()}
        self._looked_up: dict[str, tuple[tuple[Sense, ...], ...] | None] = {}
        self._extra: dict[str, Sense] = {}
        self.longest = max(form.count(" ") for form in self._forms) + 1

    def _add(self, kind: str, means: str, written: str) -> None:
        words = tuple(w for w in means.split() if w not in ("of",))
        for place, word in enumerate(words):
            # The last word of a quantity says what is measured; the words before it say of which sort.
            self.kinds.setdefault(word, kind if place == len(words) - 1 else "state")
        if len(words) == 1 and self.kinds[words[0]] == "state":
            self.kinds[words[0]] = kind
        for form in filter(None, [means, *_split(written)]):
            plain = " ".join(re.findall(r"\w+", unicodedata.normalize("NFC", form.casefold())))
            for key in {fold(plain), fold(plain.translate(_PLAIN))}:
                known = self._forms.setdefault(key, [])
                if all(words != other.words for other in known):
                    known.append(Sense(words, kind, max(0.88, 1.0 - 0.04 * len(known))))

    def learn(self, words: Iterable[str]) -> None:
        """Take words of labels that the lexicon lacks: each stands for itself."""
        for word in words:
            key = fold(word)
            if key not in self._forms and key not in self._extra and not key.isdigit():
                self._extra[key] = Sense((_stem(key),), "other")
        self._looked_up.clear()
        self.__dict__.pop("_alike", None)

    def kind(self, word: str) -> str:
        """Return the section in which a standard word stands, or `other`."""
        return self.kinds.get(word, "other")

    def exact(self, form: str) -> tuple[Sense, ...]:
        """Return the senses of a folded form as it stands, which may be several words."""
        found = self._forms.get(form)
        if found:
            return tuple(found)
        extra = self._extra.get(form)
        return (extra,) if extra else ()

    def knows(self, form: str) -> bool:
        """Tell whether a folded form stands in the lexicon or in a label."""
        return form in self._forms or form in self._extra

    def look_up(self, word: str, *, guess: bool) -> tuple[tuple[Sense, ...], ...]:
        """Return the parts of a folded word, each with its senses; none where the word is unknown.

        Tried in turn: the form, its stem, the parts of a compound; with `guess` also the beginning of a
        longer form, and typing errors.
        """
        key = f"{guess:d}{word}"
        if len(self._looked_up) > KEPT:
            self._looked_up.clear()
        if key not in self._looked_up:
            self._looked_up[key] = self._look_up(word, guess)
        return self._looked_up[key] or ()

    def _look_up(self, word: str, guess: bool) -> tuple[tuple[Sense, ...], ...] | None:
        for form in (word, *(word.removesuffix(e) for e in _ENDINGS if len(word) - len(e) >= 4)):
            senses = self.exact(form)
            # An Entgaser is a machine, but a spezifischer Widerstand is specific.
            if word.endswith("er") and form == word[:-2]:
                senses = tuple(s for s in senses if s.kind in ("state", "qualifier", "light"))
            if senses:
                return (senses,)
        single = re.sub(r"([b-df-hj-np-tv-z])\1", r"\1", word)
        if guess and len(single) < len(word) and (senses := self.exact(single)) and len(single) > 2:
            return (senses,)
        if parts := self._compound(word):
            return parts
        if not guess:
            return None
        return (
            self._shortened(word)
            or self._mistyped(word)
            or self._mistyped_compound(word)
            or self._headed(word)
        )

    def _part(self, text: str) -> tuple[Sense, ...]:
        """Return the senses of a part of a compound; short parts only where the lexicon has them."""
        if len(text) < 3 or (len(text) < 5 and text not in self._forms):
            return ()
        return tuple(s for s in self.exact(text) if s.kind not in ("filler",))

    def _compound(self, word: str) -> tuple[tuple[Sense, ...], ...] | None:
        if len(word) < 6 or not word.isalpha():
            return None
        best: dict[int, tuple[tuple[Sense, ...], ...]] = {0: ()}
        for start in range(len(word)):
            if start not in best:
                continue
            for end in range(start + 3, len(word) + 1):
                if not (senses := self._part(word[start:end])):
                    continue
                for link in _LINKS:
                    stop = end + len(link)
                    if link and (stop >= len(word) or not word.startswith(link, end)):
                        continue
                    parts = (*best[start], senses)
                    if stop not in best or len(parts) < len(best[stop]):
                        best[stop] = parts
        found = best.get(len(word))
        return found if found and len(found) > 1 else None

    def _shortened(self, word: str) -> tuple[tuple[Sense, ...], ...] | None:
        """Read `viscos` as the beginning of `viscosity`, where all forms that begin so mean the same."""
        if len(word) < 4 or not word.isalpha():
            return None
        meant = {s for form in self._alike if form.startswith(word) for s in self.exact(form)[:1]}
        if len({sense.words for sense in meant}) == 1:
            sense = min(meant, key=lambda s: s.kind)
            return ((Sense(sense.words, sense.kind, 0.9),),)
        return None

    def _mistyped(self, word: str) -> tuple[tuple[Sense, ...], ...] | None:
        if len(word) < 5 or not word.isalpha():
            return None
        errors = 1 if len(word) < 8 else 2
        near = process.extract(word, self._alike, scorer=OSA.distance, score_cutoff=errors, limit=None)
        found = [
            (distance, place, form)
            for form, distance, place in near
            # Labels hold rare words; near one of those a word needs to be long.
            if (form not in self._extra or len(form) >= 8) and (form[0] == word[0] or distance == 1)
        ]
        if not found:
            return None
        senses = self.exact(min(found)[2])
        return (tuple(Sense(s.words, s.kind, 0.9 if min(found)[0] == 1 else 0.85) for s in senses),)

    def _mistyped_compound(self, word: str) -> tuple[tuple[Sense, ...], ...] | None:
        """Read `nassfilmdike`: a compound of which one part has one error; the longest known part wins."""
        if len(word) < 9 or not word.isalpha():
            return None
        for cut in sorted(range(4, len(word) - 3), key=lambda cut: -max(cut, len(word) - cut)):
            left, right = word[:cut], word[cut:]
            for known, wrong, first in ((left, right, True), (right, left, False)):
                senses = self._part(known)
                parts = (senses,) if senses else self._compound(known)
                if not parts or (len(known) < 5 and len(wrong) < 6):
                    continue
                near = process.extract(wrong, self._heads, scorer=OSA.distance, score_cutoff=1, limit=None)
                found = sorted((distance, form) for form, distance, _ in near if form[0] == wrong[0])
                if found:
                    meant = tuple(Sense(s.words, s.kind, 0.88) for s in self.exact(found[0][1]))
                    return (*parts, meant) if first else (meant, *parts)
        return None

    def _headed(self, word: str) -> tuple[tuple[Sense, ...], ...] | None:
        """Read the last part of a German compound whose first part is unknown: `Musterdicke`."""
        for cut in range(3, len(word) - 3):
            senses = tuple(s for s in self._part(word[cut:]) if s.kind == HEADS and len(word) - cut >= 5)
            if senses:
                return ((Sense((word[:cut],), "unknown"),), senses)
        return None

    @functools.cached_property
    def _heads(self) -> list[str]:
        """Return the forms of the lexicon that a mistyped part of a compound is compared with."""
        kinds = (HEADS, "process", "thing")
        return [f for f, s in self._forms.items() if len(f) >= 5 and " " not in f and s[0].kind in kinds]

    @functools.cached_property
    def _alike(self) -> list[str]:
        """Return the forms that a mistyped word is compared with: single words of five letters or more."""
        forms = [*self._forms, *sorted(self._extra)]
        return [form for form in forms if len(form) >= 5 and " " not in form]


def _split(written: str) -> list[str]:
    return [part for part in map(str.strip, written.split(",")) if part]


def _senses(means: str, kind: str) -> tuple[Sense, ...]:
    return tuple(
        Sense(tuple(text.split()), kind, round(0.95 - 0.05 * place, 2))
        for place, text in enumerate(_split(means))
    )


def _stem(word: str) -> str:
    """Return an English word without its plural ending."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    return (
        word[:-1] if len(word) > 4 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word
    )


def load() -> Lexicon:
    """Return the lexicon of this package."""
    return Lexicon(tomllib.loads(files("kg.resolve").joinpath("lexicon.toml").read_text("utf-8")))
