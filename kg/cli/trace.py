"""`kg trace`: what is behind a thing, or what came of it."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from kg import lineage
from kg.cli.common import count, json_option, out, store_option
from kg.errors import KgError
from kg.lineage import Branch, Recall, Trace, Twig, shown, words
from kg.store import Store

CELL_COLUMNS = ("cell", "last_step", "when", "state", "grade", "place", "built_into", "through")
FORMATS = ("tree", "table", "csv", "json", "jsonld", "svg")


def _grow(tree: Tree, branch: Branch) -> None:
    for twig in branch.twigs:
        at = _run(tree, twig)
        for other in twig.branches:
            _grow(at.add(_title(other)), other)


def _run(tree: Tree, twig: Twig) -> Tree:
    if not twig.run:
        return tree.add(Text("part", style="bold"))
    run = twig.run
    branch = tree.add(Text(f"{', '.join(run.classes)}  {run.id}".strip(), style="bold"))
    when = " to ".join(time[:16].replace("T", " ") for time in (run.start, run.end) if time)
    rows = f"row {', '.join(run.sources)}" if run.sources else ""
    people = ", ".join(f"by {agent}" for agent in run.agents)
    facts = [when, ", ".join(f"on {tool}" for tool in run.tools), people, words(twig.at), rows]
    if any(facts):
        branch.add(Text("; ".join(filter(None, facts)), style="dim"))
    for value in (*run.parameters, *run.readings):
        branch.add(Text(shown(value)))
    for name, text in run.texts.items():
        branch.add(Text(f"{name} {text}"))
    if run.parts:
        branch.add(Text(f"has {count(run.parts, 'part')}: steps or cycles", style="dim"))
    if run.comment:
        branch.add(Text(f"note: {run.comment}", style="dim"))
    return branch


def _title(branch: Branch) -> Text:
    thing = branch.thing
    if thing is None:
        return Text("")
    label = f" '{thing.label}'" if thing.label else ""
    text = Text(f"{thing.id}{label}", style="cyan")
    if branch.at:
        text.append(f"  {words(branch.at)}")
    text.append(f"  {', '.join(thing.classes)}", style="dim")
    if branch.seen:
        text.append("  (see above)", style="dim")
        return text
    for value in thing.properties:
        text.append(f"\n{shown(value)}", style="default")
    for name, words_ in thing.texts.items():
        text.append(f"\n{name} {words_}", style="default")
    return text


def _print_tree(trace: Trace) -> None:
    branches = lineage.tree(trace)
    if len(branches) == 1 and branches[0].thing:
        tree = Tree(_title(branches[0]))
        _grow(tree, branches[0])
    else:
        tree = Tree(Text(trace.asked, style="cyan"))
        for branch in branches:
            _grow(tree, branch)
    out.print(tree)
    if not trace.steps:
        side = "behind" if trace.direction == "up" else "after"
        out.print(f"No run in the store is {side} it.")


def print_rows(rows: list[tuple[str, ...]], names: tuple[str, ...]) -> None:
    """Print rows of text for people, uncut in a pipe."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in names:
        table.add_column(name)
    for row in rows:
        table.add_row(*(cell.replace("[", r"\[") for cell in row))
    Console(highlight=False, width=100_000).print(table)


def _print_table(trace: Trace) -> None:
    rows = lineage.rows(trace)
    names = ("step", "run", "inputs", "outputs", "start", "machine", "metres", "values", "note")
    used = tuple(name for name in names if any(getattr(row, name) for row in rows))
    print_rows([tuple(getattr(row, name) for name in used) for row in rows], used)
    out.print(count(len(rows), "row"))


