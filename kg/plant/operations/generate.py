"""A line -> the tables that stand beside its steps, each from a stream of chance of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from kg.plant.files import write
from kg.plant.generate import make
from kg.plant.operations.ageing import ageing_tests
from kg.plant.operations.material import composition_sheet, parts_sheet, weighing_sheet
from kg.plant.operations.meters import readings_of
from kg.plant.operations.runs import runs_of
from kg.plant.operations.states import events_of, states_sheet
from kg.plant.operations.upkeep import machines_sheet, upkeep_sheet
from kg.plant.operations.yields import yield_sheets

STREAM = 100
"""The streams of chance of these tables begin here; those of the steps are below."""


def generate_operations(folder: Path, seed: int = 7, cells: int = 48) -> tuple[str, ...]:
    """Write the tables beside the steps of the line of a seed into a folder; return their names.

    The runs, lots and cells in them are those that `generate` writes for the same seed and number of cells.
    Raises KgError for fewer than 16 cells.
    """
    line = make(seed, cells)
    folder.mkdir(parents=True, exist_ok=True)
    runs = runs_of(line)

    def chance(table: int) -> np.random.Generator:
        return np.random.default_rng([seed, STREAM + table])

    events = events_of(runs, chance(0))
    sheets = [
        states_sheet(events, chance(1)),
        *yield_sheets(runs, events, chance(3)),
        machines_sheet(),
        upkeep_sheet(chance(4)),
        weighing_sheet(line, chance(5)),
        composition_sheet(line),
        parts_sheet(line, chance(6)),
    ]
    write(folder, sheets)
    records: dict[str, dict[str, Any]] = {
        "energiezaehler_2026-03.json": readings_of(runs, chance(2)),
        "zyklenalterung_2026.json": ageing_tests(line, chance(7)),
    }
    for name, content in records.items():
        text = json.dumps(content, indent=1, ensure_ascii=False)
        (folder / name).write_text(text + "\n", encoding="utf-8")
    return (*dict.fromkeys(sheet.file for sheet in sheets), *records)
