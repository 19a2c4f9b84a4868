"""Machines of a line -> their planned speeds, and the record of their maintenance and calibration."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from kg.plant.sheets import FIRST_DAY, People, Sheet, number

MACHINES: tuple[tuple[str, str, str, float, int, int], ...] = (
    # machine, kind, maker, planned minutes for one run, days between maintenance, days between calibration
    ("MIX-1", "Planetenmischer", "Rührwerke Süd", 150.0, 90, 180),
    ("COAT-1", "Beschichter", "Bahntechnik", 31.0, 30, 60),
    ("TROCK-1", "Trockner", "Bahntechnik", 33.0, 60, 120),
    ("KAL-1", "Kalander", "Walzenbau", 28.0, 30, 60),
    ("SLIT-1", "Schneidanlage", "Messerwerk", 22.0, 20, 180),
    ("STK-1", "Stapler", "Zellmontage", 7.5, 30, 90),
    ("FILL-1", "Befüllstation", "Dosiertechnik", 11.0, 30, 30),
    ("ENTG-1", "Entgasungsstation", "Zellmontage", 5.5, 60, 90),
)


def machines_sheet() -> Sheet:
    """Return the list of machines with their planned speeds."""
    sheet = Sheet("maschinenliste_2026.csv")
    for index, (machine, kind, maker, minutes, service, calibration) in enumerate(MACHINES):
        sheet.rows.append(
            {
                "Maschine": machine,
                "Art": kind,
                "Hersteller": maker,
                "Serien-Nr.": f"SN-{20310 + 17 * index}",
                "Plantakt [min]": minutes,
                "Wartung alle [d]": service,
                "Kalibrierung alle [d]": calibration,
            }
        )
    return sheet


def upkeep_sheet(rng: np.random.Generator) -> Sheet:
    """Return the record of maintenance and calibration; some of it falls due while the line runs."""
    sheet, people = Sheet("instandhaltung_2026.csv"), People(rng, "de")
    order = 0
    for machine, _, _, _, service, calibration in MACHINES:
        for kind, days in (("Wartung", service), ("Kalibrierung", calibration)):
            # The last time lies somewhere in the interval before the line starts, or a little further back.
            back = int(rng.integers(days // 3, days + days // 6))
            start = FIRST_DAY - timedelta(days=back) + timedelta(hours=8)
            order += 1
            deviation = number(rng.normal(0, 0.4), 2) if kind == "Kalibrierung" else None
            sheet.rows.append(
                {
                    "Auftrag": f"IH-{order:04d}",
                    "Maschine": machine,
                    "Art": kind,
                    "Beginn": start,
                    "Ende": start + timedelta(minutes=int(rng.integers(45, 240))),
                    "Abweichung vorgefunden [%]": deviation,
                    "Nächste fällig": (start + timedelta(days=days)).date().isoformat(),
                    "Techniker": people.operator(),
                    "Ergebnis": "i.O." if deviation is None or abs(deviation) < 0.6 else "nachgestellt",
                    "Bemerkung": people.remark(),
                }
            )
    return sheet
