"""Files of battery testers -> recordings: columns with BDF names and units, rows that could not be read."""

from __future__ import annotations

from kg.sources.cyclers.read import read_cycler
from kg.sources.cyclers.recording import Aside, Column, Recording
from kg.sources.cyclers.spec import InstrumentMap, columns, maps

__all__ = ["Aside", "Column", "InstrumentMap", "Recording", "columns", "maps", "read_cycler"]