def _print_cells(recall: Recall) -> None:
    names = tuple(name for name in CELL_COLUMNS if any(getattr(cell, name) for cell in recall.cells))
    if recall.cells:
        print_rows([tuple(getattr(cell, name) for name in names) for cell in recall.cells], names)
    out.print(f"{count(len(recall.cells), 'cell')} reached from {recall.asked}.", markup=False)
    gaps = recall.gaps
    out.print(f"{count(len(gaps), 'way')} could not be followed to a cell{':' if gaps else '.'}")
    for gap in gaps:
        out.print(f"  {gap.where}: {gap.text}", markup=False)


def _say_gaps(trace: Trace) -> None:
    for gap in trace.gaps:
        out.print(f"not followed: {gap.where}: {gap.text}", markup=False)
    if trace.beside:
        text = "took or gave other metres of these webs and is left out"
        more = "took or gave other metres of these webs and are left out"
        out.print(f"{count(trace.beside, 'run')} {text if trace.beside == 1 else more}.")


def _write(text: str, file: Path | None) -> None:
    if file is None:
        click.echo(text, nl=not text.endswith("\n"))
        return
    file.write_text(text, encoding="utf-8")
    out.print(f"{file}: written")


def _text(form: str, found: Trace) -> str:
    if form == "csv":
        return lineage.as_csv(lineage.rows(found))
    if form == "svg":
        return lineage.svg(found)
    document = lineage.as_jsonld(found) if form == "jsonld" else lineage.as_dict(found)
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _cells(form: str, recall: Recall) -> str:
    if form == "csv":
        return lineage.as_csv(recall.cells)
    cells, gaps = [vars(cell) for cell in recall.cells], [vars(gap) for gap in recall.gaps]
    document = {"asked": recall.asked, "cells": cells, "gaps": gaps}
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


@click.command()
@click.argument("name", metavar="ID")
@click.option("--up", "direction", flag_value="up", default="up", help="What went into it (the default).")
@click.option("--down", "direction", flag_value="down", help="What came of it.")
@store_option
@json_option
@click.option("--format", "form", type=click.Choice(FORMATS), help="How to show it; a tree by default.")
@click.option("-o", "--output", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write a file.")
@click.option(
    "--cells", is_flag=True, help="With --down: the cells that were reached, and where each is now."
)
@click.option("--from", "since", metavar="TIME", help="Of a machine: runs from then on (2026-03-08T06:00).")
@click.option("--to", "until", metavar="TIME", help="Of a machine: runs up to then.")
@click.option("--positions", metavar="M..M", help="Of a web: these metres of it alone (120..121).")
@click.option("--depth", type=click.IntRange(1), help="How many runs far to go.")
@click.pass_context
def trace(
    ctx: click.Context,
    name: str,
    direction: str,
    store: Path,
    as_json: bool,
    form: str | None,
    file: Path | None,
    cells: bool,
    since: str | None,
    until: str | None,
    positions: str | None,
    depth: int | None,
) -> None:
    """Follow ID through the process runs, with parameters, machines, notes and materials.

    ID is an identifier as in your files (C-0001), a name below the base (cell/C-0001), or an IRI;
    of a machine (machine/KAL-1) all its runs are followed, or those between --from and --to.
    """
    form = form or ("json" if as_json else "table" if cells else "tree")
    if cells and (direction != "down" or form not in ("table", "csv", "json")):
        raise KgError("--cells goes with --down, and with --format table, csv or json.")
    if file and form in ("tree", "table"):
        raise KgError(f"-o goes with --format csv, json, jsonld or svg; here: {form}.")
    found = lineage.trace(
        Store.open(store),
        name,
        "down" if direction == "down" else "up",
        since=lineage.moment(since) if since else None,
        until=lineage.moment(until) if until else None,
        at=lineage.metres(positions) if positions else None,
        depth=depth,
        with_values=not cells,
    )
    if cells:
        recall = lineage.recall(found)
        if form == "table":
            _print_cells(recall)
        else:
            _write(_cells(form, recall), file)
    elif form == "tree":
        _print_tree(found)
        _say_gaps(found)
    elif form == "table":
        _print_table(found)
        _say_gaps(found)
    else:
        _write(_text(form, found), file)
