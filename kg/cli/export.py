"""`kg export`: what is in the store, in the words of others."""

from __future__ import annotations

import json
from pathlib import Path

import click

from kg.cli.common import Group, count, out, store_option
from kg.cli.export_rml import rml
from kg.errors import KgError
from kg.export import jsonld
from kg.jsonld import context
from kg.names import find
from kg.resources import folder
from kg.store import Store
from kg.terms import vocabulary


@click.group(cls=Group)
def export() -> None:
    """Write things of the store, the names of the vocabulary, or a mapping, for other programs."""


export.add_command(rml)


def _write(text: str, to: Path | None, what: str) -> None:
    if to is None or str(to) == "-":
        click.echo(text, nl=False)
        return
    to.write_text(text, encoding="utf-8")
    out.print(f"Wrote {to}: {what}.", markup=False)


@export.command("jsonld")
@click.argument("names", metavar="[ID]...", nargs=-1)
@click.option("--class", "classes", multiple=True, metavar="LABEL", help="All things of this class.")
@click.option(
    "-o", "--output", "to", type=click.Path(dir_okay=False, path_type=Path), help="File to write; else print."
)
@click.option("--embed-context", "embed", is_flag=True, help="Write the context into the document.")
@store_option
def jsonld_command(
    names: tuple[str, ...], classes: tuple[str, ...], to: Path | None, embed: bool, store: Path
) -> None:
    """Write things in BattINFO's JSON-LD, with their properties, parts and materials.

    ID is an identifier as in your files (C-0001), a name below the base (cell/C-0001), or an IRI.
    """
    if not names and not classes:
        raise KgError("which things? Give an ID, or all of a class: --class CoinCell.")
    opened = Store.open(store)
    roots = [find(opened, name) for name in names]
    for label in classes:
        term = vocabulary().resolve(label, ("class",))
        members = jsonld.members(opened, vocabulary(), term.iri)
        if not members:
            raise KgError(f"the store holds nothing of the class '{term.qualified}'.")
        roots += members
    roots = list(dict.fromkeys(roots))
    text = json.dumps(jsonld.document(opened, roots, embed=embed), ensure_ascii=False, indent=2) + "\n"
    _write(text, to, count(len(roots), "thing"))


@export.command("context")
@click.option(
    "-o",
    "--output",
    "to",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write; default: ontology/context.jsonld of this installation. '-' prints.",
)
def context_command(to: Path | None) -> None:
    """Write the JSON-LD context that the vocabulary gives."""
    text = context.text(vocabulary())
    names = len(context.make(vocabulary())["@context"])
    _write(text, to or folder("ontology") / context.FILE, f"{count(names, 'name')}, {len(text) // 1000} kB")
