"""What the pack line builds and of what: models, recipes and the composition of lots, as its papers say."""

from __future__ import annotations

from dataclasses import dataclass

OPERATOR = "Nordlicht Batterien GmbH"
DECLARANT, DECLARED_ON = "J. Brandt, product compliance", "2026-10-01"


@dataclass(frozen=True)
class CellModel:
    """A model of cell: capacity in Ah, voltage in V, mass in g, resistance in mOhm, recipe in g a cell."""

    name: str
    designation: str
    capacity: float
    voltage: float
    mass: float
    resistance: float
    recipe: dict[str, float]


@dataclass(frozen=True)
class PackModel:
    """A model of battery: modules of cells in series, rated values, recipe of what is not a cell in kg."""

    name: str
    category: str
    storage: str
    designation: str
    cell: CellModel
    modules: int
    cells: int
    joining: str
    chemistry: str
    agent: str
    lowest: float
    highest: float
    rate: float
    cycles: int
    years: int
    recipe: dict[str, float]

    @property
    def in_series(self) -> int:
        """Return the number of cells."""
        return self.modules * self.cells

    @property
    def voltage(self) -> float:
        """Return the nominal voltage in V."""
        return self.in_series * self.cell.voltage

    @property
    def energy(self) -> float:
        """Return the rated energy in kWh."""
        return self.voltage * self.cell.capacity / 1000

    @property
    def power(self) -> float:
        """Return the rated power in W."""
        return 1000 * self.energy * self.rate

    @property
    def resistance(self) -> float:
        """Return the resistance of the pack as designed, in mOhm: cells, busbars and contactors."""
        return self.in_series * self.cell.resistance * 1.12 + 2


def _cell(cathode: float, anode: float, metal: float) -> dict[str, float]:
    return {
        "cathode active material": cathode,
        "cathode binder": 0.022 * cathode,
        "conductive additive": 0.025 * cathode,
        "anode active material": anode,
        "anode binder": 0.03 * anode,
        "cathode foil": 0.5 * metal,
        "anode foil": metal,
        "separator": 0.06 * (cathode + anode),
        "electrolyte": 0.34 * cathode,
        "cell housing": 0.22 * cathode,
    }


POUCH = CellModel("PC-1.7", "Pouch cell NMC622 1.7 Ah", 1.7, 3.69, 46.0, 12.0, _cell(11.1, 7.6, 3.0))
NMC = CellModel(
    "PR-120", "Prismatic cell NMC622 120 Ah", 120.0, 3.67, 1850.0, 0.75, _cell(770.0, 430.0, 150.0)
)
LFP = CellModel("PR-280", "Prismatic cell LFP 280 Ah", 280.0, 3.2, 5400.0, 0.25, _cell(2050.0, 1080.0, 330.0))
CELLS = (POUCH, NMC, LFP)

NMC_G, LFP_G = "lithium-ion NMC622/graphite", "lithium-ion LFP/graphite"
DRY = "water mist; large amounts of water for cooling"
POWDER = "class D powder or water; carbon dioxide does not cool"

PACKS = (
    PackModel(
        "TX-42", "EV", "", "Traction battery TX-42", NMC, 8, 12, "laser welding", NMC_G, DRY, 2.8, 4.2, 3.0,
        1500, 10, {"housing": 38.0, "end plates": 9.0, "busbars": 4.5, "electronics": 3.2, "coolant": 6.0},
    ),
    PackModel(
        "RX-36", "LMT", "", "Scooter battery RX-36", POUCH, 2, 5, "ultrasonic welding", NMC_G, DRY,
        2.8, 4.2, 2.0, 800, 6, {"housing": 0.21, "end plates": 0.05, "busbars": 0.03, "electronics": 0.06},
    ),
    PackModel(
        "SX-14", "industrial", "stationary", "Home storage SX-14", LFP, 2, 8, "screwed busbars", LFP_G,
        POWDER, 2.5, 3.65, 0.5, 6000, 15,
        {"housing": 21.0, "end plates": 4.0, "busbars": 2.2, "electronics": 2.4},
    ),
    PackModel(
        "FX-24", "industrial", "other", "Fork lift battery FX-24", NMC, 2, 12, "laser welding", NMC_G, DRY,
        2.8, 4.2, 1.0, 2500, 10, {"housing": 24.0, "end plates": 2.6, "busbars": 1.4, "electronics": 2.0},
    ),
)  # fmt: skip

NOT_OWED = (
    PackModel(
        "BX-2", "industrial", "other", "Buffer battery BX-2", LFP, 1, 2, "screwed busbars", LFP_G,
        POWDER, 2.5, 3.65, 0.5, 3000, 10,
        {"housing": 1.9, "end plates": 0.4, "busbars": 0.2, "electronics": 0.3},
    ),
    PackModel(
        "HX-3", "portable", "", "Hand lamp battery HX-3", POUCH, 1, 1, "ultrasonic welding", NMC_G, DRY,
        2.8, 4.2, 1.0, 500, 5, {"housing": 0.02, "end plates": 0.005, "busbars": 0.002, "electronics": 0.01},
    ),
)  # fmt: skip
"""Batteries that owe no passport: an industrial one of 2 kWh or less, and a portable one."""


