"""A file of shells (JSON, XML, AASX) -> its environment, its metamodel, and what is wrong with it."""

from __future__ import annotations

import io
import json
import posixpath
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from kg.aas.environment import Environment
from kg.aas.package import METAMODELS, ORIGIN, SPEC, core, faults
from kg.aas.triples import ids, version_in
from kg.errors import KgError

LARGEST = 1_000_000_000
"""Bytes of a part of a package that is read."""

EARLIER = "http://www.admin-shell.io/"
"""How relationship types began before version 3.0 of the metamodel."""

KINDS = ("assetAdministrationShells", "submodels", "conceptDescriptions")


@dataclass
class Read:
    """What was read: the environment, the version of the metamodel, and findings with their places.

    `things` is how many things of the line it states something of.
    """

    environment: Environment
    version: str
    findings: list[str] = field(default_factory=list)
    things: int = 0


def read(path: Path, metamodel: str = "") -> Read:
    """Return the environment of a file; of a package with several parts, all of them together.

    Raises KgError where nothing can be read: no package, no origin, no part, another metamodel.
    """
    body = path.read_bytes()
    findings: list[str] = []
    parts = list(_parts(path, body, findings)) if _is_package(path, body) else [(path.name, body)]
    if not parts:
        told = "\n".join(findings)
        raise KgError(f"{told}\n{path}: no part of the package can be read.".lstrip("\n"))
    merged: Environment = {}
    versions = []
    for name, text in parts:
        part, version = _part(
            f"{path}:{name}" if len(parts) > 1 or name != path.name else str(path), text, metamodel
        )
        versions.append(version)
        for kind, found in part.items():
            merged.setdefault(kind, []).extend(found)
    if not ids(merged):
        raise KgError(f"{path}: it holds no shell, no submodel and no concept description.")
    version = max(versions)
    findings += [
        f"{path}: {said}" for said in (*_twice(merged), *_dangling(merged), *faults(merged, version))
    ]
    return Read(merged, version, findings)


def _is_package(path: Path, body: bytes) -> bool:
    return body[:2] == b"PK" or path.suffix.lower() == ".aasx"


def _parts(path: Path, body: bytes, findings: list[str]) -> Iterator[tuple[str, bytes]]:
    """Yield the parts of a package with an environment, by its relationships."""
    try:
        package = zipfile.ZipFile(io.BytesIO(body))
    except zipfile.BadZipFile:
        raise KgError(f"{path}: it is no ZIP archive, and so no AASX package.") from None
    with package:
        names = set(package.namelist())
        if "[Content_Types].xml" not in names:
            findings.append(f"{path}: [Content_Types].xml is missing; the types of the parts are not known.")
        origins = [target for kind, target in _related(path, package, "") if kind == ORIGIN]
        if not origins:
            raise KgError(
                f"{path}: no relationship of the type {ORIGIN} leads to the origin of the package "
                "(_rels/.rels). It is no AASX package, or it was damaged; write it again where it comes from."
            )
        for origin in origins:
            parts = [target for kind, target in _related(path, package, origin) if kind == SPEC]
            if not parts:
                findings.append(f"{path}: no relationship of the type {SPEC} leads from {origin} to a part.")
            for part in parts:
                if part not in names:
                    findings.append(f"{path}: the part {part} is missing, though a relationship names it.")
                elif package.getinfo(part).file_size > LARGEST:
                    findings.append(f"{path}: the part {part} is larger than {LARGEST:,} bytes.")
                else:
                    yield part, package.read(part)
        beside = sorted(name for name in names if name.startswith("aasx/files/"))
        if beside:
            findings.append(f"{path}: {len(beside)} files beside the environment stay in the package.")


def _related(path: Path, package: zipfile.ZipFile, source: str) -> list[tuple[str, str]]:
    """Return (type, part) of the relationships of a part, or of the package."""
    folder, name = posixpath.split(source)
    where = posixpath.join(folder, "_rels", f"{name}.rels")
    if where not in package.namelist():
        return []
    try:
        root = ElementTree.fromstring(package.read(where))
    except ElementTree.ParseError as error:
        raise KgError(f"{path}: {where} is no XML: {error}.") from None
    found = []
    for each in root:
        kind = each.get("Type", "").replace(EARLIER, "http://admin-shell.io/")
        target = posixpath.normpath(posixpath.join("/", folder, each.get("Target", "")))
        found.append((kind, target.lstrip("/")))
    return found


def _part(where: str, body: bytes, metamodel: str) -> tuple[Environment, str]:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise KgError(f"{where}: byte {error.start} is not UTF-8.") from None
    if text.lstrip().startswith("<"):
        return _xml(where, text, metamodel)
    try:
        environment = json.loads(text)
    except json.JSONDecodeError as error:
        raise KgError(f"{where}:{error.lineno}: it is neither XML nor JSON: {error.msg}.") from None
    if not isinstance(environment, dict):
        raise KgError(f"{where}: an environment is a JSON object, this is a {type(environment).__name__}.")
    return _json(where, environment, metamodel)


def _xml(where: str, text: str, metamodel: str) -> tuple[Environment, str]:
    version = version_in(text)
    if version not in METAMODELS or (metamodel and version != metamodel):
        said = f"metamodel {version}" if version else "no metamodel that is known"
        wanted = metamodel or " and ".join(METAMODELS)
        raise KgError(f"{where}: its namespace is of {said}; read is {wanted}.")
    aas = core(version)
    try:
        found = aas.xmlization.environment_from_str(text)
    except aas.xmlization.DeserializationException as error:
        raise KgError(f"{where}: {error.path}: {error.cause}") from None
    return aas.jsonization.to_jsonable(found), version


def _json(where: str, environment: dict[str, Any], metamodel: str) -> tuple[Environment, str]:
    """Return the environment with the version under which it has least faults; JSON names none."""
    said = ""
    least: tuple[int, str] | None = None
    for version in (metamodel,) if metamodel else METAMODELS:
        aas = core(version)
        try:
            aas.jsonization.environment_from_jsonable(environment)
        except aas.jsonization.DeserializationException as error:
            said = said or f"{error.path}: {error.cause}"
            continue
        number = len(faults(environment, version))
        if least is None or number < least[0]:
            least = (number, version)
        if not number:
            break
    if least is None:
        raise KgError(f"{where}: it is no environment of metamodel {' or '.join(METAMODELS)}: {said}")
    return environment, least[1]


def _twice(environment: Environment) -> Iterator[str]:
    for kind in KINDS:
        for id, times in Counter(each["id"] for each in environment.get(kind, [])).items():
            if times > 1:
                yield f"{kind}: the id '{id}' comes {times} times; ids are unique."


def _dangling(environment: Environment) -> Iterator[str]:
    """Yield each submodel that a shell names and the file does not hold."""
    there = {each["id"] for each in environment.get("submodels", [])}
    for shell in environment.get("assetAdministrationShells", []):
        for link in shell.get("submodels", []):
            id = link["keys"][-1]["value"]
            if id not in there:
                yield f"shell '{shell['id']}' names the submodel '{id}', which is not in the file."
