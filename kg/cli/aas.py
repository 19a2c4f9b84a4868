"""`kg aas`: Asset Administration Shells out of the store."""

from __future__ import annotations

from pathlib import Path

import click

from kg.aas.environment import Environment
from kg.aas.export import exported
from kg.aas.instance import NOT_KNOWN
from kg.aas.package import FORMATS, METAMODELS, faults, write
from kg.cli.common import FINDINGS, Group, count, out, store_option
from kg.errors import KgError
from kg.passport.access import AUDIENCES
from kg.passport.build import Builder
from kg.store import Store


@click.group(cls=Group)
def aas() -> None:
    """Write things of the store as Asset Administration Shells, for other programs of Industry 4.0."""


@aas.command("export")
@click.argument("name", metavar="ID")
@click.option(
    "-o", "--output", "to", type=click.Path(dir_okay=False, path_type=Path), help="File to write; else print."
)
@click.option("--format", "form", type=click.Choice(FORMATS), help="json, xml or aasx; else as FILE ends.")
@click.option(
    "--metamodel", type=click.Choice(METAMODELS), default="3.0", show_default=True, help="Version of the AAS."
)
@click.option(
    "--audience",
    type=click.Choice(list(AUDIENCES)),
    default="public",
    show_default=True,
    help="Who reads it; what others may see is left out and named.",
)
@store_option
def export(name: str, to: Path | None, form: str | None, metamodel: str, audience: str, store: Path) -> None:
    """Write the shell of ID with its submodels: of a battery, those of the battery passport.

    ID is a battery, a module, a cell, a machine, a run, or another thing of the store.
    An element that its template asks for and the graph does not hold stands there empty, with the
    extension notInGraph. The same store gives the same bytes.
    """
    ends = to.suffix.lstrip(".").lower() if to else ""
    form = form or (ends if ends in FORMATS else "json")
    if form == "aasx" and to is None:
        raise KgError("a package is no text to print. Say where it goes: -o FILE.aasx")
    made = exported(Builder(Store.open(store)), name, audience)
    found = faults(made, metamodel)
    body = write(made, form, metamodel)
    if to is None:
        click.echo(body, nl=False)
    else:
        to.write_bytes(body)
        out.print(f"Wrote {to}: {_said(made)}.", markup=False)
    for fault in found:
        click.echo(f"{name}: {fault}", err=True)
    if found:
        click.get_current_context().exit(FINDINGS)


def _said(made: Environment) -> str:
    submodels = made.get("submodels", [])
    empty = str(submodels).count(f"'{NOT_KNOWN}'")
    numbers = [
        count(len(made.get("assetAdministrationShells", [])), "shell"),
        count(len(submodels), "submodel"),
        count(len(made.get("conceptDescriptions", [])), "concept description"),
    ]
    return f"{', '.join(numbers)}; {count(empty, 'element')} that the graph cannot fill"
