"""`kg init`: make an empty store."""

from __future__ import annotations

from pathlib import Path

import click

from kg.cli.common import json_option, out, print_json, store_option
from kg.iri import DEFAULT_BASE
from kg.store import Store


@click.command()
@store_option
@json_option
@click.option(
    "--base",
    default=DEFAULT_BASE,
    show_default=True,
    help="Beginning of the IRIs of your things; it stays for the life of the store. "
    "Use an address that you control.",
)
def init(store: Path, as_json: bool, base: str) -> None:
    """Make an empty store."""
    made = Store.create(store, base)
    if as_json:
        print_json({"store": str(store), "base": made.base})
    else:
        out.print(f"Made a store in {store}, base {made.base}")
        out.print("Next: kg load PATH")
