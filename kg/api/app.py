"""Settings and the folder of a store -> the application. It is put together here; nothing is global."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.staticfiles import StaticFiles

from kg.api import routes
from kg.api.access import Keys, admit
from kg.api.answer_problem import add_problems
from kg.api.guard import Guard
from kg.api.here import App
from kg.api.pages import Pages
from kg.api.problems import ProblemDocument
from kg.api.readers import Readers
from kg.api.settings import Settings
from kg.api.writer import Writer
from kg.passport.sign import Key, key_of
from kg.store import Store

_HERE = Path(__file__).parent
ABOUT = (
    "Asks one store of battery-kg: SPARQL, questions of the library, terms, things with their pages, and "
    "uploads of records. Errors are `application/problem+json` with place, fault and way out; those below "
    "`/aas` are a Result with messages, as Part 2 of the AAS specification has it. "
    "A key is shown as `Authorization: Bearer KEY`."
)


def routers() -> list[APIRouter]:
    """Return the router of every module in `kg/api/routes`, in the order of their names."""
    names = sorted(found.name for found in pkgutil.iter_modules(routes.__path__))
    return [importlib.import_module(f"{routes.__name__}.{name}").router for name in names]


def create_app(settings: Settings, store: Path) -> FastAPI:
    """Return the application that serves a store.

    Raises StoreError where there is no store.
    """
    base = Store.open(store).base
    keys = Keys(store, base)
    here = App(
        settings, store, base, keys, Readers(store, settings), Writer(store), Pages(base), _signer(settings)
    )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await here.readers.open()
        try:
            yield
        finally:
            await here.readers.close()

    app = _bare(lifespan)
    app.state.kg = here
    app.mount("/static", StaticFiles(directory=_HERE / "static"), name="static")
    add_problems(app)
    app.add_middleware(Guard, settings=settings, keys=keys)
    return app


def _signer(settings: Settings) -> Key | None:
    return key_of(settings.sign_key) if settings.sign_key else None


def document() -> dict[str, Any]:
    """Return the OpenAPI document, which is the same for every store."""
    return _bare().openapi()


def _bare(lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]] | None = None) -> FastAPI:
    """Return the routes with what they say of themselves."""
    app = FastAPI(
        title="battery-kg",
        summary="The knowledge graph of a battery line",
        description=ABOUT,
        version=version("battery-kg"),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    for router in routers():
        app.include_router(router, dependencies=[Depends(admit)])
    _describe_more(app)
    return app


def _describe_more(app: FastAPI) -> None:
    """Let the OpenAPI document say how a key is shown, what an error is, and what is written."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        document = made()
        parts = document.setdefault("components", {})
        parts.setdefault("schemas", {})["ProblemDocument"] = ProblemDocument.model_json_schema()
        for operation in (one for methods in document["paths"].values() for one in methods.values()):
            for answer in operation["responses"].values():
                # The framework takes every answer for JSON.
                if answer.get("content", {}).get("application/json") == {"schema": {}}:
                    del answer["content"]["application/json"]
        parts.setdefault("securitySchemes", {})["key"] = {
            "type": "http",
            "scheme": "bearer",
            "description": "A key of the store.",
        }
        document["security"] = [{}, {"key": []}]
        return document

    app.openapi = openapi  # type: ignore[method-assign]
