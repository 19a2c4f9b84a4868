"""`kg validate`: check all that is in the store."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from kg.check import check
from kg.cli.common import DONE, FINDINGS, count, json_option, out, print_json, store_option, waiting
from kg.cli.load import print_findings
from kg.store import Store


@click.command()
@store_option
@json_option
@click.option("--limit", default=5, show_default=True, help="Examples to print for each rule; 0 for all.")
@click.pass_context
def validate(ctx: click.Context, store: Path, as_json: bool, limit: int) -> None:
    """Check the whole store: the rules on records, and the rules across records (lineage, uniqueness).

    Each finding names file, row, column, value and rule.
    """
    opened = Store.open(store)
    with waiting(f"Checking {count(opened.count(), 'triple')}"):
        findings = check(opened)
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
