"""A seed and a number of cells -> the files of the sample line and the record of what holds in them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kg.errors import KgError
from kg.plant.cells import CellSheets, make_cells
from kg.plant.electrodes import ElectrodeSheets, make_webs, material_lots
from kg.plant.faults import plant
from kg.plant.files import write
from kg.plant.known import DECOYS, RELATIONS
from kg.plant.physics import ANODE, CATHODE
from kg.plant.relations import Relations
from kg.plant.sheets import Sheet

FEWEST_CELLS = 16
CELLS_PER_WEB, WEBS_PER_BATCH = 4, 4


@dataclass(frozen=True)
class Line:
    """The sheets of all steps of a line, as they truly are: no fault is planted in them."""

    lots: Sheet
    webs: ElectrodeSheets
    cells: CellSheets


def make(seed: int, cells: int) -> Line:
    """Return the sheets of a line; the same seed gives the same contents.

    Raises KgError for fewer than 16 cells: the relations could not be seen in them.
    """
    if cells < FEWEST_CELLS:
        raise KgError(f"{cells} cells are too few to show a relation. Ask for {FEWEST_CELLS} or more.")
    lots_rng, cathode_rng, anode_rng, cells_rng = (np.random.default_rng([seed, step]) for step in range(4))
    webs = max(6, -(-cells // CELLS_PER_WEB))
    batches = max(3, -(-webs // WEBS_PER_BATCH))
    lots = material_lots(lots_rng)
    webs_of = ElectrodeSheets.empty()
    cathode = make_webs(CATHODE, webs, batches, cathode_rng, webs_of)
    anode = make_webs(ANODE, webs, batches, anode_rng, webs_of)
    return Line(lots, webs_of, make_cells(cathode, anode, cells, cells_rng))


def generate(folder: Path, seed: int = 7, cells: int = 48) -> Relations:
    """Write the files of a pilot line into a folder and return what is known about them.

    `cells` is the number of pouch cells; each web of either electrode serves four of them, each slurry
    batch four webs, and never fewer than six webs and three batches. The same seed gives the same
    contents of all cells. `relations.json` in the folder holds what is returned.

    Raises KgError for fewer than 16 cells: the relations could not be seen in them.
    """
    line = make(seed, cells)
    folder.mkdir(parents=True, exist_ok=True)
    lots, webs, made = line.lots, line.webs, line.cells
    faults = plant(lots, webs.calendering, made.filling, made.formation, made.degassing, made.testing)
    write(
        folder,
        [
            lots,
            webs.mixing,
            webs.coating,
            webs.drying,
            webs.calendering,
            webs.slitting,
            made.stacking,
            made.filling,
            made.formation,
            made.degassing,
            made.testing,
        ],
    )
    relations = Relations(seed, cells, RELATIONS, DECOYS, faults)
    (folder / "relations.json").write_text(relations.to_json(), encoding="utf-8")
    return relations
