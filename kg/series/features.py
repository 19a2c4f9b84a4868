"""Columns of a series -> features: capacities, efficiencies, resistance, rates, fade and peaks.

Every function here is pure: a polars frame in, a frame or a number out; nothing is read or written.
Columns have BDF names and units; the current is positive on charge.
Rows are in the order of the tester; a step back of the test time counts as no time at all.
"""

from __future__ import annotations

import numpy as np
import polars as pl

VERSION = "1"
"""Version of the definitions below; it is raised whenever a value may change."""

REST = 1e-4
"""Part of the largest current below which a cell is at rest."""
LEAST = 0.01
"""Part of the largest capacity of a series below which a charge or discharge is noise of a counter."""
COMPLETE = 0.5
"""Part of the largest discharge capacity from which a cycle counts as a whole one."""
_COUNTERS = {
    "charging_capacity": "charging_capacity_ah",
    "discharging_capacity": "discharging_capacity_ah",
    "charging_energy": "charging_energy_wh",
    "discharging_energy": "discharging_energy_wh",
}


def _direction(frame: pl.DataFrame) -> pl.Series:
    """Return 1 on charge, -1 on discharge, 0 at rest."""
    current = frame["current_ampere"].fill_null(0.0)
    largest = current.abs().max()
    limit = REST * (float(largest) if isinstance(largest, int | float) else 0.0)
    flows = current.abs() > limit
    return pl.select(pl.when(flows).then(current.sign()).otherwise(0.0).cast(pl.Int64)).to_series()


def cycle_numbers(frame: pl.DataFrame) -> pl.Series:
    """Return the cycle of each row.

    Unit: 1.
    Definition: `cycle_count` where the file has it (a gap takes the number before it); otherwise the number
    of charges that have begun after a discharge, counted from 1.
    Source: Battery Data Format, cycle_count; the count from the current is our own.
    """
    if "cycle_count" in frame and frame["cycle_count"].null_count() < len(frame):
        return (
            frame["cycle_count"].fill_null(strategy="forward").fill_null(strategy="backward").alias("cycle")
        )
    if "current_ampere" not in frame:
        return pl.Series("cycle", [1] * len(frame), dtype=pl.Int64)
    way = _direction(frame)
    way = way.set(way == 0, None).fill_null(strategy="forward").fill_null(0)
    begins = (way > 0) & (way.shift(1, fill_value=0) < 0)
    return (begins.cast(pl.Int64).cum_sum() + 1).alias("cycle")


def _steps(frame: pl.DataFrame) -> pl.Series:
    """Return a number for each run of rows of one cycle, one step and one direction."""
    parts = [_direction(frame), cycle_numbers(frame)]
    if "step_index" in frame:
        parts.append(frame["step_index"].fill_null(strategy="forward").fill_null(0))
    changes = pl.Series([False] * len(frame))
    for part in parts:
        changes = changes | (part != part.shift(1)).fill_null(True)
    return changes.cast(pl.Int64).cum_sum().alias("step")


def charge_increments(frame: pl.DataFrame) -> pl.DataFrame:
    """Return charge and energy that flow between the row before and each row.

    Units: `dq` A.h, `de` W.h; positive on charge.
    Definition: current times time, by the trapezoidal rule within a step; from one step to the next the row
    after the change stands for the whole time between, since testers write a row when a step begins or ends.
    The energy is charge times voltage, averaged in the same way.
    Source: integral definition of capacity and energy, IEC 62660-1:2018, 7.3.
    """
    steps = _steps(frame)
    same = steps == steps.shift(1)
    needed = frame.select(
        pl.col("test_time_second").diff().clip(lower_bound=0).fill_null(0.0).alias("dt"),
        pl.col("current_ampere").fill_null(0.0).alias("i"),
        pl.col("voltage_volt").alias("v") if "voltage_volt" in frame else pl.lit(None).alias("v"),
    ).with_columns(same.fill_null(False).alias("same"))
    mean_i = pl.when("same").then((pl.col("i") + pl.col("i").shift(1)) / 2).otherwise(pl.col("i"))
    mean_v = pl.when("same").then((pl.col("v") + pl.col("v").shift(1)) / 2).otherwise(pl.col("v"))
    return needed.select((mean_i * pl.col("dt") / 3600).alias("dq"), mean_v.alias("v")).select(
        "dq", (pl.col("dq") * pl.col("v").cast(pl.Float64)).alias("de")
    )


