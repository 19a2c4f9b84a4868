"""Changes of nodes, one after the other -> states and runs that are over. Nothing is read or written here.

The same changes always give the same rows with the same numbers: after a crash they are gone through again.
Times are seconds since 1970-01-01 UTC, by the clock of the machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from kg.opcua.take import taken

Value = str | float | int | bool | None
Sample = tuple[float, str, Value]
"""When a column changed, which, and to what."""

Kind = Literal["states", "runs"]
NOT_WATCHED = "not watched"


@dataclass(frozen=True)
class Rules:
    """Which columns tell the state, its reason and the run, and what is taken of the others.

    `names` are the states by what the node says, lower case; `running` those in which a run goes on, `stops`
    those that have a reason. `settle` are the seconds in which the identifier of a run may follow its begin.
    """

    machine: str
    states: tuple[str, ...]
    names: Mapping[str, str]
    running: frozenset[str] = frozenset()
    stops: frozenset[str] = frozenset()
    reason: str | None = None
    reasons: Mapping[str, str] = field(default_factory=dict)
    run_id: str | None = None
    settle: float = 1.0
    takes: Mapping[str, str] = field(default_factory=dict)

    def state(self, values: Mapping[str, Value]) -> tuple[str, str]:
        """Return the state, and the column that tells it; two empty texts where none does.

        Of several state machines in each other, the outermost that names a state tells it.
        """
        said = ((self.names.get(_text(values.get(column)).lower(), ""), column) for column in self.states)
        return next(((name, column) for name, column in said if name), ("", ""))


@dataclass(frozen=True)
class Closed:
    """A state or a run that is over, as the row of the journal; of a run, the changes that it saw too."""

    kind: Kind
    row: dict[str, Any]
    samples: tuple[Sample, ...] = ()


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None else str(value).strip()


def moment(seconds: float) -> str:
    """Return a time as ISO text.

    >>> moment(0.5)
    '1970-01-01T00:00:00.500+00:00'
    """
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


@dataclass
class _Run:
    since: float
    id: str
    samples: list[Sample]
    unwatched: float = 0.0


class Tracker:
    """What is known of one machine: the values of its nodes, and the state and the run that are open."""

    def __init__(self, rules: Rules, memory: Mapping[str, Any] | None = None) -> None:
        """Begin anew, or where `memory` ended."""
        self.rules = rules
        memory = memory or {}
        self.values: dict[str, Value] = dict(memory.get("values", {}))
        self.times: dict[str, float] = dict(memory.get("times", {}))
        self.seen: float | None = memory.get("seen")
        self.reason: str = memory.get("reason", "")
        self.numbers: dict[str, int] = {"states": 0, "runs": 0, **memory.get("numbers", {})}
        state = memory.get("state")
        self.open_state: tuple[str, float] | None = (state[0], state[1]) if state else None
        run = memory.get("run")
        self.run = _Run(run[0], run[1], [tuple(s) for s in run[2]], run[3]) if run else None

    def memory(self) -> dict[str, Any]:
        """Return everything known, as JSON."""
        run = self.run
        return {
            "values": self.values,
            "times": self.times,
            "seen": self.seen,
            "reason": self.reason,
            "numbers": self.numbers,
            "state": list(self.open_state) if self.open_state else None,
            "run": [run.since, run.id, run.samples, run.unwatched] if run else None,
        }

    def feed(self, event: Mapping[str, Any]) -> list[Closed]:
        """Take an event as it stands in the log of events, and return what is over by it.

        `{"t", "c", "v"}` is a change of a column; `{"t", "seen"}` says that the machine was there;
        `{"t", "up": {column: [value, time]}}` are all values after a connection was made.
        """
        if "up" in event:
            return list(self._up(event["t"], {c: (v, t) for c, (v, t) in event["up"].items()}))
        if "c" in event:
            return list(self._change(event["t"], event["c"], event["v"]))
        self._see(event["t"])
        return []

    def _see(self, time: float) -> None:
        self.seen = max(self.seen or time, time)

    def _change(self, time: float, column: str, value: Value) -> Iterator[Closed]:
        rules = self.rules
        if value is None and column in (*rules.states, rules.run_id):
            return  # a bad reading of a state is no state
        if self.open_state:
            time = max(time, self.open_state[1])
        if self.run:
            time = max(time, self.run.since)
        self._see(time)
        if column in self.values and self.values[column] == value:
            return
        self.values[column], self.times[column] = value, time
        if column in rules.states:
            name, _ = rules.state(self.values)
            if name and (self.open_state is None or name != self.open_state[0]):
                yield from self._close_state(time)
                self._enter(name, time)
        if column == rules.reason:
            self.reason = self._said() or self.reason  # it may be gone before the stop is
        yield from self._run_at(time, column)
        if self.run and column in rules.takes:
            self.run.samples.append((time, column, value))

    def _enter(self, name: str, time: float) -> None:
        self.open_state = (name, time)
        self.reason = self._said()

    def _wanted(self) -> bool:
        return self.open_state is not None and self.open_state[0] in self.rules.running

    def _id(self) -> str:
        return _text(self.values.get(self.rules.run_id)) if self.rules.run_id else ""

    def _run_at(self, time: float, column: str) -> Iterator[Closed]:
        """Close or open a run, as the state and the identifier of the run are now."""
        rules, name = self.rules, self._id()
        if self.run and not self._wanted():
            yield self._close_run(time)
        elif self.run and column == rules.run_id and name != self.run.id:
            if name and time - self.run.since <= rules.settle:
                self.run.id = name
            else:
                yield self._close_run(time)
        if self.run is None and self._wanted() and (name or not rules.run_id):
            held = [(time, c, v) for c, v in self.values.items() if c in rules.takes and c != column]
            self.run = _Run(time, name, held)

    def _number(self, kind: Kind) -> int:
        self.numbers[kind] += 1
        return self.numbers[kind]

    def _said(self) -> str:
        """Return the reason that stands now, in the words of the line."""
        said = _text(self.values.get(self.rules.reason or ""))
        return self.rules.reasons.get(said, "" if said == "0" else said)

    def _close_state(self, time: float) -> Iterator[Closed]:
        if self.open_state is None:
            return
        name, since = self.open_state
        yield self._state_row(name, since, time, self.reason if name in self.rules.stops else "", "")
        self.open_state = None

    def _state_row(self, name: str, since: float, until: float, reason: str, comment: str) -> Closed:
        row = {
            "number": self._number("states"),
            "machine": self.rules.machine,
            "state": name,
            "start": moment(since),
            "end": moment(until),
            "reason": reason,
            "comment": comment,
        }
        return Closed("states", row)

    def _close_run(self, time: float) -> Closed:
        run = self.run
        assert run is not None
        self.run = None
        row: dict[str, Any] = {
            "number": self._number("runs"),
            "machine": self.rules.machine,
            "start": moment(run.since),
            "end": moment(time),
            "unwatched": round(run.unwatched, 3),
        }
        for column, how in self.rules.takes.items():
            changes = [(t, v) for t, c, v in run.samples if c == column]
            row[column] = run.id if column == self.rules.run_id else taken(how, changes, time)
        return Closed("runs", row, tuple(run.samples))

    def _up(self, now: float, found: Mapping[str, tuple[Value, float]]) -> Iterator[Closed]:
        """Take all values after a connection was made; what cannot have lasted since is closed."""
        rules, last = self.rules, self.seen
        values = {**self.values, **{c: v for c, (v, _) in found.items() if v is not None}}
        state, told = rules.state(values)
        since = found[told][1] if told in found else self.times.get(told, now)
        lasted = self.open_state is not None and self.open_state[0] == state
        if last is not None and lasted and since <= last:
            if self.run:
                self.run.unwatched += max(now - last, 0.0)
            for column, (value, time) in sorted(found.items(), key=lambda item: item[1][1]):
                yield from self._change(max(time, self.times.get(column, time)), column, value)
            self._see(now)
            return
        begin = since if last is None else max(since, last)
        if last is not None:
            same = rules.run_id and self.run and _text(values.get(rules.run_id)) == self.run.id
            if self.run and not (same and state in rules.running):
                yield self._close_run(last)
            yield from self._close_state(last)
            if begin > last:
                yield self._state_row("", last, begin, "", NOT_WATCHED)
        for column, (value, time) in found.items():
            if value is None:
                continue
            if self.run and column in rules.takes and self.values.get(column) != value:
                self.run.samples.append((max(time, last or time), column, value))
            self.values[column], self.times[column] = value, time
        if self.run:
            self.run.unwatched += max(begin - (last or begin), 0.0)
        if state:
            self._enter(state, begin)
            yield from self._run_at(begin, "")
        self._see(now)
