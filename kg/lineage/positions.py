"""Metres of a web -> metres of the web before or after it, through the sections that a run took and gave.

A section is recorded in the order in which it ran through the machine: from 500 to 0 is a roll that was
unwound from its end, so that what went on last comes off first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kg.lineage.graph import Reach, Span


@dataclass(frozen=True)
class Section:
    """A piece of a web as a run took or gave it: its IRI, its web, and the metres in running order."""

    iri: str
    web: str
    first: float
    last: float
    sources: frozenset[str] = frozenset()

    @property
    def span(self) -> Span:
        """Return the metres, the smaller one first."""
        return Span(min(self.first, self.last), max(self.first, self.last))

    def carry(self, span: Span, to: Section) -> Span:
        """Return where a piece of this section lies in the section that it became or that it was.

        Both run through the machine from their first metre to their last; a web that is stretched or
        shortened on the way is so evenly.
        """
        length = self.last - self.first
        ends = [
            to.first + ((metre - self.first) / length if length else 0.5) * (to.last - to.first)
            for metre in (span.start, span.end)
        ]
        if not length:
            return to.span
        # Where a factor was applied, 12.000000000000002 m is 12 m.
        low, high = sorted(round(end, 9) for end in ends)
        return Span(low, high)


def union(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return the same metres in pieces that are sorted and apart.

    >>> union([Span(3, 5), Span(0, 1), Span(4, 6)])
    (Span(start=0, end=1), Span(start=3, end=6))
    """
    joined: list[Span] = []
    for span in sorted(set(spans)):
        if joined and span.start <= joined[-1].end:
            joined[-1] = Span(joined[-1].start, max(joined[-1].end, span.end))
        else:
            joined.append(span)
    return tuple(joined)


def join(one: Reach, other: Reach) -> Reach:
    """Return what is in either of two reaches."""
    return None if one is None or other is None else union([*one, *other])


def within(section: Section, reach: Reach) -> tuple[Span, ...]:
    """Return the pieces of a section that a reach touches."""
    if reach is None:
        return (section.span,)
    return union(piece for span in reach if (piece := section.span.overlap(span)))


def words(reach: Reach) -> str:
    """Return a reach in words; nothing where it is all of a thing.

    >>> words((Span(12, 13.2), Span(40, 41)))
    'metre 12 to 13.2, 40 to 41'
    """
    if not reach:
        return ""
    return "metre " + ", ".join(f"{span.start:.6g} to {span.end:.6g}" for span in reach)
