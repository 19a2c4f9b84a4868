"""`kg terms`: a word -> the terms of the vocabulary that it may mean."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from kg.cli.common import json_option, out, print_json, store_option
from kg.store import Store
from kg.termrecord import page, record, unit_name, used
from kg.terms import AmbiguousTermError, Term, UnknownTermError, Vocabulary, vocabulary
from kg.units import Unit, UnknownUnitError
from kg.usage import Usage, usages


@click.command()
@click.argument("text")
@click.option(
    "--limit", default=10, show_default=True, type=click.IntRange(1), help="Show at most so many terms."
)
@store_option
@json_option
def terms(text: str, limit: int, store: Path, as_json: bool) -> None:
    """Find the term for TEXT: a label, a German or English word, a part of one, a unit code, or an IRI.

    The page of a term tells what it means, its names, its unit, and where it is mapped, shaped and queried;
    where there is a store, how often it is used there.
    """
    known = vocabulary()
    exact, ambiguity = _exact(known, text)
    hits = known.search(exact.label if exact else text, limit)
    unit = _unit_named(known, text)
    if exact is None and unit is not None:
        exact = known.term(unit.iri)
    if exact is None and not hits:
        raise UnknownTermError(text)
    if as_json:
        print_json(
            {
                "exact": page(known, exact, _store(store)) if exact else None,
                "hits": [record(known, h.term) | {"score": h.score, "reason": h.reason} for h in hits],
            }
        )
        return
    if exact is not None:
        _show(known, exact, store)
    elif ambiguity:
        out.print(f"{ambiguity}\n", markup=False)
    others = [hit for hit in hits if hit.term != exact]
    if exact is not None and others:
        out.print("\nSimilar:", markup=False)
    _print_table(
        ("label", "kind", "source", "unit", "why", "IRI"),
        [
            (h.term.label, h.term.kind, h.term.source, unit_name(known, h.term), h.reason, h.term.iri)
            for h in others
        ],
    )


def _print_table(heading: Sequence[str], rows: list[tuple[str, ...]]) -> None:
    """Print columns as wide as their longest text; a line is never broken, so that IRIs can be copied."""
    if rows:
        widths = [max(map(len, column)) for column in zip(heading, *rows, strict=True)]
        for row in (heading, *rows):
            line = "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True))
            out.print(line.rstrip(), markup=False)


def _exact(known: Vocabulary, text: str) -> tuple[Term | None, str]:
    """Return the one term that a text names, or what to type where it names several."""
    try:
        return known.resolve(text), ""
    except UnknownTermError:
        return None, ""
    except AmbiguousTermError as error:
        return None, str(error)


def _unit_named(known: Vocabulary, text: str) -> Unit | None:
    try:
        return known.units.parse(text)
    except UnknownUnitError:
        return None


def _store(path: Path) -> Store | None:
    return Store.open(path) if (path / "store.toml").is_file() else None


def _labels(known: Vocabulary, iris: Iterable[str], limit: int = 12) -> str:
    labels = [known.term(iri).label for iri in iris if iri in known]
    more = f" and {len(labels) - limit} more" if len(labels) > limit else ""
    return ", ".join(labels[:limit]) + more


def _some(names: list[str], limit: int = 6) -> str:
    return ", ".join(names[:limit]) + (f" and {len(names) - limit} more" if len(names) > limit else "")


def _show(known: Vocabulary, term: Term, store: Path) -> None:
    use = usages().get(term.iri, Usage())
    count = used(term, _store(store))
    successor = term.replaced_by or ""
    if successor in known:
        successor = known.term(successor).qualified
    lines = {
        "means": term.meaning,
        "example": "; ".join(term.examples),
        "IRI": term.iri,
        "kind": term.kind,
        "source": term.source,
        "also called": ", ".join(name for name in term.alt if name not in term.german),
        "in German": ", ".join(term.german),
        "in files": ", ".join(term.hidden),
        "under": _labels(known, term.parents),
        "kinds": _labels(known, sorted(known.descendants(term.iri) - {term.iri})),
        "close to": _labels(known, term.close),
        "unit": unit_name(known, term),
        "UCUM code": own.ucum or "" if (own := known.units.get(term.iri)) else "",
        "dimension": known.dimension(term.iri) or "",
        "taken from": ", ".join(term.sources),
        "mapped in": _some(use.mapped),
        "shaped in": _some(use.shaped),
        "queried in": _some(use.queried),
        "stated in": _some(use.stated),
        "in the store": "" if count is None else f"{count:,} of this class",
        "deprecated": "" if not term.deprecated else f"yes, use {successor}" if successor else "yes",
    }
    out.print(f"{term.label}", style="bold", markup=False)
    for name, text in lines.items():
        if text:
            out.print(f"  {name:12} {text}", markup=False)
