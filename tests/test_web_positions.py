"""Claims about metres of webs, on records made by hand: what these metres went through counts, nothing else.

Each line of a table is one run; a piece runs from its first metre to its last, in the order of the machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from kg.lineage import Span, Trace, as_dict, rows, trace, words
from kg.lineage.positions import Section, union
from kg.load import Loader
from kg.store import Store

MAPPINGS = """\
title: Coating of metres of a web
files: ["coat*.csv"]
things:
  run: {kind: run, class: BatteryElectrodeCoating, role: run, key: "coat/{Run}"}
  slurry: {kind: batch, class: SlurryBatch, role: input}
  web: {kind: web, class: CoatedElectrode, role: output}
  piece: {kind: section, class: WebSection, role: output, key: "{Web}/{From}-{To}"}
links: [piece splitFrom web]
columns:
  Run: {id: run}
  Slurry: {id: slurry}
  Web: {id: web}
  From: {term: WebPositionFrom, unit: m, of: piece}
  To: {term: WebPositionTo, unit: m, of: piece}
  Gap: {term: CoatingGap, unit: um}
---
title: A web that goes through a machine
files: ["calender*.csv"]
things:
  run: {kind: run, class: FabricatedElectrodeCalendering, role: run, key: "calender/{Run}"}
  web_in: {kind: web, class: DriedFabricatedElectrode, role: input}
  piece_in: {kind: section, class: WebSection, role: input, key: "{Web in}/{In from}-{In to}"}
  web_out: {kind: web, class: CalenderedFabricatedElectrode, role: output}
  piece_out: {kind: section, class: WebSection, role: output, key: "{Web out}/{Out from}-{Out to}"}
  machine: {kind: machine, class: Calenderer, role: tool}
links: [piece_in splitFrom web_in, piece_out splitFrom web_out]
columns:
  Run: {id: run}
  Web in: {id: web_in}
  In from: {term: WebPositionFrom, unit: m, of: piece_in}
  In to: {term: WebPositionTo, unit: m, of: piece_in}
  Web out: {id: web_out}
  Out from: {term: WebPositionFrom, unit: m, of: piece_out}
  Out to: {term: WebPositionTo, unit: m, of: piece_out}
  Machine: {id: machine}
  Start: {time: start, optional: true}
---
title: Sheets of a cell, cut from metres of a web
files: ["stack*.csv"]
things:
  run: {kind: run, class: FabricatedElectrodeStacking, role: run, key: "stack/{Cell}"}
  web: {kind: web, class: CalenderedFabricatedElectrode, role: input}
  piece: {kind: section, class: WebSection, role: input, key: "{Web}/{From}-{To}"}
  cell: {kind: cell, class: DryFabricatedElectrodeStack, role: output}
links: [piece splitFrom web]
columns:
  Cell: {id: cell}
  Web: {id: web}
  From: {term: WebPositionFrom, unit: m, of: piece}
  To: {term: WebPositionTo, unit: m, of: piece}
---
title: Faults that a camera sees on metres of a web
files: ["camera*.csv"]
things:
  run: {kind: run, class: WebInspection, role: run, key: "camera/{Fault}"}
  web: {kind: web, class: CoatedElectrode, role: input}
  piece: {kind: section, class: WebSection, role: input, key: "{Web}/{From}-{To}"}
links: [piece splitFrom web]
columns:
  Fault: {id: run}
  Web: {id: web}
  From: {term: WebPositionFrom, unit: m, of: piece}
  To: {term: WebPositionTo, unit: m, of: piece}
  Loading: {term: MassLoading, unit: mg/cm2, of: piece, optional: true}
  Note: {text: comment}
