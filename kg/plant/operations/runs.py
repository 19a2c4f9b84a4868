"""The sheets of a line -> its runs by step: number, machine, start and end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kg.plant.generate import Line
from kg.plant.sheets import Sheet, Value

_GERMAN_TIMES = ("Beginn", "Ende")
_ENGLISH_TIMES = ("Start", "End")


@dataclass(frozen=True)
class Run:
    """One run of a step; `row` is its row in the sheet of the step."""

    step: str
    number: str
    machine: str
    start: datetime
    end: datetime
    row: dict[str, Value]

    @property
    def minutes(self) -> float:
        """Return how long the run took."""
        return (self.end - self.start).total_seconds() / 60


def _of(step: str, sheet: Sheet, number: str, machine: str, times: tuple[str, str]) -> list[Run]:
    runs = []
    for row in sheet.rows:
        start, end = row[times[0]], row[times[1]]
        assert isinstance(start, datetime) and isinstance(end, datetime)
        runs.append(Run(step, str(row[number]), str(row[machine]), start, end, row))
    return runs


def runs_of(line: Line) -> dict[str, list[Run]]:
    """Return the runs of each step, in the order of the process; steps are called as in the IRIs of runs."""
    webs, cells = line.webs, line.cells
    return {
        "mixing": _of("mixing", webs.mixing, "Ansatz-Nr.", "Mischer", _GERMAN_TIMES),
        "coating": _of("coating", webs.coating, "Run", "Coater", _ENGLISH_TIMES),
        "drying": _of("drying", webs.drying, "Lauf-Nr.", "Trockner", _GERMAN_TIMES),
        "calendering": _of("calendering", webs.calendering, "Lauf-Nr.", "Maschine", _GERMAN_TIMES),
        "slitting": _of("slitting", webs.slitting, "Run", "Machine", _ENGLISH_TIMES),
        "stacking": _of("stacking", cells.stacking, "Zell-Nr.", "Stapler", _GERMAN_TIMES),
        "filling": _of("filling", cells.filling, "Cell", "Station", _ENGLISH_TIMES),
        "formation": _of("formation", cells.formation, "Zelle", "Schrank", _GERMAN_TIMES),
        "degassing": _of("degassing", cells.degassing, "Zelle", "Anlage", _GERMAN_TIMES),
        "eol": _of("eol", cells.testing, "cell", "stations.id", ("start", "end")),
    }
