"""Reels, separator and electrolyte -> stacked, filled, formed, degassed and tested pouch cells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from kg.plant import physics
from kg.plant.design import Design
from kg.plant.electrodes import Webs
from kg.plant.physics import ANODE, ANODE_SHEETS, CATHODE, CATHODE_SHEETS, FACE_AREA, FACES
from kg.plant.sheets import People, Sheet, moment, number, shift

NOMINAL_CAPACITY = 1.8
"""Ah; rates are in relation to it."""

SEPARATOR_MASS, POUCH_MASS = 0.95, 4.6
"""Mass in g of the separator in a stack, and of pouch foil and tabs."""

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


def _stack_mass(loading_c: float, loading_a: float) -> float:
    """Return the mass of a stack in g from the loadings of one side in mg/cm2."""
    area = FACE_AREA
    coatings = (2 * CATHODE_SHEETS * loading_c + 2 * ANODE_SHEETS * loading_a) * area / 1000
    foils = CATHODE_SHEETS * area * CATHODE.foil_thickness * 1e-4 * CATHODE.foil_density
    foils += ANODE_SHEETS * area * ANODE.foil_thickness * 1e-4 * ANODE.foil_density
    return coatings + foils + SEPARATOR_MASS


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
    reel_c = np.arange(cells) * len(cathode.reels) // cells
    web_c = cathode.web_of_reel[reel_c]
    design = Design(cells, rng)
    design.hold(cathode.porosity[web_c])
    design.hold(cathode.loading[web_c])
    order = design.spread(0, len(anode.reels) - 1, levels=len(anode.reels), digits=0)
    reel_a = order.astype(np.int64)
    web_a = anode.web_of_reel[reel_a]
    design.hold(anode.porosity[web_a])
    volume = design.spread(3.5, 5.0, levels=6)
    rate = design.spread(0.05, 0.20, levels=4)
    cell_temperature = design.spread(22, 28, levels=4, digits=0)
    wetting = design.spread(12, 48, levels=4, digits=0)
    injection = design.spread(300, 600, levels=4, digits=0)
    seal = design.spread(175, 190, levels=4, digits=0)

    loading, porosity_c, porosity_a = cathode.loading[web_c], cathode.porosity[web_c], anode.porosity[web_a]
    dosed = volume + rng.normal(0, 0.02, cells)
    pores = physics.pore_volume(cathode.thickness[web_c], anode.thickness[web_a], porosity_c, porosity_a)
    filling = dosed / pores
    capacity = physics.discharge_capacity(loading, porosity_c, porosity_a, filling, rate)
    capacity = capacity * cathode.quality[web_c] * rng.normal(1, 0.004, cells)
    efficiency = physics.first_cycle_efficiency(porosity_c, filling, rate) + rng.normal(0, 0.15, cells)
    resistance = physics.resistance(porosity_c, filling) + rng.normal(0, 0.12, cells)
    gas = physics.gas_volume(rate, filling) * rng.normal(1, 0.05, cells)

    for index in range(cells):
        cell = f"PC-{index + 1:04d}"
        one_c, one_a = cathode.thickness[web_c[index]], anode.thickness[web_a[index]]
        stack = 2 * CATHODE_SHEETS * one_c + 2 * ANODE_SHEETS * one_a
        stack += CATHODE_SHEETS * CATHODE.foil_thickness + ANODE_SHEETS * ANODE.foil_thickness
        stack += (FACES + 2) * physics.SEPARATOR_THICKNESS
        dry = _stack_mass(loading[index], anode.loading[web_a[index]]) + rng.normal(0, 0.03)
        stacked = moment(14 + index // 24, 15 + (index % 24) * 20)
        sheets.stacking.rows.append(
            {
                "Zell-Nr.": cell,
                "Anodenrolle": anode.reels[reel_a[index]],
                "Kathodenrolle": cathode.reels[reel_c[index]],
                "Separatorcharge": "SEP-2601" if index < cells // 2 else "SEP-2602",
                "Stapler": "STK-1",
                "Bediener": german.operator(),
                "Beginn": stacked,
                "Ende": stacked + timedelta(minutes=8),
                "Anzahl Anoden": ANODE_SHEETS,
                "Anzahl Kathoden": CATHODE_SHEETS,
                "Taktzeit [s]": number(2.6 + rng.normal(0, 0.1), 2),
                "Stapelversatz [µm]": number(140 + abs(rng.normal(0, 40)), 0),
                "Pressdruck [MPa]": number(0.5 + rng.normal(0, 0.02), 2),
                "Stapeldicke [mm]": number(stack / 1000 + rng.normal(0, 0.01), 2),
                "Stapelmasse [g]": number(dry, 2),
                "Taupunkt [°C]": number(-45 + rng.normal(0, 2), 1),
                "Raumtemperatur [°C]": number(21 + rng.normal(0, 0.4), 1),
                "Hochspannungsprüfung": "i.O.",
                "Werkstückträger": f"WT-{1 + index % 12:02d}",
                "Bemerkung": german.remark(),
                "Schicht": shift(stacked, "de"),
            }
        )
        filled = moment(17 + index // 24, 15 + (index % 24) * 22)
        before = dry + POUCH_MASS + rng.normal(0, 0.02)
        sheets.filling.rows.append(
            {
                "Cell": cell,
                "Electrolyte lot": "ELY-2601" if index % 3 else "ELY-2602",
                "Station": "FILL-1",
                "Operator": english.operator(),
                "Start": filled,
                "End": filled + timedelta(minutes=12),
                "Volume set (ml)": number(volume[index], 2),
                "Volume dosed (ml)": number(dosed[index], 3),
                "Injection pressure (mbar)": number(injection[index] + rng.normal(0, 5), 0),
                "Chamber pressure (mbar)": number(50 + rng.normal(0, 3), 0),
                "Ventilations": 3,
                "Mass before (g)": number(before, 3),
                "Mass after (g)": number(before + dosed[index] * ELECTROLYTE_DENSITY, 3),
                "Sealing temperature (degC)": number(seal[index] + rng.normal(0, 0.5), 1),
                "Sealing time (s)": 3.0,
                "Sealing pressure (kPa)": number(300 + rng.normal(0, 5), 0),
                "Wetting time (h)": number(wetting[index], 0),
                "Wetting temperature (degC)": number(40 + rng.normal(0, 0.5), 1),
                "Dew point (degC)": number(-45 + rng.normal(0, 2), 1),
                "Nozzle": f"N{1 + index % 2}",
                "Comment": english.remark(),
                "Shift": shift(filled, "en"),
            }
        )
        formed = moment(20 + index // 24, 60)
        first = number(1000 * capacity[index], 1)
        charge = number(first / (efficiency[index] / 100), 1)
        sheets.formation.rows.append(
            {
                "Zelle": cell,
                "Kanal": f"F{1 + index // 24}-{1 + index % 24:03d}",
                "Schrank": f"FORM-{1 + index // 24}",
                "Bediener": german.operator(),
                "Beginn": formed,
                "Ende": formed + timedelta(minutes=round(120 / rate[index])),
                "Programm": "FORM-4.2V-2Z",
                "C-Rate": f"C/{round(1 / rate[index])}",
                "Formierstrom soll [mA]": number(1000 * NOMINAL_CAPACITY * rate[index], 0),
                "Formierstrom ist [mA]": number(
                    1000 * NOMINAL_CAPACITY * rate[index] * rng.normal(1, 0.001), 1
                ),
                "Schlussspannung [V]": 4.2,
                "Temperatur [°C]": number(cell_temperature[index] + rng.normal(0, 0.3), 1),
                "Spanndruck [kPa]": number(100 + rng.normal(0, 3), 0),
                "Ladekapazität 1. Zyklus [mAh]": charge,
                "Entladekapazität 1. Zyklus [mAh]": first,
                "Wirkungsgrad 1. Zyklus [%]": number(100 * first / charge, 2),
                "Gasvolumen [ml]": number(gas[index], 2),
                "Ruhespannung [V]": number(3.62 + rng.normal(0, 0.004), 4),
                "Bemerkung": german.remark(),
                "Schicht": shift(formed, "de"),
            }
        )
        degassed = moment(27 + index // 24, 30 + (index % 24) * 12)
        sheets.degassing.rows.append(
            {
                "Zelle": cell,
                "Anlage": "ENTG-1",
                "Bediener": german.operator(),
                "Beginn": degassed,
                "Ende": degassed + timedelta(minutes=6),
                "Kammerdruck [mbar]": number(30 + rng.normal(0, 2), 0),
                "Siegeltemperatur [°C]": number(185 + rng.normal(0, 1), 1),
                "Nahtbreite [mm]": number(8 + rng.normal(0, 0.1), 2),
                "Masse nachher [g]": number(before + dosed[index] * ELECTROLYTE_DENSITY - 1.3, 3),
                "Zelldicke [mm]": number(stack / 1000 + 0.23 + rng.normal(0, 0.02), 2),
                "Taupunkt [°C]": number(-45 + rng.normal(0, 2), 1),
                "Bemerkung": german.remark(),
                "Schicht": shift(degassed, "de"),
            }
        )
        tested = moment(30 + index // 24, 30 + (index % 24) * 15)
        ah = number(0.985 * capacity[index] * rng.normal(1, 0.002), 4)
        volts = number(3.705 - 0.004 * (resistance[index] - 11) + rng.normal(0, 0.002), 4)
        sheets.testing.rows.append(
            {
                "stations.id": f"EOL-{1 + index % 2}",
                "cell": cell,
                "operator": english.operator(),
                "start": tested,
                "end": tested + timedelta(hours=7),
                "ocv.value": number(3.61 + rng.normal(0, 0.004), 4),
                "ocv.rest_h": 24,
                "resistance.ac_1khz": number(resistance[index], 2),
                "resistance.dc_10s": number(1.7 * resistance[index] + rng.normal(0, 0.3), 2),
                "capacity.c_rate": "C/3",
                "capacity.temperature_degC": number(25 + rng.normal(0, 0.3), 1),
                "capacity.discharge_Ah": ah,
                "capacity.energy_Wh": number(ah * volts, 4),
                "capacity.mean_voltage_V": volts,
                "self_discharge_mV_per_d": number(0.35 + abs(rng.normal(0, 0.08)), 3),
                "thickness_mm": number(stack / 1000 + 0.23 + rng.normal(0, 0.02), 2),
                "grade": "A" if ah >= 0.96 * NOMINAL_CAPACITY else "B",
                "comment": english.remark(),
                "software": "EOL 3.2.1",
            }
        )
    return sheets
