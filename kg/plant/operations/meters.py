"""Runs -> what the meters of the machines read over each of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from kg.plant.operations.runs import Run

ZONE = ZoneInfo("Europe/Berlin")

METERS: dict[str, tuple[str, float, float, float]] = {
    # step: meter, kW drawn in the mean, kWh of heat for each hour, m3 of compressed air for each hour
    "mixing": ("EM-01", 4.2, 0.0, 0.4),
    "coating": ("EM-02", 6.5, 0.0, 1.2),
    "drying": ("EM-03", 9.0, 38.0, 0.0),
    "calendering": ("EM-04", 7.8, 2.5, 0.9),
    "slitting": ("EM-05", 2.1, 0.0, 1.5),
    "stacking": ("EM-06", 3.4, 0.0, 2.2),
    "filling": ("EM-07", 2.6, 0.0, 0.8),
    "degassing": ("EM-09", 2.9, 0.0, 0.7),
    "eol": ("EM-10", 0.0, 0.0, 0.0),
}
"""What the machine of each step takes; the racks of the formation give back a part of what they charge."""

LOSS_PER_CHARGE = {"formation": ("EM-08", 0.35), "eol": ("EM-10", 0.22)}
"""Of the steps that charge: meter, and the energy lost, by that of the charge."""

CELL_ENERGY = 1.7 * 3.7 / 1000
"""kWh that one charge puts into a cell."""


def _reading(run: Run, rng: np.random.Generator) -> dict[str, Any]:
    hours = run.minutes / 60
    if run.step in LOSS_PER_CHARGE:
        power, heat, air = (LOSS_PER_CHARGE[run.step][1] * CELL_ENERGY + 0.002) / hours, 0.0, 0.0
    else:
        _, power, heat, air = METERS[run.step]
    energy = power * hours * rng.normal(1, 0.03)
    reading = {
        "run": run.number,
        "machine": run.machine,
        "from": run.start.replace(tzinfo=ZONE).isoformat(),
        "to": run.end.replace(tzinfo=ZONE).isoformat(),
        "electrical_kWh": round(float(energy), 4),
        "mean_power_kW": round(float(energy / hours), 4),
    }
    if heat:
        reading["heat_kWh"] = round(float(heat * hours * rng.normal(1, 0.04)), 3)
    if air:
        reading["compressed_air_m3"] = round(float(air * hours * rng.normal(1, 0.05)), 3)
    return reading


def readings_of(runs: Mapping[str, list[Run]], rng: np.random.Generator) -> dict[str, Any]:
    """Return the export of the energy meters: for each step its meter and a reading for each run."""
    return {
        "site": "Pilot line 1",
        "steps": {
            step: {
                "meter": (LOSS_PER_CHARGE.get(step) or METERS[step])[0],
                "readings": [_reading(run, rng) for run in some],
            }
            for step, some in runs.items()
        },
    }
