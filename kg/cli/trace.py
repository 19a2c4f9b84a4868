"""`kg trace`: what is behind a thing, or what came of it."""

from __future__ import annotations

from pathlib import Path

import click
from rich.text import Text
from rich.tree import Tree

from kg.cli.common import count, json_option, out, print_json, store_option
from kg.iri import shorten
from kg.lineage import Thing, Value, as_dict
from kg.lineage import trace as walk
from kg.store import Store


def _value(value: Value) -> str:
    """Return `LineLoad (set) 210 N/mm`: what tells two values of one term apart stands in brackets."""
    _, dot, further = value.name.partition(f"{value.term}.")
    name = f"{value.term} ({further.replace('.', ', ')})" if dot else value.term
    unit = "" if value.unit == "1" else value.unit
    return f"{name} {value.value:.6g} {unit}".rstrip()


def _grow(tree: Tree, thing: Thing, base: str) -> None:
    for run in thing.runs:
        name = shorten(run.iri, base)
        branch = tree.add(Text(f"{', '.join(run.classes)}  {name}".strip(), style="bold"))
        when = " to ".join(time[:16].replace("T", " ") for time in (run.start, run.end) if time)
        rows = f"row {', '.join(run.sources)}" if run.sources else ""
        facts = [when, ", ".join(f"on {tool}" for tool in run.tools), rows]
        if any(facts):
            branch.add(Text("; ".join(filter(None, facts)), style="dim"))
        for value in run.parameters:
            branch.add(Text(_value(value)))
        if run.parts:
            branch.add(Text(f"has {count(run.parts, 'part')}: steps or cycles", style="dim"))
        if run.comment:
            branch.add(Text(f"note: {run.comment}", style="dim"))
        for other in run.things:
            _grow(_node(branch, other, base), other, base)


def _title(thing: Thing, base: str) -> Text:
    label = f" '{thing.label}'" if thing.label else ""
    text = Text(f"{shorten(thing.iri, base)}{label}", style="cyan")
    text.append(f"  {', '.join(thing.classes)}", style="dim")
    if thing.seen:
        text.append("  (see above)", style="dim")
    for value in thing.properties:
        text.append(f"\n{_value(value)}", style="default")
    return text


def _node(branch: Tree, thing: Thing, base: str) -> Tree:
    return branch.add(_title(thing, base))


@click.command()
@click.argument("name", metavar="ID")
@click.option("--up", "direction", flag_value="up", default="up", help="What went into it (the default).")
@click.option("--down", "direction", flag_value="down", help="What came of it.")
@store_option
@json_option
def trace(name: str, direction: str, store: Path, as_json: bool) -> None:
    """Follow ID through the process runs, with parameters, machines and materials.

    ID is an identifier as in your files (C-0001), a name below the base (cell/C-0001), or an IRI.
    """
    opened = Store.open(store)
    thing = walk(opened, name, "down" if direction == "down" else "up")
    if as_json:
        print_json(as_dict(thing, opened.base))
        return
    tree = Tree(_title(thing, opened.base))
    _grow(tree, thing, opened.base)
    out.print(tree)
    if not thing.runs:
        side = "behind" if direction != "down" else "after"
        out.print(f"No run in the store is {side} it.")
