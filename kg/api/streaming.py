"""A function that writes its answer in a reader process -> a response that is passed on part by part.

A client that goes away, or that does not take its parts, ends the work on its answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Concatenate, ParamSpec, TypeVar

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from kg.api.answer_problem import problem_response
from kg.api.problems import Problem
from kg.api.readers import Readers, Streamed
from kg.api.worker import Out
from kg.store import Store

P = ParamSpec("P")
R = TypeVar("R")


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def attended(receive: Receive, work: Coroutine[Any, Any, R]) -> R:
    """Return the result of some work, and break it off when the client goes away.

    Raises Problem 503 where the client has gone; nobody reads it.
    """
    task, gone = asyncio.create_task(work), asyncio.create_task(_gone(receive))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise Problem(503, "the client has gone.")
        return task.result()
    finally:
        for one in (task, gone):
            one.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


class Streaming(Response):
    """A response whose media type and bytes come from a function in a reader process."""

    def __init__(
        self,
        readers: Readers,
        function: Callable[Concatenate[Store, Out, P], None],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> None:
        self.status_code, self.background, self.body = 200, None, b""
        self.init_headers({"Vary": "Accept, Accept-Language", "X-Content-Type-Options": "nosniff"})
        self._readers = readers
        self._work: Callable[[], AbstractAsyncContextManager[Streamed]] = lambda: readers.stream(
            function, *args, **kwargs
        )

    def add(self, headers: Mapping[str, str]) -> Streaming:
        """Add headers."""
        self.headers.update(headers)
        return self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; what goes wrong before the first part is told as a problem."""
        try:
            await attended(receive, self._pass_on(scope, send))
        except Problem as problem:
            if self.body:
                # The status has gone out: only a broken connection can tell that the answer is no whole.
                raise
            await problem_response(problem, scope["path"])(scope, receive, send)

    async def _pass_on(self, scope: Scope, send: Send) -> None:
        async with self._work() as answer:
            media = answer.meta["media"]
            charset = "; charset=utf-8" if media.startswith("text/") else ""
            self.headers["Content-Type"] = media + charset
            if "content-length" in self.headers:
                del self.headers["content-length"]
            first = True
            async for part in answer.parts:
                if first:
                    await self._start(send)
                    first = False
                if scope["method"] == "HEAD":
                    break
                await self._send(send, part, True)
            if first:
                await self._start(send)
            await self._send(send, b"", False)

    async def _start(self, send: Send) -> None:
        self.body = b"started"
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})

    async def _send(self, send: Send, part: bytes, more: bool) -> None:
        try:
            message = {"type": "http.response.body", "body": part, "more_body": more}
            await asyncio.wait_for(send(message), self._readers.settings.stall)
        except TimeoutError:
            raise Problem(503, "the client did not take its answer.") from None
