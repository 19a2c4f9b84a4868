"""Rule files with front matter -> rules in the order in which they can be run.

A rule file is a CONSTRUCT query that runs as it stands.
Its front matter is in comment lines that begin with `#+`, as YAML.
`focus` names the variable of what the rule speaks about: the subject of all that it writes is the focus, or a
node `focus#...` of it. A line `VALUES ?focus { UNDEF }` inside WHERE, in a branch of a union as well, is
where single foci are put in.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterable
from pathlib import Path

import yaml
from pydantic import ValidationError

from kg.errors import Fault, FaultsError
from kg.labels import expand
from kg.namespaces import PREFIXES
from kg.near import near, quoted
from kg.queries import Strict
from kg.resources import folder
from kg.store import DERIVED
from kg.terms import vocabulary

_FRONT = "#+"
_BVCOX = PREFIXES["bvcox"]
_TYPE = PREFIXES["rdf"] + "type"
_NAME = re.compile(r"(?<![\w<?$:/#-])([A-Za-z][\w-]*):([A-Za-z_][\w-]*)?")


class About(Strict):
    """What a rule file says of itself.

    `uses` names the rules whose graphs it reads. `spread` holds property paths that lead from what changed
    to the foci that it concerns; what is reached from the middle of such a path must be reached from there
    by one of them as well. A rule that is not `kept` has no graph: it is run for a focus when somebody asks.
    `writes` tells each term that the rule writes, with its meaning.
    """

    summary: str
    question: str
    focus: str = ""
    uses: tuple[str, ...] = ()
    spread: tuple[str, ...] = ()
    kept: bool = True
    writes: dict[str, str]


class Rule(Strict):
    """A rule: its name, what it says of itself, and its CONSTRUCT query."""

    name: str
    about: About
    text: str

    @property
    def graph(self) -> str:
        """Return the name of the graph that the rule writes."""
        return DERIVED + self.name

    @functools.cached_property
    def reads(self) -> frozenset[str]:
        """Return the IRIs that the rule names in WHERE or on its way to the foci: of all that it reads."""
        return _named(self.text, " ".join([_where(self.text), *self.about.spread]))

    @functools.cached_property
    def made(self) -> frozenset[str]:
        """Return the IRIs of our own that the rule names in what it writes."""
        head = self.text[self.text.index("CONSTRUCT") :].partition("WHERE")[0]
        return frozenset(iri for iri in _named(self.text, head) if iri.startswith(_BVCOX))

    def all(self) -> str:
        """Return the query for all foci."""
        return _values(self.about.focus).sub("", self.text) if self.about.focus else self.text

    def of(self, foci: Iterable[str]) -> str:
        """Return the query for some foci, which are IRIs."""
        assert self.about.focus
        listed = " ".join(f"<{iri}>" for iri in foci)
        return _values(self.about.focus).sub(
            lambda _: f"VALUES ?{self.about.focus} {{ {listed} }}", self.text
        )


def _values(name: str) -> re.Pattern[str]:
    return re.compile(rf"\bVALUES\s+\?{re.escape(name)}\s*\{{\s*UNDEF\s*\}}")


def _where(text: str) -> str:
    return text[text.index("WHERE") :]


def _named(text: str, part: str) -> frozenset[str]:
    """Return the IRIs that a part of a query names, by the prefixes of the query and of the project."""
    known = PREFIXES | dict(re.findall(r"^PREFIX\s+([\w-]*):\s*<([^>]*)>", text, re.MULTILINE))
    bare = re.sub(r"(?m)(?<![<\w])#(?![^<>\s]*>).*$", "", part)
    found = set(re.findall(r"<([^<>\s]+)>", bare))
    found |= {known[prefix] + local for prefix, local in _NAME.findall(bare) if prefix in known}
    if re.search(r"[\s/^|(](a)[\s/]", bare):
        found.add(_TYPE)
    return frozenset(found)


def parse(name: str, text: str) -> Rule:
    """Return the rule in a text with front matter; labels in it (`term:LineLoad`) become IRIs.

    Raises FaultsError where the front matter is no YAML or has unknown keys, where the text is no CONSTRUCT
    query, and where the focus has no VALUES line of its own.
    """
    place = f"rules/{name}.rq"
    front = [line[len(_FRONT) :] for line in text.splitlines() if line.startswith(_FRONT)]
    body = "\n".join(line for line in text.splitlines() if not line.startswith(_FRONT)).strip() + "\n"
    try:
        about = About.model_validate(yaml.safe_load("\n".join(front)) or {})
    except yaml.YAMLError as error:
        raise FaultsError([Fault(place, 0, f"the front matter is not YAML: {error}")]) from None
    except ValidationError as error:
        raise FaultsError(
            [Fault(place, 0, f"{'.'.join(map(str, e['loc']))}: {e['msg']}.") for e in error.errors()]
        ) from None
    faults = []
    if not re.search(r"\bCONSTRUCT\b[\s\S]*\bWHERE\b", body):
        faults.append(Fault(place, 0, "a rule is a CONSTRUCT query with WHERE."))
    if about.focus and not _values(about.focus).search(body):
        line = f"VALUES ?{about.focus} {{ UNDEF }}"
        faults.append(Fault(place, 0, f"the focus needs a line '{line}' in WHERE."))
    if faults:
        raise FaultsError(faults)
    return Rule(name=name, about=about, text=expand(body, vocabulary()))


def read_rules(place: Path) -> tuple[Rule, ...]:
    """Return the rules in a folder, each after those that it uses.

    Raises FaultsError with the faults of all of them; rules that need one another are a fault.
    """
    found: dict[str, Rule] = {}
    faults: list[Fault] = []
    for path in sorted(place.glob("*.rq")):
        try:
            found[path.stem] = parse(path.stem, path.read_text(encoding="utf-8"))
        except FaultsError as error:
            faults += error.faults
    if faults:
        raise FaultsError(faults)
    faults = [fault for rule in found.values() for fault in _wrong_uses(rule, found)]
    if faults:
        raise FaultsError(faults)
    return tuple(rule for layer in layers(found.values()) for rule in layer)


def _wrong_uses(rule: Rule, known: dict[str, Rule]) -> Iterable[Fault]:
    place = f"rules/{rule.name}.rq"
    for name in rule.about.uses:
        if name not in known:
            alike = near(name, known)
            hint = f" Near: {quoted(alike)}." if alike else ""
            yield Fault(place, 0, f"uses: there is no rule '{name}'.{hint}")
    for other in known.values():
        shared = sorted(other.made & rule.reads)
        if shared and other.name != rule.name and other.name not in rule.about.uses:
            term = shared[0].rpartition("#")[2]
            yield Fault(
                place, 0, f"it reads bvcox:{term}, which '{other.name}' writes. Name it under 'uses'."
            )


def layers(known: Collection[Rule]) -> list[list[Rule]]:
    """Return rules in layers: a rule uses only rules of the layers before its own.

    Raises FaultsError that names the rules which need one another.
    """
    left = {rule.name: rule for rule in known}
    result: list[list[Rule]] = []
    while left:
        free = [rule for rule in left.values() if not left.keys() & set(rule.about.uses)]
        if not free:
            circle = _circle(left)
            text = f"these rules need one another: {' -> '.join(circle)}. None of them can be run first."
            raise FaultsError([Fault(f"rules/{circle[0]}.rq", 0, text)])
        result.append(free)
        for rule in free:
            del left[rule.name]
    return result


def _circle(left: dict[str, Rule]) -> list[str]:
    way = [min(left)]
    while way.count(way[-1]) < 2:
        way.append(next(name for name in left[way[-1]].about.uses if name in left))
    return way[way.index(way[-1]) :]


@functools.cache
def rules() -> tuple[Rule, ...]:
    """Return the rules of the product, each after those that it uses."""
    return read_rules(folder("queries") / "rules")
