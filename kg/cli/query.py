"""`kg query`: ask the store."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import pyoxigraph as ox
from rich import box
from rich.console import Console
from rich.table import Table

from kg import queries
from kg.answers import Answer, Term
from kg.cli.common import count, json_option, out, print_json, store_option
from kg.errors import KgError
from kg.graph import Graph
from kg.namespaces import standalone
from kg.store import Store
from kg.terms import vocabulary

FORMATS = ("table", "csv", "json")


def _params(pairs: tuple[str, ...]) -> dict[str, str]:
    values = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise KgError(f"'{pair}' is not NAME=VALUE.")
        values[name.strip()] = value.strip()
    return values


def _is_number(term: Term) -> bool:
    return isinstance(term, ox.Literal) and term.datatype.value.endswith(("double", "integer", "decimal"))


def print_table(answer: Answer, base: str, of: int | None = None) -> None:
    """Print rows for people, uncut in a pipe; `of` is how many there are where only the first are shown."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    numeric = [any(_is_number(row[i]) for row in answer.rows) for i in range(len(answer.columns))]
    for name, number in zip(answer.columns, numeric, strict=True):
        table.add_column(name, justify="right" if number else "left")
    for row in answer.texts(base, vocabulary()):
        table.add_row(*(cell.replace("[", r"\[") for cell in row))
    # An identifier that is broken over two lines cannot be copied; so lines are as long as they are.
    Console(highlight=False, width=100_000).print(table)
    total = count(len(answer.rows) if of is None else of, "row")
    out.print(f"{len(answer.rows):,} of {total}" if of and of > len(answer.rows) else total)


def _in_full(answer: Answer) -> Answer:
    """Return the rows with IRIs as plain texts, so that they are shown as they are."""
    rows: list[tuple[Term, ...]] = [
        tuple(ox.Literal(term.value) if isinstance(term, ox.NamedNode) else term for term in row)
        for row in answer.rows
    ]
    return Answer(answer.columns, rows)


def _list(as_json: bool) -> None:
    found = [queries.read(name) for name in queries.library()]
    if as_json:
        print_json([{"name": query.name, **query.about.model_dump(mode="json")} for query in found])
        return
    for query in found:
        out.print(f"{query.name}\n    {query.about.question}", markup=False)
        for name, param in query.about.params.items():
            unit = f" [{param.unit}]" if param.unit else ""
            out.print(f"    --param {name}={query.default(name)}  {param.help}{unit}", markup=False)


@click.command()
@click.argument("query", required=False)
@store_option
@json_option
@click.option("--param", "-p", "params", multiple=True, metavar="NAME=VALUE", help="Value of a parameter.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True)
@click.option("--list", "tell", is_flag=True, help="Tell the queries of the library.")
@click.option("--labels", is_flag=True, help="Show each IRI in full, and beside it what it is called.")
@click.option("--explain", is_flag=True, help="Print the SPARQL in plain IRIs, and do not run it.")
@click.pass_context
def query(
    ctx: click.Context,
    query: str | None,
    store: Path,
    as_json: bool,
    params: tuple[str, ...],
    form: str,
    tell: bool,
    labels: bool,
    explain: bool,
) -> None:
    """Run QUERY: a name from the library, a file, SPARQL itself, or - for standard input."""
    if tell:
        _list(as_json)
        return
    if query is None:
        if sys.stdin.isatty():
            raise KgError("which query? Give a name ('kg query --list' tells them), a file, or - .")
        query = "-"
    asked: str | Path = query
    if query == "-":
        asked = sys.stdin.read()
        if not asked.strip():
            raise KgError("standard input holds no query.")
    elif query.endswith((".rq", ".sparql")) or Path(query).exists():
        asked = Path(query)
        if not asked.is_file():
            raise KgError(f"{query}: there is no such file.")
    graph = Graph(Store.open(store))
    if explain:
        click.echo(standalone(graph.text(asked, **_params(params)), graph.base), nl=False)
        return
    result = graph.ask(asked, **_params(params))
    if as_json:
        form = "json"
    if isinstance(result, bool):
        word = str(result).lower()
        click.echo(f'{{"head": {{}}, "boolean": {word}}}' if form == "json" else word)
    elif isinstance(result, list):
        formats = {"json": ox.RdfFormat.JSON_LD, "csv": ox.RdfFormat.N_TRIPLES, "table": ox.RdfFormat.TURTLE}
        click.echo(ox.serialize(result, format=formats[form]) or b"", nl=False)
    else:
        answer = result.labelled(graph.base, vocabulary()) if labels else result
        if form == "csv":
            click.echo(answer.as_csv(), nl=False)
        elif form == "json":
            click.echo(answer.as_json())
        else:
            print_table(_in_full(answer) if labels else answer, graph.base)
