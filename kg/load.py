"""Record files -> the store: read, map, check, set aside, store; one file is one transaction."""

from __future__ import annotations

import fnmatch
import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from kg import catalogue
from kg.aside import aside_bytes, aside_name, aside_report
from kg.errors import Fault, FaultsError, KgError
from kg.findings import Finding
from kg.iri import DEFAULT_BASE, file_iri
from kg.job import Job, RdfJob, TableJob
from kg.mappers.plan import AnyPlan, Plan, RdfPlan, file_patterns, read_plans
from kg.resources import PACKAGE
from kg.sources.text import read_bytes
from kg.store import COMPACT, Store, vocabulary_digest, writing
from kg.terms import vocabulary
from kg.validate import digest as shapes_digest
from kg.validate import validate

BATCH = 60_000
"""Triples that are checked together: SHACL on many small files at once costs little more than on one."""

Progress = Callable[[str, int, int], None]
"""Called with the name of a file, its number, and how many there are."""


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
        self._plans: dict[Path, list[AnyPlan] | FaultsError] = {}
        self._files: dict[Path, list[str]] = {}

    def _read(self, path: Path) -> list[AnyPlan]:
        if path not in self._plans:
            try:
                self._plans[path] = read_plans(path, vocabulary())
            except FaultsError as error:
                self._plans[path] = error
        plans = self._plans[path]
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

    def plans_for(self, name: str) -> list[AnyPlan]:
        """Return the plans for a file of this name: of the mapping given, else of the one whose pattern fits.

        A folder nearer to the steward goes first: the `mappings` of the store, then those of the product.
        Raises FaultsError where several mapping files fit, or the one that fits has faults.
        """
        if self._given:
            found = [path for path in self._given if len(self._given) == 1 or self._fits(path, name)]
            return self._read(_only(found, name)) if found else []
        for folder in self._folders:
            found = [path for path in sorted(folder.rglob("*.yaml")) if self._fits(path, name)]
            if found:
                return [plan for plan in self._read(_only(found, name)) if _matches(plan.files, name)]
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
    """Return the files that are named, and all files in the folders that are named, each once.

    Raises FaultsError for a path that does not exist.
    """
    faults = []
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            found.update(dict.fromkeys(_inside(path)))
        elif path.exists():
            found[path] = None
        else:
            faults.append(Fault(str(path), 0, "there is no such file or folder."))
    if faults:
        raise FaultsError(faults)
    return list(found)


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
    ) -> None:
        self.path, self.dry_run, self.under = store, dry_run, under.strip("/")
        self.progress = progress or (lambda name, number, total: None)
        self.mappings = Mappings(store, mappings)
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
        files = collect(paths)
        outcomes: list[Outcome] = []
        for batch in self._batches(files, outcomes):
            self._check(batch)
            self._commit(batch, outcomes)
        if not self.dry_run and any(outcome.usable for outcome in outcomes):
            self._note(outcomes)
        if not self.dry_run and sum(outcome.triples for outcome in outcomes) >= COMPACT:
            with writing(self.path) as store:
                store.db.optimize()
        order = {path: number for number, path in enumerate(files)}
        return sorted(outcomes, key=lambda outcome: order[outcome.path])

    def name(self, path: Path) -> str:
        """Return the name of a file in the store."""
        return f"{self.under}/{path.name}" if self.under else path.name

    def _batches(self, files: list[Path], outcomes: list[Outcome]) -> Iterator[list[Job]]:
        batch: list[Job] = []
        size = 0
        taken: dict[str, Path] = {}
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
            if size > BATCH:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    def _prepare(self, path: Path, outcome: Outcome, taken: dict[str, Path]) -> Job | None:
        plans = self.mappings.plans_for(path.name)
        if not plans:
            outcome.outcome = "no mapping"
            outcome.reason = "no mapping is for files of this name. Write one: docs/how-to/map-a-csv.md"
            return None
        outcome.mapping = plans[0].path.name
        name, graph = self.name(path), file_iri(self.base, self.name(path))
        sha256 = hashlib.sha256(read_bytes(path)).hexdigest()
        digest = hashlib.sha256(
            "".join([*(plan.digest for plan in plans), vocabulary_digest(), shapes_digest()]).encode()
        ).hexdigest()
        self._refuse_clash(path, name, graph, sha256, taken)
        known = self.known.get(graph)
        if known and known.outcome == "loaded" and (known.sha256, known.digest) == (sha256, digest):
            outcome.outcome = "unchanged"
            outcome.read, outcome.loaded, outcome.set_aside = known.read, known.loaded, known.set_aside
            return None
        tables = [plan for plan in plans if isinstance(plan, Plan)]
        rdf = [plan for plan in plans if isinstance(plan, RdfPlan)]
        if rdf:
            return RdfJob(path, name, graph, sha256, digest, self.base, rdf)
        return TableJob(path, name, graph, sha256, digest, self.base, tables)

    def _refuse_clash(self, path: Path, name: str, graph: str, sha256: str, taken: dict[str, Path]) -> None:
        hint = "If both are needed, load one of them with --under NAME, which puts NAME/ before its name."
        if name in taken and sha256 != hashlib.sha256(read_bytes(taken[name])).hexdigest():
            raise FaultsError([Fault(name, 0, f"a file of this name is in {taken[name].parent} too. {hint}")])
        taken.setdefault(name, path)
        known = self.known.get(graph)
        folder = str(path.resolve().parent)
        if known and known.outcome == "loaded" and known.folder != folder and known.sha256 != sha256:
            where = f"a different file of this name was loaded from {known.folder}."
            raise FaultsError([Fault(name, 0, f"{where} {hint} If this is its new version, copy it there.")])

    def _check(self, batch: list[Job]) -> None:
        results = validate((triple for job in batch for triple in job.triples()), "record")
        for job in batch:
            job.take(results)

    def _commit(self, batch: list[Job], outcomes: list[Outcome]) -> None:
        for job in batch:
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
            outcomes.append(outcome)
        if self.dry_run:
            return
        if not self.exists:
            Store.create(self.path, self.base)
            self.exists = True
        with writing(self.path) as store:
            for job, outcome in zip(batch, outcomes[-len(batch) :], strict=True):
                store.replace(job.graph, job.ntriples(), catalogue.ntriples(self._entry(job, outcome)))
                outcome.aside = self._set_aside(job)

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
            kinds=job.kinds(),
            items=job.items(),
        )

    def _set_aside(self, job: Job) -> Path | None:
        place = self.path / "set-aside" / aside_name(job.name)
        if isinstance(job, RdfJob):
            place = place.with_name(place.name + ".findings.json")
        if not job.set_aside:
            place.unlink(missing_ok=True)
            return None
        place.parent.mkdir(parents=True, exist_ok=True)
        data = (
            aside_bytes(job.path, job.rows()) if isinstance(job, TableJob) else aside_report(job.violations)
        )
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
