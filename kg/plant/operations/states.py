"""Runs -> the log of machine states: a row each time that a machine enters a state of PackML."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from kg.plant.operations.runs import Run
from kg.plant.sheets import People, Sheet, shift

NUMBERS = {
    "Clearing": 1, "Stopped": 2, "Starting": 3, "Idle": 4, "Suspended": 5, "Execute": 6, "Stopping": 7,
    "Aborting": 8, "Aborted": 9, "Holding": 10, "Held": 11, "Unholding": 12, "Suspending": 13,
    "Unsuspending": 14, "Resetting": 15, "Completing": 16, "Complete": 17,
}  # fmt: skip
"""Number of each state in the state model of PackML."""

STEPS = ("mixing", "coating", "drying", "calendering", "slitting", "stacking", "filling", "degassing")
"""Steps whose machines log their states; racks and testers of cells do not."""

PAUSE = timedelta(minutes=45)
"""A machine without work for longer than this is stopped."""


@dataclass(frozen=True)
class Stop:
    """A kind of stop: the state, its reason, how often in an hour, how many minutes, and its alarm."""

    state: str
    reason: str
    per_hour: float
    minutes: tuple[int, int]
    alarm: tuple[str, str] | None = None


WEB_BREAK = Stop("Aborted", "Bahnriss", 0.10, (8, 16), ("E-2104", "Bahnriss am Abwickler"))
CLEANING = Stop("Held", "Reinigung", 0.08, (5, 9))
STARVED = Stop("Suspended", "Kein Vormaterial", 0.10, (2, 6))
BLOCKED = Stop("Suspended", "Rückstau", 0.05, (2, 5))
QUALITY = Stop("Held", "Qualität", 0.05, (4, 8), ("W-1310", "Messwert außer Toleranz"))
FAULT = Stop("Held", "Störung", 0.05, (3, 12), ("E-3001", "Antrieb überlastet"))

STOPS: dict[str, tuple[Stop, ...]] = {
    "mixing": (CLEANING, FAULT),
    "coating": (WEB_BREAK, CLEANING, QUALITY),
    "drying": (STARVED, FAULT),
    "calendering": (WEB_BREAK, QUALITY, FAULT),
    "slitting": (WEB_BREAK, CLEANING),
    "stacking": (STARVED, QUALITY, FAULT),
    "filling": (STARVED, BLOCKED, FAULT),
    "degassing": (STARVED, BLOCKED),
}


@dataclass(frozen=True)
class Event:
    """A machine enters a state."""

    machine: str
    time: datetime
    state: str
    reason: str | None = None
    alarm: tuple[str, str] | None = None


def _busy(runs: Iterable[Run]) -> list[tuple[datetime, datetime]]:
    """Return the intervals in which a machine works; runs that touch or overlap are one."""
    busy: list[tuple[datetime, datetime]] = []
    for start, end in sorted((run.start, run.end) for run in runs):
        if busy and start <= busy[-1][1]:
            busy[-1] = (busy[-1][0], max(busy[-1][1], end))
        else:
            busy.append((start, end))
    return busy


def _stops(
    start: datetime, end: datetime, kinds: tuple[Stop, ...], rng: np.random.Generator
) -> Iterator[tuple[datetime, datetime, Stop]]:
    """Yield stops inside a working interval, one after the other, with work before and after each."""
    rate = sum(kind.per_hour for kind in kinds)
    shares = [kind.per_hour / rate for kind in kinds]
    at = start
    while True:
        begin = at + timedelta(minutes=round(2 + rng.exponential(60 / rate)))
        kind = kinds[rng.choice(len(kinds), p=shares)]
        until = begin + timedelta(minutes=int(rng.integers(*kind.minutes, endpoint=True)))
        if until + timedelta(minutes=2) > end:
            return
        yield begin, until, kind
        at = until


def _machine(machine: str, step: str, runs: list[Run], rng: np.random.Generator) -> Iterator[Event]:
    minute = timedelta(minutes=1)
    last: datetime | None = None
    for start, end in _busy(runs):
        if last is None or start - last > PAUSE:
            if last is not None:
                yield Event(machine, last + 5 * minute, "Stopping")
                yield Event(machine, last + 6 * minute, "Stopped", "Kein Auftrag")
            yield Event(machine, start - 12 * minute, "Resetting")
            yield Event(machine, start - 8 * minute, "Idle")
        if last is None or start - minute > last:
            yield Event(machine, start - minute, "Starting")
        yield Event(machine, start, "Execute")
        for begin, until, kind in _stops(start, end, STOPS[step], rng):
            yield Event(machine, begin, kind.state, kind.reason, kind.alarm)
            yield Event(machine, until, "Execute")
        yield Event(machine, end, "Idle")
        last = end
    if last is not None:
        yield Event(machine, last + 5 * minute, "Stopping")
        yield Event(machine, last + 6 * minute, "Stopped", "Kein Auftrag")


def events_of(runs: dict[str, list[Run]], rng: np.random.Generator) -> list[Event]:
    """Return the events of all machines, each machine's in the order of time."""
    events: list[Event] = []
    for step in STEPS:
        machines = sorted({run.machine for run in runs[step]})
        for machine in machines:
            events += _machine(machine, step, [run for run in runs[step] if run.machine == machine], rng)
    return events


def states_sheet(events: list[Event], rng: np.random.Generator) -> Sheet:
    """Return the log of machine states; each machine counts its own events."""
    sheet, people = Sheet("maschinenzustaende_2026-03.csv"), People(rng, "de")
    counted: dict[str, int] = {}
    for event in events:
        number = counted[event.machine] = counted.get(event.machine, 0) + 1
        code, message = event.alarm or (None, None)
        sheet.rows.append(
            {
                "Ereignis-Nr.": number,
                "Maschine": event.machine,
                "Zeitpunkt": event.time,
                "Zustand": event.state,
                "Zustand-Nr.": NUMBERS[event.state],
                "Grund": event.reason,
                "Alarm-Nr.": code,
                "Meldung": message,
                "Bediener": people.operator(),
                "Bemerkung": people.remark() if event.reason else None,
                "Schicht": shift(event.time, "de"),
            }
        )
    return sheet