@dataclass(frozen=True)
class Content:
    """A substance of a lot: share in % of its mass, hazard by CLP, recycled shares of elements in %."""

    substance: str
    cas: str
    formula: str
    share: float
    hazard: str = ""
    impact: str = ""
    critical: str = ""
    recycled: tuple[tuple[str, float, float], ...] = ()
    renewable: float = 0.0


@dataclass(frozen=True)
class LotOf:
    """A lot with its component, where that sits in the battery, and its substances."""

    lot: str
    component: str
    location: str
    contents: tuple[Content, ...]


SENSITISER = "may cause an allergic skin reaction and harm organs after long exposure"


def _oxide(nickel: tuple[float, float], cobalt: tuple[float, float], lithium: tuple[float, float]) -> Content:
    recycled = (("Ni", *nickel), ("Co", *cobalt), ("Li", *lithium))
    name = "lithium nickel manganese cobalt oxide"
    return Content(
        name, "346417-97-8", "LiNi0.6Mn0.2Co0.2O2", 99.4, "Skin Sens. 1 (H317), STOT RE 1 (H372)", SENSITISER,
        "Li;Ni;Mn;Co", recycled,
    )  # fmt: skip


def _iron_phosphate(lithium: tuple[float, float]) -> Content:
    return Content(
        "lithium iron(II) phosphate",
        "15365-14-7",
        "LiFePO4",
        98.6,
        critical="Li;P",
        recycled=(("Li", *lithium),),
    )


def _graphite(natural: float) -> tuple[Content, ...]:
    return (
        Content("graphite (natural)", "7782-42-5", "C", natural, critical="natural graphite"),
        Content("graphite (synthetic)", "7782-42-5", "C", 99.8 - natural),
    )


SALT = Content(
    "lithium hexafluoridophosphate", "21324-40-3", "LiPF6", 12.4,
    "Acute Tox. 3 (H301), Skin Corr. 1A (H314), STOT RE 1 (H372)", "gives off hydrogen fluoride with water",
    "Li;P",
)  # fmt: skip
ELECTROLYTE = (
    SALT,
    Content(
        "ethyl methyl carbonate", "623-53-0", "C4H8O3", 59.6, "Flam. Liq. 2 (H225)", "burns; vapour explodes",
    ),
    Content(
        "ethylene carbonate", "96-49-1", "C3H4O3", 26.0,
        "Acute Tox. 4 (H302), Eye Irrit. 2 (H319), STOT RE 2 (H373)", "harms kidneys when swallowed",
    ),
    Content(
        "vinylene carbonate", "872-36-6", "C3H2O3", 2.0, "Acute Tox. 3 (H311), Skin Sens. 1 (H317)",
        "harms the skin",
    ),
)  # fmt: skip
ALUMINIUM = (Content("aluminium", "7429-90-5", "Al", 99.3, critical="Al"),)
COPPER = (Content("copper", "7440-50-8", "Cu", 99.9, critical="Cu"),)
POLYETHYLENE = (
    Content("polyethylene", "9002-88-4", "C2H4", 78.0),
    Content("aluminium oxide", "1344-28-1", "Al2O3", 22.0, critical="Al"),
)
BINDER_C = (Content("poly(vinylidene fluoride)", "24937-79-9", "C2H2F2", 99.9),)
BINDER_A = (
    Content("sodium carboxymethyl cellulose", "9004-32-4", "C8H15NaO8", 40.0, renewable=70.0),
    Content("styrene-butadiene rubber", "9003-55-8", "C12H14", 60.0),
)
CARBON = (Content("carbon black", "1333-86-4", "C", 99.9),)
BOARD = (
    Content("glass fibre and epoxy resin", "25036-25-3", "C21H25ClO5", 58.0),
    Content("copper", "7440-50-8", "Cu", 27.0, critical="Cu"),
    Content("tin", "7440-31-5", "Sn", 2.0),
    Content("polyamide 6", "25038-54-4", "C6H11NO", 13.0, renewable=20.0),
)
COOLANT = (
    Content("water", "7732-18-5", "H2O", 50.0),
    Content(
        "ethane-1,2-diol",
        "107-21-1",
        "C2H6O2",
        48.0,
        "Acute Tox. 4 (H302), STOT RE 2 (H373)",
        "harms kidneys",
    ),
)