def _counted(counter: pl.Series) -> pl.Series:
    """Return what a counter grows by in each row; falling to less than half, it has begun at zero again."""
    before = counter.fill_null(strategy="forward").shift(1)
    now = counter.fill_null(strategy="forward")
    grown = pl.when(now < before / 2).then(now).otherwise((now - before).clip(lower_bound=0))
    return pl.select(grown.fill_null(0.0)).to_series()


def per_cycle(frame: pl.DataFrame, *, counters: bool = True) -> pl.DataFrame:
    """Return charge and discharge capacity and energy of each cycle.

    Columns: `cycle`; `charging_capacity`, `discharging_capacity` in A.h; `charging_energy`,
    `discharging_energy` in W.h.
    Definition: what the counters of the tester grow by within the cycle, since they count between the rows,
    too; where the file has none, or with `counters=False`, the integral of `charge_increments`.
    A frame that has one row for each cycle (no current) gives its columns as they are.
    Source: IEC 62660-1:2018, 7.3.
    """
    if "current_ampere" not in frame or "test_time_second" not in frame:
        columns = [
            pl.col(name).cast(pl.Float64) if name in frame else pl.lit(None, dtype=pl.Float64)
            for name in _COUNTERS.values()
        ]
        return frame.select(
            pl.col("cycle_count").alias("cycle"),
            *(column.alias(name) for column, name in zip(columns, _COUNTERS, strict=True)),
        ).sort("cycle")
    flows = charge_increments(frame)
    parts = [cycle_numbers(frame)]
    for name, source in _COUNTERS.items():
        if counters and source in frame and frame[source].null_count() < len(frame):
            parts.append(_counted(frame[source]).alias(name))
            continue
        flow = flows["dq" if name.endswith("capacity") else "de"]
        sign = 1 if name.startswith("charging") else -1
        parts.append((flow * sign).clip(lower_bound=0).alias(name))
    return pl.DataFrame(parts).group_by("cycle").agg(pl.all().sum()).sort("cycle")


def _flowing(cycles: pl.DataFrame, *names: str) -> pl.DataFrame:
    """Return the cycles in which a substantial charge flows in each of the directions named."""
    largest = pl.max_horizontal(pl.col("charging_capacity").max(), pl.col("discharging_capacity").max())
    return cycles.filter(pl.all_horizontal(pl.col(name) > LEAST * largest for name in names))


def _ratio(cycles: pl.DataFrame, above: str, below: str) -> pl.DataFrame:
    both = _flowing(cycles, "charging_capacity", "discharging_capacity")
    return both.filter((pl.col(above) > 0) & (pl.col(below) > 0)).select(
        "cycle", (pl.col(above) / pl.col(below) * 100).alias("value")
    )


def coulombic_efficiency(cycles: pl.DataFrame) -> pl.DataFrame:
    """Return discharge capacity over charge capacity of each cycle that has both.

    Unit: %.
    Definition: 100 * discharging_capacity / charging_capacity of one cycle, the charge being first.
    Source: IEV 482-05-39 (charge efficiency, taken as its output over input).
    """
    return _ratio(cycles, "discharging_capacity", "charging_capacity")


def energy_efficiency(cycles: pl.DataFrame) -> pl.DataFrame:
    """Return discharge energy over charge energy of each cycle that has both.

    Unit: %.
    Definition: 100 * discharging_energy / charging_energy of one cycle.
    Source: IEV 482-05-53.
    """
    return _ratio(cycles, "discharging_energy", "charging_energy")


