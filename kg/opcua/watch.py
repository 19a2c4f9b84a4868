"""Servers of OPC UA, one for all machines of a mapping -> journals, and what is over into the store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from kg import catalogue
from kg.errors import KgError
from kg.iri import mint
from kg.load import Loader, Outcome
from kg.opcua import series
from kg.opcua.access import TROUBLE, Access, SetupError, connected, reason
from kg.opcua.client import Watching, server_time
from kg.opcua.journal import Journal
from kg.opcua.mapping import Watched
from kg.opcua.tracker import Closed
from kg.series import described
from kg.series.describe import FOLDER as SERIES
from kg.store import Store, writing

if TYPE_CHECKING:
    from asyncua import Client

ALIVE = 5.0
"""Seconds between two notes that the machine was there."""
LONGEST = 30.0
"""Seconds between two attempts to connect, at most."""

NOTE = "# Made by `kg opcua watch` out of the mapping of its nodes, anew at each start.\n"

Tell = Callable[[str], None]


class Watch:
    """The machines of one server, watched into one store."""

    def __init__(
        self,
        url: str,
        machines: Iterable[Watched],
        store: Path,
        *,
        access: Access | None = None,
        every: float = 30.0,
        period: float = 0.5,
        tell: Tell = print,
    ) -> None:
        """Take the server, its machines, the store, seconds between two loads and between two messages."""
        self.url, self.store, self.tell = url, store, tell
        self.access, self.every, self.period = access or Access(), every, period
        self.machines = list(machines)
        self.journals: dict[str, Journal] = {}
        self._changed: set[Path] = set()

    def _open(self) -> None:
        for machine in self.machines:
            keep = partial(series.keep, self.store, machine.stem, machine.plan) if machine.plan else _none
            journal = Journal(self.store, machine.stem, machine.rules, keep)
            self.journals[machine.machine] = journal
            if machine.text:
                place = self.store / "mappings" / "opcua" / f"{machine.stem}.yaml"
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(NOTE + machine.text, encoding="utf-8")
            self._changed |= set(journal.files())

    async def run(self, stop: asyncio.Event) -> None:
        """Watch until `stop` is set. Raises KgError for what no further attempt will mend."""
        try:
            self._open()
            await self._load()
            work = [asyncio.create_task(self._stay(stop)), asyncio.create_task(self._keep_loading(stop))]
            try:
                await asyncio.gather(*work)
            finally:
                stop.set()
                for task in work:
                    task.cancel()
                await asyncio.gather(*work, return_exceptions=True)
                await self._load()
        finally:
            for journal in self.journals.values():
                journal.close()

    async def _stay(self, stop: asyncio.Event) -> None:
        """Connect again and again until `stop` is set."""
        wait = 0.5
        while not stop.is_set():
            try:
                async with connected(self.url, self.access) as client:
                    watchings = {}
                    for machine in self.machines:
                        watchings[machine.machine] = Watching(machine.nodes)
                        await watchings[machine.machine].begin(client, machine.root, self.period)
                    for name, watching in watchings.items():
                        up = await watching.all_values()
                        missed = await self._missed(name, watching)
                        now = await server_time(client)
                        if missed is not None:
                            self._take(name, [*missed, {"t": now, "seen": True}])
                            up = watching.beyond(self.journals[name].tracker.times, up)
                        self._take(name, [{"t": now, **up}])
                    self.tell(f"connected to {self.url}")
                    wait = 0.5
                    try:
                        await self._follow(client, watchings, stop)
                    finally:
                        # What came before the connection went is not sent again.
                        for name, watching in watchings.items():
                            self._take(name, watching.changes())
            except SetupError:
                raise
            except TROUBLE as error:
                self.tell(f"{self.url}: {reason(error)}; next attempt in {wait:g} s")
                await _sleep(stop, wait)
                wait = min(2 * wait, LONGEST)

    async def _missed(self, name: str, watching: Watching) -> list[dict[str, object]] | None:
        """Return what happened while nobody watched; None where the server did not keep it."""
        tracker = self.journals[name].tracker
        if tracker.seen is None:
            return None
        needed = {*tracker.rules.states, *filter(None, [tracker.rules.run_id])}
        return await watching.history(dict(tracker.times), needed)

    async def _follow(self, client: Client, watchings: dict[str, Watching], stop: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        noted = 0.0
        while not stop.is_set():
            await _sleep(stop, self.period / 2)
            for name, watching in watchings.items():
                self._take(name, watching.changes())
            if loop.time() - noted >= ALIVE or stop.is_set():
                now = await server_time(client)
                for name, watching in watchings.items():
                    # What came while the time was asked for goes first.
                    self._take(name, [*watching.changes(), {"t": now, "seen": True}])
                noted = loop.time()

    def _take(self, name: str, events: list[dict[str, object]]) -> None:
        journal = self.journals[name]
        closed = journal.take(events)
        for each in closed:
            self.tell(_said(each))
            self._changed.add(journal.place(each))

    async def _keep_loading(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await _sleep(stop, self.every)
            await self._load()

    async def _load(self) -> None:
        """Load the journals that grew. What cannot be loaded now is tried again the next time."""
        files, self._changed = sorted(self._changed), set()
        if not files:
            return
        try:
            outcomes = await asyncio.to_thread(self._load_files, files)
        except (KgError, OSError) as error:
            self._changed |= set(files)
            self.tell(f"not loaded yet: {error}")
            return
        for outcome in outcomes:
            if outcome.outcome == "failed":
                self._changed.add(outcome.path)
            if outcome.outcome not in ("unchanged", "no mapping"):
                self.tell(_told(outcome))

    def _load_files(self, files: list[Path]) -> list[Outcome]:
        outcomes = Loader(self.store, compact=False).load(files)
        self._describe_series()
        return outcomes

    def _describe_series(self) -> None:
        """Describe in the graph the series of runs that are in the journals and not in the store yet."""
        opened = Store.open(self.store)
        base, known = opened.base, {entry.graph for entry in catalogue.entries(opened, items=False)}
        del opened
        new = []
        for machine in self.machines:
            if machine.plan is None:
                continue
            for path, row in self.journals[machine.machine].runs():
                name = row.get("series")
                if name and mint(base, SERIES, name) not in known:
                    about = series.about(base, machine.plan, row)
                    recording = series.kept(self.store, machine.plan, row)
                    new.append(described(self.store, base, name, recording, path, about))
        if new:
            with writing(self.store) as target:
                for graph, text, entry in new:
                    target.replace(graph, text, entry)


def _none(closed: Closed) -> str:
    return ""


async def _sleep(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return


def _said(closed: Closed) -> str:
    row = closed.row
    what = f"run {row['number']}" if closed.kind == "runs" else f"{row['state'] or 'not watched'}"
    why = f", {row['reason']}" if row.get("reason") else ""
    return f"{row['machine']}: {what}, {row['start']} to {row['end']}{why}"


def _told(outcome: Outcome) -> str:
    text = f"{outcome.name}: {outcome.outcome}, {outcome.loaded:,} of {outcome.read:,} rows"
    text += f", {outcome.set_aside:,} set aside: {outcome.aside}" if outcome.set_aside else ""
    return text + (f": {outcome.reason}" if outcome.reason else "")
