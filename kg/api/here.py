"""What a route needs: settings, readers, keys, pages and who asks; handed over by one dependency."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from kg.api.access import Caller, Keys, unauthorized
from kg.api.pages import Pages
from kg.api.problems import Problem
from kg.api.readers import Readers
from kg.api.settings import Settings
from kg.api.writer import Writer
from kg.passport.sign import Key


@dataclass(frozen=True)
class App:
    """What an application holds while it runs."""

    settings: Settings
    store: Path
    base: str
    keys: Keys
    readers: Readers
    writer: Writer
    pages: Pages
    signer: Key | None = None


@dataclass(frozen=True)
class _Here:
    """The application, and the request that is being answered."""

    app: App
    request: Request
    caller: Caller

    @property
    def readers(self) -> Readers:
        """Return the processes that ask the store."""
        return self.app.readers

    @property
    def base(self) -> str:
        """Return the base IRI of the store."""
        return self.app.base

    @property
    def pages(self) -> Pages:
        """Return the pages."""
        return self.app.pages

    def must_write(self, key: str = "") -> None:
        """Raise Problem 401 or 403 unless the caller's key, or one from a form, may write."""
        caller = self.app.keys.caller(f"Bearer {key}") if key and not self.caller.name else self.caller
        if not caller.name:
            raise unauthorized(
                "writing needs a key, on this machine too. Make one: kg serve key add NAME --may write"
            )
        if "write" not in caller.may:
            raise Problem(403, f"the key '{caller.name}' may read, not write.")


def _here(request: Request) -> _Here:
    app: App = request.app.state.kg
    caller: Caller = request.scope["kg.caller"]
    return _Here(app, request, caller)


Here = Annotated[_Here, Depends(_here)]
