"""Reels, separator and electrolyte -> stacked, filled, formed, degassed and tested pouch cells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from kg.plant import physics
from kg.plant.design import Design, Floats
from kg.plant.electrodes import Webs
from kg.plant.physics import ANODE, ANODE_SHEETS, CATHODE, CATHODE_SHEETS, FACE_AREA, FACES
from kg.plant.sheets import People, Sheet, Value, moment, number, shift

NOMINAL_CAPACITY = 1.7
"""Ah; rates are in relation to it."""

SEPARATOR_MASS, POUCH_MASS, GAS_POCKET_MASS = 0.95, 4.6, 1.3
"""Mass in g of the separator in a stack, of pouch foil with tabs, and of the gas pocket that is cut away."""

POUCH_THICKNESS = 0.23
"""Thickness in mm that two layers of pouch foil add."""

ELECTROLYTE_DENSITY = 1.2
"""g/ml of a carbonate electrolyte with 1 mol/l LiPF6."""


@dataclass(frozen=True)
class CellSheets:
    """The sheets of all steps from stacking on."""

    stacking: Sheet
    filling: Sheet
    formation: Sheet
    degassing: Sheet
    testing: Sheet


def _stack_mass(loading_c: Floats, loading_a: Floats) -> Floats:
    """Return the mass of a stack in g from the loadings of one side in mg/cm2."""
    area = FACE_AREA
    coatings = (2 * CATHODE_SHEETS * loading_c + 2 * ANODE_SHEETS * loading_a) * area / 1000
    foils = CATHODE_SHEETS * area * CATHODE.foil_thickness * 1e-4 * CATHODE.foil_density
    foils += ANODE_SHEETS * area * ANODE.foil_thickness * 1e-4 * ANODE.foil_density
    return coatings + foils + SEPARATOR_MASS


@dataclass(frozen=True)
class _Cell:
    """What one cell is made of, is set to and truly becomes.

    Volumes in ml, temperatures in degrees Celsius, wetting in h, pressure in mbar, `stack` in mm,
    `dry` mass of the stack in g, capacity in Ah, efficiency in %, resistance in mOhm.
    """

    index: int
    cells: int
    cathode_reel: str
    anode_reel: str
    separator: str
    stack: float
    dry: float
    volume: float
    dosed: float
    rate: float
    temperature: float
    wetting: float
    injection: float
    seal: float
    capacity: float
    efficiency: float
    resistance: float
    gas: float

    @property
    def number(self) -> str:
        """Return the serial number, which the cell keeps from stacking on."""
        return f"PC-{self.index + 1:04d}"

    @property
    def unfilled(self) -> float:
        """Return the mass in g before filling."""
        return self.dry + POUCH_MASS

    @property
    def filled(self) -> float:
        """Return the mass in g after filling."""
        return self.unfilled + self.dosed * ELECTROLYTE_DENSITY

    def start(self, day: int, takt: float) -> datetime:
        """Return when a step begins: two days of 24 cells, `takt` minutes apart, or of more."""
        a_day = max(24, -(-self.cells // 2))
        return moment(day + self.index // a_day, 15 + (self.index % a_day) * takt * 24 / a_day)


def _stack_thickness(one_cathode: Floats, one_anode: Floats) -> Floats:
    """Return the thickness of a stack in mm from those of one coating in um."""
    coatings = 2 * CATHODE_SHEETS * one_cathode + 2 * ANODE_SHEETS * one_anode
    foils = CATHODE_SHEETS * CATHODE.foil_thickness + ANODE_SHEETS * ANODE.foil_thickness
    return (coatings + foils + (FACES + 2) * physics.SEPARATOR_THICKNESS) / 1000


def _make(cathode: Webs, anode: Webs, cells: int, rng: np.random.Generator) -> list[_Cell]:
    """Return the cells with their settings spread and their properties worked out."""
    reel_c = np.arange(cells) * len(cathode.reels) // cells
    web_c = cathode.web_of_reel[reel_c]
    loading, porosity_c = cathode.loading[web_c], cathode.porosity[web_c]
    design = Design(cells, rng)
    design.hold(porosity_c)
    design.hold(loading)
    reel_a = design.spread(0, len(anode.reels) - 1, levels=len(anode.reels), digits=0).astype(np.int64)
    web_a = anode.web_of_reel[reel_a]
    porosity_a = design.hold(anode.porosity[web_a])
    volume = design.spread(4.0, 6.4, levels=6)
    rate = design.spread(0.05, 0.20, levels=4)
    temperature = design.spread(22, 28, levels=4, digits=0)
    wetting = design.spread(12, 48, levels=4, digits=0)
    injection = design.spread(300, 600, levels=4, digits=0)
    seal = design.spread(175, 190, levels=4, digits=0)

    dosed = volume + rng.normal(0, 0.02, cells)
    thick_c, thick_a = cathode.thickness[web_c], anode.thickness[web_a]
    filling = dosed / physics.pore_volume(thick_c, thick_a, porosity_c, porosity_a)
    capacity = physics.discharge_capacity(loading, porosity_c, porosity_a, filling, rate)
    capacity = capacity * cathode.quality[web_c] * rng.normal(1, 0.004, cells)
    efficiency = physics.first_cycle_efficiency(porosity_c, filling, rate) + rng.normal(0, 0.15, cells)
    resistance = physics.resistance(porosity_c, filling) + rng.normal(0, 0.12, cells)
    gas = physics.gas_volume(rate, filling) * rng.normal(1, 0.05, cells)
    dry = _stack_mass(loading, anode.loading[web_a]) + rng.normal(0, 0.03, cells)
    columns = (
        _stack_thickness(thick_c, thick_a), dry, volume, dosed, rate, temperature, wetting, injection, seal,
        capacity, efficiency, resistance, gas,
    )  # fmt: skip
    return [
        _Cell(
            index,
            cells,
            cathode.reels[reel_c[index]],
            anode.reels[reel_a[index]],
            "SEP-2601" if index < cells // 2 else "SEP-2602",
            *(float(column[index]) for column in columns),
        )
        for index in range(cells)
    ]


def _stacking_row(cell: _Cell, rng: np.random.Generator, people: People) -> dict[str, Value]:
    start = cell.start(11, 20)
    return {
        "Zell-Nr.": cell.number,
        "Anodenrolle": cell.anode_reel,
        "Kathodenrolle": cell.cathode_reel,
        "Separatorcharge": cell.separator,
        "Stapler": "STK-1",
        "Bediener": people.operator(),
        "Beginn": start,
        "Ende": start + timedelta(minutes=8),
        "Anzahl Anoden": ANODE_SHEETS,
        "Anzahl Kathoden": CATHODE_SHEETS,
        "Taktzeit [s]": number(2.6 + rng.normal(0, 0.1), 2),
        "Stapelversatz [µm]": number(140 + abs(rng.normal(0, 40)), 0),
        "Pressdruck [MPa]": number(0.5 + rng.normal(0, 0.02), 2),
        "Stapeldicke [mm]": number(cell.stack + rng.normal(0, 0.01), 2),
        "Stapelmasse [g]": number(cell.dry, 2),
        "Taupunkt [°C]": number(-45 + rng.normal(0, 2), 1),
        "Raumtemperatur [°C]": number(21 + rng.normal(0, 0.4), 1),
        "Hochspannungsprüfung": "i.O.",
        "Werkstückträger": f"WT-{1 + cell.index % 12:02d}",
        "Bemerkung": people.remark(),
        "Schicht": shift(start, "de"),
    }


def _filling_row(cell: _Cell, rng: np.random.Generator, people: People) -> dict[str, Value]:
    start = cell.start(13, 22)
    return {
        "Cell": cell.number,
        "Electrolyte lot": "ELY-2601" if cell.index % 3 else "ELY-2602",
        "Station": "FILL-1",
        "Operator": people.operator(),
        "Start": start,
        "End": start + timedelta(minutes=12),
        "Volume set (ml)": number(cell.volume, 2),
        "Volume dosed (ml)": number(cell.dosed, 3),
        "Injection pressure (mbar)": number(cell.injection + rng.normal(0, 5), 0),
        "Chamber pressure (mbar)": number(50 + rng.normal(0, 3), 0),
        "Ventilations": 3,
        "Mass before (g)": number(cell.unfilled, 3),
        "Mass after (g)": number(cell.filled, 3),
        "Sealing temperature (degC)": number(cell.seal + rng.normal(0, 0.5), 1),
        "Sealing time (s)": 3.0,
        "Sealing pressure (kPa)": number(300 + rng.normal(0, 5), 0),
        "Wetting time (h)": number(cell.wetting, 0),
        "Wetting temperature (degC)": number(40 + rng.normal(0, 0.5), 1),
        "Dew point (degC)": number(-45 + rng.normal(0, 2), 1),
        "Nozzle": f"N{1 + cell.index % 2}",
        "Comment": people.remark(),
        "Shift": shift(start, "en"),
    }


def _formation_row(cell: _Cell, rng: np.random.Generator, people: People) -> dict[str, Value]:
    start = cell.start(16, 0)
    current = 1000 * NOMINAL_CAPACITY * cell.rate
    discharged = number(1000 * cell.capacity, 1)
    charged = number(discharged / (cell.efficiency / 100), 1)
    return {
        "Zelle": cell.number,
        "Kanal": f"F{1 + cell.index // 24}-{1 + cell.index % 24:03d}",
        "Schrank": f"FORM-{1 + cell.index // 24}",
        "Bediener": people.operator(),
        "Beginn": start,
        "Ende": start + timedelta(minutes=round(120 / cell.rate)),
        "Programm": "FORM-4.2V-2Z",
        "C-Rate": f"C/{1 / cell.rate:.3g}",
        "Formierstrom soll [mA]": number(current, 0),
        "Formierstrom ist [mA]": number(current * rng.normal(1, 0.001), 1),
        "Schlussspannung [V]": 4.2,
        "Temperatur [°C]": number(cell.temperature + rng.normal(0, 0.3), 1),
        "Spanndruck [kPa]": number(100 + rng.normal(0, 3), 0),
        "Ladekapazität 1. Zyklus [mAh]": charged,
        "Entladekapazität 1. Zyklus [mAh]": discharged,
        "Wirkungsgrad 1. Zyklus [%]": number(100 * discharged / charged, 2),
        "Gasvolumen [ml]": number(cell.gas, 2),
        "Ruhespannung [V]": number(3.62 + rng.normal(0, 0.004), 4),
        "Bemerkung": people.remark(),
        "Schicht": shift(start, "de"),
    }


def _degassing_row(cell: _Cell, rng: np.random.Generator, people: People) -> dict[str, Value]:
    start = cell.start(22, 12)
    return {
        "Zelle": cell.number,
        "Anlage": "ENTG-1",
        "Bediener": people.operator(),
        "Beginn": start,
        "Ende": start + timedelta(minutes=6),
        "Kammerdruck [mbar]": number(30 + rng.normal(0, 2), 0),
        "Siegeltemperatur [°C]": number(185 + rng.normal(0, 1), 1),
        "Nahtbreite [mm]": number(8 + rng.normal(0, 0.1), 2),
        "Masse nachher [g]": number(cell.filled - GAS_POCKET_MASS, 3),
        "Zelldicke [mm]": number(cell.stack + POUCH_THICKNESS + rng.normal(0, 0.02), 2),
        "Taupunkt [°C]": number(-45 + rng.normal(0, 2), 1),
        "Bemerkung": people.remark(),
        "Schicht": shift(start, "de"),
    }


def _testing_row(cell: _Cell, rng: np.random.Generator, people: People) -> dict[str, Value]:
    start = cell.start(25, 15)
    # The test discharges at C/3, a little less than the first discharge at the rate of formation gives.
    capacity = number(0.985 * cell.capacity * rng.normal(1, 0.002), 4)
    voltage = number(3.705 - 0.004 * (cell.resistance - 11) + rng.normal(0, 0.002), 4)
    return {
        "stations.id": f"EOL-{1 + cell.index % 2}",
        "cell": cell.number,
        "operator": people.operator(),
        "start": start,
        "end": start + timedelta(hours=7),
        "ocv.value": number(3.61 + rng.normal(0, 0.004), 4),
        "ocv.rest_h": 24,
        "resistance.ac_1khz": number(cell.resistance, 2),
        "resistance.dc_10s": number(1.7 * cell.resistance + rng.normal(0, 0.3), 2),
        "capacity.c_rate": "C/3",
        "capacity.temperature_degC": number(25 + rng.normal(0, 0.3), 1),
        "capacity.discharge_Ah": capacity,
        "capacity.energy_Wh": number(capacity * voltage, 4),
        "capacity.mean_voltage_V": voltage,
        "self_discharge_mV_per_d": number(0.35 + abs(rng.normal(0, 0.08)), 3),
        "thickness_mm": number(cell.stack + POUCH_THICKNESS + rng.normal(0, 0.02), 2),
        "grade": "A" if capacity >= 0.96 * NOMINAL_CAPACITY else "B",
        "comment": people.remark(),
        "software": "EOL 3.2.1",
    }


def make_cells(cathode: Webs, anode: Webs, cells: int, rng: np.random.Generator) -> CellSheets:
    """Stack, fill, form, degas and test the cells; the sheets hold one row for each."""
    german, english = People(rng, "de"), People(rng, "en")
    sheets = CellSheets(
        Sheet("stapeln_2026-03.csv"),
        Sheet("filling_2026-03.csv"),
        Sheet("formierung_2026-03.xlsx", name="Formierung"),
        Sheet("formierung_2026-03.xlsx", name="Entgasung"),
        Sheet("eol_tester_2026-03.json"),
    )
    for cell in _make(cathode, anode, cells, rng):
        sheets.stacking.rows.append(_stacking_row(cell, rng, german))
        sheets.filling.rows.append(_filling_row(cell, rng, english))
        sheets.formation.rows.append(_formation_row(cell, rng, german))
        sheets.degassing.rows.append(_degassing_row(cell, rng, german))
        sheets.testing.rows.append(_testing_row(cell, rng, english))
    return sheets
