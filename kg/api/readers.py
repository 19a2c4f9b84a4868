"""A pool of reader processes: a function with its arguments -> its result, or a problem at a limit.

A process that is over its time, or whose client has gone, is ended and another takes its place.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import pickle
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from kg.api import snapshot
from kg.api.problems import Problem
from kg.api.settings import Settings
from kg.api.worker import BEGUN, DATA, ERROR, HEAD, META, PART, READY, RESULT, Out
from kg.store import Store

P = ParamSpec("P")
R = TypeVar("R")

log = logging.getLogger("kg.api")

_START = 120.0
"""Seconds within which a process has to be ready; on a busy machine imports take their time."""


class _Process:
    """One reader process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    @classmethod
    async def start(cls, store: Path, memory: int) -> _Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "kg.api.worker",
            str(store),
            str(memory),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        started = cls(process)
        try:
            kind, _ = await asyncio.wait_for(started.receive(), _START)
        except BaseException:
            await started.end()
            raise
        assert kind == READY
        return started

    async def ask(self, job: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(HEAD.pack(len(job), 0) + job)
        await self.process.stdin.drain()

    async def receive(self) -> tuple[int, bytes]:
        assert self.process.stdout is not None
        length, kind = HEAD.unpack(await self.process.stdout.readexactly(HEAD.size))
        return kind, await self.process.stdout.readexactly(length)

    async def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        assert self.process.stdout is not None
        # The process counts as ended only when its pipe has been read to the end.
        while await self.process.stdout.read(PART):
            pass
        await self.process.wait()


@dataclass(frozen=True)
class Streamed:
    """An answer that comes in parts: what it is, and its bytes."""

    meta: dict[str, Any]
    parts: AsyncIterator[bytes]


class Readers:
    """The reader processes of one store."""

    def __init__(self, store: Path, settings: Settings) -> None:
        self.store, self.settings = store, settings
        self._idle: asyncio.LifoQueue[_Process] = asyncio.LifoQueue()
        # Queries of strangers leave one process to the pages.
        self._queries = asyncio.Semaphore(settings.readers - 1)
        self._tasks: set[asyncio.Task[None]] = set()
        self._all: set[_Process] = set()
        self._closed = False

    async def open(self) -> None:
        """Start the processes."""
        snapshot.tidy(self.store)
        await asyncio.gather(*(self._add() for _ in range(self.settings.readers)))

    async def close(self) -> None:
        """End the processes."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(process.end() for process in list(self._all)))
        snapshot.tidy(self.store)

    @property
    def alive(self) -> int:
        """Return how many processes there are."""
        return len(self._all)

    async def _add(self) -> None:
        process = await _Process.start(self.store, self.settings.memory)
        self._all.add(process)
        self._idle.put_nowait(process)

    async def _replace(self, process: _Process) -> None:
        self._all.discard(process)
        await process.end()
        snapshot.tidy(self.store)
        if not self._closed:
            task = asyncio.create_task(self._add_in_place())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _add_in_place(self) -> None:
        """Start a process for one that was ended; where that fails, try until the store is there again."""
        while True:
            try:
                await self._add()
            except (TimeoutError, OSError, EOFError):
                log.exception("a reader did not start; trying again")
                await asyncio.sleep(1)
            else:
                return

    async def call(
        self, function: Callable[Concatenate[Store, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Run a function of a module over the store and return its result.

        The function takes the store first; arguments and result are pickled.
        Raises Problem: what the function raises, 400 for a KgError, 503 at the limits of time and memory.
        """
        async with self._job(function, False, args, kwargs) as frames:
            async for kind, payload in frames:
                if kind == RESULT:
                    result: R = pickle.loads(payload)
                    return result
        raise AssertionError("a job ends with a result or an error")

    @contextlib.asynccontextmanager
    async def stream(
        self, function: Callable[Concatenate[Store, Out, P], None], *args: P.args, **kwargs: P.kwargs
    ) -> AsyncIterator[Streamed]:
        """Run a function that writes its answer into the `Out` that it takes second.

        Problems that come before the first part raise here; later ones raise between the parts.
        """
        async with self.place(), self._job(function, True, args, kwargs) as frames:
            kind, payload = await anext(frames)
            assert kind == META
            meta: dict[str, Any] = pickle.loads(payload)
            first = await anext(frames)

            async def parts() -> AsyncIterator[bytes]:
                kind, payload = first
                while kind == DATA:
                    yield payload
                    kind, payload = await anext(frames)

            yield Streamed(meta, parts())

    @contextlib.asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Hold one of the places for queries of strangers, which are one fewer than the processes."""
        try:
            await asyncio.wait_for(self._queries.acquire(), self.settings.patience)
        except TimeoutError:
            raise _busy() from None
        try:
            yield
        finally:
            self._queries.release()

    @contextlib.asynccontextmanager
    async def _job(
        self, function: Callable[..., Any], streamed: bool, args: Any, kwargs: Any
    ) -> AsyncIterator[AsyncIterator[tuple[int, bytes]]]:
        job = pickle.dumps((function.__module__, function.__name__, streamed, args, kwargs))
        try:
            process = await asyncio.wait_for(self._idle.get(), self.settings.patience)
        except TimeoutError:
            raise _busy() from None
        done = False

        async def frames() -> AsyncIterator[tuple[int, bytes]]:
            nonlocal done
            left = _START
            clock = asyncio.get_running_loop().time
            while not done:
                began = clock()
                try:
                    kind, payload = await asyncio.wait_for(process.receive(), left)
                    if kind == BEGUN:
                        left = self.settings.time_limit
                        continue
                except TimeoutError:
                    raise _too_long(self.settings.time_limit) from None
                except (asyncio.IncompleteReadError, ConnectionError):
                    raise _too_large(self.settings.memory) from None
                # Only the time that the process takes counts, not that of a slow client.
                left = max(left - (clock() - began), 0.001)
                done = kind in (RESULT, ERROR)
                if kind == ERROR:
                    raise pickle.loads(payload)
                yield kind, payload

        try:
            try:
                await process.ask(job)
            except ConnectionError:
                raise _too_large(self.settings.memory) from None
            yield frames()
        finally:
            if done:
                self._idle.put_nowait(process)
            else:
                await asyncio.shield(self._replace(process))


def _busy() -> Problem:
    return Problem(
        503, "all readers of the server are busy. Try again in a moment.", headers={"Retry-After": "5"}
    )


def _too_long(seconds: float) -> Problem:
    return Problem(
        503,
        f"the answer was not ready after {seconds:g} s, and the work on it was stopped. "
        "Ask for less, or start the server with a higher --time-limit.",
    )


def _too_large(megabytes: int) -> Problem:
    return Problem(
        503,
        f"the answer needs more memory than the {megabytes} MB of a reader. "
        "Ask for less (LIMIT, fewer variables, no ORDER BY), or start the server with a higher --memory.",
    )
