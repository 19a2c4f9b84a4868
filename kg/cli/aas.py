"""`kg aas`: Asset Administration Shells out of the store, and into it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import click

from kg.aas.bulk import Order, export_all, is_one_file
from kg.aas.environment import Environment
from kg.aas.export import Sight, exported
from kg.aas.instance import NOT_KNOWN
from kg.aas.keep import keep, kept
from kg.aas.listing import KINDS
from kg.aas.package import FORMATS, METAMODELS, faults, write
from kg.catalogue import entries
from kg.cli.common import FINDINGS, NOTHING, Group, count, out, say_error, store_option
from kg.derive.refresh import refresh
from kg.derive.state import basis
from kg.errors import KgError
from kg.iri import file_iri
from kg.passport.access import AUDIENCES, STAFF
from kg.passport.build import Builder
from kg.store import Store, writing


@click.group(cls=Group)
def aas() -> None:
    """Write things of the store as Asset Administration Shells, for other programs of Industry 4.0."""


@aas.command("export")
@click.argument("name", metavar="[ID]", required=False)
@click.option(
    "-o", "--output", "to", type=click.Path(path_type=Path), help="File or folder to write; else print."
)
@click.option("--format", "form", type=click.Choice(FORMATS), help="json, xml or aasx; else as FILE ends.")
@click.option(
    "--metamodel", type=click.Choice(METAMODELS), help="Version of the AAS; else 3.0, or that of an import."
)
@click.option(
    "--audience",
    type=click.Choice([*AUDIENCES, STAFF]),
    help="Who reads it; what others may see is left out and named. Else passports are as the public sees "
    "them, and records are shown.",
)
@click.option("--all", "every", is_flag=True, help="Write the shells of all things; -o says where.")
@click.option(
    "--kind", "kinds", multiple=True, type=click.Choice(list(KINDS)), help="With --all: things of this kind."
)
@store_option
def export(
    name: str | None,
    to: Path | None,
    form: str | None,
    metamodel: str | None,
    audience: str | None,
    every: bool,
    kinds: tuple[str, ...],
    store: Path,
) -> None:
    """Write the shell of ID with its submodels: of a battery, those of the battery passport.

    ID is a battery, a module, a cell, a machine, a run, or another thing of the store.
    An element that its template asks for and the graph does not hold stands there empty, with the
    extension notInGraph. The name of a file that was imported, or an id in it, gives its environment
    back. The same store gives the same bytes.

    With --all, the output is a folder with a file for each shell, a package FILE.aasx with a part for each,
    or FILE.jsonl with a line for each; package and lines end with what all ids mean.
    """
    if every != (name is None):
        raise KgError("say an ID, or --all for the shells of all things.")
    if every:
        _export_all(store, to, Order(Sight.of(audience), form or "json", metamodel or "3.0"), kinds)
    else:
        assert name
        _export_one(name, to, form, metamodel, audience, store)


def _export_all(store: Path, to: Path | None, order: Order, kinds: tuple[str, ...]) -> None:
    if to is None:
        raise KgError("say where all the shells go: -o FOLDER, FILE.aasx or FILE.jsonl")
    order = replace(order, apart=not is_one_file(to))
    if not order.apart and order.form == "xml":
        raise KgError("a package and lines hold JSON; for XML say a folder.")
    done = export_all(store, to, order, kinds or tuple(KINDS), os.cpu_count() or 1)
    out.print(f"Wrote {to}: {count(done.shells, 'shell')}.", markup=False)
    _tell(done.findings)


def _tell(findings: list[str]) -> None:
    """Tell what is wrong, and end with findings where there is something."""
    for finding in findings:
        click.echo(finding, err=True)
    if findings:
        click.get_current_context().exit(FINDINGS)


def _export_one(
    name: str, to: Path | None, form: str | None, metamodel: str | None, audience: str | None, store: Path
) -> None:
    ends = to.suffix.lstrip(".").lower() if to else ""
    form = form or (ends if ends in FORMATS else "json")
    if form == "aasx" and to is None:
        raise KgError("a package is no text to print. Say where it goes: -o FILE.aasx")
    opened = Store.open(store)
    imported = kept(opened, name)
    if imported:
        made, version = imported
        metamodel = metamodel or version
    else:
        made, metamodel = exported(Builder(opened), name, audience), metamodel or "3.0"
    found = faults(made, metamodel)
    body = write(made, form, metamodel)
    if to is None:
        click.echo(body, nl=False)
    elif to.is_dir():
        raise KgError(f"{to} is a folder. One shell goes into a file: -o {to / 'shell.json'}")
    else:
        to.write_bytes(body)
        out.print(f"Wrote {to}: {_said(made)}.", markup=False)
    _tell([f"{name}: {fault}" for fault in found])


@aas.command("import")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--metamodel", type=click.Choice(METAMODELS), help="Version of the AAS; else as FILE says.")
@store_option
def import_(files: tuple[Path, ...], metamodel: str | None, store: Path) -> None:
    """Put shells from FILE (JSON, XML or AASX) into the store, a graph for each file, without loss.

    Values whose semantic ids are known (terms of the vocabulary, IDTA 02031-2, 02035, 02011) become values
    of the things that the shells are of, for queries, passports and influences.

    What is wrong with a file is told, with its place; exit code 1. A file of which nothing can be read
    changes nothing; exit code 2.
    """
    findings, nothing = 0, False
    with writing(store) as opened:
        before, went_in = basis(entries(opened, items=False)), []
        for file in files:
            try:
                read = keep(opened, file, metamodel or "")
            except KgError as error:
                say_error(error)
                nothing = True
                continue
            went_in.append(file_iri(opened.base, file.name))
            things = f"; values of {count(read.things, 'thing')} for queries" if read.things else ""
            out.print(f"{file}: AAS {read.version}, {_numbers(read.environment)}{things}.", markup=False)
            findings += len(read.findings)
            for finding in read.findings:
                click.echo(finding, err=True)
        if went_in:
            refresh(opened, went_in, before=before)
    if nothing:
        click.get_current_context().exit(NOTHING)
    if findings:
        click.get_current_context().exit(FINDINGS)


def _numbers(made: Environment) -> str:
    numbers = [
        count(len(made.get("assetAdministrationShells", [])), "shell"),
        count(len(made.get("submodels", [])), "submodel"),
        count(len(made.get("conceptDescriptions", [])), "concept description"),
    ]
    return ", ".join(numbers)


def _said(made: Environment) -> str:
    empty = str(made.get("submodels", [])).count(f"'{NOT_KNOWN}'")
    return f"{_numbers(made)}; {count(empty, 'element')} that the graph cannot fill"
