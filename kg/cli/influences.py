"""`kg influences`: which parameters move a property, stated and observed."""

from __future__ import annotations

from pathlib import Path

import click
from rich.table import Table as Grid

from kg.cli.common import count, json_option, out, print_json, store_option, waiting
from kg.errors import KgError
from kg.influence.combine import VERDICTS, Entry, Ranking, as_dict
from kg.influence.combine import influences as rank
from kg.influence.keep import keep as keep_model
from kg.influence.keep import kept as kept_models
from kg.influence.picture import picture as draw
from kg.influence.whatif import as_dict as whatif_as_dict
from kg.influence.whatif import what_if as ask
from kg.iri import shorten
from kg.store import Store
from kg.terms import vocabulary

SHOWN = 15


@click.command()
@click.option("--of", "property_", metavar="PROPERTY", help="Label of a property, or QUERY.COLUMN.")
@click.option(
    "--on", metavar="GROUP", help="Only these things: a query, a batch, a lot, a machine, or a list."
)
@click.option(
    "--what", type=click.Choice(["both", "stated", "observed"]), default="both", show_default=True,
    help="Published work, these data, or both.",
)  # fmt: skip
@click.option("--all", "everything", is_flag=True, help="Show what is not seen, too.")
@click.option("--rows", metavar="PARAMETER", help="Show the rows behind one parameter, as CSV.")
@click.option("--what-if", metavar="CHANGE", help="What a change does: 'LineLoad +10 %', 'LineLoad = 300'.")
@click.option("--keep", is_flag=True, help="With --what-if: keep the model in a graph of its own.")
@click.option("--models", is_flag=True, help="List the models that are kept, and which of them are stale.")
@click.option(
    "--picture",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a picture of the ranking, as SVG.",
)
@store_option
@json_option
def influences(
    property_: str | None,
    on: str | None,
    what: str,
    everything: bool,
    rows: str | None,
    what_if: str | None,
    keep: bool,
    models: bool,
    picture: Path | None,
    store: Path,
    as_json: bool,
) -> None:
    """Rank what moves a property: by published work, and by the data of this store.

    The unit that counts is what was chosen apart from the others: a setting of a roll counts once, however
    many cells the roll made. Rolls are compared inside their batches, with the other influences taken off.
    """
    if models:
        _models(Store.open(store), as_json)
        return
    if not property_:
        raise KgError("name a property: kg influences --of Porosity. 'kg terms TEXT' finds its name.")
    opened = Store.open(store, write=keep)
    with waiting("looking"):
        ranking = rank(opened, property_, on, what=what)
    if picture:
        picture.write_text(draw(ranking), encoding="utf-8")
    if rows:
        click.echo(ranking.evidence(ranking.entry(rows)).write_csv(), nl=False)
    elif what_if:
        _what_if(ranking, what_if, keep, as_json)
    elif as_json:
        print_json(as_dict(ranking))
    else:
        _print(ranking, everything)


def _what_if(ranking: Ranking, change: str, keep: bool, as_json: bool) -> None:
    answer = ask(ranking, change)
    iri = keep_model(ranking.store, ranking, answer) if keep else ""
    if as_json:
        print_json({**whatif_as_dict(answer), "kept_as": iri})
        return
    model, unit = answer.model, f" {answer.unit}" if answer.unit not in ("", "1") else ""
    step = " points" if answer.unit == "%" else unit
    own = f" {answer.parameter_unit}" if answer.parameter_unit not in ("", "1") else ""
    for one in answer.answers:
        kind = f"{one.kind}: " if one.kind else ""
        out.print(
            f"{kind}{answer.entry.title} from {one.before:.4g} to {one.after:.4g}{own}: {model.outcome} "
            f"{one.change:+.3g}{step} ({one.low:+.3g} to {one.high:+.3g}), from {one.value:.4g}{unit}."
        )
        out.print(f"  holds from {one.valid_from:.4g} to {one.valid_to:.4g}{own}")
    for text in answer.refused:
        out.print(text, markup=False)
    taken = f", with {', '.join(answer.entry.adjusted_for)} as they are" if answer.entry.adjusted_for else ""
    out.print(
        f"By a {model.form} through {count(model.groups, 'group')} ({count(model.things, 'thing')}){taken}.\n"
        f"Of what it was not fitted to ({model.folds}) it explains {model.explained:.0%}; "
        f"it misses a group by {max(one.error for one in answer.answers):.3g}{step}.\n"
        "It says what went with the change in these data; whether the change is the cause, a trial tells.",
        markup=False,
    )
    if iri:
        out.print(f"Kept as {shorten(iri, ranking.store.base)}.")