def first_cycle_efficiency(cycles: pl.DataFrame) -> float | None:
    """Return the coulombic efficiency of the first cycle that has a charge and a discharge.

    Unit: %.
    Definition: 100 * discharging_capacity / charging_capacity; None where the discharge exceeds the charge by
    more than 2 %, since the record then does not begin before the first charge.
    Source: usage for formation cycles, e.g. J. Asenbauer et al., Sustainable Energy Fuels 4 (2020) 5387.
    """
    first = coulombic_efficiency(cycles).sort("cycle").head(1)
    value = float(first["value"][0]) if len(first) else None
    return value if value is not None and value <= 102 else None


def _whole(cycles: pl.DataFrame) -> pl.DataFrame:
    flowing = _flowing(cycles, "discharging_capacity")
    largest = pl.col("discharging_capacity").max()
    return flowing.filter(pl.col("discharging_capacity") >= COMPLETE * largest).sort("cycle")


def reference_capacity(cycles: pl.DataFrame) -> float | None:
    """Return the capacity against which fade is measured.

    Unit: A.h.
    Definition: discharge capacity of the first whole cycle, that is, of the first with at least half of the
    largest discharge capacity of the series.
    Source: our own, so that a partial cycle at the start is no reference.
    """
    whole = _whole(cycles)
    return float(whole["discharging_capacity"][0]) if len(whole) else None


def retention(cycles: pl.DataFrame, reference: float | None = None) -> pl.DataFrame:
    """Return discharge capacity of each cycle over the reference capacity.

    Unit: %.
    Definition: 100 * discharging_capacity / reference; reference in A.h, default `reference_capacity`.
    Source: IEC 62660-1:2018, 7.8 (cycle life test: capacity relative to the initial one).
    """
    reference = reference or reference_capacity(cycles)
    if not reference:
        return pl.DataFrame(schema={"cycle": pl.Int64, "value": pl.Float64})
    return _flowing(cycles, "discharging_capacity").select(
        "cycle", (pl.col("discharging_capacity") / reference * 100).alias("value")
    )


def cycles_to(cycles: pl.DataFrame, percent: float = 80.0, reference: float | None = None) -> int | None:
    """Return the number of the cycle from which the capacity stays below a part of the reference.

    Unit: 1.
    Definition: first cycle after the reference whose retention is below `percent` and so is that of the two
    cycles that follow it; None where the series does not come so far. Nothing is extrapolated.
    Source: end of life at 80 % as in IEC 62660-1:2018; the two further cycles are our own, against outliers.
    """
    values = retention(cycles, reference).sort("cycle")
    low = values["value"] < percent
    stays = low & low.shift(-1, fill_value=False) & low.shift(-2, fill_value=False)
    whole = _whole(cycles)
    after = int(whole["cycle"][0]) if len(whole) else 0
    found = values.filter(stays & (values["cycle"] > after))
    return int(found["cycle"][0]) if len(found) else None


def c_rates(frame: pl.DataFrame, capacity: float) -> pl.DataFrame:
    """Return the C-rate of each step in which current flows.

    Columns: `cycle`, `step` (number of the step in the series), `charging`, `start` in s, `capacity` in A.h,
    `value` in 1/h (A per A.h).
    Definition: median of the absolute current of the step over `capacity` (A.h), nominal or reference.
    Source: IEC 61434:1996 (the current I_t).
    """
    flows = pl.DataFrame(
        [
            cycle_numbers(frame),
            _steps(frame),
            _direction(frame).alias("way"),
            frame["test_time_second"].alias("time"),
            frame["current_ampere"].abs().alias("current"),
            charge_increments(frame)["dq"].abs().alias("dq"),
        ]
    ).filter(pl.col("way") != 0)
    return (
        flows.group_by("step")
        .agg(
            pl.col("cycle").first(),
            (pl.col("way").first() > 0).alias("charging"),
            pl.col("time").first().alias("start"),
            pl.col("dq").sum().alias("capacity"),
            (pl.col("current").median() / capacity).alias("value"),
        )
        .sort("step")
        .select("cycle", "step", "charging", "start", "capacity", "value")
    )


