"""`kg resolve`: column headers and variable names -> the terms that they mean."""

from __future__ import annotations

from pathlib import Path

import click
from rich.table import Table

from kg.cli.common import count, json_option, out, print_json
from kg.errors import KgError
from kg.resolve import Resolution, unit_reader
from kg.resolve import resolve as resolved
from kg.resolve.names import names_in
from kg.resolve.record import record
from kg.terms import vocabulary

SIGNS = {"confident": "", "unsure": "?", "no term": "-"}


@click.command()
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", "names", multiple=True, help="A header or variable name; may be repeated.")
@click.option("--sheet", help="Sheet of a workbook; by default the first.")
@click.option("--alone", is_flag=True, help="Resolve each name alone, without what the others tell.")
@json_option
def resolve(file: Path | None, names: tuple[str, ...], sheet: str | None, alone: bool, as_json: bool) -> None:
    """Find the terms for the column headers or keys of FILE, or for names.

    FILE is a CSV, workbook or JSON file, or a text with one name on each line. An answer is confident,
    unsure (a question mark: look at the others) or no term (a dash).
    """
    if file is None and not names:
        raise KgError("nothing to resolve. Give a FILE, or one name or more: kg resolve --name 'L_pos'")
    known = vocabulary()
    asked = list(names)
    if file is not None:
        reader = unit_reader(known)
        asked += names_in(file, lambda text: reader.read(text) is not None, sheet)
    found = resolved(asked, known, context=not alone, about=file.stem if file else "")
    if as_json:
        print_json([record(known, each) for each in found])
        return
    _print(found)


def _print(found: list[Resolution]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("header", "", "term", "unit", "score", "reason", "others"):
        table.add_column(heading, overflow="fold", no_wrap=not out.is_terminal)
    for each in found:
        best, *others = each.candidates or (None,)
        score = f"{best.score:.2f}" if best else ""
        also = ", ".join(f"{c.term.label} {c.score:.2f}" for c in others[:2] if c is not None)
        label = best.term.label if best else "no term"
        cells = (each.name, SIGNS[each.verdict], label, each.unit or "", score, each.reason, also)
        table.add_row(*(cell.replace("[", "\\[") for cell in cells))
    out.print(table)
    verdicts = [each.verdict for each in found]
    sure, unsure = verdicts.count("confident"), verdicts.count("unsure")
    none = verdicts.count("no term")
    out.print(f"\n{count(len(found), 'name')}: {sure} confident, {unsure} unsure, {none} without a term")
