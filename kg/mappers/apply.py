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
from kg.mappers.plan import Plan, Thing
from kg.near import near, quoted
from kg.sources.table import Table
from kg.units import Units

INDEX = "kg row index"


@dataclass
class Mapped:
    """What a table becomes: triples of the rows that can be read, and findings on the others.

    `rows` holds the row index of each thing, `things` its IRI; `lines` the triples as N-Triples.
    """

    plan: Plan
    table: Table
    graph: str
    things: dict[str, pl.DataFrame]
    lines: list[pl.Series]
    findings: list[tuple[int, Finding]] = field(default_factory=list)

    def ntriples(self) -> str:
        """Return the triples, each once, in the order of the plan."""
        if not self.lines:
            return ""
        return "".join(pl.concat(self.lines).drop_nulls().unique(maintain_order=True).to_list())

    @property
    def good_rows(self) -> int:
        """Return how many rows became triples."""
        return self.table.frame.height - len({index for index, _ in self.findings})


def check_columns(plan: Plan, table: Table) -> Table:
    """Return the table with optional columns that are absent added as empty.

    Raises FaultsError where a column is neither mapped nor ignored, or a mapped one is absent.
    """
    known = set(plan.columns) | set(plan.ignore)
    name = plan.path.name
    faults = []
    for column in table.columns:
        if column not in known:
            alike = near(column, [other for other in known if other not in table.columns])
            hint = f" Near, and not in the table: {quoted(alike)}." if alike else ""
            text = f"column '{column}' is neither mapped nor ignored in {name}.{hint}"
            faults.append(Fault(table.file, 0, f"{text} Add a line for it under 'columns' or 'ignore'."))
    absent = [column for column in plan.columns if column not in table.columns]
    for column in absent:
        if column not in plan.optional:
            here = ", ".join(table.columns[:12])
            faults.append(
                Fault(
                    table.file,
                    0,
                    f"there is no column '{column}', which {name} maps. Columns here: {here}. "
                    "If it may be absent, write 'optional: true' on its line.",
                )
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
        self.lines: list[pl.Series] = []

    def emit(self, frame: pl.DataFrame, expression: pl.Expr) -> None:
        self.lines.append(frame.select(expression.alias("line"))["line"])

    def name_things(self) -> None:
        """Add a column `kg thing NAME` with the IRI of each thing; several in one cell make several rows."""
        for thing in self.plan.things:
            keyed = self.split(thing) if thing.split else self.table
            column = keys(thing, keyed)
            iris = pl.select(pl.concat_str(pl.lit(f"{self.base}{thing.kind}/"), column).alias("iri"))["iri"]
            index = keyed.frame[INDEX] if thing.split else self.frame[INDEX]
            self.things[thing.name] = pl.DataFrame({INDEX: index, "iri": iris}).drop_nulls()
        run = self.plan.run or self.plan.things[0]
        named = self.things[run.name][INDEX]
        wrong = ~self.frame[INDEX].is_in(named.implode())
        columns = run.key_columns
        message = f"the {run.name} has no key; it is made of: {', '.join(columns)}."
        self.findings += problems(self.table, columns[0] if columns else "", wrong, "key", message)

    def split(self, thing: Thing) -> Table:
        column = next(name for name in thing.key_columns)
        frame = self.frame.with_columns(pl.col(column).str.split(thing.split or ",")).explode(column)
        frame = frame.with_columns(pl.col(column).str.strip_chars()).filter(pl.col(column) != "")
        return Table(self.table.file, frame, frame[INDEX].cast(pl.String))

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

    def bearer(self, name: str) -> pl.DataFrame:
        """Return the rows of the frame with the IRI of one thing as `iri`."""
        return self.frame.join(self.things[name], on=INDEX, how="inner", maintain_order="left")

    def write_things(self) -> None:
        for thing in self.plan.things:
            rows = self.bearer(thing.name)
            self.emit(rows, _triple("iri", model.RDF_TYPE, _constant(thing.type_iri)))
            self.emit(rows, _triple("iri", model.DERIVED_FROM, _iri("kg place")))
        for column, name in self.plan.ids:
            thing = next(thing for thing in self.plan.things if thing.name == name)
            if thing.split is None:
                self.emit(self.bearer(name), _triple("iri", model.IDENTIFIER, _literal(column)))

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
                pl.concat_str(pl.col("iri"), pl.lit(f"#{quantity.fragment}")).alias("quantity"),
                pl.col(value).cast(pl.String).alias("number"),
            ).with_columns(pl.concat_str(pl.col("quantity"), pl.lit(".number")).alias("part"))
            is_run = run is not None and quantity.thing == run.name
            has = model.HAS_PROCESS_PARAMETER if is_run else model.HAS_PROPERTY
            self.emit(rows, _triple("iri", has, _iri("quantity")))
            self.emit(rows, _triple("quantity", model.RDF_TYPE, _constant(quantity.term.iri)))
            self.emit(rows, _triple("quantity", model.RDF_TYPE, _constant(model.VALUE_KINDS[quantity.kind])))
            self.emit(rows, _triple("quantity", model.HAS_UNIT, _constant(quantity.canonical.iri)))
            self.emit(rows, _triple("quantity", model.HAS_NUMERICAL_PART, _iri("part")))
            self.emit(rows, _triple("part", model.RDF_TYPE, _constant(model.REAL_DATA)))
            double = model.XSD + "double"
            self.emit(rows, _triple("part", model.HAS_NUMBER_VALUE, _literal("number", double)))
            if quantity.unit != quantity.canonical:
                rows = self.with_token(rows, quantity.column, quantity.unit.code if quantity.unit else None)
                self.emit(rows, _triple("quantity", model.SOURCE_TOKEN, _literal("token")))

    def with_token(self, rows: pl.DataFrame, column: str, unit: str | None) -> pl.DataFrame:
        parts = [pl.col(column)] if unit is None else [pl.col(column), pl.lit(f" {unit}")]
        return rows.with_columns(pl.concat_str(parts).alias("token"))

    def write_texts(self) -> None:
        run = self.plan.run
        for number, moment in enumerate(self.plan.moments):
            if run:
                time = _literal(f"kg time {number}", model.XSD + "dateTime")
                self.emit(self.bearer(run.name), _triple("iri", moment.predicate, time))
        for text in self.plan.texts:
            self.emit(self.bearer(text.thing), _triple("iri", text.predicate, _literal(text.column)))
        for choice in self.plan.choices:
            for cell, iri in choice.classes:
                rows = self.bearer(choice.thing).filter(pl.col(choice.column) == cell)
                self.emit(rows, _triple("iri", model.RDF_TYPE, _constant(iri)))


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