def cycle_c_rates(rates: pl.DataFrame) -> pl.DataFrame:
    """Return the C-rate on charge and on discharge of each cycle.

    Columns: `cycle`, `charging`, `value` in 1/h.
    Definition: C-rate of the step of that direction through which most charge flows.
    Source: our own choice among the steps of `c_rates`.
    """
    return (
        rates.sort("capacity", descending=True)
        .group_by("cycle", "charging", maintain_order=True)
        .agg(pl.col("value").first())
        .sort("cycle", "charging")
    )


def dc_resistance(
    frame: pl.DataFrame, *, within: float = 10.0, least: float = 0.05, rest: float = 10.0
) -> pl.DataFrame:
    """Return the direct-current resistance at each pulse that begins from rest.

    Columns: `cycle`, `time` and `delay` in s, `current` in A, `value` in Ohm.
    Definition: (voltage of the last row that is at most `within` seconds into the pulse minus voltage of the
    last row at rest) over the change of current between the same rows. A pulse is a current of at least
    `least` of the largest one, directly after a rest that the rows show for at least `rest` seconds; the last
    row of it is at most `within` seconds old.
    `delay` is the time between the two rows: resistances of different delays are not comparable.
    Source: IEC 62660-1:2018, 7.4 and IEC 61960-3:2017, 7.7 (change of voltage over change of current).
    """
    way = _direction(frame)
    steps = _steps(frame)
    largest = frame["current_ampere"].abs().max()
    limit = least * (float(largest) if isinstance(largest, int | float) else 0.0)
    rows = pl.DataFrame(
        [
            cycle_numbers(frame),
            steps,
            way.alias("way"),
            frame["test_time_second"].alias("time"),
            frame["current_ampere"].alias("i"),
            frame["voltage_volt"].alias("v"),
        ]
    ).with_columns(
        *(pl.col(name).shift(1).alias(f"{name}0") for name in ("way", "time", "i", "v")),
    )
    # A rest may be of several steps: its beginning is the first row without current after one with.
    onset = (pl.col("way") == 0) & (pl.col("way0").fill_null(1) != 0)
    rows = rows.with_columns(pl.when(onset).then("time").forward_fill().shift(1).alias("onset"))
    starts = rows.filter(
        (pl.col("way") != 0)
        & (pl.col("way0") == 0)
        & (pl.col("time0") - pl.col("onset") >= rest)
        & (pl.col("time") - pl.col("time0")).is_between(0, within)
    ).select("step", "cycle", "time0", "i0", "v0")
    pulse = rows.select("step", "time", "i", "v").join(starts, on="step", maintain_order="left")
    early = (pl.col("time") > pl.col("time0")) & (pl.col("time") - pl.col("time0") <= within)
    return (
        pulse.filter(early & (pl.col("i").abs() >= limit))
        .group_by("step", maintain_order=True)
        .last()
        .select(
            "cycle",
            pl.col("time0").alias("time"),
            (pl.col("time") - pl.col("time0")).alias("delay"),
            pl.col("i").alias("current"),
            ((pl.col("v") - pl.col("v0")) / (pl.col("i") - pl.col("i0"))).alias("value"),
        )
        .filter(pl.col("value").is_finite())
        .sort("time")
    )


