"""Changes -> states and runs, whatever happens in between: crashes, pauses, values that come late."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from kg.opcua.journal import Journal
from kg.opcua.mapping import ready, ready_names, state_names
from kg.opcua.take import taken
from kg.opcua.tracker import Rules, Tracker

PACKML = ready("packml")
RULES = Rules(
    machine="KAL-1",
    states=("state 0",),
    names=PACKML["names"],
    running=frozenset(PACKML["while"]),
    stops=frozenset(PACKML["stops"]),
    reason="reason",
    reasons={"7": "Bahnriss"},
    run_id="Lot",
    takes={"Lot": "last", "Load": "mean", "Count": "gain"},
)
START = 1_772_000_000.0

Event = dict[str, Any]


def change(second: float, column: str, value: Any) -> Event:
    return {"t": START + second, "c": column, "v": value}


def up(second: float, **values: tuple[Any, float]) -> Event:
    found = {name.replace("state", "state 0"): [value, START + t] for name, (value, t) in values.items()}
    return {"t": START + second, "up": found}


def seen(second: float) -> Event:
    return {"t": START + second, "seen": True}


def lot(name: str, second: float) -> list[Event]:
    """Return what a calender says while it makes a lot in 40 seconds, with a stop of ten."""
    said = [
        (0, "state 0", 15), (1, "state 0", 4), (2, "Lot", name), (3, "state 0", 3), (5, "state 0", 6),
        (6, "Load", 300.0), (10, "Count", 7), (15, "reason", 7), (15, "state 0", 11), (25, "reason", 0),
        (25, "state 0", 6), (35, "Load", 310.0), (40, "state 0", 16), (41, "state 0", 17), (42, "Lot", ""),
    ]  # fmt: skip
    return [change(second + at, column, value) for at, column, value in said]


DAY = [
    up(0, state=(2, 0), Lot=("", 0), Load=(290.0, 0), Count=(0, 0), reason=(0, 0)),
    *lot("A", 10),
    *lot("B", 100),
    seen(150),
    *lot("C", 200),
]


def rows(store: Path, kind: str) -> list[Event]:
    return [
        json.loads(line)
        for path in sorted((store / "opcua").glob(f"*.opcua-{kind}.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]


def through(events: list[Event]) -> list[Event]:
    tracker = Tracker(RULES)
    return [closed.row for event in events for closed in tracker.feed(event)]


def runs(events: list[Event]) -> list[tuple[str, float, float]]:
    """Return the lot, the begin and the end of each run, in seconds since the start."""
    found = [row for row in through(events) if "Lot" in row]
    return [(row["Lot"], second(row["start"]), second(row["end"])) for row in found]


def second(text: str) -> float:
    return datetime.fromisoformat(text).timestamp() - START


def test_a_crash_after_any_change_leaves_the_same_rows(tmp_path: Path) -> None:
    whole = Journal(tmp_path / "whole", "KAL-1", RULES)
    whole.take(DAY)
    whole.close()
    for cut in range(1, len(DAY)):
        store, torn = tmp_path / f"{cut}", ("", '{"t": 177200', "\x00")[cut % 3]
        before = Journal(store, "KAL-1", RULES)
        before.take(DAY[:cut])
        before.close()
        for path in (store / "opcua").glob("*.jsonl"):
            path.write_text(path.read_text(encoding="utf-8") + torn, encoding="utf-8")
        after = Journal(store, "KAL-1", RULES)
        after.take(DAY[cut:])
        after.close()

        assert rows(store, "runs") == rows(tmp_path / "whole", "runs")
        assert rows(store, "states") == rows(tmp_path / "whole", "states")


def test_a_row_that_was_lost_between_log_and_journal_is_written_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "KAL-1", RULES)
    for event in DAY[:-3]:
        journal.take([event])
    journal.close()
    (states,) = (tmp_path / "opcua").glob("*.opcua-states.jsonl")
    said = states.read_text(encoding="utf-8")
    states.write_text("".join(said.splitlines(keepends=True)[:-2]), encoding="utf-8")

    Journal(tmp_path, "KAL-1", RULES).close()

    assert states.read_text(encoding="utf-8") == said


def test_two_watchers_of_one_machine_are_refused(tmp_path: Path) -> None:
    first = Journal(tmp_path, "KAL-1", RULES)

    with pytest.raises(Exception, match="another process watches this machine"):
        Journal(tmp_path, "KAL-1", RULES)
    first.close()


def test_a_run_lasts_over_a_stop_that_needs_no_new_start() -> None:
    assert runs(DAY) == [("A", 15.0, 51.0), ("B", 105.0, 141.0), ("C", 205.0, 241.0)]


def test_each_state_has_its_reason_and_the_next_begins_where_it_ends() -> None:
    states = [row for row in through(DAY) if "state" in row]

    assert [row["reason"] for row in states if row["state"] == "Held"] == ["Bahnriss"] * 3
    assert {row["reason"] for row in states if row["state"] != "Held"} == {""}
    assert [row["end"] for row in states[:-1]] == [row["start"] for row in states[1:]]


def test_a_lot_that_changes_while_the_machine_works_is_a_run_of_its_own() -> None:
    events = [up(0, state=(6, 0), Lot=("A", 0)), change(50, "Lot", "B"), change(90, "state 0", 17)]

    assert runs(events) == [("A", 0.0, 50.0), ("B", 50.0, 90.0)]


def test_a_lot_that_is_named_just_after_the_begin_names_the_run() -> None:
    events = [up(0, state=(4, 0), Lot=("A", 0)), change(10, "state 0", 6), change(10.5, "Lot", "B")]

    assert runs([*events, change(50, "state 0", 17)]) == [("B", 10.0, 50.0)]


def test_a_machine_that_works_without_a_lot_makes_no_run() -> None:
    events = [up(0, state=(6, 0), Lot=("", 0)), change(50, "state 0", 17)]

    assert runs(events) == []


def test_what_lasted_over_a_pause_goes_on() -> None:
    events = [up(0, state=(6, 0), Lot=("A", 0)), seen(20), up(60, state=(6, 0), Lot=("A", 0))]

    found = through([*events, change(90, "state 0", 17)])

    assert [(row["state"], row["comment"]) for row in found if "state" in row] == [("Execute", "")]
    assert [row["unwatched"] for row in found if "Lot" in row] == [40.0]


def test_what_changed_in_a_pause_ends_where_it_was_seen_last() -> None:
    events = [up(0, state=(6, 0), Lot=("A", 0)), seen(20), up(60, state=(4, 50), Lot=("B", 45))]

    found = through([*events, change(90, "state 0", 6)])
    states = [row for row in found if "state" in row]

    assert runs(events) == [("A", 0.0, 20.0)]
    assert [(row["state"], row["comment"], second(row["start"]), second(row["end"])) for row in states] == [
        ("Execute", "", 0.0, 20.0),
        ("", "not watched", 20.0, 50.0),
        ("Idle", "", 50.0, 90.0),
    ]


def test_a_lot_that_goes_on_after_a_restart_of_the_server_is_one_run() -> None:
    events = [up(0, state=(6, 0), Lot=("A", 0)), seen(20), up(60, state=(6, 50), Lot=("A", 50))]

    assert runs([*events, change(90, "state 0", 17)]) == [("A", 0.0, 90.0)]


def test_a_state_in_another_is_the_one_of_the_machine() -> None:
    rules = Rules("M", ("state 0", "state 1", "state 2"), {n.lower(): n for n in PACKML["names"].values()})

    def state(*said: str) -> str:
        return rules.state(dict(zip(rules.states, said, strict=True)))[0]

    assert state("Cleared", "Running", "Held") == "Held"
    assert state("Cleared", "Stopped", "Held") == "Stopped"
    assert state("Aborted", "Stopped", "Held") == "Aborted"
    assert state("Cleared", "Running", "") == ""


def test_a_bad_reading_of_the_state_is_no_state() -> None:
    events = [up(0, state=(6, 0), Lot=("A", 0)), change(5, "state 0", None), change(9, "Lot", None)]

    assert runs([*events, change(90, "state 0", 17)]) == [("A", 0.0, 90.0)]


@pytest.mark.parametrize(
    ("how", "changes", "value"),
    [
        ("mean", [(0, 1.0), (9, 2.0)], 1.1),
        ("mean", [(0, 1.0), (5, None), (9, 2.0)], 7 / 6),
        ("mean", [(10, 4)], 4),
        ("mean", [], None),
        ("first", [(0, ""), (2, "A"), (3, "B")], "A"),
        ("last", [(0, "A"), (2, "B"), (3, "")], "B"),
        ("min", [(0, 3), (1, True), (2, 1.5)], 1.5),
        ("max", [(0, 3), (1, None), (2, 1.5)], 3),
        ("gain", [(0, 90), (1, 98), (2, 3), (4, 5)], 13),
        ("gain", [], None),
    ],
)
def test_what_is_taken_of_the_values_of_a_run(how: str, changes: list[tuple[float, Any]], value: Any) -> None:
    assert taken(how, changes, 10.0) == pytest.approx(value)


def test_ready_names_are_states_that_the_journal_is_loaded_with() -> None:
    assert ready_names() == ["machinery", "packml", "umati"]
    for name in ready_names():
        found = ready(name)
        names = set(found["names"].values())
        assert names <= set(state_names())
        assert {*found["while"], *found["stops"]} <= names


def test_packml_names_all_of_its_states_by_number() -> None:
    assert [int(number) for number in PACKML["names"]] == list(range(1, 18))
    assert len(set(PACKML["names"].values())) == 17


def test_nothing_but_a_connection_imports_what_talks_to_servers() -> None:
    code = "import kg.cli.opcua, kg.opcua.mapping, kg.opcua.journal, sys; sys.exit('asyncua' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
