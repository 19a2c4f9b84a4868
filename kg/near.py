"""A word that is not known -> the known words that look like it, for messages."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def near(word: str, known: Iterable[str], limit: int = 3) -> list[str]:
    """Return up to `limit` known words that resemble `word`, the nearest first."""
    folded: dict[str, str] = {}
    for other in known:
        folded.setdefault(other.casefold(), other)
    return [folded[match] for match in difflib.get_close_matches(word.casefold(), folded, limit, 0.6)]


def quoted(words: Iterable[str]) -> str:
    """Return words in single quotes, with commas between them."""
    return ", ".join(f"'{word}'" for word in words)
