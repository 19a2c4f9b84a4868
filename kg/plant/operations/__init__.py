"""A seed and a number of cells -> what machines, meters, stores and laboratories record beside the steps.

All of it is about the runs, lots and cells of the line that `kg.plant.generate` writes for the same seed
and number; the files of that line stay as they are.
"""

from __future__ import annotations

from kg.plant.operations.generate import generate_operations

__all__ = ["generate_operations"]