LINE_LOTS = (
    LotOf("NMC-2601", "cathode active material", "cathode", (_oxide((3.1, 5.0), (4.0, 14.0), (1.0, 4.0)),)),
    LotOf("NMC-2602", "cathode active material", "cathode", (_oxide((2.8, 4.6), (4.2, 13.0), (1.2, 3.5)),)),
    LotOf("GRA-2601", "anode active material", "anode", _graphite(40.0)),
    LotOf("GRA-2602", "anode active material", "anode", _graphite(35.0)),
    LotOf("PVDF-2601", "cathode binder", "cathode", BINDER_C),
    LotOf("CMC-2601", "anode binder", "anode", BINDER_A),
    LotOf("RUSS-2601", "conductive additive", "cathode", CARBON),
    LotOf("ALU-2601", "cathode foil", "cathode", ALUMINIUM),
    LotOf("KUP-2601", "anode foil", "anode", COPPER),
    LotOf("SEP-2601", "separator", "separator", POLYETHYLENE),
    LotOf("SEP-2602", "separator", "separator", POLYETHYLENE),
    LotOf("ELY-2601", "electrolyte", "electrolyte", ELECTROLYTE),
    LotOf("ELY-2602", "electrolyte", "electrolyte", ELECTROLYTE),
)
"""The lots that the line itself uses up; their numbers are those of its incoming inspection."""

NMC_LOTS = (
    LotOf("NMC-S-31", "cathode active material", "cathode", (_oxide((4.0, 6.5), (3.0, 15.0), (1.5, 5.0)),)),
    LotOf("NMC-S-32", "cathode active material", "cathode", (_oxide((3.5, 7.1), (2.5, 16.5), (1.5, 5.5)),)),
)
LFP_LOTS = (
    LotOf("LFP-S-11", "cathode active material", "cathode", (_iron_phosphate((2.0, 6.0)),)),
    LotOf("LFP-S-12", "cathode active material", "cathode", (_iron_phosphate((1.5, 7.0)),)),
)
SERIES_LOTS = (
    LotOf("GRA-S-21", "anode active material", "anode", _graphite(45.0)),
    LotOf("ELY-S-07", "electrolyte", "electrolyte", ELECTROLYTE),
    LotOf("PVDF-S-02", "cathode binder", "cathode", BINDER_C),
    LotOf("CMC-S-02", "anode binder", "anode", BINDER_A),
    LotOf("RUSS-S-05", "conductive additive", "cathode", CARBON),
    LotOf("ALU-S-44", "cathode foil", "cathode", ALUMINIUM),
    LotOf("KUP-S-45", "anode foil", "anode", COPPER),
    LotOf("SEP-S-13", "separator", "separator", POLYETHYLENE),
    LotOf("CAN-S-60", "cell housing", "housing of the cells", ALUMINIUM),
)
PACK_LOTS = (
    LotOf("GEH-2601", "housing", "housing of the pack", ALUMINIUM),
    LotOf("END-2601", "end plates", "module", ALUMINIUM),
    LotOf("BUS-2601", "busbars", "module", COPPER),
    LotOf("BMS-2601", "electronics", "management system under the lid", BOARD),
    LotOf("KUE-2601", "coolant", "cooling plate under the modules", COOLANT),
)
LOTS = (*LINE_LOTS, *NMC_LOTS, *LFP_LOTS, *SERIES_LOTS, *PACK_LOTS)

STEPS = (
    ("cooling plate", "CP", "screwing", "M6 screw", 12, "torx T30", "drain the coolant before"),
    (
        "modules",
        "MO",
        "screwing",
        "M8 screw",
        4,
        "insulated socket 13 mm",
        "modules are live; cover the poles",
    ),
    (
        "busbars between modules",
        "BB",
        "screwing",
        "M6 nut",
        2,
        "insulated socket 10 mm",
        "up to the pack voltage",
    ),
    ("management system", "BM", "screwing", "M4 screw", 6, "torx T20", ""),
    ("wiring harness", "WH", "plugging", "plug", 2, "none", "pull the service plug before"),
    ("lid", "LI", "screwing", "M5 screw", 24, "torx T25", "gasket is glued; cut it, do not lever"),
)
"""Steps of the assembly in their order: part, joining method, fastener, its number, tool, warning.

The number of fasteners of the second and third is for each module.
"""

DOCUMENTS = (
    ("cycle life test", "Cycle life test by the reference test of the maker"),
    ("collection symbol", "Separate collection symbol, at least 3 % of the largest side"),
    ("declaration of conformity", "EU declaration of conformity"),
    ("waste prevention", "What end users can do to prevent waste"),
    ("separate collection", "How end users hand in waste batteries"),
    ("collection and treatment", "Collection, second life and treatment of waste batteries"),
    ("marking meaning", "What labels and symbols on the battery mean"),
    ("exploded diagram", "Exploded diagram with the place of each cell"),
    ("dismantling", "Manual for removal and dismantling"),
    ("safety measures", "Safety measures for handling, storage and transport"),
    ("test report", "Report of the tests by a notified body"),
)
