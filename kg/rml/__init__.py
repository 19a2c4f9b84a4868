"""Mappings -> RML, with what an RML engine needs beside it."""

from __future__ import annotations

from kg.rml.export import Export, export, rml

__all__ = ["Export", "export", "rml"]
