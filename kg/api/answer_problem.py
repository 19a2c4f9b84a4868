"""Exceptions of routes and of the framework -> answers as problem+json, or a page to a browser."""

from __future__ import annotations

import json
import logging
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from kg.api.accept import choose
from kg.api.pages import Pages
from kg.api.problems import MEDIA, Problem
from kg.errors import KgError

log = logging.getLogger("kg.api")


def problem_response(problem: Problem, path: str) -> Response:
    """Return the answer that tells a problem."""
    text = json.dumps(problem.body(path), ensure_ascii=False)
    headers = {"Cache-Control": "no-store", **problem.headers}
    return Response(text, problem.status, headers, media_type=MEDIA)


def _problem(error: Exception, path: str) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, KgError):
        return Problem(400, str(error))
    if isinstance(error, RequestValidationError):
        faults = [{"place": " ".join(map(str, one["loc"])), "fault": one["msg"]} for one in error.errors()]
        detail = "; ".join(f"{one['place']}: {one['fault']}" for one in faults)
        return Problem(422, detail, errors=faults)
    if isinstance(error, HTTPException):
        return Problem(error.status_code, _framework(error, path), headers=error.headers)
    log.error("fault at %s", path, exc_info=error)
    return Problem(500, "the server has a fault here. Its log tells more; please report it.")


def _framework(error: HTTPException, path: str) -> str:
    if error.status_code == 404:
        return f"there is nothing at '{path}'. The paths are listed at /docs."
    if error.status_code == 405:
        takes = (error.headers or {}).get("Allow", "another method")
        return f"'{path}' does not take this method; it takes {takes}."
    return str(error.detail)


def add_problems(app: FastAPI) -> None:
    """Let the application answer every error in the one shape."""

    async def handle(request: Request, error: Exception) -> Response:
        problem = _problem(error, request.url.path)
        if choose(request.headers.get("accept"), [MEDIA, "text/html"]) == "text/html":
            shown = {"title": HTTPStatus(problem.status).phrase, "problem": problem.detail}
            pages: Pages = request.app.state.kg.pages
            return pages.show(request, "problem.html", problem.status, problem.headers, **shown)
        return problem_response(problem, request.url.path)

    for kind in (Problem, KgError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, handle)
