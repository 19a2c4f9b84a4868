"""A seed and a number of cells -> the files of a pilot line, with known relations and planted faults."""

from __future__ import annotations

from kg.plant.generate import generate
from kg.plant.packs import generate_packs
from kg.plant.relations import Decoy, PlantedFault, Relation, Relations

__all__ = ["Decoy", "PlantedFault", "Relation", "Relations", "generate", "generate_packs"]
