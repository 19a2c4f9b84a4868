"""`kg info`: what is in the store, and what became of each source file and each column."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import click

from kg import catalogue
from kg.cli.common import count, json_option, out, print_json, store_option
from kg.cli.load import print_missing
from kg.missing import missing_files
from kg.store import Store, vocabulary_digest


def account(entries: list[catalogue.Entry]) -> list[dict[str, Any]]:
    """Return what became of each column, or of each name in an RDF source, summed over files of a mapping."""
    sums: Counter[tuple[str, str, str, str]] = Counter()
    for entry in entries:
        for item in entry.items:
            sums[entry.mapping, item.name, item.outcome, item.reason] += item.count
    return [
        {"mapping": mapping, "name": name, "outcome": outcome, "reason": reason, "count": number}
        for (mapping, name, outcome, reason), number in sorted(sums.items())
    ]


@click.command()
@store_option
@json_option
@click.option("--files", "each", is_flag=True, help="Tell every file.")
@click.option("--columns", is_flag=True, help="Tell what became of every column and parameter.")
def info(store: Path, as_json: bool, each: bool, columns: bool) -> None:
    """Tell what is in the store, and account for every source file and every column."""
    opened = Store.open(store)
    entries = catalogue.entries(opened)
    missing = missing_files(opened)
    found = account(entries)
    mended = catalogue.mended(entries)
    if as_json:
        print_json(
            {
                "store": str(store),
                "base": opened.base,
                "triples": len(opened.db),
                "graphs": len(opened.graphs()),
                "vocabulary": vocabulary_digest(),
                "files": [
                    {
                        **vars(entry),
                        "kinds": sorted(entry.kinds),
                        "items": len(entry.items),
                        "mended": mended.get(entry.graph, 0),
                    }
                    for entry in entries
                ],
                "account": found,
                "files_mentioned_but_missing": missing,
            }
        )
        return
    out.print(f"Store {store}, base {opened.base}", markup=False)
    out.print(f"{count(opened.count(), 'triple')} of records in {count(len(opened.graphs()), 'graph')}.")
    _print_files(entries, mended, each)
    _print_account(found, columns)
    print_missing(missing, len(missing) if each else 5)


def _print_files(entries: list[catalogue.Entry], mended: dict[str, int], each: bool) -> None:
    groups: dict[tuple[str, str], list[catalogue.Entry]] = defaultdict(list)
    for entry in entries:
        groups[entry.outcome, entry.mapping].append(entry)
    out.print(f"{count(len(entries), 'source file')}:")
    for (outcome, mapping), group in sorted(groups.items()):
        read, loaded = sum(entry.read for entry in group), sum(entry.loaded for entry in group)
        again = sum(mended.get(entry.graph, 0) for entry in group)
        # A row that came again in a file of mended rows is one row, and what became of it there counts.
        read, aside = read - again, sum(entry.set_aside for entry in group) - again
        by = f" by {mapping}" if mapping else ""
        rest = f"; {count(read, 'row')}, {loaded:,} loaded, {aside:,} set aside" if read else ""
        rest += f"; {again:,} came again in files of mended rows" if again else ""
        out.print(f"  {outcome}{by}: {count(len(group), 'file')}{rest}", markup=False)
        if each or outcome == "failed":
            for entry in group:
                reason = f": {entry.reason}" if entry.reason else ""
                rows = f" {entry.loaded:,} of {count(entry.read, 'row')}" if entry.read else ""
                rows += f", {mended[entry.graph]:,} mended" if entry.graph in mended else ""
                out.print(f"    {entry.name}{rows}{reason}", markup=False)


def _print_account(found: list[dict[str, Any]], columns: bool) -> None:
    sums: Counter[str] = Counter()
    for item in found:
        sums[item["outcome"]] += item["count"]
    told = ", ".join(f"{number:,} {outcome}" for outcome, number in sorted(sums.items()))
    out.print(f"Values in columns and parameters: {told or 'none'}.")
    if columns:
        for item in found:
            reason = f" ({item['reason']})" if item["reason"] else ""
            line = f"  {item['mapping']}  {item['name']}: {item['count']:,} {item['outcome']}{reason}"
            out.print(line, markup=False)
    elif found:
        out.print("  each of them: kg info --columns")
