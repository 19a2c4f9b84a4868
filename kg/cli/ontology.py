"""`kg ontology`: make the vocabulary that the other verbs read."""

from __future__ import annotations

from pathlib import Path

import click

from kg.cli.common import Group, json_option, out, print_json
from kg.resources import folder
from kg.vocabulary_slice import build


@click.group(cls=Group)
def ontology() -> None:
    """Keep the vocabulary: the slices of upstream ontologies."""


@ontology.command("slice")
@click.option(
    "--from",
    "upstream",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with the upstream files; ontology/imports.toml names them.",
)
@click.option(
    "--to",
    "target",
    default=None,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder that holds imports/ and imports.toml; default: the ontology folder of this installation.",
)
@click.option("--update", is_flag=True, help="Accept files whose sha256 differs from the lock.")
@json_option
def slice_command(upstream: Path, target: Path | None, update: bool, as_json: bool) -> None:
    """Write the fact slices of the upstream ontologies, and the lock."""
    outcome = build(upstream, target or folder("ontology"), update=update)
    if as_json:
        print_json(
            {
                "statements": outcome.statements,
                "terms": outcome.terms,
                "changed": list(outcome.changed),
                "left_out": list(outcome.left_out),
            }
        )
        return
    for name, count in outcome.statements.items():
        out.print(f"{name:8} {outcome.terms[name]:6} terms {count:7} statements", markup=False)
    out.print(f"Left out: {len(outcome.left_out)} statements.", markup=False)
    for line in outcome.left_out:
        out.print(f"  {line}", markup=False)
    out.print(f"Changed: {', '.join(outcome.changed) or 'nothing'}.", markup=False)
