"""An environment -> JSON, XML or an AASX package, always in the same bytes."""

from __future__ import annotations

import functools
import importlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

from kg.aas.environment import Environment
from kg.errors import KgError

METAMODELS = ("3.0", "3.1")
FORMATS = ("json", "xml", "aasx")
MEDIA = {
    "json": "application/aas+json",
    "xml": "application/aas+xml",
    "aasx": "application/asset-administration-shell-package",
}
ORIGIN = "http://admin-shell.io/aasx/relationships/aasx-origin"
SPEC = "http://admin-shell.io/aasx/relationships/aas-spec"
PARTS = {"json": "application/json", "xml": "text/xml"}
_MADE = (2000, 1, 1, 0, 0, 0)


@functools.cache
def core(metamodel: str) -> Any:
    """Return the modules of aas-core for a version of the metamodel.

    Raises KgError for a version that there is not.
    """
    if metamodel not in METAMODELS:
        raise KgError(f"no metamodel '{metamodel}' of shells is known. Known: {', '.join(METAMODELS)}.")
    package = {"3.0": "aas_core3", "3.1": "aas_core3_1"}[metamodel]
    names = ("types", "jsonization", "xmlization", "verification")
    return SimpleNamespace(**{name: importlib.import_module(f"{package}.{name}") for name in names})


def faults(environment: Environment, metamodel: str = "3.0") -> list[str]:
    """Return what aas-core's verification finds in an environment, each with its place."""
    aas = core(metamodel)
    try:
        read = aas.jsonization.environment_from_jsonable(environment)
    except aas.jsonization.DeserializationException as error:
        return [f"{error.path}: {error.cause}"]
    return [f"{error.path}: {error.cause}" for error in aas.verification.verify(read)]


def write_json(environment: Environment) -> str:
    """Return an environment as JSON."""
    return json.dumps(environment, ensure_ascii=False, indent=1) + "\n"


def write_xml(environment: Environment, metamodel: str = "3.0") -> str:
    """Return an environment as XML."""
    aas = core(metamodel)
    read = aas.jsonization.environment_from_jsonable(environment)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + str(aas.xmlization.to_str(read)) + "\n"


Part = Callable[[str, bytes], None]
"""What writes a part of a package: its name without folder and ending, and its text."""


@contextmanager
def package(file: zipfile.ZipFile, part: str = "json") -> Iterator[Part]:
    """Give what writes the parts of a package, which are all of one form; what leads to them comes last."""
    names: list[str] = []

    def write_part(name: str, body: bytes) -> None:
        names.append(f"aasx/{quote(name)}.{part}")
        _entry(file, names[-1], body)

    types = (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="{part}" ContentType="{PARTS[part]}"/>'
        '<Override PartName="/aasx/aasx-origin" ContentType="text/plain"/></Types>'
    )
    _entry(file, "[Content_Types].xml", f"{_HEAD}{types}".encode())
    _entry(file, "_rels/.rels", _relations(ORIGIN, ["/aasx/aasx-origin"]))
    _entry(file, "aasx/aasx-origin", b"Intentionally empty.")
    yield write_part
    _entry(file, "aasx/_rels/aasx-origin.rels", _relations(SPEC, [f"/{name}" for name in names]))


def write_aasx(environment: Environment, metamodel: str = "3.0", part: str = "json") -> bytes:
    """Return an environment as a package with one part, JSON by default."""
    text = write_json(environment) if part == "json" else write_xml(environment, metamodel)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file, package(file, part) as write_part:
        write_part("environment", text.encode())
    return out.getvalue()


_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


def _entry(file: zipfile.ZipFile, path: str, body: bytes) -> None:
    entry = zipfile.ZipInfo(path, _MADE)
    entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
    file.writestr(entry, body)


def _relations(kind: str, targets: Sequence[str]) -> bytes:
    names = "http://schemas.openxmlformats.org/package/2006/relationships"
    links = "".join(
        f'<Relationship Type={quoteattr(kind)} Target={quoteattr(target)} Id="r{place}"/>'
        for place, target in enumerate(targets, 1)
    )
    return f'{_HEAD}<Relationships xmlns="{names}">{links}</Relationships>'.encode()


def write(environment: Environment, form: str = "json", metamodel: str = "3.0") -> bytes:
    """Return an environment in one of the forms json, xml and aasx."""
    core(metamodel)
    if form == "aasx":
        return write_aasx(environment, metamodel)
    return (write_json(environment) if form == "json" else write_xml(environment, metamodel)).encode()
