"""Questions about when runs began and ended, over all runs -> their answers from columns."""

from __future__ import annotations

import polars as pl

from kg.values.answer import ColumnAnswer, Kind
from kg.values.columns import Columns, Terms, in_order
from kg.values.part import TEXT

_ENDS = {"start": "start", "end": "end", "tool": "machine", "input": "input", "output": "output"}
"""Links that a whole run has -> how the answer calls what lacks."""


def instant(time: pl.Expr) -> pl.Expr:
    """Return texts of times as instants; one without a zone is taken as it stands."""
    text = time.cast(pl.String)
    zoned = text.str.to_datetime("%+", time_zone="UTC", strict=False)
    plain = text.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", strict=False).dt.replace_time_zone("UTC")
    return pl.coalesce(zoned, plain)


def _moments(columns: Columns, name: str, text: str, at: str) -> pl.DataFrame:
    """Return the starts or ends of runs: (run, text, at)."""
    found = columns.links(name, "run", text)
    times = found.select(text).unique().with_columns(instant(pl.col(text)).alias(at))
    return found.join(times.filter(pl.col(at).is_not_null()), on=text)


def _timed(columns: Columns) -> pl.DataFrame:
    """Return the runs with a start and an end: (run, started, began, ended, done, minutes)."""
    starts = _moments(columns, "start", "started", "began")
    runs = starts.join(_moments(columns, "end", "ended", "done"), on="run")
    return runs.with_columns(minutes=_minutes(pl.col("done") - pl.col("began")))


def _minutes(duration: pl.Expr) -> pl.Expr:
    return duration.dt.total_microseconds() / 60e6


def time_in_step(columns: Columns, terms: Terms) -> ColumnAnswer:
    """Answer queries/time_in_step.rq."""
    runs = _timed(columns).join(columns.links("type", "run", "class"), on="run")
    minutes = pl.col("minutes")
    rows = (
        runs.join(columns.labels, on="class")
        .sort("minutes")
        .group_by("step")
        .agg(
            runs=minutes.len(),
            shortest=minutes.min(),
            mean=minutes.mean(),
            longest=minutes.max(),
            total=minutes.sum() / 60,
        )
    )
    kinds: dict[str, Kind] = {
        "step": "text",
        "runs": "integer",
        "shortest": "double",
        "mean": "double",
        "longest": "double",
        "total": "double",
    }
    return in_order(rows, kinds, "step")


def waiting_between_steps(columns: Columns, terms: Terms) -> ColumnAnswer:
    """Answer queries/waiting_between_steps.rq."""
    made = columns.links("output", "run", "thing").join(_timed(columns), on="run")
    takes = columns.links("input", "next", "thing").join(
        _moments(columns, "start", "begun", "later").rename({"run": "next"}), on="next"
    )
    ways = made.join(takes, on="thing").filter(pl.col("later") > pl.col("began"))
    first = ways.group_by("thing", "run", "started", "ended").agg(pl.col("later").min())
    ways = ways.join(first, on=["thing", "run", "started", "ended", "later"])
    classes = columns.links("type", "run", "class").join(columns.labels, on="class").drop("label")
    ways = ways.join(classes, on="run").join(
        classes.rename({"run": "next", "class": "next_class", "step": "next_step"}), on="next"
    )
    ways = ways.with_columns(hours=_minutes(pl.col("later") - pl.col("done")) / 60)
    hours = pl.col("hours")
    rows = (
        ways.sort("hours")
        .group_by("step", "next_step")
        .agg(things=hours.len(), shortest=hours.min(), mean=hours.mean(), longest=hours.max())
    )
    kinds: dict[str, Kind] = {
        "step": "text",
        "next_step": "text",
        "things": "integer",
        "shortest": "double",
        "mean": "double",
        "longest": "double",
    }
    return in_order(rows, kinds, "step", "next_step")


def work_in_progress(columns: Columns, terms: Terms) -> ColumnAnswer:
    """Answer queries/work_in_progress.rq."""
    moment = instant(pl.lit(terms["moment"]))
    made = columns.links("output", "run", "thing").join(_timed(columns), on="run")
    last = made.filter(pl.col("done") <= moment).group_by("thing").agg(pl.col("began").max())
    takers = columns.links("output", "run", "made").select("run").unique()
    taken = columns.links("input", "run", "thing").join(takers, on="run")
    taken = taken.join(_moments(columns, "start", "begin", "taken"), on="run")
    taken = taken.filter(pl.col("taken") <= moment).group_by("thing").agg(pl.col("taken").max())
    waiting = last.join(taken, on="thing", how="left")
    waiting = waiting.filter(pl.col("taken").is_null() | (pl.col("taken") <= pl.col("began")))
    rows = waiting.join(made, on=["thing", "began"]).join(columns.links("type", "run", "class"), on="run")
    counts = (
        rows.sort("done")
        .group_by("class", maintain_order=True)
        .agg(waiting=pl.col("thing").len(), since=pl.col("ended").first(), done=pl.col("done").first())
    )
    counts = counts.join(columns.labels, on="class").with_columns(pl.col(TEXT).cast(pl.String))
    return ColumnAnswer(
        counts.sort("done", "step"), {"step": "text", "waiting": "integer", "since": "moment"}
    )


def machine_utilisation(columns: Columns, terms: Terms) -> ColumnAnswer:
    """Answer queries/machine_utilisation.rq."""
    runs = columns.links("tool", "run", "machine").join(_timed(columns), on="run")
    began, done = pl.col("began"), pl.col("done")
    rows = (
        runs.sort("minutes", "started", "ended")
        .group_by("machine")
        .agg(
            runs=pl.col("run").len(),
            first=pl.col("started").sort_by("began").first(),
            last=pl.col("ended").sort_by("done").last(),
            working=pl.col("minutes").sum() / 60,
            span=_minutes(done.max() - began.min()),
        )
    )
    span = pl.col("span")
    rows = rows.with_columns(utilisation=pl.when(span > 0).then(6000 * pl.col("working") / span))
    kinds: dict[str, Kind] = {
        "machine": "iri",
        "runs": "integer",
        "first": "moment",
        "last": "moment",
        "working": "double",
        "utilisation": "double",
    }
    return in_order(rows, kinds, "machine")


def runs_incomplete(columns: Columns, terms: Terms) -> ColumnAnswer:
    """Answer queries/runs_incomplete.rq."""
    ends = columns.edges.filter(pl.col("link").is_in(list(_ENDS)))
    has = pl.col("link")
    runs = ends.group_by(run="subject").agg((has == link).any().alias(end) for link, end in _ENDS.items())
    runs = runs.filter((pl.col("input") | pl.col("output")) & ~pl.all_horizontal(_ENDS.values()))
    lacking = (pl.when(~pl.col(end)).then(pl.lit(end)) for end in _ENDS.values())
    runs = runs.with_columns(lacking=pl.concat_str(*lacking, separator=" ", ignore_nulls=True))
    rows = runs.join(columns.links("type", "run", "class"), on="run").join(columns.labels, on="class")
    return in_order(rows, {"run": "iri", "step": "text", "lacking": "text"}, "step", "run")
