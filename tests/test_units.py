"""Claims about units: how they are written, what they convert, and that an independent library agrees."""

from __future__ import annotations

import math
import warnings

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.terms import vocabulary
from kg.units import DifferentDimensionError, Unit, UnknownUnitError, split_token

UNITS = vocabulary().units
CODED = [unit for unit in UNITS if unit.ucum]
BY_DIMENSION: dict[str, list[Unit]] = {}
for _unit in UNITS:
    if _unit.dimension:
        BY_DIMENSION.setdefault(_unit.dimension, []).append(_unit)

# Units of the records that battery lines keep, with the factor to SI written by hand.
LINE: dict[str, float] = {
    "um": 1e-6,
    "mm": 1e-3,
    "mm2": 1e-6,
    "cm2": 1e-4,
    "m/min": 1 / 60,
    "mg/cm2": 0.01,
    "g/cm3": 1000,
    "g/m2": 0.001,
    "N/mm": 1000,
    "N/m": 1,
    "kN/m": 1000,
    "MPa": 1e6,
    "mbar": 100,
    "mPa.s": 1e-3,
    "Pa.s": 1,
    "mL": 1e-6,
    "L": 1e-3,
    "g": 1e-3,
    "kg": 1,
    "A.h": 3600,
    "mA.h": 3.6,
    "mA.h/g": 3600,
    "mA.h/cm2": 36000,
    "mA/cm2": 10,
    "W.h": 3600,
    "kW.h": 3.6e6,
    "W.h/kg": 3600,
    "W.h/L": 3.6e6,
    "Ohm": 1,
    "mOhm": 1e-3,
    "Ohm.m": 1,
    "S/m": 1,
    "mV": 1e-3,
    "min": 60,
    "h": 3600,
    "d": 86400,
    "/min": 1 / 60,
    "rpm": 1 / 60,
    "%": 0.01,
    "%RH": 0.01,
    "[ppm]": 1e-6,
    "1": 1,
    "m2/g": 1000,
    "mL/Ah": 1e-6 / 3600,
    "g/Ah": 1e-3 / 3600,
}


@pytest.mark.parametrize("code", sorted(LINE))
def test_unit_of_a_line_has_the_factor_of_the_textbook(code: str) -> None:
    unit = UNITS.parse(code)

    assert unit.factor == pytest.approx(LINE[code], rel=1e-12)
    assert unit.dimension is not None


@pytest.mark.parametrize(
    ("spelling", "same"),
    [
        ("mg/cm2", "mg.cm-2"),
        ("mg/cm²", "mg/cm2"),
        ("cm-2.mg", "mg/cm2"),
        ("N/mm", "N.mm-1"),
        ("ml", "mL"),
        ("l", "L"),
        ("µm", "um"),
        ("μm", "um"),
        ("°C", "Cel"),
        ("mAh/g", "mA.h/g"),
        ("mA⋅h/g", "mA.h/g"),
        ("Ah", "A.h"),
        ("kWh", "kW.h"),
        ("Wh/L", "W.h/l"),
        ("mΩ", "mOhm"),
        ("1/min", "/min"),
        ("ppm", "[ppm]"),
        ("Pa·s", "Pa.s"),
        ("mg/(cm2)", "mg/cm2"),
        ("MicroMetre", "um"),
        ("micro metre", "um"),
        ("https://w3id.org/emmo#MicroMetre", "um"),
    ],
)
def test_spellings_of_one_unit_are_one_unit(spelling: str, same: str) -> None:
    assert UNITS.parse(spelling) is UNITS.parse(same)


def test_turns_per_minute_and_per_minute_are_one_number() -> None:
    assert UNITS.scale(UNITS.parse("rpm"), UNITS.parse("1/min")) == (1.0, 0.0)


def test_one_text_for_two_units_is_settled_by_the_dimension() -> None:
    c_rate = vocabulary().dimension(vocabulary().resolve("CRate").iri)

    assert UNITS.parse("C").label == "Coulomb"
    assert UNITS.parse("C", dimension=c_rate).label == "AmperePerAmpereHour"


def test_unknown_unit_names_what_is_near() -> None:
    with pytest.raises(UnknownUnitError, match="no unit is written 'N/nmm'") as caught:
        UNITS.parse("N/nmm")

    assert any(near.startswith("N.") or near.startswith("N/") for near in caught.value.near)


@pytest.mark.parametrize("text", ["", " ", "quux", "um2/", "(", "10 um", "/"])
def test_text_that_is_no_unit_is_refused(text: str) -> None:
    with pytest.raises(UnknownUnitError):
        UNITS.parse(text)


def test_units_of_different_things_do_not_convert() -> None:
    with pytest.raises(DifferentDimensionError, match="measure different things"):
        UNITS.scale(UNITS.parse("um"), UNITS.parse("N/mm"))


def test_percent_ppm_and_one_are_one_dimension() -> None:
    assert UNITS.convert(2.5, UNITS.parse("%"), UNITS.parse("1")) == pytest.approx(0.025)
    assert UNITS.convert(0.02, UNITS.parse("%"), UNITS.parse("[ppm]")) == pytest.approx(200.0)


def test_celsius_has_its_zero_at_273_15_kelvin() -> None:
    celsius, kelvin, fahrenheit = (UNITS.parse(code) for code in ("Cel", "K", "[degF]"))

    assert UNITS.convert(25.0, celsius, kelvin) == pytest.approx(298.15)
    assert UNITS.convert(298.15, kelvin, celsius) == pytest.approx(25.0)
    assert UNITS.convert(212.0, fahrenheit, celsius) == pytest.approx(100.0)


