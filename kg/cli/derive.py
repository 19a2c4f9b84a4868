"""`kg derive`: the graphs that rules write, brought in step with the files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.table import Table

from kg import catalogue
from kg.cli.common import count, json_option, out, print_json, store_option, waiting
from kg.derive import State, basis, refresh, rules, states
from kg.store import Store, writing


def account(store: Store) -> list[dict[str, Any]]:
    """Return each rule with the state of its graph: what it says, how many triples, when, from what."""
    known = states(store)
    now = basis(catalogue.entries(store, items=False))
    return [
        {
            "rule": rule.name,
            "summary": rule.about.summary,
            "uses": list(rule.about.uses),
            "graph": rule.graph if rule.about.kept else None,
            "state": _state(known.get(rule.name), now) if rule.about.kept else "when asked",
            **_told(known.get(rule.name)),
        }
        for rule in rules()
    ]


def _state(known: State | None, now: str) -> str:
    if known is None:
        return "not made"
    return "in step" if known.basis == now else "behind"


def _told(known: State | None) -> dict[str, Any]:
    if known is None:
        return {"triples": 0, "made_at": None, "made": None, "seconds": None, "files": 0}
    return {
        "triples": known.triples,
        "made_at": known.made_at,
        "made": known.how,
        "seconds": known.seconds,
        "files": known.files,
    }


def print_account(found: list[dict[str, Any]]) -> None:
    """Print the rules as a table."""
    table = Table("rule", "state", "triples", "made", "from", box=None, pad_edge=False)
    for one in found:
        uses = "".join(f" and {name}" for name in one["uses"])
        made = one["made_at"][:19].replace("T", " ") if one["made_at"] else ""
        source = f"{count(one['files'], 'file')}{uses}" if one["made_at"] else uses.removeprefix(" and ")
        table.add_row(one["rule"], one["state"], f"{one['triples']:,}", made, source)
    out.print(table)


@click.command()
@click.option(
    "--list", "only_list", is_flag=True, help="Tell the rules and the state of their graphs; change nothing."
)
@store_option
@json_option
def derive(store: Path, as_json: bool, only_list: bool) -> None:
    """Run the rules, so that the derived graphs are in step with the files.

    `kg load` does so at its end; this is for a load that was killed, for `kg load --no-derive`, and for
    rules that are new.
    """
    if only_list:
        found = account(Store.open(store))
    else:
        with waiting("deriving"), writing(store) as opened:
            done = refresh(opened)
        found = account(Store.open(store))
        how = {one.rule: one for one in done}
        for one in found:
            if one["rule"] in how:
                one["done"] = how[one["rule"]].how
    if as_json:
        print_json(found)
        return
    print_account(found)
