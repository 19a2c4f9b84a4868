"""What a client accepts, and what can be written -> what is written (RFC 9110, section 12.5.1)."""

from __future__ import annotations

from collections.abc import Sequence

from kg.api.problems import Problem


def _ranges(accept: str) -> list[tuple[str, float]]:
    found = []
    for part in accept.split(","):
        media, *params = (text.strip() for text in part.split(";"))
        quality = 1.0
        for param in params:
            name, _, value = param.partition("=")
            if name.strip().lower() == "q":
                try:
                    quality = min(max(float(value), 0.0), 1.0)
                except ValueError:
                    quality = 0.0
        if media:
            found.append((media.lower(), quality))
    return found


def _quality(media: str, ranges: Sequence[tuple[str, float]]) -> float:
    """Return the quality of the most specific range that fits."""
    main = media.partition("/")[0]
    for wanted in (media, f"{main}/*", "*/*"):
        for name, quality in ranges:
            if name == wanted:
                return quality
    return 0.0


def choose(accept: str | None, offered: Sequence[str]) -> str | None:
    """Return the media type that the client likes best, the first offered among equals; None where none fits.

    >>> choose("text/html;q=0.8, application/json", ["text/html", "application/json"])
    'application/json'
    """
    if accept is None or not accept.strip():
        return offered[0]
    ranges = _ranges(accept)
    best = max(offered, key=lambda media: _quality(media, ranges))
    return best if _quality(best, ranges) > 0 else None


def must_choose(accept: str | None, offered: Sequence[str]) -> str:
    """Return the media type that the client likes best.

    Raises Problem 406 where none fits.
    """
    chosen = choose(accept, offered)
    if chosen is None:
        raise Problem(406, f"'{accept}' names nothing that can be written here: {', '.join(offered)}.")
    return chosen
