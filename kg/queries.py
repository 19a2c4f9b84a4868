"""Query files with front matter -> questions with parameters; bound, expanded and run on a store.

A query file is SPARQL that runs as it stands.
Its front matter is in comment lines that begin with `#+`, as YAML; a parameter is a line
`VALUES ?name { default }` inside WHERE, in which binding puts another term. A sub-select does not see
what is outside it, so the same line may come again in one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from kg.errors import Fault, FaultsError, KgError
from kg.iri import DEFAULT_BASE, shorten
from kg.labels import expand
from kg.namespaces import PREFIXES
from kg.near import near, quoted
from kg.resources import folder
from kg.terms import AmbiguousTermError, vocabulary

_FRONT = "#+"

USERS = ("data steward", "analyst", "recycler", "model developer")
"""Who asks."""

MODULES = ("production", "material", "equipment", "quality", "model", "records")
"""What a question is about: the four modules of the information model of a line, models, and the records."""


class Strict(BaseModel):
    """Text from outside: an unknown key is a fault."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Param(Strict):
    """A parameter of a query: what it means, and its unit where it is a number."""

    help: str
    unit: str | None = None


class Column(Strict):
    """A column of the answer: what it means, and its unit where it is a number."""

    help: str
    unit: str | None = None


class FrontMatter(Strict):
    """What a query file says of itself."""

    summary: str
    question: str
    users: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    params: dict[str, Param] = {}
    columns: dict[str, Column] = {}
    example: str = ""
    fast: str = ""
    """The twin in columns that gives the same answer sooner, where there is one."""


class Query(Strict):
    """A query file: its name, what it says of itself, and its SPARQL."""

    name: str
    about: FrontMatter
    text: str

    def default(self, param: str) -> str:
        """Return the default of a parameter as it stands in the file."""
        found = _values_line(re.escape(param)).search(self.text)
        return found["value"].strip() if found else ""

    def terms(self, values: Mapping[str, ox.NamedNode | ox.Literal]) -> dict[str, ox.NamedNode | ox.Literal]:
        """Return the terms of all parameters: those given, and the defaults of the file for the others."""
        lines = " ".join(f"VALUES ?{name} {{ {self.default(name)} }}" for name in self.about.params)
        rows = ox.Store().query(f"SELECT * {{ {lines} }}", prefixes=PREFIXES)
        assert isinstance(rows, ox.QuerySolutions)
        row = next(rows)
        return {name: values.get(name) or row[name] for name in self.about.params}

    def bind(self, values: Mapping[str, ox.NamedNode | ox.Literal]) -> str:
        """Return the SPARQL with parameters replaced by terms, each serialised as a whole.

        Raises KgError for a parameter that the query does not have.
        """
        for name in values:
            if name not in self.about.params:
                known = quoted(self.about.params) or "none"
                raise KgError(f"the query '{self.name}' has no parameter '{name}'. Parameters: {known}.")

        def put(match: re.Match[str]) -> str:
            term = str(values[match["name"]]) if match["name"] in values else match["value"]
            return match["before"] + term + match["after"]

        # All in one pass: a value may itself read like the line of another parameter.
        names = "|".join(map(re.escape, self.about.params)) or "(?!)"
        return _values_line(names).sub(put, self.text)


def _values_line(name: str) -> re.Pattern[str]:
    """Return the pattern of the VALUES line of a parameter; `name` is a pattern, too."""
    return re.compile(
        rf"(?P<before>\bVALUES\s+\?(?P<name>{name})\s*\{{\s*)(?P<value>[^{{}}]*?)(?P<after>\s*\}})"
    )


