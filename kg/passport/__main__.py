"""`python -m kg.passport` -> the files that are made from the registry of data points."""

from __future__ import annotations

import sys

from kg.passport.profiles import write_shapes
from kg.passport.schema import write_schema

if __name__ == "__main__":
    sys.stdout.write("".join(f"kg/{name}\n" for name in [*write_shapes(), write_schema()]))
