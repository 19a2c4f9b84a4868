"""A name in the store -> its shell, and the environment of it. A submodel is made when it is asked for."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kg import model
from kg.aas.battery import Source, content, templates_of_a_battery, withheld
from kg.aas.environment import Environment, environment, shell
from kg.aas.instance import submodel
from kg.aas.processes import executed, is_machine, is_run, process_types
from kg.aas.recordings import recordings, time_series
from kg.aas.templates import Template
from kg.aas.things import bill_of_material, class_of, nameplate, parts_of, technical_data
from kg.aas.topics import topics
from kg.errors import KgError
from kg.iri import shorten
from kg.passport.access import STAFF
from kg.passport.build import Builder, NoPassportError, Passport
from kg.passport.facts import Facts

MACHINE, RUN = "machine", "process run"

Makers = Mapping[str, Callable[[], dict[str, Any]]]
"""The short name of each submodel of a shell, and what makes it."""


class RecordError(KgError):
    """A thing is a record of the line, and who looks sees what passports show."""


@dataclass(frozen=True)
class Sight:
    """Who looks: the audience that a passport is shown to, and whether records are shown beside passports."""

    audience: str = "public"
    records: bool = True

    @classmethod
    def of(cls, audience: str | None) -> Sight:
        """Return the sight of an audience; without one, records, and passports as the public sees them."""
        return cls(audience or "public", audience in (None, STAFF))


@dataclass(frozen=True)
class Shell:
    """The shell of a thing as somebody sees it."""

    iri: str
    name: str
    kind: str
    makers: Makers
    further: tuple[tuple[str, str], ...] = ()

    @property
    def id(self) -> str:
        """Return the id of the shell."""
        return f"{self.iri}/aas"

    def submodel_id(self, short: str) -> str:
        """Return the id of a submodel by its short name."""
        return f"{self.iri}/submodel/{short}"

    def head(self) -> dict[str, Any]:
        """Return the shell as AAS JSON."""
        ids = map(self.submodel_id, self.makers)
        return shell(self.iri, self.name, self.kind, ids, self.further)

    def environment(self) -> Environment:
        """Return the shell with all its submodels, and what their semantic ids mean."""
        return environment([self.head()], [make() for make in self.makers.values()])


def passport_shell(builder: Builder, passport: Passport, audience: str = "public") -> Shell:
    """Return the shell of a battery with the submodels of its passport, as an audience may see them."""
    source = Source(passport, audience, functools.partial(_critical, builder, passport))
    makers: dict[str, Callable[[], dict[str, Any]]] = {
        template.root.short: functools.partial(passport_submodel, template, source)
        for template in templates_of_a_battery()
    }
    if source.seen.get("modules"):
        makers["BillOfMaterial"] = functools.partial(bill_of_material, builder.facts, passport.battery)
    numbers = (("serialNumber", "serial_number"), ("batteryIdentifier", "battery_identifier"))
    further = tuple((name, str(found.value)) for name, key in numbers if (found := source.found(key)))
    return Shell(passport.battery, short_name(passport.battery, passport.base), "battery", makers, further)


def short_name(battery: str, base: str) -> str:
    """Return the name of a battery: its number."""
    return shorten(battery, base).rpartition("/")[2]


def _critical(builder: Builder, passport: Passport) -> frozenset[str]:
    portions = builder.bench(passport.battery).materials.portions
    return frozenset(each.content.substance for each in portions if each.content.critical)


def passport_submodel(template: Template, source: Source) -> dict[str, Any]:
    """Return a submodel of a battery passport; what is withheld is named and left out."""
    root = template.root
    kept = [path for path in withheld(source) if path.startswith(root.path + "/")]
    id = f"{source.passport.battery}/submodel/{root.short}"
    return submodel(template, id, content(template, source), kept)


def thing_shell(facts: Facts, iri: str) -> Shell:
    """Return the shell of a thing, a machine or a run with what the graph knows of it."""
    kind, makers = _makers(facts, iri)
    if recordings(facts, iri):
        makers["TimeSeries"] = time_series
    made = {short: functools.partial(make, facts, iri) for short, make in makers.items()}
    if kind in (MACHINE, RUN):
        made["SubmodelTopics"] = functools.partial(topics, facts, iri, tuple(made))
    return Shell(iri, shorten(iri, facts.store.base), kind, made)


def _makers(facts: Facts, iri: str) -> tuple[str, dict[str, Callable[..., dict[str, Any]]]]:
    """Return what kind of thing something is, and what makes its submodels."""
    if is_run(facts, iri):
        return RUN, {"ExecutedProcesses": executed}
    machine = is_machine(facts, iri)
    makers: dict[str, Callable[..., dict[str, Any]]] = {"Nameplate": nameplate}
    if machine:
        makers["ProcessParameters"] = process_types
    if machine or facts.has(iri, model.HAS_PROPERTY):
        makers["TechnicalData"] = technical_data
    if parts_of(facts, iri):
        makers["BillOfMaterial"] = bill_of_material
    return MACHINE if machine else class_of(facts, iri) or "thing", makers


def shell_of(builder: Builder, iri: str, sight: Sight, passport: str = "") -> Shell:
    """Return the shell of a thing by its IRI; `passport` is the one that is meant, where several were issued.

    Raises KgError where a passport is owed and cannot be built or has ceased, and where there is none and
    records are not to be seen.
    """
    try:
        battery, _ = builder.resolve(iri)
        return passport_shell(builder, builder.build(battery, passport), sight.audience)
    except NoPassportError as error:
        return _record(builder.facts, error.iri, sight)


def _record(facts: Facts, iri: str, sight: Sight) -> Shell:
    if sight.records:
        return thing_shell(facts, iri)
    name = shorten(iri, facts.store.base)
    raise RecordError(
        f"{name} is a record of the line, and the audience '{sight.audience}' sees what passports show. "
        f"For the people of the line: --audience {STAFF}"
    )


def exported(builder: Builder, name: str, audience: str | None = None) -> Environment:
    """Return the environment of what a person names: a battery, a cell, a machine, a run, or another thing.

    A battery that owes no passport has none of its submodels. Without an audience, a passport is as the
    public sees it, and records are shown.
    Raises KgError as `shell_of` does, and where there is no such thing.
    """
    sight = Sight.of(audience)
    try:
        battery, passport = builder.resolve(name)
    except NoPassportError as error:
        return _record(builder.facts, error.iri, sight).environment()
    return shell_of(builder, battery, sight, passport).environment()
