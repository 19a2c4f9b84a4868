"""A mapping and a table -> RML, the source that it reads, the functions it calls, and their settings."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from kg.errors import Fault, FaultsError, KgError
from kg.iri import DEFAULT_BASE, encode, file_iri
from kg.mappers.apply import INDEX, apply
from kg.mappers.plan import AnyPlan, Plan
from kg.rml.maps import HEAD, Facts, Maps, column_names, literal
from kg.sources import Table, read_table
from kg.terms import vocabulary

FUNCTIONS = "kg_functions.py"
"""The name of the file of functions, beside the mapping."""

_UNRESERVED = r"^[A-Za-z0-9._~-]+$"
_DOTS = r"(?:^|/)\.{1,2}(?:/|$)"
_UNIT = r"(?s)^[^A-Za-z]*?[0-9.,][\s_]*(?P<unit>(?:1/)?[^0-9.,\s_].*)?$"


@dataclass(frozen=True)
class Export:
    """What an RML engine needs: texts by the names of their files, the mapping first.

    `left_out` counts the rows that the loader would set aside, which the prepared source lacks.
    """

    files: dict[str, str]
    left_out: int = 0

    @property
    def rml(self) -> str:
        """Return the mapping."""
        return next(iter(self.files.values()))

    @property
    def config(self) -> str:
        """Return the settings for morph-kgc."""
        return next(text for name, text in self.files.items() if name.endswith(".ini"))

    def write(self, folder: Path) -> list[Path]:
        """Write all files into a folder, where files of the same names are replaced; return their paths."""
        paths = []
        for name, text in self.files.items():
            paths.append(folder / name)
            paths[-1].write_text(text, encoding="utf-8", newline="")
        return paths


@dataclass(frozen=True)
class _Prepared:
    """A table as the engine reads it: rows that can be mapped, with their places."""

    facts: Facts
    frame: pl.DataFrame
    left_out: int


def _prepare(plan: Plan, table: Table, base: str) -> _Prepared:
    mapped = apply(plan, table, base, vocabulary().units)
    away = {index for index, _ in mapped.findings}
    graph = file_iri(base, table.file)
    frame = mapped.table.frame.with_columns(table.places.alias("kg place")).with_row_index(INDEX)
    frame = frame.filter(~pl.col(INDEX).is_in(list(away))).drop(INDEX)
    if frame.is_empty():
        raise KgError(f"{table.file}: no row of this table can be mapped, so there is nothing to export.")
    numbered = frame["kg place"].str.extract_groups(r"^(?P<before>.*row=)(?P<row>[0-9]+)$").struct
    before = numbered.field("before")
    place: str | None = None
    if before.null_count() == 0 and before.n_unique() == 1:
        place = f"{graph}#{before[0]}"
        frame = frame.with_columns(numbered.field("row").alias("kg row")).drop("kg place")
    else:
        frame = frame.with_columns(pl.concat_str(pl.lit(f"{graph}#"), "kg place").alias("kg place"))
    units = {
        unit
        for quantity in plan.quantities
        if quantity.unit is None
        for unit in frame[quantity.column].str.extract(_UNIT, 1).unique()
        if unit
    }
    counts = {column: frame[column].null_count() for column in plan.columns}
    facts = Facts(
        table.file,
        place,
        frozenset(column for column, count in counts.items() if count == frame.height),
        frozenset(column for column, count in counts.items() if count == 0),
        frozenset(units),
        table.native_times,
    )
    return _Prepared(facts, frame, len(away) + len(table.bad))


def _refuse_unplain(plan: Plan, prepared: _Prepared) -> list[Fault]:
    """Return what breaks the assumption of `plain`: keys that no engine has to encode."""
    faults = []
    file, hint = prepared.facts.file, "Export without --plain."
    signs = {thing.split[0]: thing.split[1] for thing in plan.things if thing.split}
    for column in dict.fromkeys(name for thing in plan.things for name in thing.key_columns):
        texts = prepared.frame[column].drop_nulls()
        if column in signs:
            texts = texts.str.split(signs[column]).explode().str.strip_chars()
            texts = texts.filter(texts != "")
        wrong = texts.filter(~texts.str.contains(_UNRESERVED) | texts.str.contains(_DOTS))
        if len(wrong):
            text = (
                f"column '{column}': {len(wrong)} of {len(texts)} keys hold more than letters without "
                f"accents, digits and '-._~', first '{wrong[0]}'. --plain cannot write them as IRIs. {hint}"
            )
            faults.append(Fault(file, 0, text))
    for thing in plan.things:
        fixed = "".join("x" if kind == "column" else name for kind, name in thing.key)
        if re.search(_DOTS, fixed):
            faults.append(Fault(file, 0, f"the key of '{thing.name}' has a segment of dots. {hint}"))
    return faults


def _source(plan: Plan, frame: pl.DataFrame, split: frozenset[str]) -> str:
    """Return a table as CSV, with one row for each identifier of the things in `split`."""
    names = column_names(plan.columns)
    places = [column for column in frame.columns if column not in names and column.startswith("kg ")]
    used = frame.select(*places, *(pl.col(column).alias(name) for column, name in names.items()))
    for thing in plan.things:
        if thing.split and thing.name in split:
            column, sign = names[thing.split[0]], thing.split[1]
            part = f"kg {thing.name}"
            used = used.with_columns(pl.col(column).str.split(sign).alias(part)).explode(part)
            used = used.with_columns(pl.col(part).str.strip_chars()).filter(pl.col(part) != "")
    return used.write_csv()


def _settings(stem: str, rml: str, *, functions: bool, processes: int) -> str:
    lines = [
        "[CONFIGURATION]",
        "# Empty cells have no value; every other text is one.",
        "na_values=",
        "output_format=N-QUADS",
        f"output_file={stem}.nq",
        "logging_level=WARNING",
        f"number_of_processes={processes}",
        *([f"udfs={FUNCTIONS}"] if functions else []),
        "",
        "[TABLE]",
        f"mappings={rml}",
    ]
    return "\n".join(lines) + "\n"


def _tables(plans: Iterable[AnyPlan]) -> list[Plan]:
    tables = []
    for plan in plans:
        if not isinstance(plan, Plan):
            text = (
                "this mapping is for RDF, by SPARQL CONSTRUCT, which RML does not have. "
                "Its queries run in any SPARQL tool."
            )
            raise FaultsError([Fault(plan.path.name, 0, text)])
        tables.append(plan)
    return tables


def export(
    plans: Iterable[AnyPlan],
    source: Path | None,
    base: str = DEFAULT_BASE,
    *,
    name: str = "",
    plain: bool = False,
    processes: int = 1,
) -> Export:
    """Return the RML of a mapping, with source, functions and settings beside it.

    `source` is the table; without it the mapping is written for a prepared CSV that is yet to come.
    `name` is the name of the RML file, else that of the mapping file with the ending `.rml.ttl`.
    `plain` writes templates and references in place of functions: keys are taken to hold nothing that
    an IRI encodes, and numbers in the unit and form of the store are taken as they are written.
    `processes` is how many morph-kgc runs at once.

    Raises FaultsError for a mapping of RDF, for a table that the mapping does not fit, and, with
    `plain`, for keys that break its assumption.
    """
    tables = _tables(plans)
    name = name or f"{tables[0].path.stem}.rml.ttl"
    stem = name.partition(".")[0]
    blocks: list[str] = []
    sources: dict[str, str] = {}
    faults: list[Fault] = []
    left_out, functions = 0, False
    for number, plan in enumerate(tables, start=1):
        prepared: _Prepared | None = None
        if source is None:
            file = f"{tables[0].path.stem}.csv"
            facts = Facts(file, f"{file_iri(base, file)}#row=")
        else:
            table = replace(read_table(source, plan.reading, plan.source), file=source.name)
            if table.frame.is_empty() and len(tables) > 1:
                continue  # records that a file need not have
            prepared = _prepare(plan, table, base)
            facts, left_out = prepared.facts, left_out + prepared.left_out
            if plain:
                faults += _refuse_unplain(plan, prepared)
        mark = f"{number}." if len(tables) > 1 else ""
        maps = Maps(plan, base, vocabulary().units, facts, plain=plain, mark=mark)
        functions = functions or maps.functions
        names = {
            split: ".".join([stem, "source", *([str(number)] if mark else []), *sorted(split), "csv"])
            for split in maps.splits()
        }
        for split, file in names.items():
            sources[file] = _source(plan, prepared.frame, split) if prepared else ""
            blocks.append(
                f"<#{file}> a rml:LogicalSource ;\n"
                f"    rml:source {literal(file)} ;\n"
                "    rml:referenceFormulation rml:CSV .\n"
            )
        blocks.append(maps.text(names))
    if faults:
        raise FaultsError(faults)
    title = "".join(f"# {plan.title}\n" for plan in tables)
    address = f"@base <{base}mapping/{encode(tables[0].path.name)}> .\n"
    files = {name: f"{title}{HEAD}{address}\n" + "\n".join(blocks)}
    files[f"{stem}.ini"] = _settings(stem, name, functions=functions, processes=processes)
    if functions:
        files[FUNCTIONS] = Path(__file__).with_name("functions.py").read_text(encoding="utf-8")
    files |= {file: text for file, text in sources.items() if text}
    return Export(files, left_out)


def rml(plan: AnyPlan, source_path: Path | None, base: str = DEFAULT_BASE, *, plain: bool = False) -> str:
    """Return the RML of one plan for a table; see `export`, which also makes what it reads and calls."""
    return export([plan], source_path, base, plain=plain).rml
