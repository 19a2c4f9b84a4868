"""Ids, a page, a sight -> shells and submodels as AAS JSON. These functions run in a reader process."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from kg import model
from kg.aas import views
from kg.aas.environment import Environment, concept_ids, describe, environment, id_short
from kg.aas.export import Shell, Sight, shell_of, short_name
from kg.aas.instance import reference
from kg.aas.listing import things
from kg.aas.package import write
from kg.api.passports import builder_of
from kg.api.problems import Problem
from kg.errors import KgError
from kg.iri import shorten
from kg.passport.build import Builder
from kg.store import Store

Content = Literal["", "$metadata", "$value", "$reference", "$path"]
Json = Any
SHELLS, SUBMODELS = 64, 256
"""How many are remembered of one state of the store."""

BATTERIES = ("battery",)
"""Kinds of things whose shells everybody may see, as far as they have a passport."""


@dataclass(frozen=True)
class Page:
    """Which part of a list is asked for: how many, and after which."""

    limit: int
    after: str = ""


@dataclass(frozen=True)
class Ask:
    """How a submodel or an element of one is asked for."""

    content: Content = ""
    deep: bool = True
    blobs: bool = False


@dataclass(frozen=True)
class Filter:
    """Which shells or submodels are asked for; empty means any."""

    id_short: str = ""
    assets: tuple[tuple[str, str], ...] = ()
    semantic: str = ""


@dataclass
class Paged:
    """A part of a list, and after which the next part begins; empty where there is none."""

    found: list[Json] = field(default_factory=list)
    next: str = ""

    @classmethod
    def of(cls, found: Iterable[tuple[str, Json]], limit: int) -> Paged:
        """Return the first of (id, what is shown)."""
        page, last = cls(), ""
        for id, each in found:
            if len(page.found) == limit:
                page.next = last
                break
            page.found.append(each)
            last = id
        return page


def _missing(what: str, id: str) -> Problem:
    return Problem(404, f"there is no {what} with the id '{id}' here.")


class Shelf:
    """The shells and submodels of one state of a store that were asked for last."""

    def __init__(self, store: Store) -> None:
        builder = builder_of(store)
        self.shell = functools.lru_cache(SHELLS)(functools.partial(_made, builder))
        self.submodel = functools.lru_cache(SUBMODELS)(self._submodel)

    def _submodel(self, iri: str, short: str, sight: Sight) -> Json:
        shell = self.shell(iri, sight)
        return shell.makers[short]() if shell and short in shell.makers else None


@functools.lru_cache(maxsize=1)
def _shelf(store: Store) -> Shelf:
    return Shelf(store)


def _made(builder: Builder, iri: str, sight: Sight) -> Shell | None:
    """Return the shell of a thing; None where there is none, or it is not to be seen."""
    try:
        if not builder.facts.has(iri, model.RDF_TYPE):
            return None
        found = shell_of(builder, iri, sight)
        return found if found.iri == iri else None
    except (KgError, ValueError):
        # Why a passport cannot be shown is told by /passports; here it is not there.
        return None
    finally:
        builder.facts.forget((iri,))


def _shell(store: Store, iri: str, sight: Sight) -> Shell | None:
    return _shelf(store).shell(iri, sight)


def _all(store: Store, sight: Sight, after: str = "") -> Iterator[str]:
    try:
        yield from things(store, after=after) if sight.records else things(store, BATTERIES, after)
    except KgError as error:
        raise Problem(400, f"the cursor leads nowhere: {error}") from None


def _thing_of(id: str, mark: str) -> str:
    return id.rpartition(mark)[0]


def _must(store: Store, id: str, sight: Sight) -> Shell:
    shell = _shell(store, _thing_of(id, "/aas"), sight) if id.endswith("/aas") else None
    if shell is None:
        raise _missing("shell", id)
    return shell


def _wanted(store: Store, sight: Sight, wanted: Filter, after: str) -> Iterator[Shell]:
    """Yield the shells that fit; by the id of an asset without a walk through all."""
    for iri in _asked(builder_of(store), sight, wanted, after):
        names = {id_short(short_name(iri, store.base)), id_short(shorten(iri, store.base))}
        if wanted.id_short and wanted.id_short not in names:
            continue
        shell = _shell(store, iri, sight)
        if shell and _fits(shell, wanted):
            yield shell


def _asked(builder: Builder, sight: Sight, wanted: Filter, after: str) -> Iterable[str]:
    if not wanted.assets:
        return _all(builder.store, sight, after)
    name, value = wanted.assets[0]
    if name == "globalAssetId":
        return [value]
    try:
        return [builder.battery(value)]
    except KgError:
        return []


def _fits(shell: Shell, wanted: Filter) -> bool:
    ids = {("globalAssetId", shell.iri), *shell.further}
    return set(wanted.assets) <= ids and wanted.id_short in ("", shell.head()["idShort"])


def shells(store: Store, sight: Sight, page: Page, wanted: Filter, content: Content = "") -> Paged:
    """Return a page of shells, or of references to them."""
    show: Callable[[Shell], Json] = Shell.head if not content else _reference
    after = page.after.removesuffix("/aas")
    found = ((each.id, show(each)) for each in _wanted(store, sight, wanted, after))
    return Paged.of(found, page.limit)


def ids(store: Store, sight: Sight, page: Page, wanted: Filter) -> Paged:
    """Return a page of the ids of shells."""
    after = page.after.removesuffix("/aas")
    return Paged.of(((each.id, each.id) for each in _wanted(store, sight, wanted, after)), page.limit)


def _reference(shell: Shell) -> Json:
    return reference(shell.id, "AssetAdministrationShell")


def shell(store: Store, sight: Sight, id: str, part: str = "") -> Json:
    """Return a shell, or a part of it: `$reference`, `asset`, or `assets` for the ids of its asset."""
    found = _must(store, id, sight)
    if part == "$reference":
        return _reference(found)
    head = found.head()
    if part == "assets":
        asset = head["assetInformation"]
        return [{"name": "globalAssetId", "value": found.iri}, *asset.get("specificAssetIds", [])]
    return head["assetInformation"] if part else head


def thumbnail(store: Store, sight: Sight, id: str) -> Json:
    """Raise Problem 404: the store keeps no pictures."""
    _must(store, id, sight)
    raise Problem(404, f"the shell '{id}' has no picture.")


def submodel_refs(store: Store, sight: Sight, id: str, page: Page) -> Paged:
    """Return a page of the references of a shell to its submodels."""
    found = _must(store, id, sight)
    refs = [(link["keys"][0]["value"], link) for link in found.head().get("submodels", [])]
    return Paged.of(_behind(refs, page.after), page.limit)


def _behind(found: Sequence[tuple[str, Json]], after: str) -> Iterable[tuple[str, Json]]:
    if not after:
        return found
    names = [id for id, _ in found]
    if after not in names:
        raise Problem(400, "the cursor leads nowhere: it is from another list, or the list has changed.")
    return found[names.index(after) + 1 :]


def _submodel(store: Store, sight: Sight, id: str, within: str = "") -> Json:
    """Return a submodel; `within` is the id of the shell that must have it."""
    iri, _, short = id.rpartition("/submodel/")
    if within and _must(store, within, sight).iri != iri:
        raise _missing("submodel", id)
    found = _shelf(store).submodel(iri, short, sight) if iri else None
    if found is None:
        raise _missing("submodel", id)
    return found


def view(node: Json, id: str, ask: Ask) -> Json:
    """Return a submodel as it is asked for."""
    place = views.Place(node)
    ways: dict[str, Callable[[], Json]] = {
        "": lambda: views.shown(node, ask.deep, ask.blobs),
        "$metadata": lambda: views.metadata(node),
        "$value": lambda: views.value(views.shown(node, ask.deep, ask.blobs)),
        "$reference": lambda: reference(id, "Submodel"),
        "$path": lambda: [each.path for each in place.walk(ask.deep)],
    }
    return ways[ask.content]()


def submodel(store: Store, sight: Sight, id: str, within: str, ask: Ask) -> Json:
    """Return a submodel as it is asked for."""
    return view(_submodel(store, sight, id, within), id, ask)


def submodels(store: Store, sight: Sight, page: Page, wanted: Filter, ask: Ask) -> Paged:
    """Return a page of the submodels of all shells."""
    if ask.content == "$path":
        return Paged.of(_paths(store, sight, page.after, wanted, ask), page.limit)
    found = _submodels(store, sight, page.after, wanted)
    return Paged.of(((id, view(node, id, ask)) for id, node in found), page.limit)


def _submodels(store: Store, sight: Sight, after: str, wanted: Filter) -> Iterator[tuple[str, Json]]:
    """Yield the submodels with their ids, those behind `after`."""
    first = _thing_of(after, "/submodel/")
    begun = [_shell(store, first, sight)] if after else []
    for each in itertools.chain(begun, _wanted(store, sight, Filter(), first)):
        made = [(each.submodel_id(short), short) for short in each.makers] if each else []
        for id, short in _behind(made, after) if each and each.iri == first else made:
            if each is None or wanted.id_short not in ("", short):
                continue
            node = _shelf(store).submodel(each.iri, short, sight)
            if not wanted.semantic or wanted.semantic == node["semanticId"]["keys"][0]["value"]:
                yield id, node


def _paths(store: Store, sight: Sight, after: str, wanted: Filter, ask: Ask) -> Iterator[tuple[str, str]]:
    """Yield the paths in all submodels, each with the id of its submodel before it."""
    first, _, path = after.partition("#")
    begun = [(first, _submodel(store, sight, first))] if after else []
    for id, node in itertools.chain(begun, _submodels(store, sight, first, wanted)):
        paths = [(f"{id}#{each.path}", each.path) for each in views.Place(node).walk(ask.deep)]
        yield from _behind(paths, after) if id == first and path else paths


def elements(store: Store, sight: Sight, id: str, within: str, page: Page, ask: Ask) -> Paged:
    """Return a page of the elements right below a submodel."""
    below = views.Place(_submodel(store, sight, id, within))
    if ask.content == "$path":
        paths = [(each.path, each.path) for each in below.walk(ask.deep)]
        return Paged.of(_behind(paths, page.after), page.limit)
    found = Paged.of(_behind([(each.path, each) for each in below.children()], page.after), page.limit)
    return Paged([element_view(each, id, ask) for each in found.found], found.next)


def element(store: Store, sight: Sight, id: str, within: str, path: str, ask: Ask) -> Json:
    """Return an element at a path of short names.

    Raises Problem 400 where it cannot be shown in this way, 404 where it is not there.
    """
    place = views.at(_submodel(store, sight, id, within), path)
    if place is None:
        raise Problem(404, f"the submodel '{id}' has no element at '{path}'.")
    if ask.content == "$path" and place.node["modelType"] not in views.CHILDREN:
        raise Problem(400, f"'{path}' is a {place.node['modelType']}, below which there are no paths.")
    return element_view(place, id, ask)


def element_view(place: views.Place, id: str, ask: Ask) -> Json:
    """Return an element as it is asked for."""
    node = place.node
    ways: dict[str, Callable[[], Json]] = {
        "": lambda: views.shown(node, ask.deep, ask.blobs),
        "$metadata": lambda: views.metadata(node),
        "$value": lambda: views.named_value(node, ask.deep, ask.blobs),
        "$reference": lambda: place.reference(id),
        "$path": lambda: [place.path, *(each.path for each in place.walk(ask.deep))],
    }
    return ways[ask.content]()


def file(store: Store, sight: Sight, id: str, within: str, path: str) -> Json:
    """Raise Problem 404 with the address of a file: the store keeps records, and no files beside them."""
    place = views.at(_submodel(store, sight, id, within), path)
    if place is None or place.node["modelType"] not in ("File", "Blob"):
        raise Problem(404, f"the submodel '{id}' has no file at '{path}'.")
    where = place.node.get("value", "")
    raise Problem(404, f"the file at '{path}' is not kept here; its address is {where or 'not known'}.")


def holders(store: Store, sight: Sight, id: str) -> Paged:
    """Return the shells that have a submodel."""
    _submodel(store, sight, id)
    found = _shell(store, id.rpartition("/submodel/")[0], sight)
    return Paged([found.head()] if found else [])


@dataclass(frozen=True)
class Selection:
    """What a file is asked to hold; with `within` all of it is of this thing, whose service is asked."""

    shells: tuple[str, ...] = ()
    submodels: tuple[str, ...] = ()
    concepts: bool = True
    within: str = ""


def serialized(store: Store, sight: Sight, chosen: Selection, form: str, limit: int) -> tuple[bytes, str]:
    """Return shells and submodels in one file, and after which shell it ends where not all were named."""
    whole, more = _selected(store, sight, chosen, limit)
    if not chosen.concepts:
        whole.pop("conceptDescriptions", None)
    return write(whole, form), more


def _selected(store: Store, sight: Sight, chosen: Selection, limit: int) -> tuple[Environment, str]:
    """Return the environment of what was chosen; of a shell that is named alone, with its submodels."""
    for id in (*chosen.shells, *chosen.submodels):
        if chosen.within and not id.startswith(f"{chosen.within}/"):
            raise Problem(404, f"'{id}' is not of the service that is asked.")
    submodels = [_submodel(store, sight, id) for id in chosen.submodels]
    found, more = [_must(store, id, sight) for id in dict.fromkeys(chosen.shells)], ""
    if not found and not submodels:
        page = Paged.of(((each.id, each) for each in _wanted(store, sight, Filter(), "")), limit)
        found, more = page.found, page.next
    whose = found if not chosen.submodels else []
    submodels += [_submodel(store, sight, each.submodel_id(short)) for each in whose for short in each.makers]
    once = {each["id"]: each for each in submodels}
    return environment([each.head() for each in found], list(once.values())), more


def concepts(store: Store, page: Page, wanted: Filter) -> Paged:
    """Return a page of the concept descriptions of the templates and of the vocabulary."""
    known = concept_ids()
    start = known.index(page.after) + 1 if page.after in known else 0 if not page.after else -1
    if start < 0:
        raise Problem(400, "the cursor leads nowhere: it is from another list, or the list has changed.")
    described = ((id, describe(id)) for id in known[start:])
    found = ((id, each) for id, each in described if each and wanted.id_short in ("", each.get("idShort")))
    return Paged.of(found, page.limit)


def concept(store: Store, id: str) -> Json:
    """Return what a semantic id means.

    Raises Problem 404 where it is not known.
    """
    found = describe(id)
    if found is None:
        raise _missing("concept description", id)
    return found
