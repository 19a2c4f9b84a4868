"""An uploaded file -> a file in a folder, under a name that is safe."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path, PurePosixPath, PureWindowsPath

from fastapi import UploadFile

from kg.api.problems import Problem


def safe_name(name: str | None) -> str:
    """Return the last part of a file name.

    Raises Problem 422 where there is none, and for a hidden file.
    """
    last = PurePosixPath(PureWindowsPath(name or "").name).name
    if not last or last.startswith(".") or any(ord(sign) < 32 for sign in last) or len(last) > 200:
        raise Problem(
            422,
            f"'{name or ''}' is no name of a file. Send it with its own name, such as coating.csv.",
        )
    return last


async def save(file: UploadFile, folder: Path) -> Path:
    """Write an uploaded file into a folder and return its path."""
    path = folder / safe_name(file.filename)

    def copy() -> None:
        with path.open("wb") as target:
            shutil.copyfileobj(file.file, target)

    await asyncio.to_thread(copy)
    return path
