"""Cells of a line -> a cycling test of some of them, with check-ups on the way."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from kg.plant.cells import NOMINAL_CAPACITY
from kg.plant.generate import Line

ZONE = ZoneInfo("Europe/Berlin")
EVERY, MOST = 3, 96
"""One cell of so many is cycled, and so many at most."""

CHECKUPS = (3, 100, 200, 300, 400, 500, 600)
"""Cycles of which the capacity is told; the first two condition the cell."""

START = datetime(2026, 4, 7, 9, 0, tzinfo=ZONE)


def fade(rate: float, temperature: float) -> float:
    """Return the share of its capacity that a cell loses in its first hundred cycles.

    A fast formation leaves an uneven interphase, which goes on growing; the temperature of the test adds.
    """
    return (0.022 + 0.12 * (rate - 0.05)) * (1 + 0.04 * (temperature - 25))


def _checkup(cycle: int, first: float, lost: float, rng: np.random.Generator) -> dict[str, Any]:
    retention = 1 - lost * (cycle / 100) ** 0.75 + rng.normal(0, 0.002)
    capacity = round(first * retention, 4)
    return {
        "cycle": cycle,
        "capacity_Ah": capacity,
        "energy_Wh": round(capacity * (3.70 - 0.0002 * cycle / 10), 4),
        "retention_pct": round(100 * capacity / first, 2),
        "resistance_mOhm": round(17.5 * (1 + 1.5 * (1 - retention)) + rng.normal(0, 0.1), 2),
    }


def ageing_tests(line: Line, rng: np.random.Generator) -> dict[str, Any]:
    """Return the export of the cyclers: a test for each cell that was picked, and its check-ups."""
    tests = []
    formed = {str(row["Zelle"]): row for row in line.cells.formation.rows}
    for index, row in enumerate(line.cells.testing.rows[::EVERY][:MOST]):
        cell = str(row["cell"])
        rate = float(str(formed[cell]["Formierstrom soll [mA]"])) / 1000 / NOMINAL_CAPACITY
        temperature = (25, 35)[index % 2]
        lost = fade(rate, temperature) * rng.normal(1, 0.05)
        first = float(str(row["capacity.discharge_Ah"]))
        checkups = [_checkup(cycle, first, lost, rng) for cycle in CHECKUPS]
        # Where the capacity falls to 80 %, by the same law.
        tests.append(
            {
                "test": f"CYC-{index + 1:03d}",
                "cell": cell,
                "channel": f"CY-{1 + index % 16:02d}",
                "program": "CYC-1C-1C",
                "temperature_degC": temperature,
                "start": START.isoformat(),
                "end": (START + timedelta(hours=2.2 * CHECKUPS[-1])).isoformat(),
                "cycles_to_80": round(100 * (0.2 / lost) ** (1 / 0.75)),
                "checkups": checkups,
            }
        )
    return {"laboratory": "Cell ageing", "tests": tests}
