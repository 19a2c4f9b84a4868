"""Lots, batches and cells of a line -> weighing records, composition of lots, masses of parts."""

from __future__ import annotations

import numpy as np

from kg.plant.cells import ELECTROLYTE_DENSITY, POUCH_MASS, SEPARATOR_MASS
from kg.plant.generate import Line
from kg.plant.physics import ANODE, ANODE_SHEETS, CATHODE, CATHODE_SHEETS, FACE_AREA
from kg.plant.sheets import People, Sheet, Value, number

SOLIDS = {"Kathode": (0.955, 0.020, 0.025), "Anode": (0.950, 0.040, 0.010)}
"""Shares of active material, binder and conductive additive in the solids of each recipe."""

COMPONENTS = ("Aktivmaterial", "Binder", "Leitruß", "Lösemittel")

COMPOSITION: dict[str, tuple[tuple[str, str, float, str | None, bool], ...]] = {
    # kind of lot: substance, CAS number, share of the mass in %, hazard class, critical raw material
    "NMC": (
        ("Nickel", "7440-02-0", 36.33, "Carc. 2", True),
        ("Mangan", "7439-96-5", 11.34, None, True),
        ("Kobalt", "7440-48-4", 12.16, "Carc. 1B", True),
        ("Lithium", "7439-93-2", 7.16, None, True),
        ("Sauerstoff", "7782-44-7", 33.01, None, False),
    ),
    "GRA": (("Kohlenstoff (Graphit)", "7782-42-5", 99.9, None, True),),
    "PVDF": (("Polyvinylidenfluorid", "24937-79-9", 100.0, None, False),),
    "CMC": (
        ("Carboxymethylcellulose", "9004-32-4", 45.0, None, False),
        ("Styrol-Butadien-Kautschuk", "9003-55-8", 55.0, None, False),
    ),
    "RUSS": (("Kohlenstoff (Ruß)", "1333-86-4", 99.5, None, False),),
    "NMP": (("N-Methyl-2-pyrrolidon", "872-50-4", 99.8, "Repr. 1B", False),),
    "ALU": (("Aluminium", "7429-90-5", 99.85, None, True),),
    "KUP": (("Kupfer", "7440-50-8", 99.9, None, True),),
    "SEP": (
        ("Polyethylen", "9002-88-4", 82.0, None, False),
        ("Aluminiumoxid", "1344-28-1", 18.0, None, False),
    ),
    "ELY": (
        ("Lithiumhexafluorophosphat", "21324-40-3", 12.2, "Acute Tox. 3", False),
        ("Ethylencarbonat", "96-49-1", 26.0, "STOT RE 2", False),
        ("Ethylmethylcarbonat", "623-53-0", 59.8, "Flam. Liq. 3", False),
        ("Vinylencarbonat", "872-36-6", 2.0, "Acute Tox. 4", False),
    ),
    "FOL": (
        ("Aluminium", "7429-90-5", 48.0, None, True),
        ("Polypropylen", "9003-07-0", 34.0, None, False),
        ("Polyamid", "25038-54-4", 18.0, None, False),
    ),
}
"""NMC is LiNi0.6Mn0.2Co0.2O2 by its molar masses.

Critical and strategic raw materials are those of Regulation (EU) 2024/1252.
"""


def weighing_sheet(line: Line, rng: np.random.Generator) -> Sheet:
    """Return what was weighed into each slurry batch: for each component its lot, set and measured mass."""
    sheet, people = Sheet("einwaagen_2026-03.csv"), People(rng, "de")
    for row in line.webs.mixing.rows:
        mass = float(str(row["Ansatzmenge [kg]"]))
        solids = mass * float(str(row["Feststoffgehalt soll [%]"])) / 100
        shares = SOLIDS[str(row["Elektrode"])]
        targets = (*(solids * share for share in shares), mass - solids)
        for component, target in zip(COMPONENTS, targets, strict=True):
            sheet.rows.append(
                {
                    "Ansatz-Nr.": row["Ansatz-Nr."],
                    "Komponente": component,
                    "Charge": row[f"Charge {component}"],
                    "Soll [kg]": number(target, 4),
                    "Ist [kg]": number(target * rng.normal(1, 0.004) + rng.normal(0, 0.0005), 4),
                    "Waage": "W-1" if target > 0.5 else "W-2",
                    "Bediener": people.operator(),
                    "Zeitpunkt": row["Beginn"],
                    "Bemerkung": people.remark(),
                }
            )
    return sheet


def composition_sheet(line: Line) -> Sheet:
    """Return the substances of each lot, as the supplier states them."""
    sheet = Sheet("zusammensetzung_2026.csv")
    for row in line.lots.rows:
        lot = str(row["Chargen-Nr."])
        for substance, cas, share, hazard, critical in COMPOSITION.get(lot.partition("-")[0], ()):
            sheet.rows.append(
                {
                    "Charge": lot,
                    "Stoff": substance,
                    "CAS-Nr.": cas,
                    "Massenanteil [%]": share,
                    "Gefahrstoff": "ja" if hazard else "nein",
                    "Gefahrenklasse": hazard,
                    "Kritischer Rohstoff": "ja" if critical else "nein",
                    "Angabe": "Lieferant",
                }
            )
    return sheet


def parts_sheet(line: Line, rng: np.random.Generator) -> Sheet:
    """Return the masses of the parts of each cell, as weighed or as the drawing and the web give them."""
    sheet = Sheet("cell_parts_2026-03.csv")
    coating = {str(row["Web ID"]): float(str(row["Mass loading (mg/cm2)"])) for row in line.webs.coating.rows}
    dried = {str(row["Rolle aus"]): coating[str(row["Rolle ein"])] for row in line.webs.drying.rows}
    pressed = {str(row["Rolle aus"]): dried[str(row["Rolle ein"])] for row in line.webs.calendering.rows}
    loading = {
        reel: pressed[str(row["Web in"])]
        for row in line.webs.slitting.rows
        for reel in str(row["Reels"]).split(";")
    }
    dosed = {str(row["Cell"]): float(str(row["Volume dosed (ml)"])) for row in line.cells.filling.rows}
    foils = {
        CATHODE: CATHODE_SHEETS * FACE_AREA * CATHODE.foil_thickness * 1e-4 * CATHODE.foil_density,
        ANODE: ANODE_SHEETS * FACE_AREA * ANODE.foil_thickness * 1e-4 * ANODE.foil_density,
    }
    for row in line.cells.stacking.rows:
        cell = str(row["Zell-Nr."])
        positive = 2 * CATHODE_SHEETS * loading[str(row["Kathodenrolle"])] * FACE_AREA / 1000 + foils[CATHODE]
        negative = 2 * ANODE_SHEETS * loading[str(row["Anodenrolle"])] * FACE_AREA / 1000 + foils[ANODE]
        values: dict[str, Value] = {
            "Cell": cell,
            "Positive electrodes (g)": number(positive + rng.normal(0, 0.01), 3),
            "Positive foil (g)": number(foils[CATHODE], 3),
            "Negative electrodes (g)": number(negative + rng.normal(0, 0.01), 3),
            "Negative foil (g)": number(foils[ANODE], 3),
            "Separator (g)": number(SEPARATOR_MASS + rng.normal(0, 0.005), 3),
            "Housing and tabs (g)": number(POUCH_MASS + rng.normal(0, 0.01), 3),
            "Electrolyte (g)": number(dosed[cell] * ELECTROLYTE_DENSITY, 3),
            "Scale": "W-3",
        }
        sheet.rows.append(values)
    return sheet
