"""Runs and machine events -> how much of each run was good, and how much was scrap or worked again."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from kg.plant.operations.runs import Run
from kg.plant.operations.states import Event
from kg.plant.sheets import People, Sheet, Value, number

FILE = "ausbeute_2026-03.xlsx"

PAGES = {
    "mixing": "Mischen", "coating": "Beschichten", "drying": "Trocknen", "calendering": "Kalandrieren",
    "slitting": "Schneiden", "stacking": "Stapeln", "filling": "Befüllen", "formation": "Formieren",
    "degassing": "Entgasen", "eol": "EOL",
}  # fmt: skip

UNITS = {"mixing": "kg", "coating": "m", "drying": "m", "calendering": "m", "slitting": "m"}
"""What is counted at each step; of the others, pieces: sheets when stacking, cells from filling on."""

SCRAP = {"mixing": 1.5, "coating": 3.0, "drying": 1.0, "calendering": 2.0, "slitting": 2.5}
"""Mean scrap of a run, %."""

BREAK_SCRAP = 5.0
"""What a web break in a run adds to its scrap, %."""

SHEETS = 17
"""Electrode sheets in a stack."""

REWORK = {"filling": 0.05, "formation": 0.04, "degassing": 0.06, "eol": 0.03}
"""Share of the cells that a step has to take a second time."""

LOST = {"stacking": 0.04, "filling": 0.02, "formation": 0.03, "degassing": 0.01, "eol": 0.0}
"""Share of the cells that a step spoils; they get a number of the series X and go no further."""


def _total(run: Run) -> float:
    row = run.row
    if run.step == "mixing":
        return float(str(row["Ansatzmenge [kg]"]))
    if run.step == "coating":
        return float(str(row["Coated length (m)"]))
    # Drying, calendering and slitting: the length of the web is known from coating.
    return 60.0


def _web_row(run: Run, total: float, breaks: int, rng: np.random.Generator) -> dict[str, Value]:
    share = abs(rng.normal(SCRAP[run.step], 0.5)) + BREAK_SCRAP * breaks
    scrap = number(total * share / 100, 2)
    unit = UNITS[run.step]
    return {
        "Lauf": run.number,
        f"Gesamt [{unit}]": number(total, 2),
        f"Ausschuss [{unit}]": scrap,
        "Gutanteil [%]": number(100 * (1 - scrap / number(total, 2)), 2),
    }


def _piece_row(number_: str, made: int, good: int, rework: int) -> dict[str, Value]:
    return {"Lauf": number_, "Gefertigt": made, "Gut": good, "Ausschuss": made - good, "Nacharbeit": rework}


def yield_sheets(runs: Mapping[str, list[Run]], events: list[Event], rng: np.random.Generator) -> list[Sheet]:
    """Return a page for each step: what each run made, what of it was good, scrap and rework.

    A web break adds scrap to the run in which it falls. Spoiled cells have no record but here.
    """
    breaks = [event for event in events if event.reason == "Bahnriss"]
    lengths = {run.number[3:]: _total(run) for run in runs["coating"]}
    people, sheets, lost = People(rng, "de"), [], 0
    for step, page in PAGES.items():
        sheet = Sheet(FILE, name=page)
        for run in runs[step]:
            if step in UNITS:
                hit = sum(run.machine == one.machine and run.start <= one.time < run.end for one in breaks)
                total = lengths[run.number[3:]] if step != "mixing" else _total(run)
                row = _web_row(run, total, hit, rng)
            elif step == "stacking":
                bad = int(rng.poisson(0.4))
                row = _piece_row(run.number, SHEETS + bad, SHEETS, 0)
            else:
                row = _piece_row(run.number, 1, 1, int(rng.random() < REWORK[step]))
            sheet.rows.append({**row, "Erfasst von": people.operator(), "Bemerkung": people.remark()})
        for _ in range(round(len(runs[step]) * LOST.get(step, 0.0))):
            lost += 1
            made = SHEETS if step == "stacking" else 1
            row = _piece_row(f"X-{lost:04d}", made, 0, 0)
            sheet.rows.append({**row, "Erfasst von": people.operator(), "Bemerkung": "Zelle verworfen"})
        sheets.append(sheet)
    return sheets
