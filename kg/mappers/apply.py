"""A plan and a table -> N-Triples. Nothing is read or written here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import polars as pl

from kg import model
from kg.errors import Fault, FaultsError
from kg.findings import Finding
from kg.iri import file_iri
from kg.mappers.cells import keys, moments, numbers, problems
from kg.mappers.plan import Plan
from kg.near import near, quoted
from kg.sources.table import Table
from kg.units import Units

INDEX = "kg row index"


@dataclass
class Mapped:
    """What a table becomes: triples of the rows that can be read, and findings on the others.

    `things` holds for each thing its IRI, by the index of the row; `lines` the triples as N-Triples.
    """

    plan: Plan
    table: Table
    graph: str
    things: dict[str, pl.DataFrame]
    lines: list[pl.Series]
    findings: list[tuple[int, Finding]] = field(default_factory=list)

    def ntriples(self) -> str:
        """Return the triples in the order of the plan."""
        return "".join(line for series in self.lines for line in series)


def check_columns(plan: Plan, table: Table) -> Table:
    """Return the table with optional columns that are absent added as empty.

    Raises FaultsError where a column is neither mapped nor ignored, or a mapped one is absent.
    """
    name, here = plan.path.name, table.columns
    known = {*plan.columns, *plan.ignore}
    strange = [column for column in here if column not in known]
    absent = [column for column in plan.columns if column not in here]
    if here and len(strange) == len(here):
        text = f"no column of this table is one of {name}; its header is: {', '.join(here)}."
        hint = "Is it the right mapping, and the right row for the header?"
        raise FaultsError([Fault(table.file, 0, f"{text} {hint}")])
    faults = []
    for column in strange:
        alike = near(column, absent)
        hint = f" Near, and not in the table: {quoted(alike)}." if alike else ""
        text = f"column '{column}' is neither mapped nor ignored in {name}.{hint}"
        faults.append(Fault(table.file, 0, f"{text} Add a line for it under 'columns' or 'ignore'."))
    for column in absent:
        if column not in plan.optional:
            alike = near(column, strange)
            hint = f" Near, and not in the mapping: {quoted(alike)}." if alike else ""
            text = f"there is no column '{column}', which {name} maps.{hint}"
            faults.append(
                Fault(table.file, 0, f"{text} If it may be absent, write 'optional: true' on its line.")
            )
    if faults:
        raise FaultsError(faults)
    frame = table.frame.with_columns(pl.lit(None, dtype=pl.String).alias(column) for column in absent)
    frame = frame.with_columns(
        pl.when(~pl.col(column).is_in(list(texts))).then(pl.col(column)).alias(column)
        for column, texts in plan.missing
    )
    return replace(table, frame=frame)


def _triple(subject: str, predicate: str, object_: pl.Expr) -> pl.Expr:
    return pl.concat_str(pl.lit("<"), pl.col(subject), pl.lit(f"> <{predicate}> "), object_, pl.lit(" .\n"))


def _iri(column: str, after: str = "") -> pl.Expr:
    return pl.concat_str(pl.lit("<"), pl.col(column), pl.lit(f"{after}>"))


def _constant(iri: str) -> pl.Expr:
    return pl.lit(f"<{iri}>")


def _literal(column: str, datatype: str | None = None) -> pl.Expr:
    text = pl.col(column)
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r")):
        text = text.str.replace_all(plain, escaped, literal=True)
    end = f'"^^<{datatype}>' if datatype else '"'
    return pl.concat_str(pl.lit('"'), text, pl.lit(end))


class _Writer:
    """The frame of a table, with the IRI of each thing, while its triples are written."""

    def __init__(self, plan: Plan, table: Table, base: str, units: Units) -> None:
        self.plan, self.table, self.base, self.units = plan, table, base, units
        self.graph = file_iri(base, table.file)
        self.findings: list[tuple[int, Finding]] = []
        self.frame = table.frame.with_columns(
            pl.Series(INDEX, range(table.frame.height), dtype=pl.Int64),
            pl.concat_str(pl.lit(f"{self.graph}#"), table.places).alias("kg place"),
        )
        self.things: dict[str, pl.DataFrame] = {}
        self.identifiers: list[pl.DataFrame] = []
        self.lines: list[pl.Series] = []

    def emit(self, frame: pl.DataFrame, expression: pl.Expr) -> None:
        # Many rows say the same of one machine.
        self.lines.append(
            frame.select(expression.alias("line"))["line"].drop_nulls().unique(maintain_order=True)
        )

    def name_things(self) -> None:
        """Find the IRI of each thing in each row; several in one cell make several."""
        for thing in self.plan.things:
            frame = self.split(*thing.split) if thing.split else self.frame
            key = keys(thing, frame, self.table.file)
            named = frame.with_columns(
                pl.concat_str(pl.lit(f"{self.base}{thing.kind}/"), key).alias("kg iri")
            )
            named = named.filter(pl.col("kg iri").is_not_null())
            self.things[thing.name] = named.select(INDEX, iri="kg iri")
            self.identifiers += [
                named.select(INDEX, iri="kg iri", text=column)
                for column, name in self.plan.ids
                if name == thing.name
            ]
        run = self.plan.run or self.plan.things[0]
        unnamed = ~self.frame[INDEX].is_in(self.things[run.name][INDEX].implode())
        for column in run.key_columns:
            wrong = unnamed & (self.frame[column].is_null() | (column == (run.split or ("",))[0]))
            self.findings += problems(
                self.table, column, wrong, "key", f"this cell is empty; it is the key of '{run.name}'."
            )

    def split(self, column: str, sign: str) -> pl.DataFrame:
        frame = self.frame.with_columns(pl.col(column).str.split(sign)).explode(column)
        return frame.with_columns(pl.col(column).str.strip_chars()).filter(pl.col(column) != "")

    def read_cells(self) -> None:
        """Add a column with the values of each quantity and moment."""
        for number, quantity in enumerate(self.plan.quantities):
            values, found = numbers(self.plan, quantity, self.table, self.units)
            self.findings += found
            self.frame = self.frame.with_columns(values.alias(f"kg value {number}"))
        for number, moment in enumerate(self.plan.moments):
            times, found = moments(moment, self.plan, self.table)
            self.findings += found
            self.frame = self.frame.with_columns(times.alias(f"kg time {number}"))
        for choice in self.plan.choices:
            known = [text for text, _ in choice.classes]
            texts = self.table.frame[choice.column]
            wrong = texts.is_not_null() & ~texts.is_in(known)
            message = f"this is none of: {', '.join(known)}."
            self.findings += problems(self.table, choice.column, wrong, "choice", message)

    def drop(self, rows: Iterable[int]) -> None:
        away = list(rows)
        if away:
            keep = ~pl.col(INDEX).is_in(away)
            self.frame = self.frame.filter(keep)
            self.things = {name: things.filter(keep) for name, things in self.things.items()}
            self.identifiers = [frame.filter(keep) for frame in self.identifiers]

    def bearer(self, name: str) -> pl.DataFrame:
        """Return the rows of the frame with the IRI of one thing as `kg iri`, a name that no source gives."""
        things = self.things[name].rename({"iri": "kg iri"})
        return self.frame.join(things, on=INDEX, how="inner", maintain_order="left")

    def write_things(self) -> None:
        for thing in self.plan.things:
            rows = self.bearer(thing.name)
            self.emit(rows, _triple("kg iri", model.RDF_TYPE, _constant(thing.type_iri)))
            self.emit(rows, _triple("kg iri", model.DERIVED_FROM, _iri("kg place")))
        for frame in self.identifiers:
            self.emit(frame, _triple("iri", model.IDENTIFIER, _literal("text")))

    def pair(self, left: str, right: str) -> pl.DataFrame:
        things = self.things[left].rename({"iri": "left"})
        return things.join(self.things[right].rename({"iri": "right"}), on=INDEX, maintain_order="left")

    def write_links(self) -> None:
        run = self.plan.run
        by_role: dict[str | None, list[str]] = {}
        for thing in self.plan.things:
            by_role.setdefault(thing.role, []).append(thing.name)
            if run and thing.role in model.ROLES:
                rows = self.pair(run.name, thing.name)
                self.emit(rows, _triple("left", model.ROLES[thing.role], _iri("right")))
        for output in by_role.get("output", []):
            for part in by_role.get("part", []):
                self.emit(self.pair(output, part), _triple("left", model.HAS_PART, _iri("right")))
            for source in [*by_role.get("input", []), *by_role.get("part", [])]:
                # A cell that only changes its state is input and output at once; it is not made of itself.
                rows = self.pair(output, source).filter(pl.col("left") != pl.col("right"))
                self.emit(rows, _triple("left", model.MADE_FROM, _iri("right")))
        if run:
            for part in by_role.get("part", []):
                self.emit(self.pair(run.name, part), _triple("left", model.HAS_INPUT, _iri("right")))
        for left, predicate, right in self.plan.links:
            self.emit(self.pair(left, right), _triple("left", predicate, _iri("right")))

    def write_quantities(self) -> None:
        run = self.plan.run
        for number, quantity in enumerate(self.plan.quantities):
            value = f"kg value {number}"
            rows = self.bearer(quantity.thing).filter(pl.col(value).is_not_null())
            if rows.is_empty():
                continue
            rows = rows.with_columns(
                pl.concat_str(pl.col("kg iri"), pl.lit(f"#{quantity.fragment}")).alias("kg quantity"),
                pl.col(value).cast(pl.String).alias("kg number"),
            ).with_columns(pl.concat_str(pl.col("kg quantity"), pl.lit(".number")).alias("kg part"))
            is_run = run is not None and quantity.thing == run.name
            has = model.HAS_PROCESS_PARAMETER if is_run else model.HAS_PROPERTY
            self.emit(rows, _triple("kg iri", has, _iri("kg quantity")))
            self.emit(rows, _triple("kg quantity", model.RDF_TYPE, _constant(quantity.term.iri)))
            self.emit(
                rows, _triple("kg quantity", model.RDF_TYPE, _constant(model.VALUE_KINDS[quantity.kind]))
            )
            self.emit(rows, _triple("kg quantity", model.HAS_UNIT, _constant(quantity.canonical.iri)))
            self.emit(rows, _triple("kg quantity", model.HAS_NUMERICAL_PART, _iri("kg part")))
            self.emit(rows, _triple("kg part", model.RDF_TYPE, _constant(model.REAL_DATA)))
            double = model.XSD + "double"
            self.emit(rows, _triple("kg part", model.HAS_NUMBER_VALUE, _literal("kg number", double)))
            if quantity.unit != quantity.canonical:
                rows = self.with_token(rows, quantity.column, quantity.unit.code if quantity.unit else None)
                self.emit(rows, _triple("kg quantity", model.SOURCE_TOKEN, _literal("kg token")))

    def with_token(self, rows: pl.DataFrame, column: str, unit: str | None) -> pl.DataFrame:
        parts = [pl.col(column)] if unit is None else [pl.col(column), pl.lit(f" {unit}")]
        return rows.with_columns(pl.concat_str(parts).alias("kg token"))

    def write_texts(self) -> None:
        run = self.plan.run
        for number, moment in enumerate(self.plan.moments):
            if run:
                time = _literal(f"kg time {number}", model.XSD + "dateTime")
                self.emit(self.bearer(run.name), _triple("kg iri", moment.predicate, time))
        for text in self.plan.texts:
            self.emit(self.bearer(text.thing), _triple("kg iri", text.predicate, _literal(text.column)))
        for choice in self.plan.choices:
            for cell, iri in choice.classes:
                rows = self.bearer(choice.thing).filter(pl.col(choice.column) == cell)
                self.emit(rows, _triple("kg iri", model.RDF_TYPE, _constant(iri)))


def apply(plan: Plan, table: Table, base: str, units: Units, without: Iterable[int] = ()) -> Mapped:
    """Return the triples of a table; rows that cannot be read, and those in `without`, are left out.

    Raises FaultsError where the columns of the table are not those of the plan.
    """
    table = check_columns(plan, table)
    writer = _Writer(plan, table, base, units)
    writer.name_things()
    writer.read_cells()
    writer.drop({index for index, _ in writer.findings} | set(without))
    writer.write_things()
    writer.write_links()
    writer.write_quantities()
    writer.write_texts()
    return Mapped(plan, table, writer.graph, writer.things, writer.lines, writer.findings)