"""

COATING = ("coat.csv", "Run,Slurry,Web,From,To,Gap")
CALENDER = ("calender.csv", "Run,Web in,In from,In to,Web out,Out from,Out to,Machine")
STACK = ("stack.csv", "Cell,Web,From,To")
CAMERA = ("camera.csv", "Fault,Web,From,To,Loading,Note")


@dataclass
class Line:
    """A line whose tables are written by a test."""

    folder: Path

    def store(self, *tables: tuple[tuple[str, str], list[str]]) -> Store:
        mappings = []
        for number, mapping in enumerate(MAPPINGS.split("---\n")):
            mappings.append(self.folder / f"{number}.yaml")
            mappings[-1].write_text(mapping, encoding="utf-8")
        for number, ((name, header), lines) in enumerate(tables):
            text = "\n".join([header, *lines, ""])
            (self.folder / f"{Path(name).stem}-{number}.csv").write_text(text, encoding="utf-8")
        outcomes = Loader(self.folder / "store", mappings).load(sorted(self.folder.glob("*.csv")))
        assert [(one.name, one.outcome, one.set_aside) for one in outcomes if one.outcome != "loaded"] == []
        return Store.open(self.folder / "store")


@pytest.fixture
def line(tmp_path: Path) -> Line:
    return Line(tmp_path)


def names(found: Trace, kind: str) -> set[str]:
    nodes = [*found.things.values(), *found.runs.values()]
    return {node.id.removeprefix(f"{kind}/") for node in nodes if node.id.startswith(f"{kind}/")}


def metres(found: Trace, web: str) -> str:
    """Return the metres of a web that a trace goes through, in words."""
    spans = [
        span
        for step in found.steps
        for thing, reach in ((step.source, step.source_at), (step.made, step.made_at))
        if thing.endswith(f"/web/{web}")
        for span in reach or ()
    ]
    return words(union(spans))


TWO_GAPS = (COATING, ["C1,B-1,W,0,100,200", "C2,B-2,W,100,200,210"])
SAME_WAY = (CALENDER, ["K1,W,0,200,K,0,200,KAL-1"])
TURNED = (CALENDER, ["K1,W,200,0,K,0,200,KAL-1"])
CUT_OFF = (CALENDER, ["K1,W,5,200,K,0,195,KAL-1"])
STRETCHED = (CALENDER, ["K1,W,0,200,K,0,202,KAL-1"])
CELLS = (STACK, ["P-1,K,10,11", "P-2,K,120,121"])


def test_a_cell_has_the_coating_of_its_metre_and_of_no_other(line: Line) -> None:
    store = line.store(TWO_GAPS, SAME_WAY, CELLS)

    assert names(trace(store, "P-1"), "run") == {"stack/P-1", "calender/K1", "coat/C1"}
    assert names(trace(store, "P-2"), "run") == {"stack/P-2", "calender/K1", "coat/C2"}
    assert names(trace(store, "P-2"), "batch") == {"B-2"}
    assert metres(trace(store, "P-2"), "W") == "metre 120 to 121"
    assert trace(store, "P-2").beside == 1


def test_of_a_roll_unwound_from_its_end_the_last_metre_comes_first(line: Line) -> None:
    store = line.store(TWO_GAPS, TURNED, CELLS)

    assert metres(trace(store, "P-1"), "W") == "metre 189 to 190"
    assert names(trace(store, "P-1"), "batch") == {"B-2"}
    assert names(trace(store, "P-2"), "batch") == {"B-1"}


def test_what_is_cut_off_at_the_start_moves_all_metres(line: Line) -> None:
    store = line.store(TWO_GAPS, CUT_OFF, (STACK, ["P-1,K,94,96"]))
    found = trace(store, "P-1")

    assert metres(found, "W") == "metre 99 to 101"
    assert names(found, "batch") == {"B-1", "B-2"}


def test_a_web_that_is_stretched_is_so_evenly(line: Line) -> None:
    store = line.store(TWO_GAPS, STRETCHED, (STACK, ["P-1,K,101,102.01"]))

    assert metres(trace(store, "P-1"), "W") == "metre 100 to 101"


def test_turning_twice_is_not_turning(line: Line) -> None:
    again = (CALENDER, ["K2,K,200,0,K2,0,200,KAL-1"])
    store = line.store(TWO_GAPS, TURNED, again, (STACK, ["P-1,K2,120,121"]))

    assert metres(trace(store, "P-1"), "W") == "metre 120 to 121"


def test_pieces_that_only_touch_have_nothing_in_common(line: Line) -> None:
    store = line.store(TWO_GAPS, SAME_WAY, (STACK, ["P-1,K,100,101"]))

    assert names(trace(store, "P-1"), "batch") == {"B-2"}


def test_webs_that_are_joined_are_told_apart_by_their_metres(line: Line) -> None:
    joined = (CALENDER, ["K1,W1,0,100,K,0,100,KAL-1", "K1,W2,0,50,K,100,150,KAL-1"])
    store = line.store(
        (COATING, ["C1,B-1,W1,0,100,200", "C2,B-2,W2,0,50,200"]), joined, (STACK, ["P-1,K,110,111"])
    )

    assert names(trace(store, "P-1"), "web") == {"K", "W2"}
    assert metres(trace(store, "P-1"), "W2") == "metre 10 to 11"
    assert names(trace(store, "B-1", "down"), "cell") == set()
    assert names(trace(store, "B-2", "down"), "cell") == {"P-1"}


def test_a_web_that_is_cut_in_two_leads_to_both_by_metres(line: Line) -> None:
    cut = (CALENDER, ["K1,W,0,80,KA,0,80,KAL-1", "K2,W,80,200,KB,0,120,KAL-1"])
    store = line.store(TWO_GAPS, cut, (STACK, ["P-1,KA,10,11", "P-2,KB,10,11", "P-3,KB,30,31"]))

    assert names(trace(store, "B-1", "down"), "cell") == {"P-1", "P-2"}
    assert names(trace(store, "B-2", "down"), "cell") == {"P-3"}
    assert names(trace(store, "web/W", "down"), "cell") == {"P-1", "P-2", "P-3"}


def test_the_faults_of_its_metre_stand_beside_a_cell(line: Line) -> None:
    faults = (CAMERA, ["F-1,W,120.4,120.6,17.1,pinhole", "F-2,W,60,61,18,streak"])
    store = line.store(TWO_GAPS, SAME_WAY, CELLS, faults)
    found = trace(store, "P-2")
    fault = next(run for run in found.runs.values() if run.id.startswith("run/camera/"))

    assert names(found, "run") == {"stack/P-2", "calender/K1", "coat/C2", "camera/F-1"}
    assert fault.comment == "pinhole"
    assert [(value.term, value.value) for value in fault.readings] == [("MassLoading", 17.1)]
    assert "run/camera/F-2" not in {run.id for run in trace(store, "P-1").runs.values()}


def test_metres_of_a_web_lead_down_to_the_cells_that_are_cut_from_them(line: Line) -> None:
    store = line.store(TWO_GAPS, TURNED, CELLS)

    assert names(trace(store, "web/W", "down", at=Span(189, 190)), "cell") == {"P-1"}
    assert names(trace(store, "web/W", "down", at=Span(150, 160)), "cell") == set()
    assert names(trace(store, "B-1", "down"), "cell") == {"P-2"}


def test_up_and_down_say_the_same(line: Line) -> None:
    cells = [f"P-{number},K,{10 * number},{10 * number + 4}" for number in range(19)]
    store = line.store(TWO_GAPS, CUT_OFF, (STACK, cells))
    down = {batch: names(trace(store, batch, "down"), "cell") for batch in ("B-1", "B-2")}

    for cell in (line.partition(",")[0] for line in cells):
        behind = names(trace(store, cell), "batch")
        assert behind == {batch for batch, found in down.items() if cell in found}, cell


def test_where_a_run_does_not_say_its_metres_all_count_and_it_is_told(line: Line) -> None:
    unsaid = (CALENDER, ["K1,W,,,K,,,KAL-1"])
    store = line.store(TWO_GAPS, unsaid, CELLS)
    found = trace(store, "P-1")

    assert names(found, "batch") == {"B-1", "B-2"}
    assert [(gap.kind, gap.where) for gap in found.gaps] == [("metres", "run/calender/K1")]
    assert "all of them count" in found.gaps[0].text


def test_metres_stand_in_rows_and_json(line: Line) -> None:
    found = trace(line.store(TWO_GAPS, TURNED, CELLS), "P-1")
    row = next(row for row in rows(found) if row.run == "run/calender/K1")
    step = next(step for step in as_dict(found)["steps"] if step["run"] == "run/calender/K1")

    assert row.metres == "web/W metre 189 to 190; web/K metre 10 to 11"
    assert (step["source_at"], step["made_at"]) == ([[189.0, 190.0]], [[10.0, 11.0]])


# Arithmetic


def test_pieces_join_where_they_touch() -> None:
    assert union([Span(3, 5), Span(0, 1), Span(5, 6), Span(0.5, 0.7)]) == (Span(0, 1), Span(3, 6))


def test_carrying_there_and_back_is_the_same_piece() -> None:
    one, other = Section("a", "w", 5.0, 200.0), Section("b", "v", 195.0, 0.0)
    for span in (Span(5, 200), Span(120, 121), Span(7.3, 7.4)):
        there = one.carry(span, other)
        back = other.carry(there, one)
        assert (back.start, back.end) == pytest.approx((span.start, span.end))


def test_a_point_of_a_web_is_within_the_piece_that_holds_it() -> None:
    assert Span(10, 20).overlap(Span(15, 15)) == Span(15, 15)
    assert Span(10, 20).overlap(Span(20, 30)) is None
    assert Span(10, 20).overlap(Span(21, 30)) is None
