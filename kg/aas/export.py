"""A name in the store -> the environment of its shell."""

from __future__ import annotations

from typing import Any

from kg.aas.battery import Source, content, templates_of_a_battery, withheld
from kg.aas.environment import Environment, environment, shell
from kg.aas.instance import submodel
from kg.aas.things import bill_of_material, submodels_of
from kg.errors import KgError
from kg.iri import shorten
from kg.names import find
from kg.passport.build import Builder, Passport
from kg.passport.facts import Facts
from kg.passport.life import CeasedError


def passport_environment(builder: Builder, passport: Passport, audience: str = "public") -> Environment:
    """Return the shell of a battery with the submodels of its passport, as an audience may see them."""
    source = Source(passport, audience, _critical(builder, passport))
    submodels = passport_submodels(source)
    if source.seen.get("modules"):
        submodels += bill_of_material(builder.facts, passport.battery)
    numbers = (("serialNumber", "serial_number"), ("batteryIdentifier", "battery_identifier"))
    further = [(name, str(found.value)) for name, key in numbers if (found := source.found(key))]
    name = shorten(passport.battery, passport.base).rpartition("/")[2]
    return environment([shell(passport.battery, name, "battery", submodels, further)], submodels)


def _critical(builder: Builder, passport: Passport) -> frozenset[str]:
    portions = builder.bench(passport.battery).materials.portions
    return frozenset(each.content.substance for each in portions if each.content.critical)


def passport_submodels(source: Source) -> list[dict[str, Any]]:
    """Return the submodels of a battery passport; what is withheld is named and left out."""
    hidden = withheld(source)
    made = []
    for template in templates_of_a_battery():
        root = template.root
        id = f"{source.passport.battery}/submodel/{root.short}"
        kept = [path for path in hidden if path.startswith(root.path + "/")]
        made.append(submodel(template, id, content(template, source), kept))
    return made


def exported(builder: Builder, name: str, audience: str = "public") -> Environment:
    """Return the environment of what a person names: a battery, a cell, a machine, a run, or another thing.

    A battery that owes no passport has none of its submodels. Raises KgError where there is no such thing,
    or the passport has ceased.
    """
    try:
        return passport_environment(builder, builder.named(name), audience)
    except CeasedError:
        raise
    except KgError:
        return thing_environment(builder.facts, find(builder.store, name))


def thing_environment(facts: Facts, iri: str) -> Environment:
    """Return the shell of a thing, a machine or a run with what the graph knows of it."""
    kind, submodels = submodels_of(facts, iri)
    return environment([shell(iri, shorten(iri, facts.store.base), kind, submodels)], submodels)
