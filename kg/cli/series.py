"""`kg series`: recordings of testers, kept as columns beside the store."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from kg import series as lib
from kg.cli.common import FINDINGS, NOTHING, Group, count, json_option, out, print_json, store_option, waiting
from kg.errors import KgError
from kg.iri import shorten
from kg.store import Store

SHOWN = 40
"""Rows that a table on the screen has at most."""


class _Series(Group):
    """A group whose verb can be left out: `kg series ID` shows a series."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `show` before the name of a series."""
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            args = ["show", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Series, invoke_without_command=True)
@click.option("--list", "list_", is_flag=True, help="List all series of the store.")
@store_option
@json_option
@click.pass_context
def series(ctx: click.Context, list_: bool, store: Path, as_json: bool) -> None:
    """Add, list and read series of battery tests; `kg series ID` reads one.

    Rows stay in Parquet files beside the store, with names and units of the Battery Data Format.
    """
    if ctx.invoked_subcommand is None:
        if not list_:
            click.echo(ctx.get_help())
            return
        _list(store, as_json)


def _list(store: Path, as_json: bool) -> None:
    found = lib.listing(store)
    base = Store.open(store).base
    if as_json:
        print_json([{**vars(each), "path": str(each.path)} for each in found])
        return
    table = Table(box=None, pad_edge=False)
    for name in ("id", "source", "rows", "grain", "seconds", "about"):
        table.add_column(name, justify="right" if name in ("rows", "seconds") else "left", no_wrap=True)
    for each in found:
        span = "" if each.last is None or each.first is None else f"{each.last - each.first:,.0f}"
        about = " ".join(shorten(iri, base) for iri in each.about)
        table.add_row(each.id, each.source, f"{each.rows:,}", each.grain, span, about)
    out.print(table)


