"""`kg ontology`: make the vocabulary that the other verbs read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click

from kg import reasoner
from kg.cli.common import FINDINGS, Group, count, json_option, out, print_json, waiting
from kg.resources import folder
from kg.vocabulary_slice import build
from kg.vocabulary_slice.bridge import write_bridge
from kg.vocabulary_slice.left_out_page import left_out_page


@click.group(cls=Group)
def ontology() -> None:
    """Keep the vocabulary: the slices of upstream ontologies."""


@ontology.command("slice")
@click.option(
    "--from",
    "upstream",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with the upstream files; ontology/imports.toml names them.",
)
@click.option(
    "--to",
    "target",
    default=None,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder that holds imports/ and imports.toml; default: the ontology folder of this installation.",
)
@click.option("--update", is_flag=True, help="Accept files whose sha256 differs from the lock.")
@json_option
def slice_command(upstream: Path, target: Path | None, update: bool, as_json: bool) -> None:
    """Write the fact slices of the upstream ontologies, and the lock."""
    outcome = build(upstream, target or folder("ontology"), update=update)
    if as_json:
        print_json(
            {
                "statements": outcome.statements,
                "terms": outcome.terms,
                "changed": list(outcome.changed),
                "left_out": list(outcome.left_out),
            }
        )
        return
    for name, number in outcome.statements.items():
        out.print(f"{name:8} {outcome.terms[name]:6} terms {number:7} statements", markup=False)
    out.print(f"Left out: {len(outcome.left_out)} statements.", markup=False)
    for line in outcome.left_out:
        out.print(f"  {line}", markup=False)
    out.print(f"Changed: {', '.join(outcome.changed) or 'nothing'}.", markup=False)


@ontology.command("classify")
@click.option(
    "--from",
    "upstream",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with the upstream files; ontology/imports.toml names them.",
)
@click.option(
    "--to",
    "target",
    default=None,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder that holds the slices, the extension and the bridge; default: that of this installation.",
)
@click.option("--check", is_flag=True, help="Only tell whether classified.ttl is current; needs no Java.")
@click.option("--data/--no-data", default=True, show_default=True, help="Reason over a sample of data too.")
@click.option(
    "--why", "reason", metavar="IRI", help="Only tell by which axioms this class can have no member."
)
@click.option("--if-possible", is_flag=True, help="Where Java or owlready2 is missing, say so and go on.")
@click.option(
    "--limit", default=3600, show_default=True, help="Seconds that HermiT has for each of its runs."
)
@json_option
def classify_command(
    upstream: Path | None,
    target: Path | None,
    check: bool,
    data: bool,
    reason: str | None,
    if_possible: bool,
    limit: int,
    as_json: bool,
) -> None:
    """Have HermiT look at the whole vocabulary, and write what reasoning adds to its hierarchy.

    Takes minutes and up to 2 GB. Ends with 1 where a class can have no member or something is inconsistent;
    then nothing is written.
    """
    place = target or folder("ontology")
    if check:
        _say_stale(reasoner.stale(place), as_json)
        return
    if upstream is None:
        raise click.UsageError("Name the folder with the upstream files: --from FOLDER.")
    wanting = reasoner.missing()
    if wanting and if_possible:
        out.print(f"Skipped: {wanting}", markup=False)
        return
    if reason:
        _say_why(reasoner.why(upstream, place, reason), reason, as_json)
        return
    with waiting("HermiT classifies the vocabulary; this takes minutes"):
        found = reasoner.classify(upstream, place, data=data, limit=limit)
    if as_json:
        print_json(_as_json(found))
    else:
        for line in _lines(found):
            out.print(line, markup=False)
    if not found.sound:
        raise click.exceptions.Exit(FINDINGS)


def _say_stale(changed: list[str], as_json: bool) -> None:
    if as_json:
        print_json({"current": not changed, "changed": changed})
    elif changed:
        out.print(f"classified.ttl is not current. Changed since: {', '.join(changed)}.", markup=False)
        out.print("To make it anew: kg ontology classify --from FOLDER", markup=False)
    else:
        out.print("classified.ttl is current.", markup=False)
    if changed:
        raise click.exceptions.Exit(FINDINGS)


def _say_why(axioms: list[str] | None, iri: str, as_json: bool) -> None:
    if as_json:
        print_json({"class": iri, "satisfiable": axioms is None, "axioms": axioms or []})
    elif axioms is None:
        out.print(f"{iri} can have members.", markup=False)
    else:
        out.print(f"{iri} can have no member. It follows from {count(len(axioms), 'axiom')}:", markup=False)
        for line in axioms:
            out.print(f"  {line}", markup=False)


def _as_json(found: reasoner.Classified) -> dict[str, object]:
    return {
        "axioms": found.axioms,
        "left_out": found.left_out,
        "consistent": found.verdict.consistent,
        "unsatisfiable": list(found.verdict.unsatisfiable),
        "seconds": round(found.verdict.seconds, 1),
        "data": found.data,
        "data_consistent": found.data_consistent,
        "data_seconds": None if found.data_seconds is None else round(found.data_seconds, 1),
        "links": found.links,
        "equivalences": found.equivalences,
        "changed": found.changed,
    }


def _lines(found: reasoner.Classified) -> Iterator[str]:
    verdict = found.verdict
    yield f"{count(found.axioms, 'triple')} of axioms; {count(found.left_out, 'axiom')} of upstream left out."
    yield (
        f"{_consistent(verdict.consistent)}, {len(verdict.unsatisfiable)} unsatisfiable, "
        f"{verdict.seconds:.0f} s."
    )
    for name in reasoner.only_names(verdict.unsatisfiable, found.labels):
        yield f"  {name}"
    if found.data_seconds is not None:
        said = _consistent(found.data_consistent is True)
        yield f"With the records of one cell ({found.data:,} triples): {said}, {found.data_seconds:.0f} s."
    if found.sound:
        what = "written" if found.changed else "unchanged"
        yield (
            f"classified.ttl {what}: {count(found.links, 'link')} and "
            f"{count(found.equivalences, 'equivalence')} that no file states."
        )
    else:
        yield "classified.ttl is left as it was. To see why: kg ontology classify --from FOLDER --why IRI"


def _consistent(yes: bool) -> str:
    return "consistent" if yes else "INCONSISTENT"


@ontology.command("report")
@click.option(
    "--from",
    "upstream",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with the upstream files; ontology/imports.toml names them.",
)
@click.option(
    "--to",
    "target",
    default=None,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder that holds the slices, the extension and the bridge; default: that of this installation.",
)
@click.option(
    "--venv",
    default=Path(".venv/emmocheck"),
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where emmocheck is installed, in an environment of its own.",
)
@json_option
def report_command(upstream: Path, target: Path | None, venv: Path, as_json: bool) -> None:
    """Check our own terms by the rules of ROBOT's report and by emmocheck.

    What remains and why: docs/reference/ontology-report.md.
    """
    place = target or folder("ontology")
    offences = reasoner.offences(place)
    failures: list[reasoner.Failure] | None = None
    skipped = ""
    try:
        reasoner.install(venv)
        failures = reasoner.emmocheck(upstream, place, venv)
    except reasoner.CheckerMissingError as error:
        skipped = str(error)
    if as_json:
        print_json(
            {
                "rules": [asdict(offence) for offence in offences],
                "emmocheck": None if failures is None else [asdict(failure) for failure in failures],
                "skipped": skipped,
            }
        )
        return
    for (level, rule), number in Counter((o.level, o.rule) for o in offences).items():
        out.print(f"{level:5} {rule:28} {number:5}", markup=False)
    out.print(f"Rules of ROBOT's report: {count(len(offences), 'offence')}.", markup=False)
    if failures is None:
        out.print(f"Skipped: {skipped}", markup=False)
        return
    for test, number in Counter(failure.test for failure in failures).items():
        out.print(f"      {test:28} {number:5}", markup=False)
    out.print(f"emmocheck: {count(len(failures), 'failure')}.", markup=False)


@ontology.command("bridge")
@click.option(
    "--from",
    "upstream",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with the upstream files; bvco/BVCO.ttl and gpo/GPO.ttl are read.",
)
@click.option(
    "--to",
    "target",
    default=None,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder that holds bridge.ttl and imports/; default: the ontology folder of this installation.",
)
@click.option(
    "--page",
    "page_file",
    default=None,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the page about the axioms that are left out into this file.",
)
@json_option
def bridge_command(upstream: Path, target: Path | None, page_file: Path | None, as_json: bool) -> None:
    """Write anew which current IRI stands for each old one that BVCO and GPO mention."""
    ontology_folder = target or folder("ontology")
    done = write_bridge(upstream, ontology_folder)
    if page_file is not None:
        page_file.write_text(left_out_page(ontology_folder), encoding="utf-8", newline="\n")
    if as_json:
        print_json(asdict(done))
        return
    out.print(
        f"{done.mentioned} IRIs mentioned: {done.current} are current, {done.replaced} have a counterpart by"
        f" rule, {done.by_hand} stand by hand in bridge.ttl.",
        markup=False,
    )
    out.print(f"Changed: {'bridge.ttl' if done.changed else 'nothing'}.", markup=False)
