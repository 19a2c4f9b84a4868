"""Source files -> tables of text, in which each row knows its place in the file."""

from __future__ import annotations

from kg.sources.content import Content
from kg.sources.read import read_table
from kg.sources.sql import is_connection
from kg.sources.table import BadRow, Reading, Table

__all__ = ["BadRow", "Content", "Reading", "Table", "is_connection", "read_table"]
