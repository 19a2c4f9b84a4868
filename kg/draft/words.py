"""The words of names -> what they speak of: the step, the kind of thing, the role, start and end."""

from __future__ import annotations

import functools
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from kg.resources import PACKAGE

_BRACKETS = re.compile(r"\[[^\]]*\]|\([^)]*\)")
_PIECE = re.compile(r"[A-ZÄÖÜ]+(?![a-zäöüß])|[A-ZÄÖÜ]?[a-zäöüß]+|\d+|#")


@dataclass(frozen=True)
class Step:
    """A process step: its class, and the classes of what goes in and comes out, by kind."""

    name: str
    class_: str
    words: tuple[str, ...]
    input: Mapping[str, str] = field(default_factory=dict)
    output: Mapping[str, str] = field(default_factory=dict)
    machine: str = ""


@dataclass(frozen=True)
class KindOfThing:
    """A kind of thing that an identifier may name; a run has neither class nor role here."""

    name: str
    words: tuple[str, ...]
    class_: str = ""
    role: str = ""


@functools.cache
def _file() -> dict[str, Any]:
    return tomllib.loads((PACKAGE / "draft" / "words.toml").read_text(encoding="utf-8"))


@functools.cache
def steps() -> tuple[Step, ...]:
    """Return the process steps that are known by their words."""
    return tuple(
        Step(
            name,
            one["class"],
            tuple(one["words"]),
            one.get("input", {}),
            one.get("output", {}),
            one.get("machine", ""),
        )
        for name, one in _file()["steps"].items()
    )


@functools.cache
def kinds() -> tuple[KindOfThing, ...]:
    """Return the kinds of things, what is asked first first."""
    return tuple(
        KindOfThing(name, tuple(one["words"]), one.get("class", ""), one.get("role", ""))
        for name, one in _file()["kinds"].items()
    )


def spoken(text: str, *, units: bool = False) -> list[str]:
    """Return the words of a name in small letters, without what stands in brackets.

    >>> spoken("Rolle ein (Nr.)"), spoken("cellId")
    (['rolle', 'ein'], ['cell', 'id'])
    """
    plain = unicodedata.normalize("NFC", text)
    if not units:
        plain = _BRACKETS.sub(" ", plain)
    return [piece.casefold() for piece in _PIECE.findall(plain)]


def says(text: str, group: str) -> bool:
    """Return whether a name has a word of a group of `words.toml`."""
    return _has(spoken(text), _file()["words"][group])


def has_words(text: str, words: Iterable[str]) -> bool:
    """Return whether a name has one of these words: beginnings of words, `=word` whole ones."""
    return _has(spoken(text), words)


def _has(pieces: Sequence[str], words: Iterable[str]) -> bool:
    # Two pieces are one word, too: `coin cell`, `cell id`, `dew_point`.
    joined = [*pieces, *(a + b for a, b in pairwise(pieces))]
    joined += ["".join(pieces[n : n + 3]) for n in range(len(pieces) - 2)]
    for word in words:
        if word.startswith("="):
            if word[1:] in joined:
                return True
        elif any(_begins(piece, word) for piece in joined):
            return True
    return False


def _begins(piece: str, word: str) -> bool:
    # Of a German compound the last part says what it is: Separatorcharge, Prüfende.
    return (
        piece.startswith(word)
        or (len(word) > 4 and word in piece)
        or (len(word) == 4 and piece.endswith(word))
    )


def slug(text: str, drop: Iterable[str] = ()) -> str:
    """Return a name in small ASCII letters with hyphens, for `name:` and for the names of things.

    >>> slug("Lüfter Zone 2 [Hz]")
    'luefter-zone-2'
    """
    without = set(drop)
    words = [word for word in spoken(text) if word not in without]
    joined = "-".join(words)
    for sign, plain in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss"), ("#", "no")):
        joined = joined.replace(sign, plain)
    return re.sub(r"[^a-z0-9-]+", "", unicodedata.normalize("NFKD", joined)).strip("-")