def test_a_column_converts_like_a_number() -> None:
    column = pl.Series([1.0, None, 3.0])

    assert UNITS.convert(0.1, UNITS.parse("mm"), UNITS.parse("um")) == 100.0
    assert UNITS.convert(column, UNITS.parse("kN/m"), UNITS.parse("N/mm")).to_list() == [1.0, None, 3.0]
    assert UNITS.convert(column, UNITS.parse("mm"), UNITS.parse("um")).to_list() == [1000.0, None, 3000.0]


@pytest.mark.parametrize(
    ("token", "number", "code"),
    [
        ("1.24_ml", 1.24, "mL"),
        ("1.24ml", 1.24, "mL"),
        ("110_°C", 110.0, "Cel"),
        ("110 °C", 110.0, "Cel"),
        ("-3e-3 mm", -0.003, "mm"),
        ("2E3um", 2000.0, "um"),
        (".5%", 0.5, "%"),
        ("5.", 5.0, "1"),
        ("42", 42.0, "1"),
        ("12 mg/cm²", 12.0, "mg/cm2"),
    ],
)
def test_token_is_number_and_unit(token: str, number: float, code: str) -> None:
    assert UNITS.parse_token(token) == (number, UNITS.parse(code))


def test_token_may_have_a_decimal_comma() -> None:
    assert UNITS.parse_token("1,24_ml", decimal=",") == (1.24, UNITS.parse("ml"))


@pytest.mark.parametrize("token", ["", "ml", "1,24 ml", "1.2.3", "1.200,5 mm", "--1", "NaN", "about 5 mm"])
def test_token_without_a_plain_number_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        split_token(token)


@given(st.sampled_from(sorted(BY_DIMENSION)), st.data(), st.floats(-1e6, 1e6, allow_subnormal=False))
def test_there_and_back_is_identity(dimension: str, data: st.DataObject, value: float) -> None:
    source, target = (data.draw(st.sampled_from(BY_DIMENSION[dimension])) for _ in range(2))
    there = UNITS.convert(value, source, target)
    back = UNITS.convert(there, target, source)
    # A large offset swallows the digits of a small number.
    slack = 1e-9 * max(abs(value), abs((source.offset - target.offset) / source.factor), 1e-200)

    assert math.isclose(back, value, rel_tol=1e-9, abs_tol=slack)


@given(st.sampled_from(CODED))
def test_code_of_a_unit_is_read_as_that_unit_or_its_equal(unit: Unit) -> None:
    read = UNITS.parse(unit.ucum, dimension=unit.dimension)

    assert read.dimension == unit.dimension
    assert read.factor == pytest.approx(unit.factor, rel=1e-3)


@given(
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", " ", "_"]),
    st.sampled_from(sorted(LINE)),
)
def test_any_number_before_any_unit_is_read_back(number: float, separator: str, code: str) -> None:
    if code[0].isdigit():
        return

    assert split_token(f"{number!r}{separator}{code}") == (number, code)


# Where ucumvert or pint is the one that errs or means another thing: Gaussian units, bytes as eight bits,
# logarithms, codes with brackets read as a prefix and a foot, temperatures with an offset.
ORACLE_DIFFERS = {
    "Arcminute",
    "Arcsecond",
    "Bel",
    "BitPerSecond",
    "Byte",
    "Chain",
    "CubicFoot",
    "CubicFootPerDay",
    "CubicFootPerHour",
    "CubicFootPerMinute",
    "CubicFootPerMinuteSquareFoot",
    "CubicFootPerSecond",
    "CubicYard",
    "CubicYardPerDay",
    "CubicYardPerHour",
    "CubicYardPerMinute",
    "CubicYardPerSecond",
    "DeciBel",
    "ExaByte",
    "Gauss",
    "GigaBitPerSecond",
    "GigaByte",
    "HectoBar",
    "InchOfMercury",
    "InchOfWater",
    "KiloBitPerSecond",
    "KiloByte",
    "KiloBytePerSecond",
    "KiloCal_Th",
    "KiloGauss",
    "KiloRoentgen",
    "Maxwell",
    "MegaBitPerSecond",
    "MegaByte",
    "MicroGravity",
    "MilliGravity",
    "MilliRoentgen",
    "MinuteAngle",
    "Neper",
    "Oersted",
    "OerstedCentiMetre",
    "Phot",
    "PoundPerCubicFoot",
    "PoundPerCubicYard",
    "ReciprocalCubicFoot",
    "ReciprocalCubicYard",
    "RegisterTon",
    "Rod",
}


def test_factors_agree_with_pint() -> None:
    pytest.importorskip("ucumvert")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from ucumvert import PintUcumRegistry

        registry = PintUcumRegistry()
        compared, wrong = 0, []
        for unit in CODED:
            if unit.label in ORACLE_DIFFERS or unit.offset:
                continue
            try:
                theirs = registry.from_ucum(unit.ucum).to_base_units()
            except Exception:  # a code that the library cannot read is not compared
                continue
            compared += 1
            ours = unit.factor
            if not math.isclose(ours, theirs.magnitude, rel_tol=1e-5) or unit.dimension not in {
                None,
                _dimension(theirs),
            }:
                wrong.append((unit.label, unit.ucum, ours, theirs.magnitude))

    assert compared > 1100
    assert wrong == []


def _dimension(quantity: object) -> str:
    names = {"T": "time", "L": "length", "M": "mass", "I": "current", "Θ": "temperature", "N": "substance"}
    powers = quantity.dimensionality  # type: ignore[attr-defined]
    found = {
        letter: round(powers.get(f"[{name}]", 0)) for letter, name in (names | {"J": "luminosity"}).items()
    }
    return " ".join(f"{letter}{power:+d}" if power else f"{letter}0" for letter, power in found.items())
