"""`kg terms`: a word -> the terms of the vocabulary that it may mean."""

from __future__ import annotations

from typing import Any

import click
from rich.table import Table

from kg.cli.common import json_option, out, print_json
from kg.terms import AmbiguousTermError, Term, UnknownTermError, Vocabulary, vocabulary


@click.command()
@click.argument("text")
@click.option("--limit", default=10, show_default=True, type=click.IntRange(1), help="Show at most so many terms.")
@json_option
@click.pass_context
def terms(ctx: click.Context, text: str, limit: int, as_json: bool) -> None:
    """Find the term for TEXT: a label, a German or English word, a part of one, or an IRI."""
    known = vocabulary()
    exact = _exact(known, text)
    hits = known.search(exact.label if exact else text, limit)
    if exact is None and not hits:
        raise UnknownTermError(text)
    if as_json:
        print_json(
            {
                "exact": _record(known, exact) if exact else None,
                "hits": [_record(known, h.term) | {"score": h.score, "reason": h.reason} for h in hits],
            }
        )
        return
    if exact is not None:
        _show(known, exact)
    others = [hit for hit in hits if hit.term != exact]
    if not others:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("label", "kind", "source", "unit", "why", "IRI"):
        table.add_column(heading, no_wrap=heading in ("label", "source", "IRI"), overflow="fold")
    for hit in others:
        table.add_row(hit.term.label, hit.term.kind, hit.term.source, _unit(known, hit.term), hit.reason, hit.term.iri)
    if exact is not None:
        out.print("\nSimilar:")
    out.print(table, markup=False)


def _exact(known: Vocabulary, text: str) -> Term | None:
    try:
        return known.resolve(text)
    except (UnknownTermError, AmbiguousTermError):
        return None


def _unit(known: Vocabulary, term: Term) -> str:
    if term.kind == "unit":
        found = known.units.get(term.iri)
    else:
        found = known.canonical_unit(term.iri)
    return found.code if found else ""


def _record(known: Vocabulary, term: Term) -> dict[str, Any]:
    return {
        "iri": term.iri,
        "label": term.label,
        "kind": term.kind,
        "source": term.source,
        "alt": list(term.alt),
        "parents": list(term.parents),
        "unit": _unit(known, term) or None,
        "dimension": known.dimension(term.iri),
        "deprecated": term.deprecated,
        "replaced_by": term.replaced_by,
    }


def _show(known: Vocabulary, term: Term) -> None:
    parents = [known.term(iri).label for iri in term.parents if iri in known]
    lines = {
        "IRI": term.iri,
        "kind": term.kind,
        "source": term.source,
        "also called": ", ".join(term.alt),
        "under": ", ".join(parents),
        "unit": _unit(known, term),
        "dimension": known.dimension(term.iri) or "",
        "deprecated": f"yes, use {term.replaced_by}" if term.replaced_by else "yes" if term.deprecated else "",
    }
    out.print(f"{term.label}", style="bold", markup=False)
    for name, text in lines.items():
        if text:
            out.print(f"  {name:12} {text}", markup=False)
