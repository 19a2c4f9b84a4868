"""Compiled shapes and columns -> the focus nodes that may break a shape.

A screen leaves out a node only where it surely keeps the shape; doubt makes it a suspect.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Iterator

import polars as pl

from kg.engine import columns as col
from kg.engine.columns import Columns, distinct, hash_all, iri_hash, term_hash
from kg.engine.shapes import (
    Bound,
    Class,
    Component,
    Count,
    Datatype,
    Has,
    In,
    Kind,
    Pair,
    Path,
    Qualified,
    Shape,
    Sub,
    Text,
)
from kg.model import RDF_TYPE

_FOCUS = {"v": pl.UInt64, "kind": pl.UInt8, "type": pl.UInt8, "number": pl.Float64}
_VALUES = {"f": pl.UInt64, **_FOCUS}
Below = Callable[[str], Iterable[str]]
"""Gives the classes that count as a class: itself and those below it."""


def make_ready(shapes: Iterable[Shape], below: Below) -> None:
    """Hash the terms that some shapes speak of, which would cost more one by one."""
    shapes = list(shapes)
    parts = [part for shape in shapes for part in shape.components]
    classes = [iri for shape in shapes for kind, iri in shape.targets if kind == "class"]
    classes += [part.iri for part in parts if isinstance(part, Class)]
    iris = {inner for iri in classes for inner in below(iri)}
    iris |= {iri for shape in shapes for kind, iri in shape.targets if kind != "class"}
    iris |= {predicate for shape in shapes for predicate, _ in shape.steps()}
    terms = {part.term for part in parts if isinstance(part, Has)}
    terms |= {term for part in parts if isinstance(part, In) for term in part.terms}
    hash_all([*(f"<{iri}>" for iri in iris), *terms])


class Screens:
    """The screens of compiled shapes over some columns."""

    def __init__(self, columns: Columns, below: Below) -> None:
        self.columns, self.below = columns, below
        self._paths: dict[Path, pl.DataFrame] = {}
        self._by_class: dict[Path, dict[int, pl.DataFrame]] = {}
        self._members: dict[str, pl.DataFrame] = {}

    def all(self, shapes: Iterable[Shape]) -> dict[Shape, pl.Series]:
        """Return the suspects of all shapes that have some."""
        shapes = [shape for shape in shapes if shape.components]
        clean = self._clean_bounds(shapes) | self._clean_having(shapes)
        found = {shape: self.suspects(shape) for shape in shapes if shape not in clean}
        return {shape: nodes for shape, nodes in found.items() if not nodes.is_empty()}

    def suspects(self, shape: Shape) -> pl.Series:
        """Return the focus nodes of a shape that may break it."""
        if not shape.components:
            return pl.Series(dtype=pl.UInt64)
        focus = self.targets(shape)
        if focus.is_empty():
            return focus["v"]
        values = None
        if shape.path is not None and all(kind == "class" for kind, _ in shape.targets):
            values = self._values_of_classes(shape.path, [iri for _, iri in shape.targets])
        return self._suspects(shape, focus, values)

    # Shapes that differ in their class and numbers alone, looked at together

    def _alike(self, shapes: Iterable[Shape], kind: type[Component]) -> dict[Path, list[Shape]]:
        """Return shapes of classes with components of one kind, by their paths."""
        found: dict[Path, list[Shape]] = {}
        for shape in shapes:
            of_class = all(target == "class" for target, _ in shape.targets)
            of_kind = all(isinstance(part, kind) for part in shape.components)
            if of_class and of_kind and shape.path and self._plain(shape.path):
                found.setdefault(shape.path, []).append(shape)
        return {path: alike for path, alike in found.items() if len(alike) > 1}

    def _classes(self, shape: Shape) -> set[int]:
        return {iri_hash(below) for _, iri in shape.targets for below in self.below(iri)}

    @functools.cached_property
    def _types(self) -> pl.DataFrame:
        return self.columns.of(iri_hash(RDF_TYPE)).select(f="s", class_="o")

    def _clean_bounds(self, shapes: Iterable[Shape]) -> set[Shape]:
        """Return the shapes whose bounds the least and the greatest number of each class keep."""
        clean = set()
        for path, alike in self._alike(shapes, Bound).items():
            asked = set().union(*(self._classes(shape) for shape in alike))
            types = self._types.filter(
                pl.col("class_").is_in(pl.Series(sorted(asked), dtype=pl.UInt64).implode())
            )
            told = (
                types.join(self._whole(path), on="f")
                .group_by("class_")
                .agg(
                    doubles=(pl.col("type") == col.DOUBLE).all() & pl.col("number").is_not_null().all(),
                    low=pl.col("number").min(),
                    high=pl.col("number").max(),
                )
            )
            ranges = {row[0]: row[1:] for row in told.iter_rows()}
            for shape in alike:
                here = [ranges[class_] for class_ in self._classes(shape) if class_ in ranges]
                bounds = [part for part in shape.components if isinstance(part, Bound)]
                if all(
                    doubles and all(_kept(part, low, high) for part in bounds) for doubles, low, high in here
                ):
                    clean.add(shape)
        return clean

    def _clean_having(self, shapes: Iterable[Shape]) -> set[Shape]:
        """Return the shapes whose term all instances of each class have as a value."""
        clean = set()
        for path, alike in self._alike(shapes, Has).items():
            asked = set().union(*(self._classes(shape) for shape in alike))
            types = self._types.filter(
                pl.col("class_").is_in(pl.Series(sorted(asked), dtype=pl.UInt64).implode())
            )
            there = dict(types.group_by("class_").len().iter_rows())
            having = types.join(self._whole(path), on="f").group_by("class_", "v").len()
            counts = {(class_, value): count for class_, value, count in having.iter_rows()}
            for shape in alike:
                terms = [term_hash(part.term) for part in shape.components if isinstance(part, Has)]
                classes = [class_ for class_ in self._classes(shape) if class_ in there]
                if all(counts.get((class_, term)) == there[class_] for class_ in classes for term in terms):
                    clean.add(shape)
        return clean

    # Focus nodes

    def members(self, iri: str) -> pl.DataFrame:
        """Return the instances of a class and of those below it: v, kind, type, number."""
        if iri not in self._members:
            types = self.columns.of(iri_hash(RDF_TYPE))
            asked = pl.Series([iri_hash(below) for below in self.below(iri)], dtype=pl.UInt64)
            here = types.filter(pl.col("o").is_in(asked.implode()))
            self._members[iri] = _as_focus(here.filter(pl.col("s").is_first_distinct()), "s")
        return self._members[iri]

    def targets(self, shape: Shape) -> pl.DataFrame:
        """Return the focus nodes of a shape: v, kind, type, number."""
        found = []
        for kind, iri in shape.targets:
            if kind == "class":
                found.append(self.members(iri))
            elif kind == "objects":
                found.append(
                    self.columns.of(iri_hash(iri)).select("kind", "type", "number", v="o").select(*_FOCUS)
                )
            elif kind == "subjects":
                found.append(_as_focus(self.columns.of(iri_hash(iri)), "s"))
            else:
                found.append(
                    pl.DataFrame([(iri_hash(iri), col.IRI, col.OTHER, None)], schema=_FOCUS, orient="row")
                )
        if len(found) == 1 and shape.targets[0][0] == "class":
            return found[0]
        return pl.concat(found).filter(pl.col("v").is_first_distinct())

    # Values

    def _step(self, predicate: str, inverse: bool) -> pl.DataFrame:
        triples = self.columns.of(iri_hash(predicate))
        if not inverse:
            return triples.select("kind", "type", "number", f="s", v="o").select(*_VALUES)
        return _as_focus(triples, "s").with_columns(f=triples["o"]).select(*_VALUES)

    def _way(self, way: tuple[tuple[str, bool], ...], focus: pl.Series | None) -> pl.DataFrame:
        found = self._step(*way[0])
        if focus is not None:
            found = found.filter(pl.col("f").is_in(focus.implode()))
        for step in way[1:]:
            ends = found.select("f", middle="v")
            found = ends.join(self._step(*step), left_on="middle", right_on="f").select(*_VALUES)
        return found if len(way) == 1 else distinct(found, "f", "v")

    def values(self, path: Path, focus: pl.Series) -> pl.DataFrame:
        """Return the values of a path from some nodes: f, v, kind, type, number; each pair once."""
        if self._plain(path):
            found = self._whole(path)
            return found.filter(pl.col("f").is_in(focus.implode()))
        ways = [self._way(way, focus) for way in path]
        return ways[0] if len(ways) == 1 else distinct(pl.concat(ways), "f", "v")

    def _plain(self, path: Path) -> bool:
        return len(path) == 1 and not any(inverse for _, inverse in path[0])

    def _whole(self, path: Path) -> pl.DataFrame:
        if path not in self._paths:
            self._paths[path] = self._way(path[0], None)
        return self._paths[path]

    def _values_of_classes(self, path: Path, classes: Iterable[str]) -> pl.DataFrame | None:
        """Return the values of a path from all instances of some classes, of paths that many shapes share."""
        if not self._plain(path):
            return None
        if path not in self._by_class:
            types = self.columns.of(iri_hash(RDF_TYPE)).select("s", class_="o")
            rows = self._whole(path).join(types, left_on="f", right_on="s")
            self._by_class[path] = {
                part["class_"][0]: part.drop("class_") for part in rows.partition_by("class_")
            }
        table = self._by_class[path]
        hashes = dict.fromkeys(iri_hash(below) for iri in classes for below in self.below(iri))
        found = [table[hash_] for hash_ in hashes if hash_ in table]
        if not found:
            return pl.DataFrame(schema=_VALUES)
        return found[0] if len(found) == 1 else distinct(pl.concat(found), "f", "v")

    # Shapes

    def _suspects(self, shape: Shape, focus: pl.DataFrame, values: pl.DataFrame | None = None) -> pl.Series:
        if values is None:
            values = (
                focus.with_columns(f="v").select(*_VALUES)
                if shape.path is None
                else self.values(shape.path, focus["v"])
            )
        plain = [test for part in shape.components if (test := self._test(part)) is not None]
        found = []
        if plain:
            # What is null is not surely right.
            good = functools.reduce(lambda one, other: one & other, plain).fill_null(False)
            found.append(values.filter(~good)["f"])
        found += [bad for part in shape.components for bad in self._of_component(part, shape, focus, values)]
        return pl.concat(found).unique() if found else pl.Series(dtype=pl.UInt64)

    def _test(self, part: Component) -> pl.Expr | None:
        """Return the test of a value that is right on its own, for components that ask for no more."""
        number, type_, value = pl.col("number"), pl.col("type"), pl.col("v")
        if isinstance(part, Bound):
            way = {
                (True, True): number.ge,
                (True, False): number.gt,
                (False, True): number.le,
                (False, False): number.lt,
            }[part.low, part.allowed]
            return (type_ == col.DOUBLE) & way(part.number)
        if isinstance(part, Datatype):
            return type_ == part.type
        if isinstance(part, Kind):
            return pl.col("kind").is_in(sorted(part.kinds))
        if isinstance(part, In):
            return value.is_in([term_hash(term) for term in part.terms])
        if isinstance(part, Text) and part.test.places:
            failing = self.columns.failing.get(part.test.name)
            if failing is None:
                return pl.lit(False)
            return (pl.col("kind") != col.BLANK) & ~value.is_in(pl.Series(failing, dtype=pl.UInt64).implode())
        if isinstance(part, Class):
            return value.is_in(self.members(part.iri)["v"].implode())
        return None

    def _of_component(
        self, part: Component, shape: Shape, focus: pl.DataFrame, values: pl.DataFrame
    ) -> Iterator[pl.Series]:
        nodes = focus["v"]
        if isinstance(part, Has):
            there = values.filter(pl.col("v") == term_hash(part.term))["f"]
            yield nodes.filter(~nodes.is_in(there.implode()))
        elif isinstance(part, Text) and not part.test.places:
            yield values.filter(~pl.col("v").is_in(self._passing(part, values).implode()))["f"]
        elif isinstance(part, Count):
            yield from self._counted(nodes, values, values, part.least, part.most)
        elif isinstance(part, Qualified):
            wrong = self._suspects(part.shape, _distinct(values))
            sure = values.filter(~pl.col("v").is_in(wrong.implode()))
            possible = sure if self._exact(part.shape) else values
            yield from self._counted(nodes, sure, possible, part.least, part.most)
        elif isinstance(part, Sub):
            among = _distinct(values)
            each = [self._suspects(inner, among) for inner in part.shapes]
            if part.any:
                wrong = each[0]
                for other in each[1:]:
                    wrong = wrong.filter(wrong.is_in(other.implode()))
            else:
                wrong = pl.concat(each)
            yield values.filter(pl.col("v").is_in(wrong.implode()))["f"]
        elif isinstance(part, Pair):
            yield self._paired(part, nodes, values)

    def _passing(self, part: Text, values: pl.DataFrame) -> pl.Series:
        among = _distinct(values)
        names = self.columns.named(among["v"])
        passing = []
        for value, kind, type_, number in among.iter_rows():
            text = col.said(names.get(value, "_"), kind, type_, number)
            if value in names and text is not None and part.test.passes(text):
                passing.append(value)
        return pl.Series(passing, dtype=pl.UInt64)

    def _exact(self, shape: Shape) -> bool:
        """Return whether the suspects of a shape surely break it."""
        return shape.path is None and all(isinstance(part, Class | Kind) for part in shape.components)

    def _counted(
        self, nodes: pl.Series, sure: pl.DataFrame, possible: pl.DataFrame, least: int, most: float
    ) -> Iterator[pl.Series]:
        if least == 1:
            yield nodes.filter(~nodes.is_in(sure["f"].implode()))
        elif least > 1:
            # Two texts can be one literal, so literals count as one.
            told = sure.group_by("f").agg(
                n=(pl.col("kind") != col.LITERAL).sum() + (pl.col("kind") == col.LITERAL).any()
            )
            enough = told.filter(pl.col("n") >= least)["f"]
            yield nodes.filter(~nodes.is_in(enough.implode()))
        if most == 0:
            yield possible["f"]
        elif most != math.inf:
            several = possible["f"].filter(~possible["f"].is_first_distinct())
            # Each of them is there once less than it has values.
            yield several.value_counts().filter(pl.col("count") >= most)["f"]

    def _paired(self, part: Pair, nodes: pl.Series, values: pl.DataFrame) -> pl.Series:
        others = self.columns.of(iri_hash(part.predicate)).select("kind", "type", "number", f="s", v="o")
        if part.relation == "same":
            others = others.filter(pl.col("f").is_in(nodes.implode()))
            here = values.join(others, on=["f", "v"], how="anti")["f"]
            return pl.concat([here, others.join(values, on=["f", "v"], how="anti")["f"]])
        both = values.join(others, on="f", suffix="2")
        if part.relation == "apart":
            literals = (pl.col("kind") == col.LITERAL) & (pl.col("kind2") == col.LITERAL)
            return both.filter((pl.col("v") == pl.col("v2")) | literals)["f"]
        alike = (pl.col("type") == pl.col("type2")) & pl.col("type").is_in([col.DOUBLE, col.MOMENT])
        number, other = pl.col("number"), pl.col("number2")
        right = number < other if part.relation == "less" else number <= other
        return both.filter(~(alike & right).fill_null(False))["f"]


def _as_focus(triples: pl.DataFrame, column: str) -> pl.DataFrame:
    return triples.select(
        v=pl.col(column),
        kind="skind",
        type=pl.lit(col.OTHER, pl.UInt8),
        number=pl.lit(None, pl.Float64),
    )


def _distinct(values: pl.DataFrame) -> pl.DataFrame:
    return values.select(*_FOCUS).filter(pl.col("v").is_first_distinct())


def _kept(part: Bound, low: float, high: float) -> bool:
    if part.low:
        return low >= part.number if part.allowed else low > part.number
    return high <= part.number if part.allowed else high < part.number
