"""`kg validate`: check all that is in the store."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from kg.check import check
from kg.cli.common import DONE, FINDINGS, count, json_option, out, print_json, store_option, waiting
from kg.cli.load import print_findings
from kg.iri import shorten
from kg.profile import report
from kg.store import Store
from kg.validate import Engine, Scope, engines


@click.command()
@store_option
@json_option
@click.option("--limit", default=5, show_default=True, help="Examples to print for each rule; 0 for all.")
@click.option(
    "--engine",
    type=click.Choice(["compiled", "pyshacl"]),
    default="compiled",
    show_default=True,
    help="pyshacl gives pySHACL the whole graph; it finds the same, slowly.",
)
@click.option("--profile", metavar="NAME", help="Tell what a reporting profile asks for and is missing.")
@click.option("--explain-engine", is_flag=True, help="Tell for each rule by what it is checked, and stop.")
@click.pass_context
def validate(
    ctx: click.Context,
    store: Path,
    as_json: bool,
    limit: int,
    engine: Engine,
    profile: str | None,
    explain_engine: bool,
) -> None:
    """Check the whole store: the rules on records, and the rules across records (lineage, uniqueness).

    Each finding names file, row, column, value and rule.
    """
    if explain_engine:
        _explain(as_json)
        return
    opened = Store.open(store)
    if profile:
        ctx.exit(_profile(opened, profile, limit, as_json))
    with waiting(f"Checking {count(opened.count(), 'triple')}"):
        findings = check(opened, engine=engine)
    code = FINDINGS if findings else DONE
    if as_json:
        print_json({"exit_code": code, "findings": [finding.as_dict() for finding in findings]})
    elif not findings:
        out.print("No findings.")
    else:
        kinds = Counter(finding.severity for finding in findings)
        told = ", ".join(count(number, severity.lower()) for severity, number in sorted(kinds.items()))
        out.print(f"{count(len(findings), 'finding')}: {told}.")
        print_findings(findings, limit or len(findings))
    ctx.exit(code)


def _profile(store: Store, name: str, limit: int, as_json: bool) -> int:
    """Print what the things of a store lack of a reporting profile, those that lack most first."""
    found = report(store, name)
    code = FINDINGS if found.missing() else DONE
    scored = sorted(found.scored, key=lambda thing: thing.score)
    if as_json:
        things = [
            {
                "subject": thing.subject,
                "score": thing.score,
                "missing": [each.title for each in thing.missing],
            }
            for thing in scored
        ]
        print_json({"exit_code": code, "profile": name, "score": found.score, "things": things})
        return code
    out.print(f"{name}: {found.score:.0%} on average of {count(len(scored), 'thing')}.")
    for requirement, lack, asked in found.missing():
        out.print(f"  {lack:,} of {asked:,} lack: {requirement.title}. {requirement.message}", markup=False)
    for thing in scored[: limit or None]:
        out.print(f"  {thing.score:.0%} {shorten(thing.subject, store.base)}", markup=False)
    return code


def _explain(as_json: bool) -> None:
    """Print by what each rule is checked: those that pySHACL alone knows by name, the others as counts."""
    scopes: tuple[Scope, ...] = ("record", "line")
    told = {rule: way for scope in scopes for rule, way in engines(scope).items()}
    if as_json:
        print_json({"exit_code": DONE, "rules": told})
        return
    ways = Counter(way.partition(":")[0] for way in told.values())
    for way in ("columns", "set query", "pySHACL"):
        out.print(f"{way}: {count(ways[way], 'rule')}")
    for rule, way in told.items():
        if way.startswith("pySHACL"):
            out.print(f"  {rule.rpartition('#')[2]}: {way.partition(': ')[2]}")
