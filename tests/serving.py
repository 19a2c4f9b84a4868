"""What the tests over HTTP share: a real server on a free port of loopback."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import uvicorn

from kg.api import Settings, create_app
from kg.api.access import Audience, Keys


@dataclass(frozen=True)
class Reply:
    """The answer to a request."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def media(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0]


@dataclass(frozen=True)
class Served:
    """A server that runs."""

    port: int
    app: Any

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def send(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Send exactly this request; no header is added but what HTTP itself asks for."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            return Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())

    def get(self, path: str, accept: str = "*/*", **params: str) -> Reply:
        query = f"?{urlencode(params)}" if params else ""
        return self.send("GET", path + query, headers={"Accept": accept})


@contextlib.contextmanager
def serving(store: Path, **settings: Any) -> Iterator[Served]:
    """Serve a store until the end of the block."""
    told = Settings(**{"readers": 2, **settings})
    app = create_app(told, store)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.02)
        try:
            yield Served(listener.getsockname()[1], app)
        finally:
            server.should_exit = True
            thread.join()


def keys_of(store: Path, *audiences: Audience) -> dict[str, dict[str, str]]:
    """Make a key to read for each audience, and return the headers that show it; everybody shows none."""
    made: dict[str, dict[str, str]] = {"public": {}}
    for audience in audiences:
        made[audience] = {"Authorization": f"Bearer {Keys(store).add(audience, 'read', audience)}"}
    return made
