"""Requests to the interfaces of Part 2 of the Asset Administration Shell -> their parameters and answers.

An error of these routes is a Result of the specification, which allows no members but its own.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.convertors import Convertor, register_url_convertor

from kg.api.problems import Problem
from kg.api.shells import Paged

VARY = {"Vary": "Accept, Authorization", "Cache-Control": "private, no-cache"}


class ContentConvertor(Convertor[str]):
    """What of an element a path asks for, so that no other path is taken for it."""

    regex = r"\$(metadata|value|reference|path)"

    def convert(self, value: str) -> str:
        """Return what is asked for."""
        return value

    def to_string(self, value: str) -> str:
        """Return what is asked for."""
        return value


register_url_convertor("content", ContentConvertor())


class AasRoute(APIRoute):
    """A route whose errors are results of the specification; bad parameters are answered with 400."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request."""
        answer = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await answer(request)
            except RequestValidationError as error:
                faults = (f"{' '.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
                problem = Problem(400, "; ".join(faults))
            except Problem as error:
                problem = error
            told = json.dumps({"messages": [_message(problem)]}, ensure_ascii=False)
            headers = {"Cache-Control": "no-store", **problem.headers}
            return Response(told, problem.status, headers, media_type="application/json")

        return handle


def _message(problem: Problem) -> dict[str, str]:
    return {
        "code": str(problem.status),
        "messageType": "Error",
        "text": problem.detail,
        "timestamp": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def decoded(text: str, what: str) -> str:
    """Return what stands in base64url; the = at the end may be left out.

    Raises Problem 400 for anything else.

    >>> decoded("dXJuOng", "id")
    'urn:x'
    """
    bare = text.rstrip("=")
    try:
        if not re.fullmatch(r"[A-Za-z0-9_-]*", bare) or len(text) - len(bare) not in (0, -len(bare) % 4):
            raise ValueError
        return base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4)).decode()
    except (ValueError, binascii.Error):
        raise Problem(400, f"{what}: '{text}' is not base64url of UTF-8 (RFC 4648, section 5).") from None


def encoded(text: str) -> str:
    """Return a text in base64url without = at the end.

    >>> encoded("urn:x")
    'dXJuOng'
    """
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def asset(text: str) -> tuple[str, str]:
    """Return name and value of an asset id as the specification writes it: JSON in base64url.

    Raises Problem 400 for anything else.
    """
    try:
        told = json.loads(decoded(text, "assetIds"))
        return str(told["name"]), str(told["value"])
    except (json.JSONDecodeError, KeyError, TypeError):
        raise Problem(400, 'assetIds: base64url of {"name": "...", "value": "..."} is wanted.') from None


def meaning(text: str) -> str:
    """Return the id in a semantic id as the specification writes it: a reference as JSON in base64url.

    Raises Problem 400 for anything else.
    """
    try:
        return str(json.loads(decoded(text, "semanticId"))["keys"][0]["value"])
    except (json.JSONDecodeError, KeyError, TypeError, IndexError):
        raise Problem(400, "semanticId: base64url of a reference as JSON is wanted.") from None


def answer(told: Any) -> Response:
    """Return what was asked for as JSON; a page of a list with where the next begins."""
    if isinstance(told, Paged):
        cursor = {"cursor": encoded(told.next)} if told.next else {}
        told = {"paging_metadata": cursor, "result": told.found}
    return Response(json.dumps(told, ensure_ascii=False), headers=VARY, media_type="application/json")
