"""A line -> the tables with metres of its webs: unwinding, cutting of sheets, and what a camera saw.

They are about the webs, reels and cells of the line of the same seed, with streams of chance of their own.
A roll is unwound from its end: what went on last comes off first.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np

from kg.plant.files import write
from kg.plant.generate import Line, make
from kg.plant.operations.runs import Run, runs_of
from kg.plant.sheets import People, Sheet, Value, number

STREAM = 200
"""The streams of chance of these tables begin here."""

THREADED = 1.0
"""Metres of a web that are lost when it is threaded into the calender."""

SHEET = 0.07
"""Metres of a reel for one sheet."""

FAULTS = ("Pinhole", "Streifen", "Agglomerat", "Kantenriss", "Blase")


def _unwound(
    step: str, run: Run, into: str, taken: tuple[Value, float, float], length: float
) -> dict[str, Value]:
    web, first, last = taken
    return {
        "Schritt": step,
        "Lauf-Nr.": run.number,
        "Rolle ein": web,
        "ein von [m]": number(first, 1),
        "ein bis [m]": number(last, 1),
        "Rolle aus": into,
        "aus von [m]": 0.0,
        "aus bis [m]": number(length, 1),
        "Wickler": "W1",
    }


def _unwinding(runs: dict[str, list[Run]]) -> Iterator[dict[str, Value]]:
    """Return a row for each web that a run gave out, with the metres that it took for it."""
    lengths: dict[str, float] = {}
    for run in runs["coating"]:
        web, length = str(run.row["Web ID"]), float(str(run.row["Coated length (m)"]))
        lengths[web] = length
        row = _unwound("coating", run, web, (None, 0, 0), length)
        yield row | {"ein von [m]": None, "ein bis [m]": None}
    for run in runs["drying"]:
        before, after = str(run.row["Rolle ein"]), str(run.row["Rolle aus"])
        lengths[after] = lengths[before]
        yield _unwound("drying", run, after, (before, lengths[before], 0.0), lengths[after])
    for run in runs["calendering"]:
        before, after = str(run.row["Rolle ein"]), str(run.row["Rolle aus"])
        lengths[after] = lengths[before] - THREADED
        yield _unwound("calendering", run, after, (before, lengths[after], 0.0), lengths[after])
    for run in runs["slitting"]:
        before, length = str(run.row["Web in"]), float(str(run.row["Reel length (m)"]))
        first = lengths[before] - THREADED
        for reel in str(run.row["Reels"]).split(";"):
            lengths[reel] = length
            yield _unwound("slitting", run, reel, (before, first, first - length), length)


def _cut(runs: dict[str, list[Run]], rng: np.random.Generator) -> Iterator[dict[str, Value]]:
    """Return a row for each cell and electrode: the metres of the reel that its sheets were cut from."""
    at: dict[str, float] = {}
    for run in runs["stacking"]:
        for name, reels, sheets in (
            ("Kathode", "Kathodenrolle", "Anzahl Kathoden"),
            ("Anode", "Anodenrolle", "Anzahl Anoden"),
        ):
            reel, length = str(run.row[reels]), SHEET * int(str(run.row[sheets]))
            first = at.get(reel, 0.0) + float(rng.uniform(0.5, 12))
            at[reel] = first + length
            yield {
                "Zell-Nr.": run.number,
                "Elektrode": name,
                "Rolle": reel,
                "von [m]": number(first, 2),
                "bis [m]": number(first + length, 2),
                "Blätter": run.row[sheets],
                "Stanze": f"SEP-{1 if name == 'Kathode' else 2}",
            }


def _seen(runs: dict[str, list[Run]], rng: np.random.Generator, people: People) -> Iterator[dict[str, Value]]:
    """Return a row for each fault that the camera behind the dryer saw."""
    lengths = {run.row["Web ID"]: float(str(run.row["Coated length (m)"])) for run in runs["coating"]}
    count = 0
    for run in runs["drying"]:
        length = lengths[run.row["Rolle ein"]]
        for _ in range(int(rng.poisson(1.5))):
            count += 1
            first = float(rng.uniform(0, length))
            yield {
                "Fehler-Nr.": f"BF-{count:05d}",
                "Rolle": run.row["Rolle aus"],
                "von [m]": number(first, 2),
                "bis [m]": number(first + rng.uniform(0.01, 2.5), 2),
                "Fehler": str(rng.choice(FAULTS)),
                "Größe [mm]": number(rng.gamma(2, 0.6), 2),
                "Kamera": "CAM-1",
                "Bediener": people.operator(),
                "Zeit": run.start + timedelta(minutes=round(rng.uniform(0, run.minutes))),
            }


def sheets_of(line: Line, seed: int) -> list[Sheet]:
    """Return the four tables of a line."""
    runs = runs_of(line)
    unwound = list(_unwinding(runs))
    cut, seen, people = (np.random.default_rng([seed, STREAM + table]) for table in range(3))
    return [
        Sheet("wickelprotokoll_2026-03.csv", [row for row in unwound if row["Schritt"] != "slitting"]),
        Sheet("schnittprotokoll_2026-03.csv", [row for row in unwound if row["Schritt"] == "slitting"]),
        Sheet("separation_2026-03.csv", list(_cut(runs, cut))),
        Sheet("bahninspektion_2026-03.csv", list(_seen(runs, seen, People(people, "de")))),
    ]


def generate_webs(folder: Path, seed: int = 7, cells: int = 48) -> tuple[str, ...]:
    """Write the tables with metres of the line of a seed into a folder; return their names.

    Raises KgError for fewer than 16 cells.
    """
    line = make(seed, cells)
    folder.mkdir(parents=True, exist_ok=True)
    sheets = sheets_of(line, seed)
    write(folder, sheets)
    return tuple(sheet.file for sheet in sheets)
