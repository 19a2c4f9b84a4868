"""A template and what it shows -> a page, in English or German."""

from __future__ import annotations

import functools
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import jinja2
from fastapi import Request
from fastapi.responses import HTMLResponse

from kg.api.accept import choose
from kg.api.access import Caller
from kg.iri import shorten

LANGUAGES = ("en", "de")
_FOLDER = Path(__file__).parent / "templates"
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Vary": "Accept, Accept-Language, Cookie",
}


@functools.cache
def german() -> dict[str, str]:
    """Return the German of every text of the templates, by its English."""
    told: dict[str, str] = tomllib.loads((_FOLDER / "de.toml").read_text(encoding="utf-8"))
    return told


def language(request: Request) -> str:
    """Return the language of a page: as asked for, as chosen before, or as the browser prefers."""
    for wish in (request.query_params.get("lang"), request.cookies.get("lang")):
        if wish in LANGUAGES:
            return wish
    header = request.headers.get("accept-language")
    wanted = ",".join(part.strip().partition("-")[0] + _quality(part) for part in (header or "").split(","))
    return choose(wanted, LANGUAGES) or LANGUAGES[0]


def _quality(part: str) -> str:
    _, semicolon, quality = part.partition(";")
    return semicolon + quality


class Pages:
    """The templates of the pages."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(_FOLDER),
            undefined=jinja2.StrictUndefined,
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def show(
        self,
        request: Request,
        template: str,
        status: int = 200,
        headers: dict[str, str] | None = None,
        **values: Any,
    ) -> HTMLResponse:
        """Return the page of a template.

        In a template `t("text")` is the text in the reader's language, `root` the path that all links begin
        with, and `thing(iri)` the address of the page of a thing.
        """
        tongue = language(request)
        root = request.scope.get("root_path", "")

        def t(text: str, **parts: Any) -> str:
            said = german().get(text, text) if tongue == "de" else text
            return said.format(**parts) if parts else said

        def thing(iri: str) -> str:
            return address(root, self._base, iri)

        def here(**changes: str) -> str:
            kept = [
                (name, value) for name, value in request.query_params.multi_items() if name not in changes
            ]
            return f"{root}{request.url.path.removeprefix(root)}?{urlencode([*kept, *changes.items()])}"

        html = self._templates.get_template(template).render(
            t=t,
            lang=tongue,
            root=root,
            base=self._base,
            thing=thing,
            here=here,
            path=request.url.path,
            staff=_staff(request),
            **values,
        )
        response = HTMLResponse(html, status, {**_HEADERS, **(headers or {})})
        if request.query_params.get("lang") in LANGUAGES:
            response.set_cookie("lang", tongue, max_age=31_536_000, samesite="lax", httponly=True)
        return response


def _staff(request: Request) -> bool:
    """Return whether the reader may see records, so that links to them are of use."""
    caller: Caller | None = request.scope.get("kg.caller")
    return caller is not None and caller.staff


def address(root: str, base: str, iri: str) -> str:
    """Return where the server shows an IRI: a thing under `/id/`, a term under `/terms/`.

    >>> address("", "https://example.org/line/", "https://example.org/line/cell/C-1#Mass")
    '/id/cell/C-1#Mass'
    """
    if iri.startswith(base):
        return f"{root}/id/{shorten(iri, base)}"
    return f"{root}/terms/{quote(iri, safe='')}"
