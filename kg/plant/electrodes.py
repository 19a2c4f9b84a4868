"""Material lots -> slurry batches -> coated, dried and calendered webs -> slit reels."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from kg.plant import physics
from kg.plant.design import Design, Floats
from kg.plant.physics import ANODE, CATHODE, Electrode
from kg.plant.sheets import People, Sheet, moment, number, shift

GERMAN = {"Cathode": "Kathode", "Anode": "Anode"}

LOTS: tuple[tuple[str, str, str, str, float | None, float | None, float | None, float | None, str], ...] = (
    # number, material, trade name, supplier, kg, D50 in um, m2/g, water in ppm, grade
    ("NMC-2601", "NMC622", "NMC 622 SX", "Kathodenwerk Nord", 25.0, 10.8, 0.42, 210.0, "Batterie"),
    ("NMC-2602", "NMC622", "NMC 622 SX", "Kathodenwerk Nord", 25.0, 11.3, 0.39, 260.0, "Batterie"),
    ("GRA-2601", "Graphit", "Graphit G17", "Anodenchemie", 20.0, 17.2, 1.35, 340.0, "Batterie"),
    ("GRA-2602", "Graphit", "Graphit G17", "Anodenchemie", 20.0, 16.8, 1.41, 310.0, "Batterie"),
    ("PVDF-2601", "PVDF", "PVDF 5130", "Bindemittel & Söhne", 5.0, None, None, 180.0, "rein"),
    ("CMC-2601", "CMC/SBR", "CMC 2200 mit SBR", "Bindemittel & Söhne", 5.0, None, None, None, "rein"),
    ("RUSS-2601", "Leitruß", "Leitruß C65", "Rußwerke", 2.0, 0.15, 62.0, 420.0, "Batterie"),
    ("NMP-2601", "NMP", "N-Methyl-2-pyrrolidon", "Lösemittel GmbH", 40.0, None, None, 150.0, "99,8 %"),
    ("VEW-2601", "Wasser", "VE-Wasser", "Hausversorgung", 60.0, None, None, None, "VE"),
    ("ALU-2601", "Aluminiumfolie", "Al 15 µm", "Folienwerk", 30.0, None, None, None, "1085"),
    ("KUP-2601", "Kupferfolie", "Cu 10 µm", "Folienwerk", 60.0, None, None, None, "ED"),
    ("SEP-2601", "Separator", "PE 16 µm", "Membrantechnik", None, None, None, 480.0, "beschichtet"),
    ("SEP-2602", "Separator", "PE 16 µm", "Membrantechnik", None, None, None, 510.0, "beschichtet"),
    ("ELY-2601", "Elektrolyt", "LP57 + 2 % VC", "Elektrolytlabor", 5.0, None, None, 12.0, "Batterie"),
    ("ELY-2602", "Elektrolyt", "LP57 + 2 % VC", "Elektrolytlabor", 5.0, None, None, 9.0, "Batterie"),
    ("FOL-2601", "Pouchfolie", "Pouchfolie 113 µm", "Verbundfolien", 20.0, None, None, None, "Standard"),
)


@dataclass(frozen=True)
class Webs:
    """Webs of one electrode after calendering, each value as it truly is, with the reels cut from them.

    `loading` in mg/cm2 on one side, `porosity` from 0 to 1, `thickness` of one coating in um.
    """

    electrode: Electrode
    loading: Floats
    porosity: Floats
    thickness: Floats
    quality: Floats
    reels: tuple[str, ...]
    web_of_reel: NDArray[np.int64]


def material_lots(rng: np.random.Generator) -> Sheet:
    """Return the list of material lots with what incoming inspection found."""
    sheet, people = Sheet("materialchargen_2026.csv"), People(rng, "de")
    for index, (lot, material, trade, supplier, mass, size, surface, water, grade) in enumerate(LOTS):
        delivered = moment(-20 + index // 2, 120)
        inspected = delivered + timedelta(days=1, minutes=15 * index)
        sheet.rows.append(
            {
                "Chargen-Nr.": lot,
                "Materialart": material,
                "Handelsname": trade,
                "Lieferant": supplier,
                "Lieferdatum": delivered.strftime("%d.%m.%Y"),
                "Liefermenge [kg]": mass,
                "D50 [µm]": size,
                "Spez. Oberfläche [m²/g]": surface,
                "Restfeuchte [ppm]": water,
                "Güte": grade,
                "Prüfer": people.operator(),
                "Prüfbeginn": inspected,
                "Prüfende": inspected + timedelta(minutes=40),
                "Lagerort": f"R{1 + index // 4}-{1 + index % 4}",
                "Zertifikat-Nr.": f"CoA-{4410 + 7 * index}",
                "Bemerkung": people.remark(),
            }
        )
    return sheet


@dataclass(frozen=True)
class _Batch:
    number: str
    solid_content: float
    density: float
    transfer: float
    quality: float


def _mix(
    electrode: Electrode, count: int, rng: np.random.Generator, sheet: Sheet, people: People
) -> list[_Batch]:
    design = Design(count, rng)
    solids = design.spread(electrode.solid_content - 1.5, electrode.solid_content + 1.5)
    duration = design.spread(90, 150, digits=0)
    speed = design.spread(900, 1500, digits=0)
    batches = []
    for index in range(count):
        true = solids[index] + rng.normal(0, 0.15)
        density = physics.slurry_density(np.asarray(true), electrode)
        viscosity = physics.slurry_viscosity(np.asarray(true), electrode) * rng.normal(1, 0.03)
        batch = _Batch(
            f"B-{electrode.letter}-{index + 1:03d}",
            float(true),
            float(density),
            transfer=rng.normal(1, 0.008),
            quality=rng.normal(1, 0.003),
        )
        batches.append(batch)
        cathode = electrode is CATHODE
        start = moment(index, 30 if cathode else 210)
        lot = 1 + index % 2
        mass = number(6.0 + rng.normal(0, 0.05), 2)
        sheet.rows.append(
            {
                "Ansatz-Nr.": batch.number,
                "Elektrode": GERMAN[electrode.name],
                "Rezept": "K-NMC622-v4" if cathode else "A-Graphit-v2",
                "Mischer": "MIX-1",
                "Bediener": people.operator(),
                "Beginn": start,
                "Ende": start + timedelta(minutes=float(duration[index]) + 35),
                "Charge Aktivmaterial": f"NMC-260{lot}" if cathode else f"GRA-260{lot}",
                "Charge Binder": "PVDF-2601" if cathode else "CMC-2601",
                "Charge Leitruß": "RUSS-2601",
                "Charge Lösemittel": "NMP-2601" if cathode else "VEW-2601",
                "Ansatzmenge [kg]": mass,
                "Einwaage Aktivmaterial [kg]": number(mass * true / 100 * electrode.active_fraction, 3),
                "Feststoffgehalt soll [%]": number(solids[index], 1),
                "Feststoffgehalt ist [%]": number(true + rng.normal(0, 0.05), 2),
                "Mischzeit [min]": int(duration[index]),
                "Drehzahl [1/min]": int(speed[index]),
                "Behältertemperatur [°C]": number(25 + rng.normal(0, 1.2), 1),
                "Vakuum [mbar]": number(100 + rng.normal(0, 6), 0),
                "Viskosität bei 100 1/s [Pa·s]": number(viscosity, 2),
                "Slurrydichte [g/cm³]": number(density + rng.normal(0, 0.004), 3),
                "Taupunkt [°C]": number(-20 + rng.normal(0, 1.5), 1),
                "Bemerkung": people.remark(),
                "Schicht": shift(start, "de"),
            }
        )
    return batches


def _web_start(electrode: Electrode, index: int, step: int) -> datetime:
    return moment(3 + step + index // 6, 20 + (index % 6) * 70 + (35 if electrode is ANODE else 0))


@dataclass(frozen=True)
class ElectrodeSheets:
    """The sheets of all steps up to slitting; both electrodes share them, as on a line with one machine each."""

    mixing: Sheet
    coating: Sheet
    drying: Sheet
    calendering: Sheet
    slitting: Sheet

    @classmethod
    def empty(cls) -> ElectrodeSheets:
        """Return the sheets without rows."""
        return cls(
            Sheet("mischen_2026-03.csv"),
            Sheet("coating_2026-03.csv", head=(("Line", "Pilot line 1"), ("Exported", "2026-03-31 18:00"))),
            Sheet("trocknung_2026-03.csv"),
            Sheet(
                "kalander_2026-03.xlsx",
                name="Kalander",
                head=(("Kalanderprotokoll Pilotlinie 1",), ("Stand 31.03.2026",)),
            ),
            Sheet("slitting_2026-03.csv"),
        )


def make_webs(
    electrode: Electrode, webs: int, batches: int, rng: np.random.Generator, sheets: ElectrodeSheets
) -> Webs:
    """Mix, coat, dry, calender and slit one kind of electrode; rows are added to the sheets."""
    german, english = People(rng, "de"), People(rng, "en")
    mixed = _mix(electrode, batches, rng, sheets.mixing, german)
    cathode = electrode is CATHODE
    letter, name = electrode.letter, electrode.name
    design = Design(webs, rng)
    of = np.arange(webs) * batches // webs
    solids = design.hold(np.array([mixed[index].solid_content for index in of]))
    density = np.array([mixed[index].density for index in of])

    nominal = electrode.loading / (
        0.055
        * physics.slurry_density(np.asarray(electrode.solid_content), electrode)
        * electrode.solid_content
        / 100
    )
    gap = design.spread(0.95 * nominal, 1.05 * nominal, levels=6, digits=0)
    coating_speed = design.spread(1.2, 1.8, levels=4, digits=1)
    tension = design.spread(50, 70, levels=5, digits=0)
    zone = design.spread(100, 120, levels=5, digits=0) if cathode else design.spread(60, 80, levels=5, digits=0)
    fan = design.spread(35, 50, levels=4, digits=0)
    line_load = design.spread(*((140, 420) if cathode else (55, 170)), digits=0)
    roll_temperature = design.spread(40, 80, levels=3, digits=0)
    calender_speed = design.spread(1.0, 3.0, levels=5, digits=1)

    gap_true = gap + rng.normal(0, 1.0, webs)
    wet = physics.wet_film(gap_true) * np.array([mixed[index].transfer for index in of])
    loading = physics.mass_loading(wet, density, solids) * rng.normal(1, 0.004, webs)
    duration = 6.0 / coating_speed  # minutes in a dryer of 6 m
    # The anode dries at lower temperature, as water boils earlier than NMP.
    solvent = physics.residual_solvent(zone + (0 if cathode else 40), duration) * rng.normal(1, 0.06, webs)
    coated = np.full(webs, electrode.porosity_coated)
    before = physics.coating_thickness(loading, coated, electrode) * rng.normal(1, 0.005, webs)
    load_true = line_load * rng.normal(1, 0.01, webs)
    porosity = physics.calendered_porosity(load_true, roll_temperature, loading, electrode)
    porosity = porosity + rng.normal(0, 0.006, webs)
    after = physics.coating_thickness(loading, porosity, electrode)

    reels: list[str] = []
    for index in range(webs):
        number_ = f"{index + 1:04d}"
        web, dry, thin = f"W-{letter}-{number_}", f"T-{letter}-{number_}", f"K-{letter}-{number_}"
        slit = [f"S-{letter}-{2 * index + 1:04d}", f"S-{letter}-{2 * index + 2:04d}"]
        reels += slit
        length = number(60 + rng.normal(0, 4), 1)
        start = _web_start(electrode, index, 0)
        sheets.coating.rows.append(
            {
                "Run": f"CO-{letter}-{number_}",
                "Web ID": web,
                "Slurry batch": mixed[of[index]].number,
                "Electrode": name,
                "Foil lot": "ALU-2601" if cathode else "KUP-2601",
                "Coater": "COAT-1",
                "Operator": english.operator(),
                "Start": start,
                "End": start + timedelta(minutes=round(length / coating_speed[index])),
                "Recipe": "CB-18" if cathode else "CB-10",
                "Comma gap set (um)": int(gap[index]),
                "Comma gap (um)": number(gap_true[index], 1),
                "Coating speed (m/min)": number(coating_speed[index], 1),
                "Web tension (N)": number(tension[index] + rng.normal(0, 0.8), 1),
                "Coating width (mm)": number(180 + rng.normal(0, 0.3), 1),
                "Wet film thickness (um)": number(wet[index] + rng.normal(0, 0.8), 1),
                "Mass loading (mg/cm2)": number(loading[index] * rng.normal(1, 0.002), 2),
                "Coated length (m)": length,
                "Defects": int(rng.poisson(2.0)),
                "Dew point (degC)": number(-12 + rng.normal(0, 1.5), 1),
                "Ambient temperature (degC)": number(22 + rng.normal(0, 0.6), 1),
                "Relative humidity (%)": number(8 + rng.normal(0, 0.8), 1),
                "Coated side": "A+B",
                "Comment": english.remark(),
                "Shift": shift(start, "en"),
            }
        )
        dried = start + timedelta(minutes=4)
        sheets.drying.rows.append(
            {
                "Lauf-Nr.": f"TR-{letter}-{number_}",
                "Rolle ein": web,
                "Rolle aus": dry,
                "Elektrode": GERMAN[name],
                "Trockner": "TROCK-1",
                "Bediener": german.operator(),
                "Beginn": dried,
                "Ende": dried + timedelta(minutes=round(length / coating_speed[index]) + 4),
                "Zone 1 [°C]": number(zone[index] - 10 + rng.normal(0, 0.5), 1),
                "Zone 2 soll [°C]": int(zone[index]),
                "Zone 2 [°C]": number(zone[index] + rng.normal(0, 0.5), 1),
                "Zone 3 [°C]": number(zone[index] - 5 + rng.normal(0, 0.5), 1),
                "Bahngeschwindigkeit [m/min]": number(coating_speed[index], 1),
                "Verweilzeit [min]": number(duration[index], 2),
                "Lüfter [Hz]": number(fan[index], 0),
                "Düsenluft [m/s]": number(11 + rng.normal(0, 0.4), 1),
                "Bahnzug [N]": number(tension[index] + rng.normal(0, 1.0), 1),
                "Restlösemittel [ppm]": number(solvent[index], 0),
                "Restfeuchte [ppm]": number(420 + rng.normal(0, 35), 0),
                "Schichtdicke trocken [µm]": number(before[index], 1),
                "Elektrodendicke [µm]": number(2 * before[index] + electrode.foil_thickness, 1),
                "Taupunkt [°C]": number(-12 + rng.normal(0, 1.5), 1),
                "Bemerkung": german.remark(),
                "Schicht": shift(dried, "de"),
            }
        )
        pressed = _web_start(electrode, index, 3)
        sheets.calendering.rows.append(
            {
                "Lauf-Nr.": f"KA-{letter}-{number_}",
                "Rolle ein": dry,
                "Rolle aus": thin,
                "Elektrode": GERMAN[name],
                "Maschine": "KAL-1",
                "Bediener": german.operator(),
                "Beginn": pressed,
                "Ende": pressed + timedelta(minutes=round(length / calender_speed[index])),
                "Linienlast soll [N/mm]": int(line_load[index]),
                "Linienlast ist [N/mm]": number(load_true[index], 1),
                "Walzenspalt [µm]": number(0.9 * (2 * after[index] + electrode.foil_thickness), 1),
                "Walzentemperatur [°C]": number(roll_temperature[index] + rng.normal(0, 0.4), 1),
                "Bahngeschwindigkeit [m/min]": number(calender_speed[index], 1),
                "Bahnzug [N]": number(65 + rng.normal(0, 3), 1),
                "Schichtdicke vorher [µm]": number(before[index] + rng.normal(0, 0.3), 1),
                "Schichtdicke nachher [µm]": number(after[index] + rng.normal(0, 0.3), 1),
                "Verdichtungsgrad [%]": number(100 * (1 - after[index] / before[index]), 1),
                "Dichte [g/cm³]": number(10 * loading[index] / after[index], 3),
                "Porosität [%]": number(100 * porosity[index] + rng.normal(0, 0.15), 1),
                "Taupunkt [°C]": number(-15 + rng.normal(0, 1.5), 1),
                "Bemerkung": german.remark(),
                "Schicht": shift(pressed, "de"),
                "SPS-Zähler": 880000 + 37 * (2 * index + (0 if cathode else 1)),
            }
        )
        cut = _web_start(electrode, index, 5)
        sheets.slitting.rows.append(
            {
                "Run": f"SL-{letter}-{number_}",
                "Web in": thin,
                "Reels": ";".join(slit),
                "Electrode": name,
                "Machine": "SLIT-1",
                "Operator": english.operator(),
                "Start": cut,
                "End": cut + timedelta(minutes=25),
                "Slitting speed (m/min)": number(rng.choice([4.0, 5.0, 6.0]), 1),
                "Web tension (N)": number(40 + rng.normal(0, 2), 1),
                "Reel width (mm)": 85.0,
                "Reel length (m)": number(length - 3, 1),
                "Burr height (um)": number(6 + abs(rng.normal(0, 1.2)), 1),
                "Scrap (%)": number(2 + abs(rng.normal(0, 0.8)), 1),
                "Dew point (degC)": number(-38 + rng.normal(0, 1.5), 1),
                "Ambient temperature (degC)": number(21 + rng.normal(0, 0.4), 1),
                "Knife set": f"M{1 + index // 8}",
                "Edge camera": "ok",
                "Comment": english.remark(),
                "Shift": shift(cut, "en"),
            }
        )
    quality = np.array([mixed[index].quality for index in of])
    return Webs(electrode, loading, porosity, after, quality, tuple(reels), np.arange(2 * webs) // 2)


