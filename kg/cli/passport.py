"""`kg passport`: the passport of a battery, what is missing in it, and where each value comes from."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from kg.cli.common import FINDINGS, count, json_option, out, print_json, store_option
from kg.errors import KgError
from kg.iri import shorten
from kg.near import near, quoted
from kg.passport import batch, log
from kg.passport import write as forms
from kg.passport.access import AUDIENCES, STAFF, visible, why_withheld
from kg.passport.build import Builder, Passport, found_as_dict
from kg.passport.bundle import bundle, verify
from kg.passport.check import Report, check
from kg.passport.life import CeasedError
from kg.passport.profiles import EC, PROFILES
from kg.passport.recycler import AUDIENCE as RECYCLER
from kg.passport.recycler import recycler
from kg.passport.registry import Point
from kg.passport.sign import key_of
from kg.passport.values import Found
from kg.store import Store
from kg.terms import vocabulary


@click.command()
@click.argument("name", metavar="[ID]", default="")
@click.argument("what", metavar="[FILE]", default="")
@click.option("--list", "listed", is_flag=True, help="List the batteries, and which of them owe a passport.")
@click.option(
    "--check", "checked", is_flag=True, help="Say for each data point whether it is there or missing."
)
@click.option(
    "--profile", type=click.Choice(list(PROFILES)), default=EC, show_default=True, help="What is owed."
)
@click.option("--date", "day", default="", metavar="YYYY-MM-DD", help="Day for which --check asks.")
@click.option(
    "--why", "point", default="", metavar="POINT", help="File and row behind a data point or field."
)
@click.option(
    "--audience",
    type=click.Choice([*AUDIENCES, STAFF]),
    default="public",
    show_default=True,
    help="Who reads it; see Annex XIII of the regulation.",
)
@click.option("--format", "form", type=click.Choice(forms.FORMATS), help="Write it for machines.")
@click.option("--recycler", "recycle", is_flag=True, help="What is needed to treat the battery.")
@click.option("--all", "every", is_flag=True, help="Write all passports, one JSON document a line.")
@click.option(
    "--sign",
    "sign_key",
    type=click.Path(path_type=Path),
    metavar="KEY",
    help="Sign it as JWS with the key in a file (PEM or JWK; Ed25519 or P-256).",
)
@click.option(
    "--output", "-o", "output", type=click.Path(path_type=Path), metavar="FILE", help="Where a bundle goes."
)
@click.option(
    "--trust",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="KEYS",
    help="Public keys of the manufacturer, to verify a bundle with.",
)
@store_option
@json_option
def passport(
    name: str,
    what: str,
    listed: bool,
    checked: bool,
    profile: str,
    day: str,
    point: str,
    audience: str,
    form: str | None,
    recycle: bool,
    every: bool,
    sign_key: Path | None,
    output: Path | None,
    trust: Path | None,
    store: Path,
    as_json: bool,
) -> None:
    """Show the passport of the battery ID, check it, or follow a value to its row.

    ID is a number of a battery (TX42-0001), the identifier on its label, or that of a passport (DBP-000001).
    The word `record` in its place adds a line to the log of the store for each passport that is new or has
    changed; `verify` checks the log, and each passport against its last line.
    `bundle ID --sign KEY -o FILE` writes a passport with its signature into one file, which `verify FILE`
    checks anywhere, without the store.
    """
    if name == "verify" and what:
        _verify_bundle(Path(what), trust, as_json)
        return
    if name == "bundle":
        _bundle(Builder(Store.open(store)), what, sign_key, output, (audience, profile))
        return
    if what:
        raise KgError(f"'{what}' is one name too many: kg passport ID, bundle ID, or verify FILE.")
    if name in ("record", "verify"):
        (_record if name == "record" else _verify)(store)
        return
    if every:
        for line in batch.lines(store, audience, profile, os.cpu_count() or 1):
            click.echo(line)
        return
    builder = Builder(Store.open(store))
    if listed or not name:
        _list(builder, as_json)
        return
    try:
        made = builder.named(name)
    except CeasedError as error:
        if as_json or form:
            print_json(error.tombstone)
            click.get_current_context().exit(FINDINGS)
        raise
    if recycle:
        if audience not in (RECYCLER, STAFF):
            raise KgError(f"this view is for a person with legitimate interest: --audience {RECYCLER}.")
        _recycle(builder, made, as_json)
    elif checked:
        _check(check(made, profile, day), as_json)
    elif point:
        _why(made, point, audience, as_json)
    elif sign_key:
        click.echo(key_of(sign_key).sign(forms.as_json(made, audience, profile)))
    elif form or as_json:
        click.echo(forms.write(made, form or "json", audience, profile), nl=False)
    else:
        _page(made, audience, profile)


def _documents(builder: Builder) -> Iterator[tuple[str, str, str]]:
    """Yield (passport, event, document) for the log: the whole passport, or its tombstone."""
    for battery in builder.batteries():
        try:
            made = builder.build(battery)
            if made.id:
                whole = {audience: forms.as_dict(made, audience) for audience in AUDIENCES}
                yield made.id, "", json.dumps(whole, ensure_ascii=False, sort_keys=True)
        except CeasedError as error:
            stone = error.tombstone
            yield stone["passport"].rpartition("/")[2], "ceased", json.dumps(stone, sort_keys=True)
        except KgError:
            continue


def _record(store: Path) -> None:
    added = log.record(store, _documents(Builder(Store.open(store))))
    for entry in added:
        out.print(f"{entry.number}  {entry.event}  {entry.passport}")
    out.print(f"{count(len(added), 'line')} added to {store / log.FILE}.")


def _verify(store: Path) -> None:
    builder = Builder(Store.open(store))
    entries = log.read(store)
    known = log.latest(entries)
    now = {passport: log.digest(document) for passport, _, document in _documents(builder)}
    changed = sorted(name for name, sha256 in now.items() if name in known and known[name].sha256 != sha256)
    new, gone = sorted(now.keys() - known.keys()), sorted(known.keys() - now.keys())
    out.print(f"{count(len(entries), 'line')} of the log, unbroken.")
    for said, names in (("changed since", changed), ("not in the log", new), ("no longer there", gone)):
        for name in names:
            out.print(f"  {name}: {said}")
    if changed or new or gone:
        click.get_current_context().exit(FINDINGS)


def _bundle(
    builder: Builder, name: str, sign_key: Path | None, output: Path | None, told: tuple[str, str]
) -> None:
    if not name or sign_key is None or output is None:
        raise KgError("a bundle needs a passport, a key and a file: kg passport bundle ID --sign KEY -o FILE")
    made = builder.named(name)
    packed = bundle(made, key_of(sign_key), log.read(builder.store.path), *told)
    output.write_bytes(packed)
    out.print(f"{made.id}, as {told[0]} sees it: {output}, {len(packed):,} bytes.", markup=False)


def _verify_bundle(path: Path, trust: Path | None, as_json: bool) -> None:
    held = verify(path, trust)
    if as_json:
        print_json(vars(held))
        return
    out.print(f"{held.passport}, as {held.audience} sees it: nothing was changed since it was signed.")
    out.print(f"{count(held.points, 'point')}, {count(held.lines, 'line')} of the log, key {held.key}.")
    if not held.trusted:
        out.print("Whose key this is, the bundle cannot say: --trust KEYS holds it against those you know.")


def _recycle(builder: Builder, made: Passport, as_json: bool) -> None:
    view = recycler(made, builder.bench(made.battery).materials)
    if as_json:
        print_json(view)
        return
    out.print(Text(f"Battery {made.id}  {view.get('chemistry', '')}", style="bold"))
    _tell(view, "")


def _tell(values: dict[str, Any], indent: str) -> None:
    for key, value in values.items():
        label = f"{indent}{key.replace('_', ' ')}"
        if isinstance(value, dict):
            out.print(Text(label, style="cyan"))
            _tell(value, indent + "  ")
        elif isinstance(value, list):
            out.print(Text(label, style="cyan"))
            for row in value:
                out.print(Text(f"{indent}  {_row(row)}"))
        elif value not in ("", None):
            out.print(Text(f"{label}: {value}"))


def _list(builder: Builder, as_json: bool) -> None:
    rows = []
    for battery in builder.batteries():
        try:
            made = builder.build(battery)
            state = check(made)
            said = "complete" if state.complete else "incomplete"
            rows.append({"passport": made.id, "category": made.category, "state": said, "reason": ""})
        except KgError as error:
            rows.append({"passport": "", "category": "", "state": "none owed", "reason": str(error)})
        rows[-1] = {"battery": shorten(battery, builder.store.base), **rows[-1]}
    if as_json:
        print_json(rows)
        return
    table = Table(box=None, pad_edge=False)
    for column in ("battery", "passport", "category", "state"):
        table.add_column(column)
    for row in rows:
        table.add_row(*(row[column] for column in ("battery", "passport", "category", "state")))
    out.print(table)


def _check(report: Report, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "passport": report.passport,
                "profile": report.profile,
                "date": report.day,
                "complete": report.complete,
                "counts": report.counts(),
                "points": [vars(verdict) for verdict in report.verdicts],
            }
        )
    else:
        table = Table(box=None, pad_edge=False)
        for column in ("nr", "state", "data point"):
            table.add_column(column)
        for verdict in report.verdicts:
            table.add_row(verdict.id, verdict.state, _short(verdict.name))
            for message in verdict.messages:
                table.add_row("", "", Text(message, style="red"))
        out.print(table)
        said = ", ".join(f"{number} {state}" for state, number in report.counts().items())
        head = "Complete" if report.complete else "Not complete"
        out.print(f"{head} under {report.profile} on {report.day}: {said}.")
    if not report.complete:
        click.get_current_context().exit(FINDINGS)


def _short(name: str, width: int = 88) -> str:
    return name if len(name) <= width else f"{name[: width - 1].rstrip()}…"


def _asked(made: Passport, asked: str) -> Iterator[tuple[Point, str]]:
    """Yield the fields that a number of a point or a key means, each with the point that shows it."""
    points = made.registry.points
    if asked in points:
        yield from ((points[asked], key) for key in points[asked].fields)
        return
    key = asked.replace("-", "_")
    if key not in made.registry.fields:
        alike = near(key, made.registry.fields)
        hint = f" Near: {quoted(alike)}." if alike else ""
        raise KgError(
            f"no data point is called '{asked}'. They are 1 to 71, or keys such as capacity_fade.{hint}"
        )
    yield from ((point, key) for point in made.registry.points_of(key))


def _why(made: Passport, asked: str, audience: str, as_json: bool) -> None:
    seen = [(point, key) for point, key in _asked(made, asked) if visible(point, audience)]
    if not seen:
        point = next(point for point, _ in _asked(made, asked))
        raise KgError(f"data point {point.id} is for {why_withheld(point)}. Say who you are with --audience.")
    found = {key: made.values[key] for _, key in seen}
    if as_json:
        units = made.registry.fields
        print_json({key: found_as_dict(each, units[key].unit) for key, each in found.items() if each})
        return
    for key, each in found.items():
        if each is None:
            out.print(f"{key}: the graph does not hold it")
            continue
        out.print(Text(f"{key}: {_value(made, key, each)}", style="bold"))
        _proof(made, each, "  ")


def _proof(made: Passport, found: Found, indent: str) -> None:
    said = f", by {found.said_by}" if found.said_by else ""
    out.print(f"{indent}{found.kind}{f', {found.time}' if found.time else ''}{said}")
    if found.by:
        out.print(f"{indent}from")
        for key in found.by:
            inner = made.values[key]
            if inner:
                out.print(f"{indent}  {key}: {_value(made, key, inner)}")
                _proof(made, inner, indent + "    ")
        return
    for file, rows in found.files().items():
        shown = ", ".join(rows[:12])
        out.print(f"{indent}{file}: {shown}{f' and {len(rows) - 12} more' if len(rows) > 12 else ''}")


def _value(made: Passport, key: str, found: Found) -> str:
    value = found.value
    if isinstance(value, list):
        return count(len(value), "row")
    if isinstance(value, dict):
        return ", ".join(map(str, value.values()))
    unit = made.registry.fields[key].unit
    name = "" if unit in ("", "1") else f" {vocabulary().units.parse(unit).name}"
    spread = f" ± {found.uncertainty:.3g}" if found.uncertainty is not None else ""
    return f"{value}{spread}{name}"


def _page(made: Passport, audience: str, profile: str) -> None:
    out.print(Text(f"Battery passport {made.id}  {made.category}", style="bold"))
    out.print(f"battery {shorten(made.battery, made.base)}, as {audience} sees it")
    group = ""
    for point in forms.shown(made, profile):
        values = made.of(point) if visible(point, audience) else {}
        if visible(point, audience) and not values:
            continue
        if point.group != group:
            group = point.group
            out.print(Text(f"\n{group}", style="cyan"))
        if not visible(point, audience):
            out.print(
                Text(f"  {point.id:>3}  {_short(point.name, 60)}: for {why_withheld(point)}", style="dim")
            )
            continue
        for place, (key, found) in enumerate(values.items()):
            label = f"{point.id:>3}" if place == 0 else "   "
            out.print(
                f"  {label}  {key.replace('_', ' ')}: {_value(made, key, found)}  [dim]{found.kind}[/dim]"
            )
            for row in found.value if isinstance(found.value, list) else ():
                out.print(Text(f"         {_row(row)}"))


def _row(row: dict[str, Any]) -> str:
    numbers = {"mass_kg": "kg", "share_percent": "%"}
    parts = [
        f"{value:.4g} {numbers[key]}" if key in numbers else f"{value}"
        for key, value in row.items()
        if key not in ("step",)
    ]
    return "; ".join(parts)
