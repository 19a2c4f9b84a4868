"""`python -m benchmarks WHAT`: the product against its peers, measured in the same run."""

from __future__ import annotations

import argparse

from benchmarks import loading, resolver, validation


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("loading", "resolver", "validation"))
    parser.add_argument("--cells", type=int, default=1000, help="size of the sample line")
    given = parser.parse_args()
    report = {
        "loading": lambda: loading.report(given.cells),
        "resolver": resolver.report,
        "validation": lambda: validation.report(given.cells),
    }
    for line in report[given.what]():
        print(line)  # noqa: T201 - this is what the command is for


if __name__ == "__main__":
    main()
