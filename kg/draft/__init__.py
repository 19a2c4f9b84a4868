"""A file never seen before -> a mapping file for it, in which nothing is decided that is not clear."""

from __future__ import annotations

from kg.draft.compose import Draft, draft

__all__ = ["Draft", "draft"]
