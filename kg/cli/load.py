"""`kg load`: record files into the store."""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from kg.cli.common import DONE, FINDINGS, NOTHING, count, json_option, out, print_json, store_option
from kg.errors import KgError
from kg.findings import Finding
from kg.iri import DEFAULT_BASE
from kg.load import Loader, Outcome
from kg.load import Progress as Tell
from kg.missing import missing_files
from kg.slips import file_slips
from kg.store import Store
from kg.watch import Event, Watch

FULL = 12
"""Up to so many files are told one by one; more are told as sums."""
EXAMPLES, EXAMPLES_DRY = 5, 3
"""Findings of one rule that are shown; a dry run is read for its kinds of findings."""
SLIPS = 20
"""Proposals that are shown."""
LARGEST = 50_000_000
"""Bytes up to which a file is read once more to look for slips."""


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


def slips_of(loader: Loader, outcomes: Iterable[Outcome]) -> list[Finding]:
    """Return the slips in the files that were loaded or checked now: proposals, in the order of the files."""
    found: list[Finding] = []
    for outcome in outcomes:
        if outcome.outcome in ("loaded", "checked") and outcome.path.stat().st_size <= LARGEST:
            found += file_slips(outcome.path, loader.plans_for(outcome.path), outcome.name)
    return found


def as_dict(outcome: Outcome, slips: Iterable[Finding] = ()) -> dict[str, Any]:
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
        "proposals": [slip.as_dict() for slip in slips if slip.file == outcome.name],
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


def print_slips(slips: list[Finding]) -> None:
    """Print what looks like a slip; nothing of it is changed."""
    if slips:
        out.print("Is this meant? Nothing of it was changed:")
        for slip in slips[:SLIPS]:
            where = f"{slip.file}:{slip.row}" if slip.row else slip.file
            out.print(f"  {where} column '{slip.column}': {slip.message}", markup=False)
        if len(slips) > SLIPS:
            out.print(f"  ... and {len(slips) - SLIPS:,} more; all of them: --json")


def print_outcomes(outcomes: list[Outcome], limit: int = EXAMPLES, slips: Iterable[Finding] = ()) -> None:
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
    print_slips(list(slips))
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
@click.option(
    "--watch",
    "watched",
    is_flag=True,
    help="Keep one folder in step: load what is new or changed in it, until Ctrl-C.",
)
@click.option(
    "--every",
    type=click.FloatRange(min=0.05),
    default=2.0,
    show_default=True,
    metavar="SECONDS",
    help="With --watch: time between two looks; a file is taken when its size rests that long.",
)
@click.option("--dry-run", is_flag=True, help="Read, map and check, but store nothing.")
@click.option(
    "--no-derive", is_flag=True, help="Leave the derived graphs as they are; 'kg derive' makes them."
)
@click.option("--under", default="", metavar="NAME", help="Put NAME/ before the names of these files.")
@click.option("--base", default=DEFAULT_BASE, hidden=True, help="Base of a store that this load makes.")
@click.pass_context
def load(
    ctx: click.Context,
    paths: tuple[Path, ...],
    store: Path,
    as_json: bool,
    mappings: tuple[Path, ...],
    watched: bool,
    every: float,
    dry_run: bool,
    no_derive: bool,
    under: str,
    base: str,
) -> None:
    """Load record files, and all files in the folders named.

    Each file becomes one named graph, which is replaced when the file is loaded again.
    Rows that break a rule are set aside with their reasons; the rest loads.
    A store that does not exist yet is made.
    """
    if watched:
        if dry_run:
            raise KgError("--watch keeps the store in step, so it does not go with --dry-run.")
        if len(paths) != 1:
            raise KgError("--watch keeps one folder in step. Start it once for each folder.")
        _watch(paths[0], store, mappings, under, base, every, as_json)
        return
    new = not (store / "store.toml").exists()
    with progress_bar() as tell:
        loader = Loader(
            store,
            mappings,
            dry_run=dry_run,
            under=under,
            base=base,
            progress=tell,
            derive=not no_derive,
        )
        outcomes = loader.load(paths)
    code = exit_code(outcomes)
    slips = slips_of(loader, outcomes)
    if as_json:
        files = [as_dict(one, slips) for one in outcomes]
        print_json({"exit_code": code, "dry_run": dry_run, "files": files})
    else:
        if new and not dry_run and code != NOTHING:
            out.print(f"Made a store in {store}, base {loader.base}")
        print_outcomes(outcomes, EXAMPLES_DRY if dry_run else EXAMPLES, slips)
        if code != NOTHING and not dry_run:
            print_missing(missing_files(Store.open(store)), 3)
        if dry_run:
            out.print("This was a dry run: nothing was stored.")
        elif code == NOTHING:
            out.print("Nothing was loaded; the store is as it was.")
    ctx.exit(code)


def _watch(
    folder: Path, store: Path, mappings: tuple[Path, ...], under: str, base: str, every: float, as_json: bool
) -> None:
    """Keep a folder in step until Ctrl-C; one line for each event."""

    def load_files(paths: list[Path]) -> list[Outcome]:
        return Loader(store, mappings, under=under, base=base).load(paths)

    watch, stop = Watch(folder, store, load_files, mappings), threading.Event()

    def end(number: int, _: object) -> None:
        # A load that has begun comes to its end; a second Ctrl-C breaks it off, and the store takes no harm.
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    handlers = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        if not as_json:
            click.echo(f"Watching {folder} every {every:g} s, into {store}. Ctrl-C ends it.")
        for event in watch.run(stop, every):
            click.echo(_event_json(event) if as_json else event_line(event))
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    if not as_json:
        click.echo("Stopped.")


def event_line(event: Event) -> str:
    """Return an event of a watch as one line."""
    text = f"{event.at:%H:%M:%S} {event.what:7} "
    if event.outcome is None:
        return text + " ".join(f"{event.name}: {event.text}".split())
    outcome = event.outcome
    text += _line(outcome).strip().replace("\n", " ")
    if outcome.findings:
        text += f"; {count(len(outcome.findings), 'finding')}"
    return text + (f"; set aside in {outcome.aside}" if outcome.aside else "")


def _event_json(event: Event) -> str:
    told: dict[str, Any] = {"at": event.at.isoformat(), "what": event.what, "name": event.name}
    if event.outcome is not None:
        told |= as_dict(event.outcome)
    else:
        told["text"] = event.text
    return json.dumps(told, ensure_ascii=False)
