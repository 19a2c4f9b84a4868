"""`kg explain`: why the store says something, down to the rows of the files."""

from __future__ import annotations

from pathlib import Path

import click
from rich.text import Text
from rich.tree import Tree

from kg.cli.common import count, json_option, out, print_json, store_option
from kg.explain import Proof, Row, read_statement
from kg.explain import explain as prove
from kg.explain.prove import show
from kg.store import Store


def _row(row: Row) -> str:
    """Return `kalander.xlsx row=4, column 'Linienlast ist [N/mm]': '292,7' (calendering.yaml:21)`."""
    text = f"{row.file} {row.place}".rstrip()
    text += "".join(f", column '{column}': '{cell}'" for column, cell in row.cells)
    text += f" ({row.mapping}{f':{row.line}' if row.line else ''})" if row.mapping else ""
    return text + (f"; {row.note}" if row.note else "")


def statement(store: Store, proof: Proof) -> str:
    """Return the statement of a proof in the names that people use."""
    return " ".join(show(store, term) for term in (proof.subject, proof.predicate, proof.object))


def _grow(tree: Tree, proof: Proof, store: Store) -> None:
    if proof.kind == "asserted":
        for row in proof.rows:
            tree.add(Text(_row(row), style="dim"))
    elif proof.kind == "vocabulary":
        tree.add(Text("; ".join(proof.stated_by), style="dim"))
    else:
        because = f"by rule {proof.rule}: {proof.summary}" if proof.rule else "by the hierarchy of classes"
        branch = tree.add(Text(because, style="italic"))
        for premise in proof.premises:
            _grow(branch.add(Text(statement(store, premise))), premise, store)
        for text in proof.absent:
            branch.add(Text(f"and there is no: {text}"))
        if proof.more:
            branch.add(Text(f"and {count(proof.more, 'further statement')}; all of them: --all"))


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="SUBJECT [PROPERTY] VALUE")
@click.option("--all", "every", is_flag=True, help="Tell all premises of a count or mean, however many.")
@store_option
@json_option
def explain(words: tuple[str, ...], every: bool, store: Path, as_json: bool) -> None:
    r"""Tell why the store says a statement: rows of files, or a rule and its premises, down to the rows.

    \b
    kg explain KA-C-0001 LineLoad               the number of a value
    kg explain PC-0001 comesFrom S-C-0001       subject, property, value
    kg explain PC-0001 a FabricatedElectrochemicalCell
    kg explain LineLoad subClassOf Quantity     a link between terms
    """
    opened = Store.open(store)
    asked = read_statement(opened, words)
    few = {"few": 1_000_000} if every else {}
    proof = prove(opened, asked.subject, asked.predicate, asked.object, **few)
    if as_json:
        print_json(proof.as_dict())
        return
    tree = Tree(Text(statement(opened, proof), style="bold"))
    _grow(tree, proof, opened)
    out.print(tree)
