"""A battery in the graph -> its passport, what is missing in it, and who may see what."""

from __future__ import annotations

from kg.passport.access import AUDIENCES, visible
from kg.passport.build import Passport, build, build_many
from kg.passport.check import check
from kg.passport.registry import Field, Point, Registry, registry

__all__ = [
    "AUDIENCES",
    "Field",
    "Passport",
    "Point",
    "Registry",
    "build",
    "build_many",
    "check",
    "registry",
    "visible",
]
