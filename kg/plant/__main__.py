"""`python -m kg.plant FOLDER` -> the files of a pilot line in that folder, or its tables beside the steps."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from kg.errors import KgError
from kg.plant.generate import generate
from kg.plant.operations import generate_operations
from kg.plant.packs import BATTERIES, generate_packs
from kg.plant.webs import generate_webs


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files and say what was written; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m kg.plant", description="Write the files of a sample pilot line."
    )
    parser.add_argument("folder", type=Path, help="folder for the files; it is made if it is not there")
    parser.add_argument("--seed", type=int, default=7, help="the same seed gives the same line (default 7)")
    parser.add_argument("--cells", type=int, default=48, help="number of cells, at least 16 (default 48)")
    parser.add_argument(
        "--operations",
        action="store_true",
        help="write what machines, meters, stores and laboratories of the same line record beside its steps",
    )
    parser.add_argument("--webs", action="store_true", help="write the tables with metres of its webs")
    parser.add_argument("--packs", action="store_true", help="write the files of the pack line, too")
    parser.add_argument(
        "--batteries", type=int, default=BATTERIES, help="number of its batteries (default 12)"
    )
    given = parser.parse_args(arguments)
    try:
        if given.webs:
            tables = generate_webs(given.folder, given.seed, given.cells)
            sys.stdout.write(f"{given.folder}: {', '.join(tables)}\n")
            return 0
        if given.operations:
            tables = generate_operations(given.folder, given.seed, given.cells)
            sys.stdout.write(f"{given.folder}: {', '.join(tables)}\n")
            return 0
        relations = generate(given.folder, given.seed, given.cells)
    except KgError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(
        f"{given.folder}: {given.cells} cells, {len(relations.relations)} relations, "
        f"{len(relations.decoys)} decoys, {len(relations.faults)} faults; see relations.json\n"
    )
    if given.packs:
        files = generate_packs(given.folder, given.seed, given.batteries)
        sys.stdout.write(f"{given.folder}: {given.batteries} batteries with passports, {len(files)} files\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
