"""The events in the graph -> the life of a battery: its passports in force, replaced, or ceased.

Re-use and waste change the status and keep the passport. Repurposing and remanufacturing end in a battery
with a passport of its own, which names those that it replaces. After recycling a passport ceases, and what is
left is a tombstone: Regulation (EU) 2023/1542, Article 77 (7) and (8).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Any

from kg import model
from kg.errors import KgError
from kg.iri import shorten
from kg.passport.facts import BVCOX, COMMENT, PASSPORT_OF, Facts
from kg.passport.values import Found
from kg.terms import vocabulary

IN_FORCE, REPLACED, CEASED = "in force", "replaced", "ceased"
REPLACES = BVCOX + "replacesPassport"
STATUS_AFTER = {BVCOX + "PreparationForReuse": "re-used", BVCOX + "BatteryBecomesWaste": "waste"}
"""Events that change the status of the battery and keep its passport."""

RECYCLING = BVCOX + "BatteryRecycling"


@dataclass(frozen=True)
class Event:
    """An event in the life of a battery: what, when, by whom, and where it is recorded."""

    iri: str
    class_: str
    kind: str
    time: str
    agent: str
    note: str
    rows: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the event for machines."""
        whole = {"event": self.kind, "time": self.time, "agent": self.agent, "note": self.note}
        return {**{key: value for key, value in whole.items() if value}, "proof": list(self.rows)}


@dataclass(frozen=True)
class Life:
    """The life of one passport: its state, its events, the passports before and after it."""

    passport: str
    battery: str
    state: str
    events: tuple[Event, ...] = ()
    replaces: tuple[str, ...] = ()
    replaced_by: tuple[str, ...] = field(default=())

    def tombstone(self, base: str) -> dict[str, Any]:
        """Return what is left of a passport that has ceased: when, by whom and what came after."""
        last = next((event for event in reversed(self.events) if event.class_ == RECYCLING), None)
        return {
            "passport": shorten(self.passport, base),
            "battery": shorten(self.battery, base),
            "state": self.state,
            "ceased": last.time if last else "",
            "by": last.agent if last else "",
            "successors": [shorten(each, base) for each in self.replaced_by],
            "predecessors": [shorten(each, base) for each in self.replaces],
            "law": "Regulation (EU) 2023/1542, Article 77 (8)",
        }


class CeasedError(KgError):
    """The battery was recycled, and its passport has ceased; `life` holds what is left of it."""

    def __init__(self, life: Life, base: str) -> None:
        """Take the life of the passport and the base of the store."""
        self.life, self.tombstone = life, life.tombstone(base)
        after = ", ".join(self.tombstone["successors"])
        more = f" Parts of it live on under {after}." if after else ""
        super().__init__(
            f"{self.tombstone['passport']}: the battery was recycled on {self.tombstone['ceased'][:10]} by "
            f"{self.tombstone['by'] or 'nobody named'}; its passport has ceased.{more}"
        )


@functools.cache
def _kinds() -> dict[str, str]:
    """Return the class of an event -> what people call it, the top class last."""
    words = vocabulary()
    top = words.resolve("PassportEvent")
    found = {
        term.iri: (term.alt or (term.label,))[0].lower()
        for term in words
        if top.iri in term.parents and term.kind == "class"
    }
    return {**found, top.iri: "event"}


def _event(facts: Facts, run: str) -> Event | None:
    types = facts.objects(run, model.RDF_TYPE)
    kinds = _kinds()
    class_ = next((iri for iri in kinds if iri in types), "")
    if not class_:
        return None
    starts = facts.pairs(run, model.START)
    agents = facts.objects(run, model.HAS_AGENT)
    name = facts.identifier(agents[0]) if agents else None
    return Event(
        run,
        class_,
        kinds[class_],
        starts[0][0] if starts else "",
        str(name.value) if name else "",
        next(iter(facts.objects(run, COMMENT)), ""),
        tuple(row for _, graph in starts for row in facts.rows(run, graph)),
    )


def life(facts: Facts, passport: str) -> Life:
    """Return the life of a passport by its IRI."""
    battery = next(iter(facts.objects(passport, PASSPORT_OF)), "")
    runs = {*facts.subjects(model.HAS_INPUT, passport), *facts.subjects(model.HAS_OUTPUT, passport)}
    events = [event for run in runs if (event := _event(facts, run))]
    events.sort(key=lambda event: (event.time, event.iri))
    after = tuple(facts.subjects(REPLACES, passport))
    recycled = any(event.class_ == RECYCLING for event in events)
    state = CEASED if recycled else REPLACED if after else IN_FORCE
    return Life(
        passport, battery, state, tuple(events), tuple(facts.objects(passport, REPLACES)), after
    )  # fmt: skip


def status_after(facts: Facts, passport: str) -> Found | None:
    """Return the status that the last re-use or waste gave a battery; None where there was neither."""
    changes = [event for event in life(facts, passport).events if event.class_ in STATUS_AFTER]
    if not changes:
        return None
    last = changes[-1]
    return Found(STATUS_AFTER[last.class_], "declared", last.time, last.rows, said_by=last.agent)
