"""A store -> the shells of all its things: a file for each, one package, or one environment a line.

Things are walked through and written as they come, by a process for each core; what is held is a few parts.
"""

from __future__ import annotations

import itertools
import json
import multiprocessing
import zipfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from kg.aas.environment import Environment, describe
from kg.aas.export import RecordError, Sight, shell_of
from kg.aas.listing import KINDS, things
from kg.aas.package import faults, package, write
from kg.errors import KgError
from kg.iri import shorten
from kg.passport.build import Builder
from kg.store import Store

TOGETHER = 50
"""Shells that a process makes at a time."""

BATTERIES = ("battery",)
CONCEPTS = "concepts"


@dataclass(frozen=True)
class Made:
    """One thing: its name below the base, what is written of it, its concepts, and what is wrong."""

    name: str
    body: bytes = b""
    concepts: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Order:
    """What is made: as whom to see, in which form, and whether a file for each thing or parts of one."""

    sight: Sight
    form: str = "json"
    metamodel: str = "3.0"
    apart: bool = True


@dataclass
class Done:
    """What was written: how many shells, and what is wrong or was left out."""

    shells: int = 0
    findings: list[str] = field(default_factory=list)


def export_all(
    store: Path, to: Path, order: Order, kinds: Sequence[str] = tuple(KINDS), processes: int = 1
) -> Done:
    """Write the shells of all things of some kinds into a folder, a package (.aasx) or lines (.jsonl).

    A battery whose passport cannot be built is left out and told. Who sees no records gets the batteries that
    have a passport. Raises KgError for a kind that there is not.
    """
    if not order.sight.records:
        kinds = [kind for kind in kinds if kind in BATTERIES]
    done = Done()
    with WAYS.get(to.suffix.lower(), _folder)(to, order) as put:
        for made in _made(store, order, tuple(kinds), processes):
            done.findings += made.findings
            if made.body:
                done.shells += 1
                put(made)
    return done


def is_one_file(to: Path) -> bool:
    """Return whether all shells go into one file of this name."""
    return to.suffix.lower() in WAYS


Put = Callable[[Made], None]


@contextmanager
def _folder(to: Path, order: Order) -> Iterator[Put]:
    def put(made: Made) -> None:
        path = to / f"{made.name}.{order.form}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(made.body)

    yield put


@contextmanager
def _package(to: Path, order: Order) -> Iterator[Put]:
    with (
        _whole(to) as half,
        zipfile.ZipFile(half, "w", zipfile.ZIP_DEFLATED) as file,
        package(file) as part,
        _concepts(part) as put,
    ):
        yield put


@contextmanager
def _lines(to: Path, order: Order) -> Iterator[Put]:
    with _whole(to) as half, half.open("wb") as file, _concepts(lambda _, body: file.write(body)) as put:
        yield put


WAYS = {".aasx": _package, ".jsonl": _lines}
"""Ending of the name of a file -> what writes all shells into it."""


@contextmanager
def _whole(to: Path) -> Iterator[Path]:
    """Give a file that takes the name when all is written."""
    half = to.with_name(f"{to.name}.part")
    try:
        yield half
        half.replace(to)
    finally:
        half.unlink(missing_ok=True)


@contextmanager
def _concepts(part: Callable[[str, bytes], object]) -> Iterator[Put]:
    """Write parts, and at the end what the ids in all of them mean, each once."""
    meant: set[str] = set()

    def put(made: Made) -> None:
        meant.update(made.concepts)
        part(made.name, made.body)

    yield put
    described = [found for id in sorted(meant) if (found := describe(id))]
    if described:
        part(CONCEPTS, _line({"conceptDescriptions": described}))


def _line(environment: Environment) -> bytes:
    return f"{json.dumps(environment, ensure_ascii=False, separators=(',', ':'))}\n".encode()


def _made(store: Path, order: Order, kinds: tuple[str, ...], processes: int) -> Iterator[Made]:
    """Yield what is made of each thing, in the order of the walk."""
    walk = things(Store.open(store), kinds)
    parts = iter(lambda: list(itertools.islice(walk, TOGETHER)), [])
    first = next(parts, [])
    second = next(parts, [])
    if processes < 2 or not second:
        for part in itertools.chain([first, second], parts):
            yield from _some(store, order, part)
        return
    # Threads of a library do not live through a fork.
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        waiting: deque[Future[list[Made]]] = deque()
        for part in itertools.chain([first, second], parts):
            waiting.append(pool.submit(_some, store, order, part))
            if len(waiting) > 2 * processes:
                yield from waiting.popleft().result()
        for each in waiting:
            yield from each.result()


def _some(store: Path, order: Order, part: Sequence[str]) -> list[Made]:
    builder = Builder(Store.open(store))
    known: set[str] = set()
    return [_one(builder, iri, order, known) for iri in part]


def _one(builder: Builder, iri: str, order: Order, known: set[str]) -> Made:
    """Make a shell; `known` are the concepts that were verified already."""
    name = shorten(iri, builder.store.base)
    try:
        whole = shell_of(builder, iri, order.sight).environment()
    except RecordError:
        return Made(name)
    except KgError as error:
        return Made(name, findings=(str(error),))
    described = whole.pop("conceptDescriptions", [])
    new = [each for each in described if each["id"] not in known]
    known.update(each["id"] for each in new)
    found = faults({**whole, **({"conceptDescriptions": new} if new else {})}, order.metamodel)
    if order.apart:
        body = write(
            {**whole, **({"conceptDescriptions": described} if described else {})},
            order.form,
            order.metamodel,
        )
    else:
        body = _line(whole)
    concepts = tuple(each["id"] for each in described) if not order.apart else ()
    return Made(name, body, concepts, tuple(f"{name}: {fault}" for fault in found))
