"""`kg load`: record files into the store."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from kg.cli.common import DONE, FINDINGS, NOTHING, count, json_option, out, print_json, store_option
from kg.findings import Finding
from kg.iri import DEFAULT_BASE
from kg.load import Loader, Outcome
from kg.load import Progress as Tell
from kg.missing import missing_files
from kg.store import Store

FULL = 12
"""Up to so many files are told one by one; more are told as sums."""


@contextmanager
def progress_bar() -> Iterator[Tell]:
    """Show progress on a terminal; in a pipe, say nothing."""
    if not sys.stderr.isatty():
        yield lambda name, number, total: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("")

        def tell(name: str, number: int, total: int) -> None:
            bar.update(task, description=name[:40], completed=number, total=total)

        yield tell


def exit_code(outcomes: list[Outcome]) -> int:
    """Return what the load comes to: 0, 1 with findings or rows set aside, 2 nothing usable."""
    if not any(outcome.usable for outcome in outcomes):
        return NOTHING
    clean = all(
        (outcome.usable or outcome.outcome == "empty") and not outcome.findings and not outcome.set_aside
        for outcome in outcomes
    )
    return DONE if clean else FINDINGS


def as_dict(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome for machines."""
    return {
        "file": outcome.name,
        "path": str(outcome.path),
        "outcome": outcome.outcome,
        "reason": outcome.reason,
        "mapping": outcome.mapping,
        "read": outcome.read,
        "loaded": outcome.loaded,
        "set_aside": outcome.set_aside,
        "triples": outcome.triples,
        "set_aside_file": str(outcome.aside) if outcome.aside else None,
        "findings": [finding.as_dict() for finding in outcome.findings],
    }


def _line(outcome: Outcome) -> str:
    if outcome.outcome == "failed" and outcome.reason.startswith(outcome.name):
        return f"  failed: {outcome.reason}"
    text = f"  {outcome.name}: {outcome.outcome}"
    if outcome.usable:
        rest = outcome.read - outcome.loaded - outcome.set_aside
        text += f", {outcome.loaded:,} of {count(outcome.read, 'row')}"
        text += f", {outcome.set_aside:,} set aside" if outcome.set_aside else ""
        text += f", {rest:,} ignored or empty" if rest else ""
        text += f" ({outcome.mapping})"
    return text + (f": {outcome.reason}" if outcome.reason else "")


def print_findings(findings: list[Finding], limit: int) -> None:
    """Print findings by rule, with counts and up to `limit` examples of each."""
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.severity, finding.rule), []).append(finding)
    for (severity, rule), group in groups.items():
        shown = rule.rsplit("#", 1)[-1]
        out.print(f"  {severity.lower()} {shown}: {count(len(group), 'finding')}", markup=False)
        for finding in group[:limit]:
            out.print(f"    {finding}", markup=False)
        if len(group) > limit:
            out.print(f"    ... and {len(group) - limit:,} more; all of them: --json", markup=False)


def print_outcomes(outcomes: list[Outcome], limit: int = 5) -> None:
    """Print what was loaded, what was found and what was set aside."""
    groups = Counter(outcome.outcome for outcome in outcomes)
    out.print("Files: " + ", ".join(f"{number:,} {name}" for name, number in groups.items()) + ".")
    many = len(outcomes) > FULL
    if many:
        read = sum(outcome.read for outcome in outcomes)
        loaded = sum(outcome.loaded for outcome in outcomes)
        aside = sum(outcome.set_aside for outcome in outcomes)
        text = f"{count(read, 'row')}: {loaded:,} loaded, {aside:,} set aside"
        rest = read - loaded - aside
        out.print(f"  {text}, {rest:,} ignored by name or empty." if rest else f"  {text}.")
    plain = ("loaded", "checked", "unchanged", "empty")
    told = [outcome for outcome in outcomes if not many or outcome.outcome not in plain]
    for outcome in told[: FULL * 2]:
        out.print(_line(outcome), markup=False)
    if len(told) > FULL * 2:
        out.print(f"  ... and {len(told) - FULL * 2:,} more; all of them: --json")
    findings = [finding for outcome in outcomes for finding in outcome.findings]
    if findings:
        out.print("Findings:")
        print_findings(findings, limit)
    asides = [outcome.aside for outcome in outcomes if outcome.aside]
    if asides:
        out.print("Rows set aside, with their reasons (mend them and load these files):")
        for path in asides[:FULL]:
            out.print(f"  {path}", markup=False)
        if len(asides) > FULL:
            out.print(f"  ... and {len(asides) - FULL:,} more in {asides[0].parent}")


def print_missing(missing: list[str], limit: int) -> None:
    """Print the files that the records mention and that are not in the store."""
    if missing:
        out.print(f"Mentioned by the records, and not loaded: {count(len(missing), 'file')}.")
        for name in missing[:limit]:
            out.print(f"  {name}", markup=False)
        if len(missing) > limit:
            out.print(f"  ... and {len(missing) - limit:,} more; all of them: kg info --files")


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@store_option
@json_option
@click.option(
    "--mapping",
    "mappings",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Mapping file to use instead of the one that fits the file's name.",
)
@click.option("--dry-run", is_flag=True, help="Read, map and check, but store nothing.")
@click.option("--under", default="", metavar="NAME", help="Put NAME/ before the names of these files.")
@click.option("--base", default=DEFAULT_BASE, hidden=True, help="Base of a store that this load makes.")
@click.pass_context
def load(
    ctx: click.Context,
    paths: tuple[Path, ...],
    store: Path,
    as_json: bool,
    mappings: tuple[Path, ...],
    dry_run: bool,
    under: str,
    base: str,
) -> None:
    """Load record files, and all files in the folders named.

    Each file becomes one named graph, which is replaced when the file is loaded again.
    Rows that break a rule are set aside with their reasons; the rest loads.
    A store that does not exist yet is made.
    """
    new = not (store / "store.toml").exists()
    with progress_bar() as tell:
        loader = Loader(store, mappings, dry_run=dry_run, under=under, base=base, progress=tell)
        outcomes = loader.load(paths)
    code = exit_code(outcomes)
    if as_json:
        print_json({"exit_code": code, "dry_run": dry_run, "files": [as_dict(one) for one in outcomes]})
    else:
        if new and not dry_run and code != NOTHING:
            out.print(f"Made a store in {store}, base {loader.base}")
        print_outcomes(outcomes)
        if code != NOTHING and not dry_run:
            print_missing(missing_files(Store.open(store)), 3)
        if dry_run:
            out.print("This was a dry run: nothing was stored.")
        elif code == NOTHING:
            out.print("Nothing was loaded; the store is as it was.")
    ctx.exit(code)