def parse(name: str, text: str) -> Query:
    """Return the query in a text with front matter.

    Raises FaultsError where the front matter is missing, is no YAML, or has unknown keys,
    and where a parameter has no VALUES line, or several that differ.
    """
    place = f"{name}.rq"
    front = [line[len(_FRONT) :] for line in text.splitlines() if line.startswith(_FRONT)]
    try:
        about = FrontMatter.model_validate(yaml.safe_load("\n".join(front)) or {})
    except yaml.YAMLError as error:
        raise FaultsError([Fault(place, 0, f"the front matter is not YAML: {error}")]) from None
    except ValidationError as error:
        faults = [
            Fault(place, 0, f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}.")
            for detail in error.errors()
        ]
        raise FaultsError(faults) from None
    body = "\n".join(line for line in text.splitlines() if not line.startswith(_FRONT)).strip() + "\n"
    faults = [
        Fault(
            place,
            0,
            f"the parameter '{param}' needs a line 'VALUES ?{param} {{ default }}', "
            "and the same default wherever it comes again.",
        )
        for param in about.params
        if len({match["value"].strip() for match in _values_line(re.escape(param)).finditer(body)}) != 1
    ]
    if faults:
        raise FaultsError(faults)
    return Query(name=name, about=about, text=body)


def library() -> dict[str, Path]:
    """Return the files of the query library by name."""
    return {path.stem: path for path in sorted(folder("queries").glob("*.rq"))}


def read(name: str) -> Query:
    """Return a query of the library.

    Raises KgError where there is none of this name.
    """
    files = library()
    if name not in files:
        alike = near(name, files)
        hint = f" Near: {quoted(alike)}." if alike else " 'kg query --list' tells them."
        raise KgError(f"no query is called '{name}'.{hint}")
    return parse(name, files[name].read_text(encoding="utf-8"))


def typed(default: str) -> str:
    """Return the default of a parameter as a person types it: a label, a name below the base, or a number."""
    iri = default.strip("<>")
    if iri not in vocabulary():
        return shorten(iri, DEFAULT_BASE).strip('"')
    term = vocabulary().term(iri)
    try:
        return f"term:{vocabulary().resolve(term.label).label}"
    except AmbiguousTermError:
        return f"term:{term.qualified.replace(':', '.', 1)}"


def term_of(text: str, default: str, thing: Callable[[str], str]) -> ox.NamedNode | ox.Literal:
    """Return the term for a value that a person typed, of the kind of the parameter's default.

    Where the default is an IRI: an IRI in full, a label (`term:LineLoad`), or a name of which `thing`
    knows the IRI. Where it is a literal: a literal of its datatype.
    Raises KgError where the text is no value of that datatype.
    """
    if default.startswith("<") or re.match(r"^[A-Za-z][\w.-]*:", default):
        if text.startswith("term:"):
            return ox.NamedNode(expand(text, vocabulary()).strip("<>"))
        full = "://" in text or text.startswith("urn:")
        return ox.NamedNode(text if full else thing(text))
    if re.fullmatch(r"[+-]?\d+", default):
        return _number(text, r"[+-]?\d+", "integer", "a whole number")
    if re.fullmatch(r"[+-]?[\d.]+(?:[eE][+-]?\d+)?", default):
        return _number(text, r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", "double", "a number")
    return ox.Literal(text)


def _number(text: str, pattern: str, datatype: str, said: str) -> ox.Literal:
    if not re.fullmatch(pattern, text.strip()):
        raise KgError(f"'{text}' is not {said}.")
    return ox.Literal(text.strip(), datatype=ox.NamedNode(f"http://www.w3.org/2001/XMLSchema#{datatype}"))


def values(
    query: Query, given: Mapping[str, Any], thing: Callable[[str], str]
) -> dict[str, ox.NamedNode | ox.Literal]:
    """Return the terms for the values of parameters that a person or a program gave."""
    terms: dict[str, ox.NamedNode | ox.Literal] = {}
    for name, value in given.items():
        if isinstance(value, ox.NamedNode | ox.Literal):
            terms[name] = value
        else:
            terms[name] = term_of(str(value), query.default(name), thing)
    return terms
