"""Material lots -> slurry batches -> coated, dried and calendered webs -> slit reels."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from kg.plant import physics
from kg.plant.design import Design, Floats
from kg.plant.physics import CATHODE, Electrode
from kg.plant.sheets import People, Sheet, Value, moment, number, shift

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
    solids = design.spread(electrode.solid_content - 0.8, electrode.solid_content + 0.8)
    duration = design.spread(90, 150, digits=0)
    speed = design.spread(900, 1500, digits=0)
    batches = []
    for index in range(count):
        true = solids[index] + rng.normal(0, 0.15)
        density = float(physics.slurry_density(np.asarray(true), electrode))
        viscosity = float(physics.slurry_viscosity(np.asarray(true), electrode)) * rng.normal(1, 0.03)
        batch = _Batch(
            f"B-{electrode.letter}-{index + 1:03d}",
            float(true),
            density,
            transfer=rng.normal(1, 0.008),
            quality=rng.normal(1, 0.003),
        )
        batches.append(batch)
        cathode = electrode is CATHODE
        day, rest = divmod(3 * index, count)
        start = moment(day, (30 if cathode else 210) + 300 * rest / count)
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


@dataclass(frozen=True)
class ElectrodeSheets:
    """The sheets of all steps up to slitting; both electrodes share them, as they share the machines."""

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
            Sheet("coating_2026-03.csv", head=(("Line:", "Pilot line 1"), ("Exported:", "2026-03-31 18:00"))),
            Sheet("trocknung_2026-03.csv"),
            Sheet(
                "kalander_2026-03.xlsx",
                name="Kalander",
                head=(("Kalanderprotokoll Pilotlinie 1",), ("Stand 31.03.2026",)),
            ),
            Sheet("slitting_2026-03.csv"),
        )


@dataclass(frozen=True)
class _Web:
    """What one web is set to and what it truly becomes, from coating to slitting.

    Lengths of gaps and layers in um, loads in N/mm, speeds in m/min, temperatures in degrees Celsius,
    times in minutes, loading in mg/cm2, residual solvent in ppm, porosity from 0 to 1, length in m.
    """

    electrode: Electrode
    index: int
    webs: int
    batch: str
    gap_set: float
    gap: float
    coating_speed: float
    tension: float
    wet: float
    loading: float
    zone: float
    fan: float
    duration: float
    solvent: float
    before: float
    line_load_set: float
    line_load: float
    roll_temperature: float
    calender_speed: float
    porosity: float
    after: float
    length: float

    def number(self, step: str) -> str:
        """Return the number that a step gives to the web or to its run: K-C-0001."""
        return f"{step}-{self.electrode.letter}-{self.index + 1:04d}"

    @property
    def reels(self) -> tuple[str, str]:
        """Return the numbers of the two reels that slitting makes."""
        letter = self.electrode.letter
        return f"S-{letter}-{2 * self.index + 1:04d}", f"S-{letter}-{2 * self.index + 2:04d}"

    @property
    def cathode(self) -> bool:
        """Return whether this is a cathode."""
        return self.electrode is CATHODE

    def start(self, step: int) -> datetime:
        """Return when a step begins: each step takes two days, a longer line works faster."""
        a_day = max(6, -(-self.webs // 2))
        late = 0 if self.cathode else 35
        return moment(3 + step + self.index // a_day, 20 + (self.index % a_day) * 420 / a_day + late)


def _nominal_gap(electrode: Electrode) -> float:
    """Return the gap in um that gives the loading aimed at."""
    solids = np.asarray(electrode.solid_content)
    per_gap = physics.mass_loading(
        physics.wet_film(np.asarray(1.0)), physics.slurry_density(solids, electrode), solids
    )
    return electrode.loading / float(per_gap)


def _run(electrode: Electrode, webs: int, mixed: list[_Batch], rng: np.random.Generator) -> list[_Web]:
    """Return the webs with their settings spread over the range of the machines."""
    cathode = electrode is CATHODE
    design = Design(webs, rng)
    of = np.arange(webs) * len(mixed) // webs
    solids = design.hold(np.array([mixed[index].solid_content for index in of]))
    density = np.array([mixed[index].density for index in of])
    transfer = np.array([mixed[index].transfer for index in of])

    nominal = _nominal_gap(electrode)
    gap_set = design.spread(0.97 * nominal, 1.03 * nominal, levels=6, digits=0)
    coating_speed = design.spread(1.2, 1.8, levels=4, digits=1)
    tension = design.spread(50, 70, levels=5, digits=0)
    # Water leaves at lower temperature than NMP.
    zone = design.spread(*((100, 120) if cathode else (60, 80)), levels=5, digits=0)
    fan = design.spread(35, 50, levels=4, digits=0)
    line_load_set = design.spread(*((180, 480) if cathode else (70, 180)), digits=0)
    roll_temperature = design.spread(40, 80, levels=3, digits=0)
    calender_speed = design.spread(1.0, 3.0, levels=5, digits=1)

    gap = gap_set + rng.normal(0, 1.0, webs)
    wet = physics.wet_film(gap) * transfer
    loading = physics.mass_loading(wet, density, solids) * rng.normal(1, 0.004, webs)
    duration = physics.DRYER_LENGTH / coating_speed
    solvent = physics.residual_solvent(zone + (0 if cathode else 40), duration) * rng.normal(1, 0.06, webs)
    coated = np.full(webs, electrode.porosity_coated)
    before = physics.coating_thickness(loading, coated, electrode) * rng.normal(1, 0.005, webs)
    line_load = line_load_set * rng.normal(1, 0.01, webs)
    porosity = physics.calendered_porosity(line_load, roll_temperature, loading, electrode)
    porosity = porosity + rng.normal(0, 0.006, webs)
    after = physics.coating_thickness(loading, porosity, electrode)
    length = 60 + rng.normal(0, 4, webs)
    columns = (
        gap_set, gap, coating_speed, tension, wet, loading, zone, fan, duration, solvent, before,
        line_load_set, line_load, roll_temperature, calender_speed, porosity, after, length,
    )  # fmt: skip
    return [
        _Web(electrode, index, webs, mixed[of[index]].number, *(float(column[index]) for column in columns))
        for index in range(webs)
    ]


def _coating_row(web: _Web, rng: np.random.Generator, people: People) -> dict[str, Value]:
    start = web.start(0)
    return {
        "Run": web.number("CO"),
        "Web ID": web.number("W"),
        "Slurry batch": web.batch,
        "Electrode": web.electrode.name,
        "Foil lot": "ALU-2601" if web.cathode else "KUP-2601",
        "Coater": "COAT-1",
        "Operator": people.operator(),
        "Start": start,
        "End": start + timedelta(minutes=round(web.length / web.coating_speed)),
        "Recipe": "CB-18" if web.cathode else "CB-10",
        "Comma gap set (um)": int(web.gap_set),
        "Comma gap (um)": number(web.gap, 1),
        "Coating speed (m/min)": number(web.coating_speed, 1),
        "Web tension (N)": number(web.tension + rng.normal(0, 0.8), 1),
        "Coating width (mm)": number(180 + rng.normal(0, 0.3), 1),
        "Wet film thickness (um)": number(web.wet + rng.normal(0, 0.8), 1),
        "Mass loading (mg/cm2)": number(web.loading * rng.normal(1, 0.002), 2),
        "Coated length (m)": number(web.length, 1),
        "Defects": int(rng.poisson(2.0)),
        "Dew point (degC)": number(-12 + rng.normal(0, 1.5), 1),
        "Ambient temperature (degC)": number(22 + rng.normal(0, 0.6), 1),
        "Relative humidity (%)": number(8 + rng.normal(0, 0.8), 1),
        "Coated side": "A+B",
        "Comment": people.remark(),
        "Shift": shift(start, "en"),
    }


def _drying_row(web: _Web, rng: np.random.Generator, people: People) -> dict[str, Value]:
    start = web.start(0) + timedelta(minutes=4)
    return {
        "Lauf-Nr.": web.number("TR"),
        "Rolle ein": web.number("W"),
        "Rolle aus": web.number("T"),
        "Elektrode": GERMAN[web.electrode.name],
        "Trockner": "TROCK-1",
        "Bediener": people.operator(),
        "Beginn": start,
        "Ende": start + timedelta(minutes=round(web.length / web.coating_speed) + 4),
        "Zone 1 [°C]": number(web.zone - 10 + rng.normal(0, 0.5), 1),
        "Zone 2 soll [°C]": int(web.zone),
        "Zone 2 [°C]": number(web.zone + rng.normal(0, 0.5), 1),
        "Zone 3 [°C]": number(web.zone - 5 + rng.normal(0, 0.5), 1),
        "Bahngeschwindigkeit [m/min]": number(web.coating_speed, 1),
        "Verweilzeit [min]": number(web.duration, 2),
        "Lüfter [Hz]": number(web.fan, 0),
        "Düsenluft [m/s]": number(11 + rng.normal(0, 0.4), 1),
        "Bahnzug [N]": number(web.tension + rng.normal(0, 1.0), 1),
        "Restlösemittel [ppm]": number(web.solvent, 0),
        "Restfeuchte [ppm]": number(420 + rng.normal(0, 35), 0),
        "Schichtdicke trocken [µm]": number(web.before, 1),
        "Elektrodendicke [µm]": number(2 * web.before + web.electrode.foil_thickness, 1),
        "Taupunkt [°C]": number(-12 + rng.normal(0, 1.5), 1),
        "Bemerkung": people.remark(),
        "Schicht": shift(start, "de"),
    }


def _calendering_row(web: _Web, rng: np.random.Generator, people: People) -> dict[str, Value]:
    start = web.start(3)
    return {
        "Lauf-Nr.": web.number("KA"),
        "Rolle ein": web.number("T"),
        "Rolle aus": web.number("K"),
        "Elektrode": GERMAN[web.electrode.name],
        "Maschine": "KAL-1",
        "Bediener": people.operator(),
        "Beginn": start,
        "Ende": start + timedelta(minutes=round(web.length / web.calender_speed)),
        "Linienlast soll [N/mm]": int(web.line_load_set),
        "Linienlast ist [N/mm]": number(web.line_load, 1),
        "Walzenspalt [µm]": number(0.9 * (2 * web.after + web.electrode.foil_thickness), 1),
        "Walzentemperatur [°C]": number(web.roll_temperature + rng.normal(0, 0.4), 1),
        "Bahngeschwindigkeit [m/min]": number(web.calender_speed, 1),
        "Bahnzug [N]": number(65 + rng.normal(0, 3), 1),
        "Schichtdicke vorher [µm]": number(web.before + rng.normal(0, 0.3), 1),
        "Schichtdicke nachher [µm]": number(web.after + rng.normal(0, 0.3), 1),
        "Verdichtungsgrad [%]": number(100 * (1 - web.after / web.before), 1),
        "Dichte [g/cm³]": number(10 * web.loading / web.after, 3),
        "Porosität [%]": number(100 * web.porosity + rng.normal(0, 0.15), 1),
        "Taupunkt [°C]": number(-15 + rng.normal(0, 1.5), 1),
        "Bemerkung": people.remark(),
        "Schicht": shift(start, "de"),
        "SPS-Zähler": 880000 + 37 * (2 * web.index + (0 if web.cathode else 1)),
    }


def _slitting_row(web: _Web, rng: np.random.Generator, people: People) -> dict[str, Value]:
    start = web.start(5)
    return {
        "Run": web.number("SL"),
        "Web in": web.number("K"),
        "Reels": ";".join(web.reels),
        "Electrode": web.electrode.name,
        "Machine": "SLIT-1",
        "Operator": people.operator(),
        "Start": start,
        "End": start + timedelta(minutes=25),
        "Slitting speed (m/min)": number(rng.choice([4.0, 5.0, 6.0]), 1),
        "Web tension (N)": number(40 + rng.normal(0, 2), 1),
        "Reel width (mm)": 85.0,
        "Reel length (m)": number(web.length - 3, 1),
        "Burr height (um)": number(6 + abs(rng.normal(0, 1.2)), 1),
        "Scrap (%)": number(2 + abs(rng.normal(0, 0.8)), 1),
        "Dew point (degC)": number(-38 + rng.normal(0, 1.5), 1),
        "Ambient temperature (degC)": number(21 + rng.normal(0, 0.4), 1),
        "Knife set": f"M{1 + web.index // 8}",
        "Edge camera": "ok",
        "Comment": people.remark(),
        "Shift": shift(start, "en"),
    }


def make_webs(
    electrode: Electrode, webs: int, batches: int, rng: np.random.Generator, sheets: ElectrodeSheets
) -> Webs:
    """Mix, coat, dry, calender and slit one kind of electrode; rows are added to the sheets."""
    german, english = People(rng, "de"), People(rng, "en")
    mixed = _mix(electrode, batches, rng, sheets.mixing, german)
    made = _run(electrode, webs, mixed, rng)
    for web in made:
        sheets.coating.rows.append(_coating_row(web, rng, english))
        sheets.drying.rows.append(_drying_row(web, rng, german))
        sheets.calendering.rows.append(_calendering_row(web, rng, german))
        sheets.slitting.rows.append(_slitting_row(web, rng, english))
    quality = {batch.number: batch.quality for batch in mixed}
    return Webs(
        electrode,
        loading=np.array([web.loading for web in made]),
        porosity=np.array([web.porosity for web in made]),
        thickness=np.array([web.after for web in made]),
        quality=np.array([quality[web.batch] for web in made]),
        reels=tuple(reel for web in made for reel in web.reels),
        web_of_reel=np.arange(2 * webs) // 2,
    )
