"""Features of a series -> quantities in the graph, each with the series and the definition it comes from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyoxigraph as ox

from kg import catalogue, model
from kg.errors import KgError
from kg.iri import encode, mint
from kg.namespaces import PREFIXES
from kg.series import features as f
from kg.series.describe import moment
from kg.series.read import Series, listing
from kg.store import Store, vocabulary_digest, writing
from kg.terms import vocabulary

NAME = "from-series"
"""End of the names of these quantities, so that none is taken for one that a file states."""
PROV, DCTERMS = PREFIXES["prov"], PREFIXES["dcterms"]


@dataclass(frozen=True)
class Value:
    """One feature: of which cycle (None: of the series), its term and unit (UCUM), its function and value."""

    cycle: int | None
    term: str
    unit: str
    name: str
    feature: str
    value: float


@dataclass
class Featured:
    """What became of one series: how many values of which feature, or why there are none."""

    series: Series
    outcome: str
    counts: dict[str, int]
    reason: str = ""


def _by_cycle(frame: pl.DataFrame, term: str, unit: str, feature: str, name: str = NAME) -> Iterator[Value]:
    for cycle, value in frame.select("cycle", "value").drop_nulls().iter_rows():
        yield Value(cycle, term, unit, name, feature, value)


def compute(frame: pl.DataFrame, capacity: float | None = None) -> list[Value]:
    """Return all features that a series has the columns for.

    `capacity` is the nominal capacity in A.h for the C-rates; default: the reference capacity.
    Of a series with one row for each cycle, capacities and energies are not repeated: they are its columns.
    Rows of an impedance spectrum (a frequency) are left out.
    Raises KgError where the test time goes back, since charge is an integral over it.
    """
    if "frequency_hertz" in frame:
        frame = frame.filter(pl.col("frequency_hertz").fill_null(0.0) <= 0)
    samples = {"test_time_second", "current_ampere"} <= set(frame.columns)
    if frame.is_empty() or (not samples and "cycle_count" not in frame):
        return []
    if samples and (back := int((frame["test_time_second"].diff() < 0).sum() or 0)):
        raise KgError(f"its test time goes back {back} times, so that no charge can be computed from it.")
    cycles = f.per_cycle(frame)
    found: list[Value] = []
    for column, term, unit in (
        ("charging_capacity", "ChargingCapacity", "A.h"),
        ("discharging_capacity", "DischargingCapacity", "A.h"),
        ("charging_energy", "ChargingEnergy", "W.h"),
        ("discharging_energy", "DischargingEnergy", "W.h"),
    ):
        if not samples:
            break
        values = cycles.filter(pl.col(column) > 0).select("cycle", pl.col(column).alias("value"))
        found += _by_cycle(values, term, unit, "per_cycle")
    for function, term in (
        (f.coulombic_efficiency, "CoulombicEfficiency"),
        (f.energy_efficiency, "EnergyEfficiency"),
        (f.retention, "CapacityRetention"),
    ):
        found += _by_cycle(function(cycles), term, "%", function.__name__)
    if (first := f.first_cycle_efficiency(cycles)) is not None:
        found.append(Value(None, "InitialCoulombicEfficiency", "%", NAME, "first_cycle_efficiency", first))
    if (life := f.cycles_to(cycles)) is not None:
        found.append(Value(None, "CycleLife", "1", NAME, "cycles_to", float(life)))
    if samples:
        found += _of_samples(frame, capacity or f.reference_capacity(cycles))
    return found


def _of_samples(frame: pl.DataFrame, capacity: float | None) -> Iterator[Value]:
    if capacity:
        rates = f.cycle_c_rates(f.c_rates(frame, capacity))
        for charging, term in ((True, "ChargingCRate"), (False, "DischargingCRate")):
            values = rates.filter(pl.col("charging") == charging)
            yield from _by_cycle(values, term, "A.A-1.h-1", "cycle_c_rates")
    if "voltage_volt" not in frame:
        return
    pulses = f.dc_resistance(frame)
    for sign, name in ((1, "charge-pulse"), (-1, "discharge-pulse")):
        first = pulses.filter(pl.col("current") * sign > 0).group_by("cycle", maintain_order=True).first()
        yield from _by_cycle(first, "DCInternalResistance", "Ohm", "dc_resistance", f"{name}-{NAME}")
    peaks = f.differential_capacity_peaks(f.differential_capacity(frame))
    for cycle, charging, peak, voltage, value in peaks.iter_rows():
        name = f"{'charge' if charging else 'discharge'}-peak-{peak}-{NAME}"
        feature = "differential_capacity_peaks"
        yield Value(cycle, "DifferentialCapacity", "A.h/V", name, feature, value)
        yield Value(cycle, "emmo:Voltage", "V", name, feature, voltage)


class _Writer:
    """The graph of the features of one series."""

    def __init__(self, base: str, series: Series) -> None:
        self.base, self.series = base, series
        self.graph = mint(base, "features", series.id)
        kinds = {iri[len(base) :].partition("/")[0]: iri for iri in series.about if iri.startswith(base)}
        self.cell, self.test = kinds.get("cell", ""), kinds.get("test", "")
        self.key = self.test.removeprefix(f"{base}test/") if self.test else encode(series.id)
        self.lines: list[str] = []
        self.cycling = vocabulary().resolve("bvco:ElectrochemicalCycling", ("class",)).iri

    def emit(self, subject: str, predicate: str, value: str) -> None:
        self.lines.append(f"<{subject}> <{predicate}> {value} .\n")

    def link(self, subject: str, predicate: str, object_: str) -> None:
        self.emit(subject, predicate, f"<{object_}>")

    def activity(self, feature: str) -> None:
        node = f"{self.graph}#{feature}"
        self.link(node, model.RDF_TYPE, PROV + "Activity")
        self.emit(node, DCTERMS + "title", str(ox.Literal(f"kg.series.features.{feature}")))
        self.emit(node, PREFIXES["schema"] + "version", str(ox.Literal(f.VERSION)))
        self.link(node, PROV + "used", self.series.iri)

    def cycle(self, number: int, span: tuple[float, float] | None) -> str:
        node = f"{self.base}cycle/{self.key}/{number}"
        self.link(node, model.RDF_TYPE, self.cycling)
        self.emit(node, model.IDENTIFIER, str(ox.Literal(str(number))))
        self.link(node, model.DERIVED_FROM, self.series.iri)
        if span:
            self.emit(node, model.START, str(moment(span[0])))
            self.emit(node, model.END, str(moment(span[1])))
        if self.test:
            self.link(self.test, model.HAS_SUB_PROCESS, node)
        elif self.cell:
            self.link(node, model.HAS_INPUT, self.cell)
        return node

    def value(self, bearer: str, value: Value, has: str, name: str) -> None:
        units = vocabulary().units
        term = vocabulary().resolve(value.term, ("class",))
        unit = units.parse(value.unit, vocabulary().dimension(term.iri))
        canonical = vocabulary().canonical_unit(term.iri) or unit
        number = units.convert(value.value, unit, canonical)
        node = f"{bearer}#{term.label}.{name}"
        self.link(bearer, has, node)
        self.link(node, model.RDF_TYPE, term.iri)
        self.link(node, model.RDF_TYPE, model.VALUE_KINDS["measured"])
        self.link(node, model.HAS_UNIT, canonical.iri)
        self.link(node, model.HAS_NUMERICAL_PART, f"{node}.number")
        self.link(f"{node}.number", model.RDF_TYPE, model.REAL_DATA)
        self.emit(f"{node}.number", model.HAS_NUMBER_VALUE, f'"{float(number)!r}"^^<{model.XSD}double>')
        self.link(node, model.DERIVED_FROM, self.series.iri)
        self.link(node, PROV + "wasGeneratedBy", f"{self.graph}#{value.feature}")

    def write(self, values: list[Value], spans: dict[int, tuple[float, float]]) -> str:
        for feature in dict.fromkeys(value.feature for value in values):
            self.activity(feature)
        numbers = dict.fromkeys(value.cycle for value in values if value.cycle is not None)
        cycles = {number: self.cycle(number, spans.get(number)) for number in numbers}
        for value in values:
            if value.cycle is not None:
                self.value(cycles[value.cycle], value, model.HAS_PROCESS_PARAMETER, value.name)
            elif self.cell:
                # A cell is in several tests: the name of the series keeps their values apart.
                self.value(self.cell, value, model.HAS_PROPERTY, f"{value.name}.{encode(self.series.id)}")
            else:
                bearer = self.test or self.series.iri
                has = model.HAS_PROCESS_PARAMETER if self.test else model.HAS_PROPERTY
                self.value(bearer, value, has, value.name)
        return "".join(self.lines)


def _spans(frame: pl.DataFrame) -> dict[int, tuple[float, float]]:
    """Return when each cycle began and ended, in seconds since 1970, where the rows have the time of day."""
    if "unix_time_second" not in frame or "current_ampere" not in frame:
        return {}
    times = pl.DataFrame([f.cycle_numbers(frame), frame["unix_time_second"].alias("time")]).drop_nulls()
    spans = times.group_by("cycle").agg(
        pl.col("time").min().alias("start"), pl.col("time").max().alias("end")
    )
    return {cycle: (start, end) for cycle, start, end in spans.iter_rows()}


_COLUMNS = (
    "unix_time_second",
    "test_time_second",
    "voltage_volt",
    "current_ampere",
    "cycle_count",
    "step_index",
    "frequency_hertz",
    "charging_capacity_ah",
    "discharging_capacity_ah",
    "charging_energy_wh",
    "discharging_energy_wh",
)


def load(series: Series) -> pl.DataFrame:
    """Return the columns of a series that features need."""
    if not series.path.is_file():
        raise KgError(f"{series.path}: the Parquet file is missing. Add its source again: {series.source}")
    rows = pl.scan_parquet(series.path)
    here = rows.collect_schema().names()
    return rows.select([name for name in _COLUMNS if name in here]).collect()


def add_features(
    store: Path | str, names: list[Series] | None = None, *, capacity: float | None = None
) -> list[Featured]:
    """Compute the features of series, write them into the graph, and return what became of each.

    `names` are the series, default all of the store; `capacity` is the nominal capacity in A.h for C-rates.
    Features of a series are one graph, which is replaced as a whole; where series, definitions and capacity
    are the same, nothing changes.
    """
    place = Path(store)
    known = {entry.graph: entry for entry in catalogue.entries(Store.open(place), items=False)}
    base = Store.open(place).base
    outcomes, pending = [], []
    for series in listing(place) if names is None else names:
        writer = _Writer(base, series)
        sha256 = hashlib.sha256(series.path.read_bytes()).hexdigest() if series.path.is_file() else ""
        digest = hashlib.sha256(
            f"{f.VERSION} {capacity} {' '.join(series.about)} {vocabulary_digest()}".encode()
        ).hexdigest()
        entry = known.get(writer.graph)
        if entry and (entry.sha256, entry.digest) == (sha256, digest):
            outcomes.append(Featured(series, "unchanged", {}))
            continue
        try:
            frame = load(series)
            values = compute(frame, capacity)
        except KgError as error:
            outcomes.append(Featured(series, "failed", {}, str(error)))
            continue
        if not values:
            reason = "it has neither cycles nor time and current that flows."
            outcomes.append(Featured(series, "none", {}, reason))
            continue
        counts: dict[str, int] = {}
        for value in values:
            counts[value.feature] = counts.get(value.feature, 0) + 1
        outcomes.append(Featured(series, "added", counts))
        entry = catalogue.Entry(
            graph=writer.graph,
            name=f"features of {series.source} ({series.id})",
            sha256=sha256,
            outcome="loaded",
            mapping=f"features {f.VERSION}",
            digest=digest,
            kinds={"cycle", "series"},
        )
        pending.append((writer.graph, writer.write(values, _spans(frame)), catalogue.ntriples(entry)))
    if pending:
        with writing(place) as target:
            for graph, text, about in pending:
                target.replace(graph, text, about)
    return outcomes


__all__ = ["Featured", "Value", "add_features", "compute", "load"]
