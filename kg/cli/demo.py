"""`kg demo`: the main job on the sample line, from record files to answers."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from kg.answers import Answer
from kg.check import check
from kg.cli.common import count, out
from kg.cli.load import print_findings, print_outcomes, progress_bar
from kg.cli.query import print_table
from kg.errors import KgError
from kg.graph import Graph
from kg.load import Loader
from kg.plant import generate
from kg.queries import read
from kg.store import Store

QUESTIONS: tuple[tuple[str, dict[str, str]], ...] = (
    ("first_cycle_efficiency", {}),
    ("cells_of_material_lot", {}),
    ("parameter_against_property", {}),
)
ROWS = 8
_MARK = ".kg-demo"


def _fresh(folder: Path) -> None:
    """Make the folder of the demo anew; one that the demo did not make is left alone."""
    if folder.exists():
        if not (folder / _MARK).is_file():
            raise KgError(f"{folder}: this folder is not the demo's. Name another: kg demo --folder DIR")
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / _MARK).touch()


@click.command()
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("demo-line"),
    show_default=True,
    help="Where the files and the store of the demo go.",
)
@click.option("--cells", default=48, show_default=True, help="How many cells the line makes.")
@click.option("--seed", default=7, show_default=True, help="Another number makes another line.")
def demo(folder: Path, cells: int, seed: int) -> None:
    """Make the files of a sample line, load them, check them, and ask three questions."""
    _fresh(folder)
    records, store = folder / "records", folder / "kg-store"
    generate(records, seed=seed, cells=cells)
    (records / "relations.json").rename(folder / "relations.json")
    out.print("\n[bold]1. Load the records of the line[/bold]")
    out.print(f"kg load {records} --store {store}\n", markup=False)
    with progress_bar() as tell:
        outcomes = Loader(store, progress=tell).load([records])
    print_outcomes(outcomes, limit=3)
    out.print("\n[bold]2. Check across records[/bold]")
    out.print(f"kg validate --store {store}\n", markup=False)
    opened = Store.open(store)
    findings = check(opened)
    out.print(f"{count(len(findings), 'finding')}.")
    print_findings(findings, 3)
    out.print("\n[bold]3. Ask[/bold]")
    graph = Graph(opened)
    for name, params in QUESTIONS:
        about = read(name).about
        given = "".join(f" -p {key}={value}" for key, value in params.items())
        out.print(f"{about.question}\nkg query {name}{given} --store {store}", markup=False)
        answer = graph.ask(name, **params)
        assert isinstance(answer, Answer)
        print_table(Answer(answer.columns, answer.rows[:ROWS]), graph.base, of=len(answer.rows))
    out.print(
        f"Next: kg trace PC-0001 --store {store}; kg query --list; docs/tutorials/first-line.md", markup=False
    )
