"""Record files -> the store: read, map, check, set aside, store; one file is one transaction."""

from __future__ import annotations

import fnmatch
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kg import catalogue
from kg.aside import aside_bytes, aside_name, aside_report
from kg.derive import basis, refresh
from kg.errors import Fault, FaultsError, KgError
from kg.findings import Finding
from kg.intake import Intake
from kg.iri import DEFAULT_BASE, file_iri
from kg.job import Job, RdfJob, TableJob
from kg.mappers.manifest import Listed, is_manifest, read_manifest
from kg.mappers.plan import AnyPlan, Plan, RdfPlan, file_patterns, read_plans
from kg.resources import PACKAGE
from kg.sources import Content, is_connection
from kg.sources.text import read_bytes
from kg.store import COMPACT, Store, vocabulary_digest, writing
from kg.terms import vocabulary
from kg.validate import digest as shapes_digest
from kg.values import shelf

BATCH = 60_000
"""Triples that are checked together: SHACL on many small files at once costs little more than on one."""

ASIDE = "set-aside"
"""The folder of a store that holds the rows set aside."""

Progress = Callable[[str, int, int], None]
"""Called with the name of a file, its number, and how many there are."""

Check = Callable[[list[Job]], None]
"""Checks records before they are stored, and lets each job take what was found in it."""


def by_shapes(batch: list[Job]) -> None:
    """Check the records of some files by the shapes for a value or a row, each file by itself."""
    for job in batch:
        job.take(job.check())


@dataclass
class Outcome:
    """What became of one file.

    `outcome` is `loaded`, `unchanged`, `no mapping`, `empty`, `failed` or, on a dry run, `checked`.
    """

    path: Path
    name: str
    outcome: str
    reason: str = ""
    mapping: str = ""
    read: int = 0
    loaded: int = 0
    set_aside: int = 0
    triples: int = 0
    findings: list[Finding] = field(default_factory=list)
    aside: Path | None = None

    @property
    def usable(self) -> bool:
        """Return whether records of the file are in the store, or would be."""
        return self.outcome in ("loaded", "unchanged", "checked")


class Mappings:
    """The mapping files that are at hand; one is compiled when a file first asks for it."""

    def __init__(self, store: Path, given: Iterable[Path] = ()) -> None:
        self._given = list(given)
        self._folders = [store / "mappings", PACKAGE / "mappers"]
        self._plans: dict[tuple[Path, str], list[AnyPlan] | FaultsError] = {}
        self._files: dict[Path, list[str]] = {}

    def _read(self, path: Path, table: Mapping[str, Any] | None = None) -> list[AnyPlan]:
        key = (path, repr(sorted(table.items())) if table else "")
        if key not in self._plans:
            try:
                self._plans[key] = read_plans(path, vocabulary(), table)
            except FaultsError as error:
                self._plans[key] = error
        plans = self._plans[key]
        if isinstance(plans, FaultsError):
            raise plans
        return plans

    def given(self) -> None:
        """Read the mappings that were named, so that their faults are told before any file is touched."""
        faults: list[Fault] = []
        for path in self._given:
            try:
                self._read(path)
            except FaultsError as error:
                faults += error.faults
        if faults:
            raise FaultsError(faults)

    def plans_for(self, name: str, listed: Listed | None = None) -> list[AnyPlan]:
        """Return the plans for a file of this name: of the mapping given, else of the one whose pattern fits.

        A folder nearer to the steward goes first: the `mappings` of the store, then those of the product.
        What a manifest says of the file, `listed`, goes before all of them.
        Raises FaultsError where several mapping files fit, or the one that fits has faults.
        """
        table = listed.table if listed else None
        if listed and listed.mapping:
            return self._read(listed.mapping, table)
        if self._given:
            found = [path for path in self._given if len(self._given) == 1 or self._fits(path, name)]
            return self._read(_only(found, name), table) if found else []
        for folder in self._folders:
            found = [path for path in sorted(folder.rglob("*.yaml")) if self._fits(path, name)]
            if found:
                plans = self._read(_only(found, name), table)
                return [plan for plan in plans if _matches(plan.files, name)]
        return []

    def _fits(self, path: Path, name: str) -> bool:
        if path not in self._files:
            self._files[path] = file_patterns(path)
        return _matches(self._files[path], name)


