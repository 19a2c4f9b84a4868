"""A store -> the passports of all its batteries, one JSON document a line, by a process for each core."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from kg.errors import KgError
from kg.iri import shorten
from kg.passport.build import Builder
from kg.passport.profiles import EC
from kg.passport.write import as_dict
from kg.store import Store

TOGETHER = 250
"""Batteries that a process builds at a time."""


def line(builder: Builder, battery: str, audience: str, profile: str) -> str:
    """Return the passport of a battery as one line, or the reason why there is none."""
    try:
        document = as_dict(builder.build(battery), audience, profile)
    except KgError as error:
        document = {"battery": battery, "name": shorten(battery, builder.store.base), "error": str(error)}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _lines(batteries: Sequence[str], store: Path, audience: str, profile: str) -> list[str]:
    builder = Builder(Store.open(store))
    return [line(builder, battery, audience, profile) for battery in batteries]


def lines(store: Path, audience: str = "public", profile: str = EC, processes: int = 1) -> Iterator[str]:
    """Yield a line for each battery of a store, in the order of their IRIs."""
    builder = Builder(Store.open(store))
    batteries = builder.batteries()
    if processes < 2 or len(batteries) <= TOGETHER:
        yield from (line(builder, battery, audience, profile) for battery in batteries)
        return
    del builder
    work = partial(_lines, store=store, audience=audience, profile=profile)
    with ProcessPoolExecutor(processes) as pool:
        parts = [batteries[at : at + TOGETHER] for at in range(0, len(batteries), TOGETHER)]
        for some in pool.map(work, parts):
            yield from some
