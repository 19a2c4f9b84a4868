"""A line -> the tables that stand beside its steps, each from a stream of chance of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kg.plant.files import write
from kg.plant.generate import make
from kg.plant.operations.runs import runs_of
from kg.plant.operations.states import events_of, states_sheet

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
    sheets = [states_sheet(events, chance(1))]
    write(folder, sheets)
    return tuple(sheet.file for sheet in sheets)
