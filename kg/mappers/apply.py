"""A plan and a table -> N-Triples or N-Quads. Nothing is read or written here but the file that is given.

A table is mapped by columns: the statements of one cell are one piece of text, made for a whole column at
once, and polars writes the pieces.
No line of Python runs for a single cell, row or statement.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import BinaryIO

import polars as pl

from kg import model
from kg.errors import Fault, FaultsError
from kg.findings import Finding
from kg.iri import file_iri
from kg.mappers.cells import keys, moments, numbers, problems
from kg.mappers.plan import Plan, Quantity, Thing
from kg.near import near, quoted
from kg.sources.table import Table
from kg.units import Units

INDEX = "kg row index"
PLACE = "kg place"
CHUNK = 32_000_000
"""Bytes of text that are made at a time; more only costs memory."""

_LINE = 240
"""Bytes of a statement, about."""


@dataclass(frozen=True)
class _Piece:
    """Lines of text that some rows of a frame become: what stands in them, and which rows say them.

    `keep` is the name of the column that marks the rows; without it, every row says them.
    A line is texts and columns in turn; the graph and the full stop follow.
    """

    lines: tuple[tuple[str | pl.Expr, ...], ...]
    keep: str | None

    @property
    def predicates(self) -> frozenset[str]:
        """Return the predicates of the lines."""
        fixed = (str(line[1]).partition("> <")[2] for line in self.lines)
        return frozenset(text.partition(">")[0] for text in fixed)

    def text(self, end: str) -> pl.Expr:
        """Return the column of text; `end` is what ends each line, without the last line feed."""
        parts: list[pl.Expr] = []
        fixed = ""
        for number, line in enumerate(self.lines):
            fixed += "\n" if number else ""
            for part in line:
                if isinstance(part, str):
                    fixed += part
                else:
                    parts += [pl.lit(fixed), part] if fixed else [part]
                    fixed = ""
            fixed += end
        text = pl.concat_str(*parts, pl.lit(fixed))
        return text if self.keep is None else pl.when(pl.col(self.keep)).then(text)


@dataclass
class _Frame:
    """Rows with the IRIs of things, and the pieces of text that they become."""

    rows: pl.DataFrame
    pieces: list[_Piece] = field(default_factory=list)
    distinct: dict[str, bool] = field(default_factory=dict)

    def is_key(self, column: str) -> bool:
        """Return whether no two rows have the same in a column."""
        if column not in self.distinct:
            series = self.rows[column]
            self.distinct[column] = series.n_unique() - bool(series.null_count()) == series.count()
        return self.distinct[column]

    def texts(self, end: str, only: Collection[str] | None = None) -> Iterator[pl.DataFrame]:
        """Yield frames of lines, column by column, for a part of the rows at a time.

        `only` takes the pieces all of whose predicates are among these.
        """
        pieces = [piece for piece in self.pieces if only is None or piece.predicates <= set(only)]
        lines = sum(len(piece.lines) for piece in pieces)
        if not lines or self.rows.is_empty():
            return
        step = max(64, CHUNK // (_LINE * lines))
        whole = [f"kg {n}" for n, piece in enumerate(pieces) if piece.keep is None]
        texts = [piece.text(end).alias(f"kg {n}") for n, piece in enumerate(pieces)]
        for rows in self.rows.iter_slices(step):
            made = rows.select(texts)
            if whole:
                yield made.select(whole)
            some = [made[name].drop_nulls().alias("kg") for name in made.columns if name not in whole]
            some = [series for series in some if len(series)]
            if some:
                yield pl.concat(some).to_frame()


def _write(texts: pl.DataFrame, file: BinaryIO) -> None:
    # The columns are whole lines, so what stands between two of them is a line feed.
    texts.write_csv(file, include_header=False, separator="\n", quote_style="never")


@dataclass
class Mapped:
    """What a table becomes: statements of the rows that can be read, and findings on the others.

    `things` holds for each thing its IRI, by the index of the row.
    `values` holds by the same index, in the column `kg value N`, the values of quantity number N of the plan.
    `size` is the number of statements.
    """

    plan: Plan
    table: Table
    graph: str
    things: dict[str, pl.DataFrame]
    values: pl.DataFrame
    size: int
    frames: list[_Frame]
    findings: list[tuple[int, Finding]] = field(default_factory=list)

    def ntriples(self, only: Collection[str] | None = None) -> str:
        """Return the statements as N-Triples; `only` leaves out those that have other predicates.

        The statements of a quantity are in or out together.
        """
        return "".join(self.parts(only))

    def parts(self, only: Collection[str] | None = None) -> Iterator[str]:
        """Yield the statements as N-Triples, as much at a time as memory has room for."""
        text = io.BytesIO()
        for frame in self.frames:
            for texts in frame.texts(" .", only):
                _write(texts, text)
                if text.tell() > CHUNK:
                    yield text.getvalue().decode()
                    text = io.BytesIO()
        yield text.getvalue().decode()

    def write(self, file: BinaryIO) -> None:
        """Write the statements as N-Quads, in the graph of the source file."""
        for frame in self.frames:
            for texts in frame.texts(f" <{self.graph}> ."):
                _write(texts, file)


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


def _literal(column: str) -> pl.Expr:
    text = pl.col(column)
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r")):
        text = text.str.replace_all(plain, escaped, literal=True)
    return text


class _Writer:
    """The rows of a table, with the IRI of each thing, while what they say is gathered.

    The IRI of a thing stands in the column `kg thing NAME`, with the bracket that opens it.
    """

    def __init__(self, plan: Plan, table: Table, base: str, units: Units) -> None:
        self.plan, self.table, self.base, self.units = plan, table, base, units
        self.graph = file_iri(base, table.file)
        self.findings: list[tuple[int, Finding]] = []
        self.rows = table.frame.with_columns(
            pl.int_range(table.frame.height, dtype=pl.Int64).alias(INDEX),
            pl.concat_str(pl.lit(f"<{self.graph}#"), table.places).alias(PLACE),
        )
        self.several: dict[str, pl.DataFrame] = {}
        self.frames: dict[frozenset[str], _Frame] = {}
        self.size = 0

    def name_things(self) -> None:
        """Find the IRI of each thing in each row; several in one cell make several."""
        for thing in self.plan.things:
            column = f"kg thing {thing.name}"
            rows = self.split(thing, *thing.split) if thing.split else self.rows
            iri = pl.concat_str(pl.lit(f"<{self.base}{thing.kind}/"), keys(thing, rows, self.table.file))
            if thing.split:
                named = rows.select(
                    INDEX, iri.alias(column), pl.col(thing.split[0]).alias(f"kg part {thing.name}")
                )
                self.several[thing.name] = named.filter(pl.col(column).is_not_null())
            else:
                self.rows = self.rows.with_columns(iri.alias(column))
        run = self.plan.run or self.plan.things[0]
        if run.split:
            unnamed = ~self.rows[INDEX].is_in(self.several[run.name][INDEX].implode())
        else:
            unnamed = self.rows[f"kg thing {run.name}"].is_null()
        for column in run.key_columns:
            wrong = unnamed & (self.rows[column].is_null() | (column == (run.split or ("",))[0]))
            self.findings += problems(
                self.table, column, wrong, "key", f"this cell is empty; it is the key of '{run.name}'."
            )

    def split(self, thing: Thing, column: str, sign: str) -> pl.DataFrame:
        used = dict.fromkeys((INDEX, column, *thing.key_columns))
        rows = self.rows.select(*used).with_columns(pl.col(column).str.split(sign))
        rows = rows.explode(column, empty_as_null=True)
        return rows.with_columns(pl.col(column).str.strip_chars()).filter(pl.col(column) != "")

    def read_cells(self) -> None:
        """Add a column with the values of each quantity and moment."""
        values: list[pl.Series] = []
        for number, quantity in enumerate(self.plan.quantities):
            series, found = numbers(self.plan, quantity, self.table, self.units)
            self.findings += found
            values.append(series.alias(f"kg value {number}"))
        for number, moment in enumerate(self.plan.moments):
            series, found = moments(moment, self.plan, self.table)
            self.findings += found
            values.append(series.alias(f"kg time {number}"))
        self.rows = self.rows.with_columns(values)
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
            self.rows = self.rows.filter(keep)
            self.several = {name: things.filter(keep) for name, things in self.several.items()}

    def things(self) -> dict[str, pl.DataFrame]:
        """Return the IRI of each thing, by the index of the row."""
        found = {}
        for thing in self.plan.things:
            column = f"kg thing {thing.name}"
            rows = self.several.get(thing.name, self.rows)
            found[thing.name] = rows.select(INDEX, iri=pl.col(column).str.slice(1)).drop_nulls("iri")
        return found

    def frame(self, *things: str) -> _Frame:
        """Return the rows of the table; of things that are several in a cell, each has a row of its own."""
        several = frozenset(name for name in things if name in self.several)
        if several not in self.frames:
            rows = self.rows
            for name in sorted(several):
                rows = rows.join(self.several[name], on=INDEX, how="inner", maintain_order="left")
            self.frames[several] = _Frame(rows)
        return self.frames[several]

    def say(
        self,
        things: tuple[str, ...],
        lines: Iterable[tuple[str | pl.Expr, ...]],
        *,
        also: str | None = None,
        where: pl.Expr | None = None,
    ) -> None:
        """Let each row say some lines of these things and, where it is given, of another column.

        Rows without one of them say nothing, and of rows that say the same the first one does.
        """
        frame, said = self.frame(*things), tuple(lines)
        columns = [*(f"kg thing {name}" for name in things), *([also] if also else [])]
        present = pl.all_horizontal(pl.col(column).is_not_null() for column in columns)
        keep = frame.rows.select(kg=present if where is None else present & where.fill_null(False))["kg"]
        if not any(frame.is_key(f"kg thing {name}") for name in things):
            # Many rows say the same of one machine.
            same = frame.rows.select(columns).filter(keep)
            first = same.select(kg=pl.struct(columns).is_first_distinct())["kg"]
            keep = keep.scatter(keep.arg_true(), first) if len(first) else keep
        count = int(keep.sum())
        if not count:
            return
        self.size += count * len(said)
        mark = None
        if count < len(keep):
            mark = f"kg keep {len(frame.pieces)}"
            frame.rows = frame.rows.with_columns(keep.alias(mark))
        frame.pieces.append(_Piece(said, mark))

    def write_things(self) -> None:
        for number, thing in enumerate(self.plan.things):
            it = pl.col(f"kg thing {thing.name}")
            self.say((thing.name,), [(it, f"> <{model.RDF_TYPE}> <{thing.type_iri}>")])
            # A cell that changes its state is two things of a row with one IRI.
            alike = [
                other
                for other in self.plan.things[:number]
                if other.kind == thing.kind and not other.split and not thing.split
            ]
            others = [it.ne_missing(pl.col(f"kg thing {other.name}")) for other in alike]
            self.say(
                (thing.name,),
                [(it, f"> <{model.DERIVED_FROM}> ", pl.col(PLACE), ">")],
                also=PLACE,
                where=pl.all_horizontal(others) if others else None,
            )
            for column, name in self.plan.ids:
                if name == thing.name:
                    text = f"kg part {name}" if thing.split and column == thing.split[0] else column
                    line = (it, f'> <{model.IDENTIFIER}> "', _literal(text), '"')
                    self.say((name,), [line], also=text)

    def link(self, left: str, predicate: str, right: str, *, unlike: bool = False) -> None:
        one, other = pl.col(f"kg thing {left}"), pl.col(f"kg thing {right}")
        self.say(
            (left, right), [(one, f"> <{predicate}> ", other, ">")], where=one != other if unlike else None
        )

    def write_links(self) -> None:
        run = self.plan.run
        by_role: dict[str | None, list[str]] = {}
        for thing in self.plan.things:
            by_role.setdefault(thing.role, []).append(thing.name)
            if run and thing.role in model.ROLES:
                self.link(run.name, model.ROLES[thing.role], thing.name)
        for output in by_role.get("output", []):
            for part in by_role.get("part", []):
                self.link(output, model.HAS_PART, part)
            for source in [*by_role.get("input", []), *by_role.get("part", [])]:
                # A cell that only changes its state is input and output at once; it is not made of itself.
                self.link(output, model.MADE_FROM, source, unlike=True)
        if run:
            for part in by_role.get("part", []):
                self.link(run.name, model.HAS_INPUT, part)
        for left, predicate, right in self.plan.links:
            self.link(left, predicate, right)

    def write_quantities(self) -> None:
        for number, quantity in enumerate(self.plan.quantities):
            self.write_quantity(quantity, f"kg value {number}")

    def write_quantity(self, quantity: Quantity, value: str) -> None:
        run = self.plan.run
        it, end = pl.col(f"kg thing {quantity.thing}"), f"#{quantity.fragment}"
        is_run = run is not None and quantity.thing == run.name
        has = model.HAS_PROCESS_PARAMETER if is_run else model.HAS_PROPERTY
        fixed = [
            (it, f"> <{has}> ", it, f"{end}>"),
            (it, f"{end}> <{model.RDF_TYPE}> <{quantity.term.iri}>"),
            (it, f"{end}> <{model.RDF_TYPE}> <{model.VALUE_KINDS[quantity.kind]}>"),
            (it, f"{end}> <{model.HAS_UNIT}> <{quantity.canonical.iri}>"),
            (it, f"{end}> <{model.HAS_NUMERICAL_PART}> ", it, f"{end}.number>"),
            (it, f"{end}.number> <{model.RDF_TYPE}> <{model.REAL_DATA}>"),
        ]
        text, double = pl.col(value).cast(pl.String), f'"^^<{model.XSD}double>'
        numbers_ = [(it, f'{end}.number> <{model.HAS_NUMBER_VALUE}> "', text, double)]
        tokens: list[tuple[str | pl.Expr, ...]] = []
        if quantity.unit != quantity.canonical:
            unit = f" {quantity.unit.code}" if quantity.unit else ""
            tokens = [(it, f'{end}> <{model.SOURCE_TOKEN}> "', _literal(quantity.column), f'{unit}"')]
        if self.frame(quantity.thing).is_key(f"kg thing {quantity.thing}"):
            self.say((quantity.thing,), [*fixed, *numbers_, *tokens], also=value)
            return
        # Rows that say different numbers of one thing still say only once what they agree on.
        there = pl.col(value).is_not_null()
        self.say((quantity.thing,), fixed, where=there)
        self.say((quantity.thing,), numbers_, also=value)
        if tokens:
            self.say((quantity.thing,), tokens, also=quantity.column, where=there)

    def write_texts(self) -> None:
        run = self.plan.run
        for number, moment in enumerate(self.plan.moments):
            if run:
                it, time = pl.col(f"kg thing {run.name}"), pl.col(f"kg time {number}")
                line = (it, f'> <{moment.predicate}> "', time, f'"^^<{model.XSD}dateTime>')
                self.say((run.name,), [line], also=f"kg time {number}")
        for text in self.plan.texts:
            line = (pl.col(f"kg thing {text.thing}"), f'> <{text.predicate}> "', _literal(text.column), '"')
            self.say((text.thing,), [line], also=text.column)
        for choice in self.plan.choices:
            it = pl.col(f"kg thing {choice.thing}")
            for cell, iri in choice.classes:
                line_ = (it, f"> <{model.RDF_TYPE}> <{iri}>")
                self.say((choice.thing,), [line_], where=pl.col(choice.column) == cell)

    def mapped(self) -> Mapped:
        frames = [_Frame(frame.rows, frame.pieces) for frame in self.frames.values() if frame.pieces]
        values = self.rows.select(INDEX, *(f"kg value {n}" for n in range(len(self.plan.quantities))))
        return Mapped(
            self.plan, self.table, self.graph, self.things(), values, self.size, frames, self.findings
        )


def apply(plan: Plan, table: Table, base: str, units: Units, without: Iterable[int] = ()) -> Mapped:
    """Return what the rows of a table say; rows that cannot be read, and those in `without`, are left out.

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
    return writer.mapped()