def _only(found: list[Path], name: str) -> Path:
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise FaultsError([Fault(name, 0, f"several mappings fit: {names}. Name one of them by --mapping.")])
    return found[0]


def _matches(patterns: Iterable[str], name: str) -> bool:
    return any(fnmatch.fnmatchcase(name.lower(), pattern.lower()) for pattern in patterns)


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(read_bytes(path)).hexdigest()
    except KgError:
        return ""


def _inside(folder: Path) -> Iterator[Path]:
    """Return the files in a folder and below, without hidden ones, lock files, and stores."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "~$")):
            continue
        if path.is_dir():
            if not (path / "store.toml").is_file():
                yield from _inside(path)
        elif path.is_file() or path.is_symlink():
            # A link that leads nowhere is a file that cannot be read, and is told as one.
            yield path


def collect(paths: Iterable[Path]) -> list[Path]:
    """Return the files that are named, and all files in the folders and manifests that are named, each once.

    Raises FaultsError for a path that does not exist, or a manifest that is wrong.
    """
    return [one.path for one in listed(paths)]


def listed(paths: Iterable[Path]) -> list[Listed]:
    """Return the files as `collect` does, with what a manifest says of each.

    Raises FaultsError for a path that does not exist, or a manifest that is wrong.
    """
    faults: list[Fault] = []
    found: dict[Path, Listed] = {}
    for path in paths:
        if path.is_dir():
            found.update((file, Listed(file)) for file in _inside(path) if file not in found)
        elif path.is_file() and is_manifest(path):
            try:
                found.update((one.path, one) for one in read_manifest(path))
            except FaultsError as error:
                faults += error.faults
        elif path.exists():
            found.setdefault(path, Listed(path))
        else:
            faults.append(Fault(str(path), 0, "there is no such file or folder."))
    if faults:
        raise FaultsError(faults)
    return list(found.values())


@dataclass(frozen=True)
class _Into:
    """A store that is open for writing, and what is on its way into it."""

    store: Store
    intake: Intake


class Loader:
    """One run of `kg load`."""

    def __init__(
        self,
        store: Path,
        mappings: Iterable[Path] = (),
        *,
        dry_run: bool = False,
        under: str = "",
        base: str = DEFAULT_BASE,
        progress: Progress | None = None,
        check: Check = by_shapes,
        compact: bool = True,
        derive: bool = True,
    ) -> None:
        self.path, self.dry_run, self.under = store, dry_run, under.strip("/")
        self.progress = progress or (lambda name, number, total: None)
        self.mappings = Mappings(store, mappings)
        self.check, self.compact, self.derive = check, compact, derive
        self.went_in: list[str] = []
        self.listed: dict[Path, Listed] = {}
        self.exists = (store / "store.toml").is_file()
        self.known: dict[str, catalogue.Entry] = {}
        self.base = base
        if self.exists:
            opened = Store.open(store)
            self.base = opened.base
            self.known = {entry.graph: entry for entry in catalogue.entries(opened, items=False)}
            del opened

    def load(self, paths: Iterable[Path]) -> list[Outcome]:
        """Load files and folders, and return what became of each file.

        Raises FaultsError where a path or a named mapping is wrong; then nothing is changed.
        """
        self.mappings.given()
        self.listed = {one.path: one for one in listed(paths)}
        files = list(self.listed)
        outcomes: list[Outcome] = []
        with ExitStack() as open_:
            into: _Into | None = None
            for batch in self._batches(files, outcomes):
                self.check(batch)
                told = [self._told(job) for job in batch]
                outcomes += told
                if not self.dry_run:
                    into = into or open_.enter_context(self._into())
                    self._commit_all(batch, told, into)
                # The next file is read before the name `batch` is given anew.
                batch.clear()
                if into:
                    into.intake.settle()
        if not self.dry_run and any(outcome.usable for outcome in outcomes):
            self._note(outcomes)
        if not self.dry_run and sum(outcome.triples for outcome in outcomes) >= COMPACT and self.compact:
            with writing(self.path) as store:
                store.compact()
        order = {path: number for number, path in enumerate(files)}
        return sorted(outcomes, key=lambda outcome: order[outcome.path])

    def name(self, path: Path) -> str:
        """Return the name of a file in the store."""
        asides = (self.path / ASIDE).resolve()
        if path.resolve().is_relative_to(asides):
            # A row that is mended where it was set aside keeps the name of its source.
            return path.resolve().relative_to(asides).as_posix()
        own = self.listed[path].under if path in self.listed else ""
        return "/".join(filter(None, (self.under, own, path.name)))

    def plans_for(self, path: Path) -> list[AnyPlan]:
        """Return the plans for a file: those that a manifest names, else those of the mapping that fits.

        Raises FaultsError where several mapping files fit, or the one that fits has faults.
        """
        return self.mappings.plans_for(path.name, self.listed.get(path))

    def _batches(self, files: list[Path], outcomes: list[Outcome]) -> Iterator[list[Job]]:
        batch: list[Job] = []
        size = 0
        taken: dict[str, tuple[Path, str]] = {}
        for number, path in enumerate(files, start=1):
            self.progress(path.name, number, len(files))
            outcome = Outcome(path, self.name(path), "failed")
            try:
                job = self._prepare(path, outcome, taken)
            except KgError as error:
                outcome.reason = str(error)
                job = None
            if job is None:
                outcomes.append(outcome)
                continue
            batch.append(job)
            size += job.size
            del job
            if size > BATCH:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    def _prepare(self, path: Path, outcome: Outcome, taken: dict[str, tuple[Path, str]]) -> Job | None:
        plans = self.plans_for(path)
        if not plans:
            outcome.outcome = "no mapping"
            outcome.reason = "no mapping is for files of this name. Write one: docs/how-to/map-a-csv.md"
            return None
        outcome.mapping = plans[0].path.name
        name, graph = self.name(path), file_iri(self.base, self.name(path))
        tables = [plan for plan in plans if isinstance(plan, Plan)]
        content = Content(path, [plan.reading for plan in tables])
        sha256 = content.sha256
        digest = hashlib.sha256(
            "".join([*(plan.digest for plan in plans), vocabulary_digest(), shapes_digest()]).encode()
        ).hexdigest()
        self._refuse_clash(path, name, graph, sha256, taken)
        known = self.known.get(graph)
        if known and known.outcome == "loaded" and (known.sha256, known.digest) == (sha256, digest):
            outcome.outcome = "unchanged"
            outcome.read, outcome.loaded, outcome.set_aside = known.read, known.loaded, known.set_aside
            return None
        rdf = [plan for plan in plans if isinstance(plan, RdfPlan)]
        if rdf:
            return RdfJob(path, name, graph, sha256, digest, self.base, rdf)
        return TableJob(path, name, graph, sha256, digest, self.base, tables, content)

    def _refuse_clash(
        self, path: Path, name: str, graph: str, sha256: str, taken: dict[str, tuple[Path, str]]
    ) -> None:
        hint = "If both are needed, load one of them with --under NAME, which puts NAME/ before its name."
        other, digest = taken.setdefault(name, (path, sha256))
        if digest != sha256:
            raise FaultsError([Fault(name, 0, f"a file of this name is in {other.parent} too. {hint}")])
        known = self.known.get(graph)
        folder = str(path.resolve().parent)
        if known and known.outcome == "loaded" and known.folder != folder and known.sha256 != sha256:
            where = f"a different file of this name was loaded from {known.folder}."
            raise FaultsError([Fault(name, 0, f"{where} {hint} If this is its new version, copy it there.")])

    def _told(self, job: Job) -> Outcome:
        outcome = Outcome(
            job.path,
            job.name,
            "checked" if self.dry_run else "loaded",
            "",
            job.mapping,
            job.read,
            job.loaded,
            job.set_aside,
            job.size,
            job.findings,
        )
        if job.read == 0:
            outcome.outcome, outcome.reason = "empty", "the file holds no record"
        return outcome

    @contextmanager
    def _into(self) -> Iterator[_Into]:
        if not self.exists:
            Store.create(self.path, self.base)
            self.exists = True
        with writing(self.path) as store:
            intake = Intake(store)
            try:
                yield _Into(store, intake)
            finally:
                # What is whole goes in, though what comes after it broke off.
                intake.finish()
            shelf.prune(self.path, {shelf.key(entry) for entry in catalogue.entries(store, items=False)})
            if self.derive:
                refresh(store, self.went_in, before=basis(self.known.values()))

    def _commit_all(self, batch: list[Job], told: list[Outcome], into: _Into) -> None:
        for job, outcome in zip(batch, told, strict=True):
            self._commit(job, outcome, into)

    def _commit(self, job: Job, outcome: Outcome, into: _Into) -> None:
        # Written first: a load that is killed in between may leave a file of rows that nobody misses yet,
        # never rows that are gone.
        outcome.aside = self._set_aside(job)
        about = self._entry(job, outcome)
        entry = catalogue.ntriples(about)
        # Beside the store, under a name that nothing asks for before the graph is in.
        shelf.put(self.path, shelf.key(about), job.part())
        if into.store.holds(job.graph) or into.intake.holds(job.graph):
            into.intake.finish()
            into.store.replace(job.graph, job.ntriples(), entry)
        else:
            into.intake.add(job.graph, job.write, entry, job.size)
        self.went_in.append(job.graph)
        if outcome.aside is None:
            self._aside_place(job).unlink(missing_ok=True)

    def _entry(self, job: Job, outcome: Outcome) -> catalogue.Entry:
        return catalogue.Entry(
            graph=job.graph,
            name=job.name,
            sha256=job.sha256,
            outcome=outcome.outcome,
            folder=str(job.path.resolve().parent),
            mapping=job.mapping,
            digest=job.digest,
            read=job.read,
            loaded=job.loaded,
            set_aside=job.set_aside,
            reason=outcome.reason,
            loaded_at=datetime.now(UTC).isoformat(timespec="seconds"),
            kinds=job.kinds(),
            items=job.items(),
        )

    def _aside_place(self, job: Job) -> Path:
        place = self.path / ASIDE / aside_name(job.name)
        # Statements of RDF and rows of a database are mended where they are.
        in_place = isinstance(job, RdfJob) or is_connection(job.path)
        return place.with_name(place.name + ".findings.json") if in_place else place

    def _set_aside(self, job: Job) -> Path | None:
        if not job.set_aside:
            return None
        place = self._aside_place(job)
        place.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(job, RdfJob):
            data = aside_report(job.violations)
        elif is_connection(job.path):
            data = aside_report([finding for finding in job.findings if finding.severity == "Violation"])
        else:
            data = aside_bytes(job.path, job.rows())
        half = place.with_name(place.name + ".part")
        half.write_bytes(data)
        half.replace(place)
        return place

    def _note(self, outcomes: list[Outcome]) -> None:
        """Write down the files that hold no records for us, so that each file is accounted for."""
        left = [outcome for outcome in outcomes if outcome.outcome in ("no mapping", "failed")]
        left = [outcome for outcome in left if not self._was_loaded(outcome)]
        if not left:
            return
        with writing(self.path) as store:
            for outcome in left:
                entry = catalogue.Entry(
                    graph=file_iri(self.base, outcome.name),
                    name=outcome.name,
                    sha256=_digest(outcome.path),
                    outcome=outcome.outcome,
                    folder=str(outcome.path.resolve().parent),
                    mapping=outcome.mapping,
                    reason=outcome.reason,
                )
                known = self.known.get(entry.graph)
                if not known or (known.sha256, known.outcome) != (entry.sha256, entry.outcome):
                    store.replace(entry.graph, "", catalogue.ntriples(entry))

    def _was_loaded(self, outcome: Outcome) -> bool:
        known = self.known.get(file_iri(self.base, outcome.name))
        return known is not None and known.outcome == "loaded"
