"""`python -m benchmarks WHAT`: the product against its peers, measured in the same run."""

from __future__ import annotations

import argparse
import sys

from benchmarks import (
    analytics,
    influences,
    lineage,
    loading,
    passports,
    queries,
    reasoning,
    resolver,
    serving,
    shells,
    validation,
)

WHAT = (
    "analytics",
    "influences",
    "lineage",
    "loading",
    "passports",
    "queries",
    "reasoning",
    "resolver",
    "serving",
    "shells",
    "validation",
    "wide",
)


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=WHAT)
    parser.add_argument("--batteries", type=int, default=200, help="size of the line of packs")
    parser.add_argument("--cells", type=int, default=1000, help="size of the sample line")
    parser.add_argument("--rows", type=int, default=10_000, help="length of the wide table")
    text = "an interpreter that has morph-kgc, maplib and pyrudof"
    parser.add_argument("--peers", default=sys.executable, metavar="PYTHON", help=text)
    parser.add_argument("--seeds", type=int, default=influences.SEEDS, help="lines of each size (influences)")
    parser.add_argument("--shells", type=int, default=1000, help="batteries whose shells are written")
    parser.add_argument(
        "--scope", action="append", choices=list(validation.SCOPES), help="rules to check (validation); all"
    )
    given = parser.parse_args()
    report = {
        "analytics": lambda: analytics.report(given.cells, given.peers),
        "influences": lambda: influences.report(seeds=given.seeds),
        "lineage": lambda: lineage.report(given.cells),
        "loading": lambda: loading.report(given.cells, given.peers),
        "passports": lambda: passports.report(given.batteries),
        "queries": lambda: queries.report(given.cells),
        "reasoning": lambda: reasoning.report(given.cells),
        "resolver": resolver.report,
        "serving": lambda: serving.report(given.cells),
        "shells": lambda: shells.report(given.shells),
        "validation": lambda: validation.report(given.cells, given.peers, given.scope or validation.SCOPES),
        "wide": lambda: loading.wide(given.rows),
    }
    for line in report[given.what]():
        print(line, flush=True)  # noqa: T201 - this is what the command is for


if __name__ == "__main__":
    main()