def differential_capacity(frame: pl.DataFrame, *, width: float = 0.005) -> pl.DataFrame:
    """Return the differential capacity of each charge and discharge over voltage.

    Columns: `cycle`, `charging`, `voltage` in V (middle of an interval), `value` in A.h/V, never negative.
    Definition: charge that flows while the voltage is in an interval of `width` volts, over `width`. The
    intervals within 10 mV of the highest and of the lowest voltage are left out, since the charge of phases
    of constant voltage is in them.
    Source: I. Bloom et al., J. Power Sources 139 (2005) 295, doi 10.1016/j.jpowsour.2004.07.021.
    """
    rows = pl.DataFrame(
        [
            cycle_numbers(frame),
            _direction(frame).alias("way"),
            frame["voltage_volt"].alias("v"),
            charge_increments(frame)["dq"].alias("dq"),
        ]
    ).filter((pl.col("way") != 0) & pl.col("v").is_not_null())
    rows = rows.with_columns(
        (pl.col("way") > 0).alias("charging"),
        pl.col("v").max().over("cycle", "way").alias("high"),
        pl.col("v").min().over("cycle", "way").alias("low"),
    ).filter((pl.col("v") <= pl.col("high") - 0.01) & (pl.col("v") >= pl.col("low") + 0.01))
    return (
        rows.with_columns((pl.col("v") / width).floor().cast(pl.Int64).alias("bin"))
        .group_by("cycle", "charging", "bin")
        .agg((pl.col("dq").sum().abs() / width).alias("value"))
        .select("cycle", "charging", ((pl.col("bin") + 0.5) * width).alias("voltage"), "value")
        .sort("cycle", "charging", "voltage")
    )


def differential_capacity_peaks(
    curve: pl.DataFrame, *, width: float = 0.005, most: int = 3, prominence: float = 0.1
) -> pl.DataFrame:
    """Return the peaks of the differential capacity of each charge and discharge.

    Columns: `cycle`, `charging`, `peak` (1 is the highest), `voltage` in V, `value` in A.h/V.
    Definition: the curve of `differential_capacity`, smoothed over five intervals by the weights 1, 4, 6, 4,
    1; the `most` highest local maxima that stand out of their surroundings by at least `prominence` of the
    highest value. A curve of fewer than ten intervals has no peaks.
    Source: I. Bloom et al., J. Power Sources 139 (2005) 295; prominence as in topography.
    """
    found: list[tuple[int, bool, int, float, float]] = []
    for (cycle, charging), group in curve.group_by("cycle", "charging", maintain_order=True):
        if len(group) < 10:
            continue
        bins = (group["voltage"] / width - 0.5).round().cast(pl.Int64).to_numpy()
        values = np.zeros(int(bins[-1] - bins[0]) + 1)
        values[bins - bins[0]] = group["value"].to_numpy()
        smooth = np.convolve(values, np.array([1, 4, 6, 4, 1]) / 16, mode="same")
        peaks = [
            (float(smooth[place]), (float(bins[0]) + place + 0.5) * width)
            for place in _maxima(smooth, prominence * float(smooth.max()))
        ]
        for number, (value, voltage) in enumerate(sorted(peaks, reverse=True)[:most], start=1):
            found.append((int(str(cycle)), bool(charging), number, voltage, value))
    schema = {
        "cycle": pl.Int64,
        "charging": pl.Boolean,
        "peak": pl.Int64,
        "voltage": pl.Float64,
        "value": pl.Float64,
    }
    return pl.DataFrame(found, schema=schema, orient="row")


def _maxima(values: np.ndarray, least: float) -> list[int]:
    """Return the places of local maxima that stand at least `least` above the saddle to higher ground."""
    places = []
    inner = np.flatnonzero((values[1:-1] > values[:-2]) & (values[1:-1] >= values[2:])) + 1
    for place in inner:
        height = values[place]
        left, right = values[:place], values[place + 1 :]
        higher = np.flatnonzero(left > height)
        low_left = left[higher[-1] if len(higher) else 0 :].min()
        higher = np.flatnonzero(right > height)
        low_right = right[: higher[0] + 1 if len(higher) else len(right)].min()
        if height - max(low_left, low_right) >= least:
            places.append(int(place))
    return places
