"""One reader process: jobs come in on standard input, answers go out on standard output.

A frame is its length and kind, then its payload.
Functions run here, with the store as their first argument, so that they can be ended from outside:
a query of pyoxigraph cannot be interrupted, a process can.
The store is opened for reading, and again when its files have changed since.
"""

from __future__ import annotations

import errno
import importlib
import os
import pickle
import queue
import signal
import struct
import sys
import threading
import traceback
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import pyoxigraph as ox

from kg.api import snapshot
from kg.api.problems import Problem
from kg.errors import KgError
from kg.store import Store
from kg.terms import vocabulary

HEAD = struct.Struct("!IB")
READY, BEGUN, META, DATA, RESULT, ERROR = range(6)
PART = 65_536
"""Bytes of a part of a streamed answer."""


_NO_LINKS = {errno.EROFS, errno.EXDEV, errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.EMLINK}


class Reader:
    """The store as this process sees it."""

    def __init__(self, path: Path) -> None:
        self._path, self._base = path, Store.open(path).base
        self._stamp: snapshot.Stamp | None = None
        self._folder: Path | None = None
        self._store: Store | None = None

    def store(self, *, again: bool = False) -> Store:
        """Return the store in a state no older than this call."""
        if self._store is None or again or snapshot.stamp(self._path / "oxigraph") != self._stamp:
            self._store = None
            if self._folder:
                snapshot.drop(self._folder)
            # The stamp is older than the handle: what is written in between is looked at next time.
            try:
                self._folder, self._stamp = snapshot.take(self._path)
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
                # Where nobody can link, the files are opened where they are.
                self._folder, self._stamp = None, snapshot.stamp(self._path / "oxigraph")
                self._store = Store.open(self._path)
            else:
                self._store = Store(self._path, self._base, ox.Store.read_only(str(self._folder)), fixed=True)
        return self._store


class Out:
    """Where a function writes a streamed answer: first what it is, then its bytes."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe, self._held, self.started = pipe, bytearray(), False

    def start(self, **meta: Any) -> None:
        """Tell what the answer is: its media type, and what else the route wants to know."""
        self.started = True
        send(self._pipe, META, pickle.dumps(meta))

    def write(self, data: bytes) -> int:
        """Take bytes of the answer; they go out in parts."""
        self._held += data
        while len(self._held) >= PART:
            send(self._pipe, DATA, bytes(self._held[:PART]))
            del self._held[:PART]
        return len(data)

    def flush(self) -> None:
        """Do nothing: parts go out when they are full."""

    def end(self) -> None:
        """Send what is left."""
        if self._held:
            send(self._pipe, DATA, bytes(self._held))
            self._held.clear()


def send(pipe: BinaryIO, kind: int, payload: bytes) -> None:
    """Write a frame."""
    pipe.write(HEAD.pack(len(payload), kind) + payload)
    pipe.flush()


def _receive(pipe: BinaryIO) -> bytes | None:
    head = pipe.read(HEAD.size)
    if len(head) < HEAD.size:
        return None
    length, _ = HEAD.unpack(head)
    return pipe.read(length)


def _listen(pipe: BinaryIO, jobs: queue.Queue[bytes]) -> NoReturn:
    """Pass jobs on, and end the process when the server has gone, whatever it is doing."""
    while (job := _receive(pipe)) is not None:
        jobs.put(job)
    os._exit(0)


def _run(reader: Reader, pipe: BinaryIO, job: bytes) -> None:
    module, name, streamed, args, kwargs = pickle.loads(job)
    function = getattr(importlib.import_module(module), name)
    # What a first question imports does not count as time of its answer.
    send(pipe, BEGUN, b"")
    for again in (False, True):
        out = Out(pipe)
        try:
            store = reader.store(again=again)
            if streamed:
                function(store, out, *args, **kwargs)
                out.end()
                send(pipe, RESULT, pickle.dumps(None))
            else:
                send(pipe, RESULT, pickle.dumps(function(store, *args, **kwargs)))
        except (Problem, KgError) as error:
            problem = error if isinstance(error, Problem) else Problem(400, str(error))
            send(pipe, ERROR, pickle.dumps(problem))
        except (OSError, RuntimeError) as error:
            # The database was in a state that cannot be opened; the next one can.
            if not again and not out.started and "such file" in str(error).lower():
                continue
            _fault(pipe)
        except Exception:
            _fault(pipe)
        return


def _fault(pipe: BinaryIO) -> None:
    traceback.print_exc(file=sys.stderr)
    detail = "the server has a fault here. Its log tells more; please report it."
    send(pipe, ERROR, pickle.dumps(Problem(500, detail)))


def _bounded(megabytes: int) -> None:
    """Bound the memory of this process, where the system can."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_DATA, (megabytes * 2**20, megabytes * 2**20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    """Answer jobs until the server closes the pipe."""
    path, megabytes = Path(sys.argv[1]), int(sys.argv[2])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server ends its readers itself
    pipe = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not come between the frames
    jobs: queue.Queue[bytes] = queue.Queue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, jobs), daemon=True).start()
    # What the first answer needs is done before the first question: imports, and the index of labels.
    importlib.import_module("kg.api.library")
    vocabulary().resolve("hasProperty")
    reader = Reader(path)
    reader.store()
    _bounded(megabytes)
    send(pipe, READY, b"")
    while True:
        _run(reader, pipe, jobs.get())


if __name__ == "__main__":
    main()
