"""A seed and a number of batteries -> the files of the pack line: cells to modules, packs and their lives."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from kg.gs1 import check_digit
from kg.plant import products
from kg.plant.files import ENGLISH, GERMAN, ZONE, csv_text
from kg.plant.products import Content, LotOf, PackModel
from kg.plant.sheets import Sheet, Value, number

STREAM = 100
"""Number of the stream of chance, apart from those of the cell line."""

BATTERIES = 12
LINE_CELLS = range(11, 41)
"""Numbers of the cells of the line that go into packs: those that passed all its steps."""

FIRST_DAY = datetime(2026, 4, 13, 6, 0)
READINGS = (datetime(2026, 7, 1, 2, 0), datetime(2026, 9, 1, 2, 0), datetime(2026, 11, 1, 2, 0))
GTIN = "0420000010"
MIX = ("TX-42", "RX-36", "SX-14", "TX-42", "RX-36", "FX-24")
"""Order in which the models are built, again and again."""

RECYCLED = ("Co", "Li", "Ni", "Pb")


@dataclass
class _Sheets:
    """The sheets of the pack line."""

    cells: Sheet = field(default_factory=lambda: Sheet("serienzellen_2026.csv"))
    modules: Sheet = field(default_factory=lambda: Sheet("modulmontage_2026.csv"))
    packs: Sheet = field(default_factory=lambda: Sheet("packmontage_2026.csv"))
    steps: Sheet = field(default_factory=lambda: Sheet("pack_joining_2026.csv"))
    states: Sheet = field(default_factory=lambda: Sheet("bms_2026.csv"))
    events: Sheet = field(default_factory=lambda: Sheet("battery_events_2026.csv"))
    register: Sheet = field(default_factory=lambda: Sheet("passport_register_2026.csv"))
    tests: list[dict[str, Any]] = field(default_factory=list)


def gtin(model: PackModel) -> str:
    """Return the GTIN of a model, of 14 digits."""
    index = [each.name for each in (*products.PACKS, *products.NOT_OWED)].index(model.name)
    digits = f"{GTIN}{index + 1:03d}"
    return digits + check_digit(digits)


class _PackLine:
    """One run of the pack line."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng, self.sheets = rng, _Sheets()
        self.line_cells = [f"PC-{number:04d}" for number in LINE_CELLS]
        self.made: dict[str, int] = {}

    def build(self, model: PackModel, index: int, owed: bool = True) -> None:
        """Build one battery from its cells to its passport."""
        count = self.made[model.name] = self.made.get(model.name, 0) + 1
        battery = f"{model.name.replace('-', '')}-{count:04d}"
        start = FIRST_DAY + timedelta(days=index // 4, hours=2 * (index % 4))
        modules = [f"{battery}-M{place + 1}" for place in range(model.modules)]
        for place, module in enumerate(modules):
            self._module(model, module, start + timedelta(minutes=10 * place))
        end = self._pack(model, battery, modules, start + timedelta(days=1))
        resistance = model.resistance * self.rng.normal(1, 0.01)
        capacity = model.cell.capacity * self.rng.normal(1.01, 0.004)
        self._test(model, battery, end + timedelta(hours=4), capacity, resistance)
        if owed:
            self._live(model, battery, capacity, resistance)
            self._register(model, battery, index, end + timedelta(days=2))

    def _cell(self, model: PackModel, start: datetime) -> str:
        if model.cell is products.POUCH and self.line_cells:
            return self.line_cells.pop(0)
        serial = f"{model.cell.name.replace('-', '')}-{len(self.sheets.cells.rows) + 1:06d}"
        lots = products.LFP_LOTS if model.cell is products.LFP else products.NMC_LOTS
        cathode = lots[len(self.sheets.cells.rows) // 40 % 2].lot
        others = {f"Charge {lot.component}": lot.lot for lot in products.SERIES_LOTS}
        made = start - timedelta(days=12)
        self.sheets.cells.rows.append(
            {
                "Zell-Nr.": serial,
                "Zelltyp": model.cell.name,
                "Linie": "Z1",
                "Fertigung": made,
                "Charge cathode active material": cathode,
                **others,
                "Kapazität [Ah]": number(model.cell.capacity * self.rng.normal(1.012, 0.004), 3),
                "Innenwiderstand [mOhm]": number(model.cell.resistance * self.rng.normal(1, 0.02), 4),
                "Masse [g]": number(model.cell.mass * self.rng.normal(1, 0.002), 2),
            }
        )
        return serial

    def _module(self, model: PackModel, module: str, start: datetime) -> None:
        cells = [self._cell(model, start) for _ in range(model.cells)]
        plates = model.recipe["end plates"] + model.recipe["busbars"]
        mass = model.cells * model.cell.mass / 1000 + plates / model.modules
        self.sheets.modules.rows.append(
            {
                "Modul-Nr.": module,
                "Zellen": ";".join(cells),
                "Charge Endplatten": "END-2601",
                "Charge Stromschienen": "BUS-2601",
                "Anlage": "MOD-1",
                "Beginn": start,
                "Ende": start + timedelta(minutes=9),
                "Verbindung": model.joining,
                "Schweißpunkte": 4 * model.cells if "weld" in model.joining else None,
                "Schrauben": 2 * model.cells if "screw" in model.joining else None,
                "Zellanzahl": model.cells,
                "Modulmasse [kg]": number(mass * self.rng.normal(1, 0.002), 3),
                "Innenwiderstand [mOhm]": number(
                    model.cells * model.cell.resistance * self.rng.normal(1.05, 0.01), 3
                ),
                "Isolation [MOhm]": number(900 + self.rng.normal(0, 60), 0),
            }
        )

    def _pack(self, model: PackModel, battery: str, modules: list[str], start: datetime) -> datetime:
        mass = model.in_series * model.cell.mass / 1000 + sum(model.recipe.values())
        mass *= self.rng.normal(1.012, 0.002)
        time = start
        for place, (part, code, joining, fastener, count, tool, warning) in enumerate(products.STEPS):
            if part == "cooling plate" and "coolant" not in model.recipe:
                continue
            fasteners = count * model.modules if code in ("MO", "BB") else count
            self.sheets.steps.rows.append(
                {
                    "Battery": battery,
                    "Step": place + 1,
                    "Start": time,
                    "End": time + timedelta(minutes=6),
                    "Part": part,
                    "Part number": f"{model.name}-{code}-01",
                    "Joining": joining,
                    "Fastener": fastener,
                    "Fasteners": fasteners,
                    "Torque (N.m)": number(2.0 + 3 * self.rng.random(), 1) if joining == "screwing" else None,
                    "Mass (kg)": number(mass * (0.7 if code == "MO" else 0.05) * self.rng.normal(1, 0.01), 3),
                    "Tool to release": tool,
                    "Warning": warning or None,
                }
            )
            time += timedelta(minutes=8)
        self.sheets.packs.rows.append(
            {
                "Batterie-Nr.": battery,
                "Modell": model.name,
                "Module": ";".join(modules),
                "Charge Gehäuse": "GEH-2601",
                "Charge Elektronik": "BMS-2601",
                "Charge Kühlmittel": "KUE-2601" if "coolant" in model.recipe else None,
                "Anlage": "PACK-1",
                "Bediener": f"OP-{11 + int(self.rng.integers(0, 4)):02d}",
                "Beginn": start,
                "Ende": time,
                "Modulanzahl": model.modules,
                "Zellanzahl": model.in_series,
                "Masse [kg]": number(mass, 3),
                "Herstelldatum": time.strftime("%Y-%m"),
                "Dichtheit [mbar·l/s]": number(0.002 * self.rng.random(), 5),
            }
        )
        return time

    def _test(
        self, model: PackModel, battery: str, start: datetime, capacity: float, resistance: float
    ) -> None:
        power = model.power * self.rng.normal(1.05, 0.01)
        self.tests_of(battery, start).update(
            {
                "capacity": {"Ah": number(capacity, 3), "kWh": number(capacity * model.voltage / 1000, 4)},
                "resistance_mOhm": number(resistance, 3),
                "power_W": {"at_80": number(power, 0), "at_20": number(0.82 * power, 0)},
                "round_trip_efficiency_%": number(95.5 + self.rng.normal(0, 0.3), 2),
                "self_discharge_%_per_d": number(0.06 + 0.01 * self.rng.random(), 4),
                "insulation_MOhm": number(800 + self.rng.normal(0, 50), 0),
                "result": "pass",
            }
        )

    def tests_of(self, battery: str, start: datetime) -> dict[str, Any]:
        """Return the record of the end-of-line test of a battery, as yet empty of results."""
        record: dict[str, Any] = {
            "battery": battery,
            "station": "PEOL-1",
            "start": start.replace(tzinfo=ZONE).isoformat(),
            "end": (start + timedelta(hours=5)).replace(tzinfo=ZONE).isoformat(),
        }
        self.sheets.tests.append(record)
        return record

    def _live(self, model: PackModel, battery: str, capacity: float, resistance: float) -> None:
        rng, wear = self.rng, 0.004 + 0.01 * self.rng.random()
        cycles, deep = 0.0, 0
        for place, time in enumerate(READINGS):
            cycles += 20 + 40 * rng.random()
            deep += int(rng.random() < 0.2)
            left = 1 - wear * (place + 1)
            throughput = 2 * cycles * model.cell.capacity
            self.sheets.states.rows.append(
                {
                    "Battery": battery,
                    "Time": time,
                    "Remaining capacity (Ah)": number(capacity * left, 3),
                    "Usable energy (kWh)": number(0.97 * model.energy * left, 4),
                    "Power (W)": number(model.power * (1.05 - 1.6 * wear * (place + 1)), 0),
                    "Resistance (mOhm)": number(resistance * (1 + 2 * wear * (place + 1)), 3),
                    "Round trip efficiency (%)": number(95.4 - 60 * wear * (place + 1), 2),
                    "Self-discharge (%/d)": number(0.065 + 0.004 * place, 4),
                    "Full cycles": round(cycles),
                    "Energy throughput (kWh)": number(throughput * model.voltage / 1000, 2),
                    "Capacity throughput (Ah)": number(throughput, 1),
                    "State of charge (%)": number(20 + 60 * rng.random(), 1),
                    "Ambient temperature (degC)": number(18 + rng.normal(0, 6), 1),
                    "Highest cell temperature (degC)": number(38 + rng.normal(0, 3), 1),
                    "Lowest cell temperature (degC)": number(4 + rng.normal(0, 3), 1),
                    "Minutes too hot": round(5 * rng.random()),
                    "Minutes too cold": round(30 * rng.random()),
                    "Minutes charging too hot": round(2 * rng.random()),
                    "Minutes charging too cold": round(3 * rng.random()),
                    "Deep discharges": deep,
                    "Overcharges": 0,
                }
            )
        self.sheets.events.rows += [
            {
                "Event": f"{battery}-E{place + 1}",
                "Battery": battery,
                "Kind": "deep discharge",
                "Time": READINGS[0] + timedelta(days=9 * (place + 1)),
                "Reported by": "management system",
                "Note": "voltage of one cell below the limit for 4 min",
            }
            for place in range(deep)
        ]

    def _register(self, model: PackModel, battery: str, index: int, time: datetime) -> None:
        self.sheets.register.rows.append(
            {
                "Passport": f"DBP-{index + 1:06d}",
                "Battery": battery,
                "Battery identifier": f"https://id.nordlicht.example/01/{gtin(model)}/21/{battery}",
                "Serial": battery,
                "GTIN": gtin(model),
                "Operator": products.OPERATOR,
                "Operator identifier": "LEI 5299001NORDLICHT00",
                "Issued": time,
                "Status": "original",
                "Put into service": (time + timedelta(days=30)).strftime("%Y-%m"),
            }
        )


def _model_row(model: PackModel) -> dict[str, Value]:
    series = model.in_series
    return {
        "Model": model.name,
        "Designation": model.designation,
        "Cell model": model.cell.name,
        "Category": model.category,
        "Storage use": model.storage or None,
        "Product number": gtin(model),
        "Manufacturer": products.OPERATOR,
        "Postal address": "Werftstraße 12, 24143 Kiel, Germany",
        "Web": "https://nordlicht.example",
        "Email": "passport@nordlicht.example",
        "Manufacturer id": "DE-HRB-0420",
        "Plant": "Kiel, Germany",
        "Facility id": "FAC-KIEL-1",
        "Chemistry": model.chemistry,
        "Extinguishing agent": model.agent,
        "Rated capacity (Ah)": model.cell.capacity,
        "Rated energy (kWh)": number(model.energy, 4),
        "Certified energy (kWh)": number(0.97 * model.energy, 4),
        "Minimum voltage (V)": number(series * model.lowest, 2),
        "Nominal voltage (V)": number(model.voltage, 2),
        "Maximum voltage (V)": number(series * model.highest, 2),
        "Lowest operating temperature (degC)": -20,
        "Highest operating temperature (degC)": 55,
        "Lowest storage temperature (degC)": -30,
        "Highest storage temperature (degC)": 60,
        "Power (W)": number(model.power, 0),
        "Power limit (W)": number(1.3 * model.power, 0),
        "Cycle life": model.cycles,
        "Calendar life (a)": model.years,
        "Capacity threshold (%)": 80 if model.category == "EV" else None,
        "Efficiency at half life (%)": 92.5,
        "C-rate of cycle test": min(1.0, model.rate),
        "Warranty (a)": model.years - 2,
        "Cell layout": f"{series}S1P in {model.modules} modules of {model.cells}",
        "Spare parts": "spares@nordlicht.example, +49 431 555 0100",
        "Declared by": products.DECLARANT,
        "Declared on": products.DECLARED_ON,
    }


def _content_row(lot: LotOf, line: int, content: Content) -> dict[str, Value]:
    recycled = {element: (before, after) for element, before, after in content.recycled}
    row: dict[str, Value] = {
        "Lot": lot.lot,
        "Line": line,
        "Component": lot.component,
        "Location": lot.location,
        "Substance": content.substance,
        "CAS": content.cas,
        "Formula": content.formula,
        "Share (%)": content.share,
        "Kind": "hazardous" if content.hazard else "critical" if content.critical else "other",
        "Hazard": content.hazard or None,
        "Impact": content.impact or None,
        "Critical raw materials": content.critical or None,
        "Renewable (%)": content.renewable,
    }
    for element in RECYCLED:
        before, after = recycled.get(element, (None, None))
        row[f"{element} pre-consumer (%)"], row[f"{element} post-consumer (%)"] = before, after
    return row


def _papers(models: tuple[PackModel, ...]) -> list[Sheet]:
    """Return the sheets that hold for all batteries: models, cell models, recipes, lots, documents."""
    cells, recipes = Sheet("cell_models_2026.csv"), Sheet("battery_recipes_2026.csv")
    cells.rows = [
        {
            "Cell model": cell.name,
            "Designation": cell.designation,
            "Capacity (Ah)": cell.capacity,
            "Nominal voltage (V)": cell.voltage,
            "Mass (g)": cell.mass,
        }
        for cell in products.CELLS
    ]
    masses = [
        (cell.name, "cell", name, mass) for cell in products.CELLS for name, mass in cell.recipe.items()
    ]
    masses += [
        (pack.name, "pack", name, 1000 * mass) for pack in models for name, mass in pack.recipe.items()
    ]
    recipes.rows = [
        {"Model": model, "Of": of, "Component": name, "Mass (g)": number(mass, 3)}
        for model, of, name, mass in masses
    ]
    contents = [
        _content_row(lot, place + 1, content)
        for lot in products.LOTS
        for place, content in enumerate(lot.contents)
    ]
    documents: list[dict[str, Value]] = [
        {
            "Document": f"{model.name}-D{place + 1:02d}",
            "Model": model.name,
            "Kind": kind,
            "Title": f"{title}, {model.name}",
            "Address": f"https://docs.nordlicht.example/{model.name}/{place + 1:02d}.pdf",
            "Declared by": products.DECLARANT,
            "Declared on": products.DECLARED_ON,
        }
        for model in models
        for place, (kind, title) in enumerate(products.DOCUMENTS)
    ]
    return [
        Sheet("battery_models_2026.csv", [_model_row(model) for model in models]),
        cells,
        recipes,
        Sheet("lot_composition_2026.csv", contents),
        Sheet("battery_documents_2026.csv", documents),
    ]


def generate_packs(folder: Path, seed: int = 7, batteries: int = BATTERIES) -> list[str]:
    """Write the files of the pack line into a folder and return their names.

    `batteries` owe a passport; one portable battery and one small industrial one, which owe none, are
    built beside them. The same seed gives the same bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    line = _PackLine(np.random.default_rng([seed, STREAM]))
    by_name = {model.name: model for model in products.PACKS}
    for index in range(batteries):
        line.build(by_name[MIX[index % len(MIX)]], index)
    for place, model in enumerate(products.NOT_OWED):
        line.build(model, batteries + place, owed=False)
    made = line.sheets
    sheets = [made.cells, made.modules, made.packs, made.steps, made.states, made.events, made.register]
    sheets += _papers((*products.PACKS, *products.NOT_OWED))
    # A line of few batteries may have no event to report, and then no file of them.
    sheets = [sheet for sheet in sheets if sheet.rows]
    german = {made.cells.file, made.modules.file, made.packs.file}
    for sheet in sheets:
        dialect = GERMAN if sheet.file in german else ENGLISH
        (folder / sheet.file).write_bytes(csv_text(sheet, dialect).encode(dialect.encoding))
    tests = "pack_tests_2026.json"
    (folder / tests).write_text(json.dumps({"tests": made.tests}, indent=1) + "\n", encoding="utf-8")
    return sorted([tests, *(sheet.file for sheet in sheets)])
