"""Uploads -> the store, one load at a time, each in a process of its own.

The server never holds the store open for writing: between two loads `kg load` on the same machine may write.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from pathlib import Path
from typing import Any

from kg.api.problems import Problem


class Writer:
    """The one place from which the server writes."""

    def __init__(self, store: Path) -> None:
        self._store = store
        self._turn = asyncio.Lock()

    async def load(
        self, file: Path, name: str, mapping: str | None, under: str, dry_run: bool
    ) -> dict[str, Any]:
        """Load a file under a name, or only look at it, and return what became of it.

        Raises Problem 400 for a mapping that is not there or wrong, and 409 where another process writes.
        """
        job = {"file": str(file), "name": name, "mapping": mapping, "under": under, "dry_run": dry_run}
        # A dry run writes nothing, so it need not wait for the one that does.
        async with contextlib.nullcontext() if dry_run else self._turn:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "kg.api.load_job",
                str(self._store),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
            # A load that has begun comes to its end, whether or not the client waits for it.
            told, _ = await asyncio.shield(process.communicate(json.dumps(job).encode()))
        if process.returncode != 0 or not told:
            raise Problem(500, "the load ended in a fault. The log of the server tells more.")
        answer: dict[str, Any] = json.loads(told)
        if "problem" in answer:
            raise Problem(answer["problem"], answer["detail"])
        return answer
