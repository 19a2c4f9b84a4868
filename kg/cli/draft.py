"""`kg draft`: a file never seen before -> a mapping file to finish with an editor."""

from __future__ import annotations

from pathlib import Path

import click

from kg.cli.common import DONE, FINDINGS, count, json_option, out, print_json
from kg.draft import Draft
from kg.draft import draft as drafted
from kg.draft.parts import Line
from kg.errors import KgError


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the mapping into this file.",
)
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@json_option
@click.pass_context
def draft(ctx: click.Context, file: Path, output: Path | None, force: bool, as_json: bool) -> None:
    """Write a mapping file for FILE from its header and its values.

    FILE is a CSV, TSV, XLSX, JSON or JSON Lines file. What is clear stands under `columns`, what is a guess
    or not understood under `todo`; `kg load` refuses the mapping until nothing is left there.
    Without -o the mapping is printed.
    """
    if output is not None and output.exists() and not force:
        raise KgError(f"{output}: there is such a file. Give another name, or --force to write over it.")
    found = drafted(file)
    if output is not None:
        output.write_text(found.text, encoding="utf-8")
    if as_json:
        print_json(_as_dict(found, output))
    elif output is None:
        click.echo(found.text, nl=False)
    else:
        _told(found, file, output)
    ctx.exit(FINDINGS if found.todo else DONE)


def _told(found: Draft, file: Path, output: Path) -> None:
    out.print(f"Wrote {output}: {count(found.columns, 'column')}, {found.todo:,} to do.", markup=False)
    for part in found.parts:
        for question in part.open:
            out.print(f"  {question}", markup=False)
        for line in part.lines:
            if line.where == "todo":
                out.print(f"  {line.column}: {_guess(line)}", markup=False)
    if found.todo:
        out.print("Move each line under 'todo' to 'columns', or its name to 'ignore'. Then:")
    out.print(f"  kg load {file} --mapping {output} --dry-run", markup=False)


def _guess(line: Line) -> str:
    term = line.keys.get("term")
    return f"{term}? {line.comment}" if term else line.comment


def _as_dict(found: Draft, output: Path | None) -> dict[str, object]:
    return {
        "output": str(output) if output else None,
        "todo": found.todo,
        "mappings": [
            {
                "title": part.title,
                "questions": part.open,
                "things": {name: vars(thing) for name, thing in part.things.items()},
                "columns": [
                    {"column": line.column, "where": line.where, "keys": line.keys, "comment": line.comment}
                    for line in part.lines
                ],
            }
            for part in found.parts
        ],
        "text": found.text,
    }