def _models(store: Store, as_json: bool) -> None:
    found = kept_models(store)
    if as_json:
        print_json([{**vars(one), "stale": one.stale} for one in found])
        return
    for one in found:
        out.print(f"{shorten(one.iri, store.base)}: {one.label}, holds for {one.valid}", markup=False)
        out.print(f"  made {one.created[:16].replace('T', ' ')}, error {one.error:.3g}", markup=False)
        if one.stale:
            names = ", ".join(shorten(graph, store.base) for graph in one.changed)
            out.print(f"  stale: {names} changed since; ask with --what-if --keep again", markup=False)
    if not found:
        out.print("No model is kept. To keep one: kg influences --of PROPERTY --what-if CHANGE --keep")


def _print(ranking: Ranking, everything: bool) -> None:
    table = ranking.table
    if table is not None:
        tested = sum(1 for entry in ranking.entries if entry.observed is not None and entry.observed.tested)
        group = f" in {ranking.on}" if ranking.on else ""
        out.print(
            f"{ranking.label}{_unit(ranking)}: {count(len(table.things), 'thing')}"
            f"{group}, {count(len(table.columns), 'upstream value')}, {tested} of them with data enough."
        )
        if ranking.observer and ranking.observer.ratios:
            out.print("It spans more than a factor of 2, so it is compared by ratios.")
    for note in ranking.notes:
        out.print(note)
    for role, title in (("parameter", "Parameters: what can be set"), ("property", "Properties on the way")):
        shown = [entry for entry in ranking.entries if entry.role == role and (everything or _worth(entry))]
        if shown:
            _grid(ranking, shown, title)
    _remarks(ranking)
    _statements(ranking)


def _unit(ranking: Ranking) -> str:
    unit = vocabulary().units.get(ranking.unit)
    return f" in {unit.name}" if unit and unit.name != "1" else ""


def _worth(entry: Entry) -> bool:
    return entry.verdict not in ("nothing", "few")


def _grid(ranking: Ranking, entries: list[Entry], title: str) -> None:
    grid = Grid(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for name in ("#", "parameter", "step", "", "effect", "95 %", "n", "q", "evidence"):
        grid.add_column(name, justify="right" if name in ("#", "effect", "n", "q") else "left", no_wrap=True)
    for entry in entries:
        seen = entry.observed
        said = VERDICTS[entry.verdict]
        if entry.through:
            said += ", through " + ", ".join(ranking.entries[rank - 1].title for rank in entry.through[:2])
        sign = {1: "+", -1: "-"}.get(entry.sign, "")
        if seen is None or not seen.tested:
            numbers = ("", "", "", "")
        else:
            n = f"{seen.groups}" if seen.groups == seen.things else f"{seen.groups} of {seen.things}"
            numbers = (f"{seen.effect:+.2f}", f"{seen.low:+.2f} to {seen.high:+.2f}", n, _p(seen.q))
        grid.add_row(str(entry.rank), entry.title, entry.step_label, sign, *numbers, said)
    out.print()
    out.print(grid)


def _p(value: float) -> str:
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def _remarks(ranking: Ranking) -> None:
    found = [entry for entry in ranking.entries if entry.observed is not None and entry.observed.found]
    lines = []
    for entry in found:
        assert entry.observed is not None
        partners = [f"{name} ({r:+.2f})" for name, r in entry.partners if abs(r) >= 0.9][:3]
        remarks = [text for text in entry.observed.warnings if "tell them apart" not in text]
        if partners:
            remarks.append(f"cannot be told from {', '.join(partners)}")
        if remarks:
            lines.append(f"  {entry.rank} {entry.title}: {'; '.join(remarks)}")
    if lines:
        out.print("\nBeware:")
        for line in lines[:SHOWN]:
            out.print(line, markup=False)


def _statements(ranking: Ranking) -> None:
    words = vocabulary()
    lines: list[str] = []
    for entry in ranking.entries:
        for one in entry.stated:
            statement = one.statement
            what = one.parameter.said(entry.label, words.term(statement.parameter).label)
            bearer = "" if one.bearer_fits else f", of {words.term(statement.bearer).label}"
            where = one.outcome.said(ranking.label, words.term(statement.outcome).label)
            lines.append(
                f"  {entry.rank} {what} -> {where}{bearer}: {statement.direction}; {statement.source}"
                f" ({statement.method}, {statement.system})"
            )
    if lines:
        out.print("\nStated:")
        for line in lines:
            out.print(line, markup=False)
    if ranking.chains:
        out.print("\nChains of statements:")
        for chain in ranking.chains[:SHOWN]:
            names = [words.term(link.parameter).label for link in chain.statements]
            out.print(
                f"  {' -> '.join([*names, words.term(chain.statements[-1].outcome).label])}", markup=False
            )
    if ranking.table is not None and ranking.entries:
        entry = ranking.entries[0]
        found = ranking.path(entry)
        if found is not None and entry.observed is not None and entry.observed.found:
            base = ranking.store.base
            steps = [f"{shorten(step.iri, base)} ({step.label})" for step in found.steps]
            out.print(f"\nThe way of {entry.title}, in one of {found.things} things:")
            out.print("  " + " -> ".join(steps), markup=False)
