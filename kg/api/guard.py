"""What every request passes before its route: host name, key, rate and size of the body."""

from __future__ import annotations

import time
from collections import OrderedDict
from ipaddress import ip_address

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kg.api.access import Caller, Keys, unauthorized
from kg.api.answer_problem import problem_response
from kg.api.problems import Problem
from kg.api.settings import LOOPBACK, Settings
from kg.errors import KgError

_UPLOADS = ("/records", "/resolve")
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
_KNOWN = 10_000
"""Callers whose rate is remembered."""


class Guard:
    """An ASGI application around the routes."""

    def __init__(self, app: ASGIApp, settings: Settings, keys: Keys) -> None:
        self.app, self.settings, self.keys = app, settings, keys
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with what is wrong."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        try:
            self._host(request)
            caller = self._caller(request)
            self._rate(request, caller)
            limit = self.settings.upload_limit if scope["path"] in _UPLOADS else self.settings.body_limit
            self._announced(request, limit)
        except (Problem, KgError) as error:
            problem = error if isinstance(error, Problem) else Problem(500, str(error))
            await problem_response(problem, scope["path"])(scope, receive, send)
            return
        scope["kg.caller"] = caller
        await self.app(scope, _bounded(receive, limit), send)

    def _host(self, request: Request) -> None:
        """Refuse a name that is not ours: a page from elsewhere must not reach loopback by DNS."""
        if not self.settings.on_loopback and not self.settings.hosts:
            return
        host = request.headers.get("host", "")
        name = host[: host.rfind("]") + 1].strip("[]") if host.startswith("[") else host.partition(":")[0]
        if name.lower() not in {*LOOPBACK, *(known.lower() for known in self.settings.hosts)}:
            raise Problem(
                403, f"this server is not called '{name}'. Start it with --name {name} if it should be."
            )

    def _caller(self, request: Request) -> Caller:
        shown = request.headers.get("authorization")
        if shown is None and self._at_machine(request):
            return Caller(here=True)
        caller, free = self.keys.caller(shown), self.settings.public_read
        free = free or (self.settings.on_loopback and not self.settings.key_to_read)
        if not free and "read" not in caller.may and request.url.path != "/health":
            raise unauthorized("reading needs a key here: 'Authorization: Bearer KEY'.")
        return caller

    def _at_machine(self, request: Request) -> bool:
        """Return whether who asks sits at this machine; a proxy that names another client does not."""
        told = any(name in request.headers for name in _FORWARDED)
        return self.settings.on_loopback and not self.settings.key_to_read and not told

    def _rate(self, request: Request, caller: Caller) -> None:
        if not self.settings.rate:
            return
        address = request.client.host if request.client else ""
        if not caller.name and self.settings.on_loopback and _is_loopback(address):
            return
        who = f"key {caller.name}" if caller.name else address
        now, whole = time.monotonic(), float(self.settings.rate)
        left, at = self._buckets.pop(who, (whole, now))
        left = min(whole, left + (now - at) * whole / 60)
        self._buckets[who] = (max(left - 1, 0.0), now)
        if len(self._buckets) > _KNOWN:
            self._buckets.popitem(last=False)
        if left < 1:
            wait = max(1, round(60 / whole))
            raise Problem(
                429,
                f"more than {self.settings.rate} requests in a minute.",
                headers={"Retry-After": str(wait)},
            )

    def _announced(self, request: Request, limit: int) -> None:
        length = request.headers.get("content-length", "")
        if length.isdigit() and int(length) > limit:
            raise _too_large(limit)


def _bounded(receive: Receive, limit: int) -> Receive:
    """Return `receive` that raises Problem 413 when more comes than was announced or is taken."""
    seen = 0

    async def bounded() -> Message:
        nonlocal seen
        message = await receive()
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            if seen > limit:
                raise _too_large(limit)
        return message

    return bounded


def _too_large(limit: int) -> Problem:
    return Problem(
        413, f"the body is larger than {limit:,} bytes. Send less, or raise the limit of the server."
    )


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
