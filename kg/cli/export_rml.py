"""`kg export rml`: a mapping in the words of RML, for engines that know RML."""

from __future__ import annotations

from pathlib import Path

import click

from kg.cli.common import count, out
from kg.errors import KgError
from kg.iri import DEFAULT_BASE
from kg.mappers.plan import read_plans
from kg.rml import export
from kg.store import Store
from kg.terms import vocabulary

FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("rml")
@click.argument("mapping", type=FILE)
@click.argument("table", type=FILE, required=False)
@click.option(
    "-o", "--output", "to", type=FILE, help="File to write, and beside it what it needs; else print."
)
@click.option("--plain", is_flag=True, help="Templates in place of functions; see below.")
@click.option("--base", help="Base of the IRIs; else that of the store.")
@click.option(
    "--store",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("kg-store"),
    envvar="KG_STORE",
    show_default="./kg-store, or KG_STORE",
    help="Folder of the store whose base is taken, where there is one.",
)
@click.option("--processes", type=click.IntRange(1), default=1, help="Processes that morph-kgc may use.")
def rml(
    mapping: Path,
    table: Path | None,
    to: Path | None,
    plain: bool,
    base: str | None,
    store: Path,
    processes: int,
) -> None:
    """Write MAPPING as RML, for the file TABLE.

    With -o, the prepared table, the functions and the settings for morph-kgc are written beside it.
    Without TABLE the RML is for a table that is prepared later.

    --plain assumes that keys hold letters without accents, digits and '-._~' only, so that no engine has
    to encode them, and refuses a table in which they hold more; numbers that need no conversion are then
    taken as they are written.
    """
    if base is None:
        base = Store.open(store).base if (store / "store.toml").is_file() else DEFAULT_BASE
    name = to.name if to else ""
    made = export(read_plans(mapping, vocabulary()), table, base, name=name, plain=plain, processes=processes)
    if to is None:
        click.echo(made.rml, nl=False)
        return
    taken = {path.resolve() for path in (mapping, table) if path}
    if clash := [name for name in made.files if (to.parent / name).resolve() in taken]:
        raise KgError(f"{clash[0]} is the mapping or the table itself. Give another name with -o.")
    to.parent.mkdir(parents=True, exist_ok=True)
    paths = made.write(to.parent)
    out.print(f"Wrote {', '.join(map(str, paths))}.", markup=False)
    if made.left_out:
        rows = count(made.left_out, "row")
        out.print(f"{rows} left out, which kg load would set aside. To see why: kg load --dry-run {table}")