def _files(paths: tuple[Path, ...]) -> list[Path]:
    """Return the files named, and those in the folders named, without hidden ones."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += [p for p in sorted(path.rglob("*")) if p.is_file() and not p.name.startswith(".")]
        else:
            found.append(path)
    return found


@series.command("add")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--cell", default="", metavar="ID", help="Cell that the files are about.")
@click.option("--test", default="", metavar="ID", help="Test that the files are records of.")
@click.option("--zone", metavar="ZONE", help="Time zone of times that name none, such as Europe/Berlin.")
@click.option(
    "--map",
    "map_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Map to use (TOML) instead of the one that fits.",
)
@store_option
@json_option
@click.pass_context
def add_command(
    ctx: click.Context,
    files: tuple[Path, ...],
    cell: str,
    test: str,
    zone: str | None,
    map_file: Path | None,
    store: Path,
    as_json: bool,
) -> None:
    """Add files of testers, or folders of them; which map fits is found from what stands in each file."""
    with waiting("reading"):
        outcomes = lib.add(store, _files(files), cell=cell, test=test, zone=zone, map_file=map_file)
    if as_json:
        print_json(
            [
                {**vars(each), "path": str(each.path), "aside": str(each.aside) if each.aside else None}
                for each in outcomes
            ]
        )
    else:
        for each in outcomes:
            _told(each)
    if not any(each.usable for each in outcomes):
        ctx.exit(NOTHING)
    if any(not each.usable or each.set_aside for each in outcomes):
        ctx.exit(FINDINGS)


def _told(each: lib.Added) -> None:
    if not each.usable:
        reason = each.reason.removeprefix(f"{each.path.name}: ")
        out.print(f"{each.path.name}: {each.outcome}: {reason}", markup=False)
    else:
        names = ", ".join(each.ids)
        rows = count(each.rows, "row")
        out.print(f"{each.path.name}: {each.outcome} as {names}, {rows}, by {each.map}", markup=False)
        if each.kept:
            out.print(f"  kept under their own names: {', '.join(dict.fromkeys(each.kept))}", markup=False)
    for note in each.notes:
        out.print(f"  note: {note}", markup=False)
    if each.set_aside:
        out.print(f"  {count(each.set_aside, 'row')} set aside: {each.aside}", markup=False)


@series.command("show")
@click.argument("name", metavar="ID")
@click.option("--columns", metavar="A,B", help="Columns, with commas between them; default: all.")
@click.option(
    "--from", "start", type=float, metavar="T", help="Test time in seconds from which rows are read."
)
@click.option("--to", "end", type=float, metavar="T", help="Test time in seconds up to which rows are read.")
@click.option("--cycle", type=int, metavar="N", help="Rows of one cycle.")
@click.option("--every", type=click.IntRange(1), default=1, metavar="N", help="Each Nth row.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "csv", "parquet"]),
    default="table",
    show_default=True,
    help="A table shows 40 rows at most.",
)
@click.option("-o", "--output", "to", type=click.Path(dir_okay=False, path_type=Path), help="File to write.")
@store_option
def show_command(
    name: str,
    columns: str | None,
    start: float | None,
    end: float | None,
    cycle: int | None,
    every: int,
    format_: str,
    to: Path | None,
    store: Path,
) -> None:
    """Read rows of a series; ID is its id or the beginning of it, its file, its test or its cell."""
    found = lib.find(store, name)
    wanted = [column.strip() for column in columns.split(",")] if columns else None
    if format_ == "parquet" and to is None:
        raise KgError("a Parquet file is not for the screen. Name a file: -o FILE.parquet")
    span: dict[str, Any] = {
        "columns": wanted,
        "start": start,
        "end": end,
        "cycle": cycle,
        "every": every,
    }
    if to is not None:
        lib.export(found, to, "parquet" if format_ == "parquet" else "csv", **span)
    elif format_ == "csv":
        _csv(lib.scan(found, **span))
    else:
        _table(lib.scan(found, limit=SHOWN + 1, **span))


def _names(rows: Any) -> list[str]:
    return [column[0] for column in rows.description]


def _table(rows: Any) -> None:
    table = Table(box=None, pad_edge=False)
    for name in _names(rows):
        table.add_column(name, justify="right", no_wrap=True)
    every = rows.fetchall()
    for row in every[:SHOWN]:
        table.add_row(*("" if value is None else str(value) for value in row))
    out.print(table)
    if len(every) > SHOWN:
        out.print("... and more. --from, --to, --cycle and --every choose; --format csv writes all.")


def _csv(rows: Any) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(_names(rows))
    while part := rows.fetchmany(10_000):
        writer.writerows(part)


@series.command("features")
@click.argument("names", metavar="[ID]...", nargs=-1)
@click.option("--all", "all_", is_flag=True, help="Of all series of the store.")
@click.option("--capacity", type=float, metavar="AH", help="Nominal capacity in A.h, for C-rates.")
@store_option
@json_option
@click.pass_context
def features_command(
    ctx: click.Context,
    names: tuple[str, ...],
    all_: bool,
    capacity: float | None,
    store: Path,
    as_json: bool,
) -> None:
    """Compute features and write them into the graph: capacities, efficiencies, resistance, fade."""
    if not names and not all_:
        raise KgError("of which series? Give an ID, or --all.")
    chosen = None if all_ else [lib.find(store, name) for name in names]
    with waiting("computing"):
        outcomes = lib.add_features(store, chosen, capacity=capacity)
    if as_json:
        print_json(
            [
                {
                    "id": each.series.id,
                    "source": each.series.source,
                    "outcome": each.outcome,
                    "reason": each.reason,
                    "counts": each.counts,
                }
                for each in outcomes
            ]
        )
    else:
        for each in outcomes:
            counts = ", ".join(f"{number:,} {name}" for name, number in each.counts.items())
            told = f" {counts}" if counts else f" {each.reason}" if each.reason else ""
            out.print(f"{each.series.source} ({each.series.id}): {each.outcome}{told}", markup=False)
    if not any(each.outcome in ("added", "unchanged") for each in outcomes):
        ctx.exit(NOTHING)
    if any(each.outcome in ("failed", "none") for each in outcomes):
        ctx.exit(FINDINGS)
