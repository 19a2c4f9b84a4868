"""Settings of the machines -> what they do to slurry, web and cell, in the world of the sample line.

The numbers are those of an NMC622/graphite pouch cell of about 1.7 Ah with 8 cathode and 9 anode sheets.
Forms are taken from the literature where there is one, constants are chosen to land in its usual ranges:

- compaction: exponential approach to a densest packing, Meyer et al. 2017,
  https://doi.org/10.1016/j.jmatprotec.2017.05.031
- ranges of slurry, coating, drying and filling: Kwade et al. 2018, https://doi.org/10.1038/s41560-018-0130-3
- first-cycle efficiency of about 88 % and its fall with current: Wood et al. 2019,
  https://doi.org/10.1016/j.joule.2019.11.002

Where no constant is known, the sample line sets one: it is a world to test software in, not a cell model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FACE_AREA = 40.0
"""Coated area of one face of a sheet, cm2 (50 mm x 80 mm)."""

CATHODE_SHEETS, ANODE_SHEETS = 8, 9
FACES = 2 * CATHODE_SHEETS
"""Cathode faces that meet an anode face."""

SEPARATOR_THICKNESS, SEPARATOR_POROSITY = 16.0, 0.42
"""Thickness in um, and porosity, of a polyolefin separator."""


@dataclass(frozen=True)
class Electrode:
    """Constants of one kind of electrode.

    Densities in g/cm3, porosities and fractions as numbers from 0 to 1, `compaction_load` in N/mm
    at 60 degrees Celsius and `loading` mg/cm2, `foil` thickness in um and density in g/cm3.
    """

    name: str
    letter: str
    solids_density: float
    solvent_density: float
    active_fraction: float
    porosity_coated: float
    porosity_densest: float
    compaction_load: float
    loading: float
    foil_thickness: float
    foil_density: float
    viscosity: float
    solid_content: float


# Solids: NMC622 at 4.7 g/cm3 with carbon black and PVDF; graphite at 2.25 g/cm3 with CMC and SBR.
CATHODE = Electrode("Cathode", "C", 4.30, 1.03, 0.955, 0.52, 0.18, 260.0, 18.0, 15.0, 2.70, 4.0, 65.0)
ANODE = Electrode("Anode", "A", 2.20, 1.00, 0.950, 0.53, 0.20, 120.0, 10.5, 10.0, 8.96, 2.6, 48.0)

DRYER_LENGTH = 6.0
"""Heated length of the dryer, m."""

SPECIFIC_CAPACITY = 168.0
"""Reversible capacity of NMC622 up to 4.2 V at C/3, mAh/g."""


def slurry_density(solid_content: Floats, electrode: Electrode) -> Floats:
    """Return the density in g/cm3 of a slurry with a solid content in %: volumes add up."""
    share = solid_content / 100
    return 1 / (share / electrode.solids_density + (1 - share) / electrode.solvent_density)


def slurry_viscosity(solid_content: Floats, electrode: Electrode) -> Floats:
    """Return the viscosity in Pa.s at 100 per second: it grows by a quarter for each % of solids."""
    return electrode.viscosity * np.exp(0.22 * (solid_content - electrode.solid_content))


def wet_film(gap: Floats) -> Floats:
    """Return the wet film thickness in um under a comma bar: a little more than half of the gap in um."""
    return 0.55 * gap


def mass_loading(wet: Floats, density: Floats, solid_content: Floats) -> Floats:
    """Return the dry mass in mg/cm2 that a wet film in um leaves; 1 um of 1 g/cm3 is 0.1 mg/cm2."""
    return 0.1 * wet * density * solid_content / 100


def coating_thickness(loading: Floats, porosity: Floats, electrode: Electrode) -> Floats:
    """Return the thickness in um of a coating on one side, from its mass in mg/cm2 and porosity (0 to 1)."""
    return 10 * loading / (electrode.solids_density * (1 - porosity))


def residual_solvent(temperature: Floats, duration: Floats) -> Floats:
    """Return the residual solvent in ppm after drying at a temperature in degrees Celsius for minutes."""
    return 900 * np.exp(-(temperature - 110) / 22) * np.exp(-(duration - 4) / 3)


def calendered_porosity(
    line_load: Floats, roll_temperature: Floats, loading: Floats, electrode: Electrode
) -> Floats:
    """Return the porosity (0 to 1) after calendering at a line load in N/mm.

    The load that compacts by a factor e grows with the mass loading and falls by 0.4 % for each
    degree Celsius of the rolls, as the binder softens.
    """
    needed = electrode.compaction_load * (loading / electrode.loading) * (1 - 0.004 * (roll_temperature - 60))
    span = electrode.porosity_coated - electrode.porosity_densest
    return electrode.porosity_densest + span * np.exp(-line_load / needed)


def pore_volume(cathode: Floats, anode: Floats, porosity_c: Floats, porosity_a: Floats) -> Floats:
    """Return the pore volume of a cell in ml, from coating thicknesses in um and porosities (0 to 1)."""
    depth = cathode * porosity_c + anode * porosity_a + SEPARATOR_THICKNESS * SEPARATOR_POROSITY
    return depth * 1e-4 * FACE_AREA * FACES


def _starved(filling: Floats) -> Floats:
    """Return how far a cell is starved of electrolyte, 1 at a filling of 1.1 pore volumes, falling to 0."""
    return np.exp(-(filling - 1.1) / 0.4)


def _clogged(porosity: Floats, electrode: Electrode) -> Floats:
    """Return how far the pores are closed, 1 at a porosity just above the densest one, falling to 0."""
    return np.exp(-(porosity - electrode.porosity_densest - 0.02) / 0.06)


def discharge_capacity(
    loading_c: Floats, porosity_c: Floats, porosity_a: Floats, filling: Floats, c_rate: Floats
) -> Floats:
    """Return the discharge capacity of a cell in Ah; the cathode limits it.

    `filling` is the electrolyte volume in pore volumes, `c_rate` that of the first charge.
    """
    full = loading_c * CATHODE.active_fraction * SPECIFIC_CAPACITY * FACE_AREA * FACES * 1e-6
    used = (1 - 0.16 * _clogged(porosity_c, CATHODE)) * (1 - 0.03 * _clogged(porosity_a, ANODE))
    return full * used * (1 - 0.09 * _starved(filling)) * (1 - 0.25 * (c_rate - 0.05))


def first_cycle_efficiency(porosity_c: Floats, filling: Floats, c_rate: Floats) -> Floats:
    """Return the first-cycle efficiency in %."""
    return 88.6 - 12 * (c_rate - 0.1) - 1.8 * _starved(filling) - 3.0 * _clogged(porosity_c, CATHODE)


def resistance(porosity_c: Floats, filling: Floats) -> Floats:
    """Return the AC resistance of a cell at 1 kHz in mOhm."""
    return 9.0 + 4.0 * _clogged(porosity_c, CATHODE) + 2.5 * _starved(filling)


def gas_volume(c_rate: Floats, filling: Floats) -> Floats:
    """Return the gas of the first charge in ml; more electrolyte and more current give more of it."""
    return 1.4 + 3.0 * (c_rate - 0.05) + 0.5 * (filling - 1.1)
