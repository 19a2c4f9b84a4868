"""The HTTP interface: a store -> SPARQL endpoint, questions, terms, uploads, and pages of things."""

from __future__ import annotations

from typing import Any

__all__ = ["Settings", "create_app"]


def __getattr__(name: str) -> Any:
    # The reader processes do not need the web framework; so it is imported when somebody asks for it.
    if name == "create_app":
        from kg.api.app import create_app

        return create_app
    if name == "Settings":
        from kg.api.settings import Settings

        return Settings
    raise AttributeError(f"module 'kg.api' has no attribute '{name}'")
