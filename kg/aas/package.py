"""An environment -> JSON, XML or an AASX package, always in the same bytes."""

from __future__ import annotations

import functools
import importlib
import io
import json
import zipfile
from types import SimpleNamespace
from typing import Any
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


def write_aasx(environment: Environment, metamodel: str = "3.0", part: str = "json") -> bytes:
    """Return an environment as a package with one part, JSON by default."""
    text = write_json(environment) if part == "json" else write_xml(environment, metamodel)
    name = f"aasx/environment.{part}"
    types = (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="{part}" ContentType="{PARTS[part]}"/>'
        '<Override PartName="/aasx/aasx-origin" ContentType="text/plain"/></Types>'
    )
    files = {
        "[Content_Types].xml": types,
        "_rels/.rels": _relation(ORIGIN, "/aasx/aasx-origin"),
        "aasx/aasx-origin": "Intentionally empty.",
        "aasx/_rels/aasx-origin.rels": _relation(SPEC, f"/{name}"),
        name: text,
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for path, body in files.items():
            entry = zipfile.ZipInfo(path, _MADE)
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
            package.writestr(entry, f"{'' if path == name or 'origin' in path[-11:] else _HEAD}{body}")
    return out.getvalue()


_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


def _relation(kind: str, target: str) -> str:
    names = "http://schemas.openxmlformats.org/package/2006/relationships"
    return (
        f'<Relationships xmlns="{names}"><Relationship Type={quoteattr(kind)} '
        f'Target={quoteattr(target)} Id="r1"/></Relationships>'
    )


def write(environment: Environment, form: str = "json", metamodel: str = "3.0") -> bytes:
    """Return an environment in one of the forms json, xml and aasx."""
    core(metamodel)
    if form == "aasx":
        return write_aasx(environment, metamodel)
    return (write_json(environment) if form == "json" else write_xml(environment, metamodel)).encode()
