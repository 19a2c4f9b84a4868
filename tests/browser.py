"""Headless Chromium over its debugging pipe: pages are opened and asked questions in JavaScript."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
]


class Browser:
    """A page of a browser that runs."""

    def __init__(self, send: BinaryIO, receive: BinaryIO) -> None:
        self._send, self._receive, self._number = send, receive, 0
        self._session = ""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command and return its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        self._send.write(json.dumps(message).encode() + b"\0")
        self._send.flush()
        while True:
            told = json.loads(self._read())
            if told.get("id") == self._number:
                assert "error" not in told, told
                result: dict[str, Any] = told["result"]
                return result

    def _read(self) -> bytes:
        read = bytearray()
        while (sign := self._receive.read(1)) != b"\0":
            assert sign, "the browser has gone"
            read += sign
        return bytes(read)

    def evaluate(self, script: str) -> Any:
        """Return the value of an expression on the page."""
        told = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def open(self, url: str, width: int, *, dark: bool = False) -> None:
        """Open an address in a window of this width."""
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        self.call("Emulation.setDeviceMetricsOverride", **size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Page.navigate", url=url)
        for _ in range(600):
            if self.evaluate(f"document.readyState == 'complete' && location.href == {json.dumps(url)}"):
                return
            time.sleep(0.05)
        raise AssertionError(f"{url} did not load")


@contextlib.contextmanager
def browsing(folder: Path) -> Iterator[Browser]:
    """Run a browser until the end of the block."""
    to_read, to_write = os.pipe()
    from_read, from_write = os.pipe()

    def wire() -> None:
        # The browser reads commands from 3 and writes answers to 4.
        os.dup2(to_read, 30)
        os.dup2(from_write, 40)
        os.dup2(30, 3)
        os.dup2(40, 4)

    assert CHROMIUM
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={folder}"]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(
        command, preexec_fn=wire, close_fds=False, stdin=quiet, stdout=quiet, stderr=quiet
    )
    os.close(to_read)
    os.close(from_write)
    with os.fdopen(to_write, "wb") as send, os.fdopen(from_read, "rb") as receive:
        try:
            yield Browser(send, receive)
        finally:
            process.kill()
            process.wait()
