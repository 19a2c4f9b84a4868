"""A data point and an audience -> whether that audience may see it: a lattice, not a ladder.

Source: Regulation (EU) 2023/1542, Article 77 (2) and Annex XIII.
"""

from __future__ import annotations

from kg.errors import KgError
from kg.near import quoted
from kg.passport.registry import Point

AUDIENCES: dict[str, frozenset[int]] = {
    "public": frozenset({1}),
    "legitimate-interest": frozenset({1, 2, 4}),
    "authority": frozenset({1, 2, 3}),
}
"""The points of Annex XIII that each audience sees. Neither of the last two sees all that the other sees."""

STAFF = "internal"
"""The people of the line, whose records these are: they see all points, and are no audience of the law."""

SAID = {
    "public": "everybody",
    "legitimate-interest": "a person with legitimate interest",
    "authority": "notified bodies, market surveillance and the Commission",
}


def visible(point: Point, audience: str) -> bool:
    """Return whether an audience may see a point.

    Raises KgError for an audience that there is not.
    """
    if audience == STAFF:
        return True
    if audience not in AUDIENCES:
        raise KgError(f"no audience is called '{audience}'. Audiences: {quoted(AUDIENCES)}.")
    return point.part in AUDIENCES[audience]


def seen_by(point: Point) -> list[str]:
    """Return the audiences that may see a point."""
    return [audience for audience in AUDIENCES if visible(point, audience)]


def why_withheld(point: Point) -> str:
    """Return for whom a point is that others do not see."""
    return " or ".join(SAID[audience] for audience in seen_by(point))
