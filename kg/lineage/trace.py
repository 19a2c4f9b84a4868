"""A name in a store -> the trace of what is behind it or came of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from kg import model
from kg.errors import KgError
from kg.iri import shorten
from kg.lineage.details import Details
from kg.lineage.graph import Direction, Gap, Reach, Span, Trace
from kg.lineage.links import Links
from kg.lineage.positions import words
from kg.lineage.walk import Walk
from kg.names import find
from kg.store import Store


@dataclass(frozen=True)
class Interval:
    """A time from and to which runs count; a time without a zone is what the clock of the line shows."""

    since: datetime | None = None
    until: datetime | None = None

    def holds(self, start: str, end: str) -> bool | None:
        """Return whether a run falls into it, in part at least; None where the record does not say when."""
        begun, done = _moment(start), _moment(end)
        if not (begun or done):
            return None
        first, last = begun or done, done or begun
        assert first and last
        return not (
            (self.until and _later(first, self.until, even=True))
            or (self.since and _later(self.since, last, even=first != last))
        )

    def __str__(self) -> str:
        sides = (("from", self.since), ("to", self.until))
        return " ".join(f"{word} {time:%Y-%m-%d %H:%M}" for word, time in sides if time)


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None


def _later(one: datetime, other: datetime, *, even: bool) -> bool:
    """Return whether a time is later than another; `even` takes the same time for later."""
    if one.tzinfo is None or other.tzinfo is None:
        one, other = one.replace(tzinfo=None), other.replace(tzinfo=None)
    return one >= other if even else one > other


def moment(text: str) -> datetime:
    """Return the time in a text such as `2026-03-08T06:00`. Raises KgError where it is none."""
    found = _moment(text.strip())
    if found is None:
        raise KgError(f"'{text}' is no time. Write it like 2026-03-08T06:00 or 2026-03-08T06:00+01:00.")
    return found


def metres(text: str) -> Span:
    """Return the metres in a text such as `120..121`. Raises KgError where they are none."""
    first, dots, last = text.partition("..")
    try:
        start, end = sorted((float(first), float(last if dots else first)))
    except ValueError:
        raise KgError(f"'{text}' are no metres of a web. Write them like 120..121.") from None
    return Span(start, end)


def trace(
    store: Store,
    name: str,
    direction: Direction = "up",
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    at: Span | None = None,
    depth: int | None = None,
    with_values: bool = True,
) -> Trace:
    """Return what is behind a thing (`up`) or what came of it (`down`).

    `name` is a thing, a run, or a machine or person; of a machine all its runs count, or those that fall
    between `since` and `until`, in part at least. `at` are metres of the web that is named, `depth` is how
    many runs far the walk goes. `with_values` leaves out the values of the quantities, which most of the time
    goes into when thousands of cells are reached.
    Where the record gives metres of webs, only runs and things that these metres went through are on the way.
    Raises KgError where nothing or more than one thing has this name.
    """
    root = find(store, name)
    links, interval = Links(store), Interval(since, until)
    walk = Walk(links, direction)
    reach: Reach = (at,) if at else None
    gaps: list[Gap] = []
    asked = shorten(root, store.base)
    users = sorted({*links.subjects(model.HAS_TOOL, root), *links.subjects(model.HAS_AGENT, root)})
    if links.is_run(root):
        walk.begin([], [root], None, depth)
        roots: tuple[str, ...] = (root,)
    elif users and not links.subjects(model.HAS_INPUT, root) and not links.subjects(model.HAS_OUTPUT, root):
        roots = tuple(_runs_in(links, users, interval, gaps, store.base))
        walk.begin([], roots, None, depth)
        asked = f"{asked} {interval}".strip()
    else:
        if since or until:
            raise KgError(f"'{asked}' is no machine and no person, so --from and --to say nothing of it.")
        walk.begin([root], [], reach, depth)
        roots = (root,)
        asked = f"{asked}, {words(reach)}" if reach else asked
    return _assemble(store, walk, asked, roots, gaps, with_values=with_values)


def _runs_in(
    links: Links, users: Iterable[str], interval: Interval, gaps: list[Gap], base: str
) -> Iterable[str]:
    for run in users:
        start, end = (next(iter(links.objects(run, side)), "") for side in (model.START, model.END))
        holds = interval.holds(start, end) if interval.since or interval.until else True
        if holds is None:
            gaps.append(
                Gap("time", shorten(run, base), "its record does not say when it ran; it is left out")
            )
        elif holds and (links.objects(run, model.HAS_INPUT) or links.objects(run, model.HAS_OUTPUT)):
            yield run


def _assemble(
    store: Store, walk: Walk, asked: str, roots: tuple[str, ...], gaps: list[Gap], *, with_values: bool
) -> Trace:
    details, base = Details(store, walk.links.columns, with_values=with_values), store.base
    ran = dict.fromkeys(
        [*(r for r in roots if r not in walk.reach), *(s.run for s in walk.steps.values() if s.run)]
    )
    for run, thing in sorted(walk.lost.items()):
        text = f"it does not say which metres of {shorten(thing, base)} it took or gave; all of them count"
        gaps.append(Gap("metres", shorten(run, base), text))
    gaps += [
        Gap("depth", shorten(thing, base), "there are runs further on, beyond the depth that was asked")
        for thing in sorted(walk.unfollowed)
    ]
    things, runs = details.all(walk.reach, {iri: walk.pieces.get(iri, ()) for iri in ran})
    return Trace(
        base,
        walk.direction,
        asked,
        roots,
        things,
        runs,
        tuple(walk.steps.values()),
        tuple(gaps),
        walk.distance,
        len(walk.beside),
    )
