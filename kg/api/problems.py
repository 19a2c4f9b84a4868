"""What goes wrong -> problem+json (RFC 9457), of one shape for every route."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

MEDIA = "application/problem+json"


class Problem(Exception):
    """An answer that is an error: its status, what is wrong and the way out, and its headers."""

    def __init__(
        self, status: int, detail: str, *, headers: Mapping[str, str] | None = None, **extra: Any
    ) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail
        self.headers, self.extra = dict(headers or {}), extra

    def __reduce__(self) -> tuple[Any, ...]:
        # It crosses from a reader process to the server.
        return _again, (self.status, self.detail, self.headers, self.extra)

    def body(self, instance: str) -> dict[str, Any]:
        """Return the members of the problem document for a request to this path."""
        return {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "instance": instance,
            **self.extra,
        }


def _again(status: int, detail: str, headers: dict[str, str], extra: dict[str, Any]) -> Problem:
    return Problem(status, detail, headers=headers, **extra)


class ProblemDocument(BaseModel):
    """An error: its status, what is wrong and the way out."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "about:blank",
                "title": "Not Found",
                "status": 404,
                "detail": "nothing in the store is called 'PC-9999'. Near: 'PC-0009'.",
                "instance": "/find",
            }
        }
    )

    type: str = Field(description="Always about:blank: the status says the kind.")
    title: str = Field(description="The name of the status.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="The place, the fault, and the way out.")
    instance: str = Field(description="The path that was asked for.")


_MEANS = {
    400: "The request says something that cannot be: the detail tells place, fault and way out.",
    401: "A key is needed, or the one given is not known here.",
    403: "The key, or the host name, does not allow this.",
    404: "There is nothing of this name; near names are told.",
    405: "This path does not take this method.",
    406: "None of the formats in Accept can be written; the detail lists those that can.",
    409: "Another process is writing to the store.",
    413: "The body is larger than the server takes.",
    415: "The body is of a media type that the server does not read.",
    422: "A parameter is missing or of the wrong type.",
    429: "Too many requests; Retry-After says when to come again.",
    500: "A fault of the server; it is in its log.",
    503: "The server is busy, or stopped the query at its time or memory limit.",
}

ALWAYS = (401, 403, 429, 500)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the error answers of a route for OpenAPI: those named, and those that every route has."""
    return {
        status: {
            "description": _MEANS[status],
            "content": {MEDIA: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
        }
        for status in sorted({*statuses, *ALWAYS})
    }
