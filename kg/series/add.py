"""Files of testers -> Parquet beside the store and a description of each in the graph.

The Parquet files come first and each replaces its forerunner by renaming; the graph follows in one
transaction for each source file. A run that is killed leaves whole files only, and is repeated without harm.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from kg import catalogue
from kg import ntriples as nt
from kg.errors import KgError
from kg.iri import file_iri, mint
from kg.names import find as find_thing
from kg.series.describe import FOLDER, About, File, items, triples
from kg.series.read import listing
from kg.sources.cyclers import Aside, Recording, read_cycler
from kg.sources.cyclers.spec import InstrumentMap, maps_digest, read_map
from kg.sources.text import read_bytes
from kg.store import Store, vocabulary_digest, writing

ROW_GROUP = 100_000
"""Rows of a block of a Parquet file: a query for a span of time skips the blocks outside it."""


@dataclass
class Added:
    """What became of one file.

    `outcome` is `added`, `unchanged`, `empty` or `failed`; `ids` are the names of its series.
    """

    path: Path
    outcome: str
    reason: str = ""
    map: str = ""
    ids: list[str] = field(default_factory=list)
    rows: int = 0
    set_aside: int = 0
    kept: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    aside: Path | None = None

    @property
    def usable(self) -> bool:
        """Return whether the series of the file are in the store."""
        return self.outcome in ("added", "unchanged")


def replace_file(place: Path, data: bytes) -> None:
    """Put bytes into a file that is always whole: the old content or the new."""
    half = place.with_name(place.name + ".part")
    half.write_bytes(data)
    half.replace(place)


def _thing(store: Store, kind: str, name: str) -> str:
    """Return the IRI of a thing that the store knows by this name, or that of a new one of this kind."""
    if not name:
        return ""
    if "://" in name:
        return name
    name = name.removeprefix(f"{kind}/")
    try:
        found = find_thing(store, f"{kind}/{name}")
    except KgError:
        return mint(store.base, kind, name)
    return found


def add(
    store: Path | str,
    files: Iterable[Path | str],
    *,
    cell: str = "",
    test: str = "",
    zone: str | None = None,
    map_file: Path | str | None = None,
) -> list[Added]:
    """Add files of testers to a store, and return what became of each.

    `cell` and `test` are identifiers of the cell and the test that all of the files are about; `zone` is the
    time zone of times that name none; `map_file` a map to use instead of the one that fits.
    A file that is in the store with the same bytes, map, cell, test and zone changes nothing.
    Raises KgError where there is no store, or the map has faults.
    """
    place = Path(store)
    opened = Store.open(place)
    known = {entry.graph: entry for entry in catalogue.entries(opened, items=False)}
    base = opened.base
    about = About(_thing(opened, "cell", cell), _thing(opened, "test", test), test.removeprefix("test/"))
    del opened
    ids: dict[str, list[str]] = {}
    for series in listing(place):
        ids.setdefault(series.graph, []).append(series.id)
    given = [read_map(Path(map_file))] if map_file else []
    pending: list[tuple[str, str, str]] = []
    outcomes = []
    for file in files:
        outcome = Added(Path(file), "failed")
        outcomes.append(outcome)
        try:
            found = _one(place, base, Path(file), about, zone, given, known, ids, outcome)
        except KgError as error:
            outcome.reason = str(error)
            continue
        if found:
            pending.append(found)
    if pending:
        with writing(place) as target:
            for graph, text, entry in pending:
                target.replace(graph, text, entry)
    return outcomes


def _one(
    place: Path,
    base: str,
    path: Path,
    about: About,
    zone: str | None,
    given: list[InstrumentMap],
    known: dict[str, catalogue.Entry],
    ids: dict[str, list[str]],
    outcome: Added,
) -> tuple[str, str, str] | None:
    """Write the Parquet files of one source, and return its graph; None where nothing is to be done."""
    data = read_bytes(path)
    sha256 = hashlib.sha256(data).hexdigest()
    graph = mint(base, FOLDER, sha256[:16])
    digest = hashlib.sha256(
        "\n".join(
            [
                given[0].digest if given else maps_digest(),
                *(about.cell, about.test, zone or "", vocabulary_digest()),
            ]
        ).encode()
    ).hexdigest()
    entry = known.get(graph)
    if entry and (entry.sha256, entry.digest) == (sha256, digest) and _whole(place, graph, ids):
        outcome.outcome, outcome.map, outcome.ids = "unchanged", entry.mapping, ids[graph]
        outcome.rows, outcome.set_aside = entry.loaded, entry.set_aside
        outcome.aside = place / FOLDER / f"{sha256[:16]}.set-aside.csv" if entry.set_aside else None
        return None
    recordings = read_cycler(path, zone=zone, given=given, data=data)
    outcome.map = ", ".join(recording.map for recording in recordings)
    outcome.set_aside = sum(len(recording.aside) for recording in recordings)
    outcome.rows = sum(recording.frame.height for recording in recordings)
    outcome.kept = [c.source for recording in recordings for c in recording.columns if not c.mapped]
    outcome.notes = [note for recording in recordings for note in recording.notes]
    if not outcome.rows:
        # A table with nothing but a header is no series; what could not be read is still told.
        outcome.outcome, outcome.reason = "empty", "the file holds no row that can be read."
        if outcome.set_aside:
            outcome.aside = _write_aside(place, sha256[:16], recordings)
        return None
    several = len(recordings) > 1
    names = [f"{sha256[:16]}-{r.part}" if several else sha256[:16] for r in recordings]
    outcome.ids = names
    (place / FOLDER).mkdir(exist_ok=True)
    lines = []
    for name, recording in zip(names, recordings, strict=True):
        parquet = _parquet(recording, sha256)
        replace_file(place / FOLDER / f"{name}.parquet", parquet)
        described = File(
            iri=mint(base, FOLDER, name),
            id=name,
            sha256=hashlib.sha256(parquet).hexdigest(),
            size=len(parquet),
            source=path.name,
            source_iri=file_iri(base, path.name),
            source_sha256=sha256,
        )
        lines.append(nt.write(triples(described, recording, about)))
    outcome.aside = _write_aside(place, sha256[:16], recordings)
    outcome.outcome = "added"
    kinds = {"series"} | ({"cell"} if about.cell else set()) | ({"test"} if about.test else set())
    entry = catalogue.Entry(
        graph=graph,
        name=path.name,
        sha256=sha256,
        outcome="loaded",
        folder=str(path.resolve().parent),
        mapping=recordings[0].map if not several else "beep_*.toml",
        digest=digest,
        read=outcome.rows + outcome.set_aside,
        loaded=outcome.rows,
        set_aside=outcome.set_aside,
        kinds=kinds,
        items=tuple(item for recording in recordings for item in items(recording)),
    )
    return graph, "".join(lines), catalogue.ntriples(entry)


def put(place: Path, name: str, recording: Recording) -> None:
    """Put a recording into the Parquet file of this name beside the store, in place of what was there."""
    (place / FOLDER).mkdir(exist_ok=True)
    replace_file(place / FOLDER / f"{name}.parquet", _parquet(recording, ""))


def described(
    place: Path, base: str, name: str, recording: Recording, source: Path, about: About
) -> tuple[str, str, str]:
    """Return the graph of a recording that was put beside the store, its statements and its entry.

    `source` is the journal that its run stands in, which may still grow.
    """
    parquet = read_bytes(place / FOLDER / f"{name}.parquet")
    sha256 = hashlib.sha256(parquet).hexdigest()
    file = File(
        iri=mint(base, FOLDER, name),
        id=name,
        sha256=sha256,
        size=len(parquet),
        source=source.name,
        source_iri=file_iri(base, source.name),
        source_sha256="",
    )
    entry = catalogue.Entry(
        graph=file.iri,
        name=f"{name}.parquet",
        sha256=sha256,
        outcome="loaded",
        folder=str((place / FOLDER).resolve()),
        mapping=recording.map,
        digest=recording.digest,
        read=recording.frame.height,
        loaded=recording.frame.height,
        kinds={"series"},
        items=tuple(items(recording)),
    )
    return file.iri, nt.write(triples(file, recording, about)), catalogue.ntriples(entry)


def _whole(place: Path, graph: str, ids: dict[str, list[str]]) -> bool:
    """Return whether all Parquet files of a source file are there."""
    return all((place / FOLDER / f"{name}.parquet").is_file() for name in ids.get(graph, [""]))


def _parquet(recording: Recording, sha256: str) -> bytes:
    buffer = io.BytesIO()
    recording.frame.write_parquet(
        buffer,
        compression="zstd",
        statistics=True,
        row_group_size=ROW_GROUP,
        metadata={"kg:source_sha256": sha256, "kg:map": recording.map, "kg:grain": recording.grain},
    )
    return buffer.getvalue()


def _write_aside(place: Path, name: str, recordings: list[Recording]) -> Path | None:
    """Write the rows that could not be read, each with its line and reason; None where there are none."""
    path = place / FOLDER / f"{name}.set-aside.csv"
    rows: list[Aside] = [row for recording in recordings for row in recording.aside]
    if not rows:
        path.unlink(missing_ok=True)
        return None
    path.parent.mkdir(exist_ok=True)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["line", "reason", "row"])
    writer.writerows((row.line, row.reason, row.text) for row in rows)
    replace_file(path, text.getvalue().encode())
    return path
