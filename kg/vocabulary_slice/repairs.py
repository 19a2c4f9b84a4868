"""Values that upstream states wrongly, and what the slices say instead; each line with its reason."""

from __future__ import annotations

from dataclasses import dataclass

from kg.namespaces import PREFIXES

EMMO = PREFIXES["emmo"]
ECHEM = PREFIXES["echem"]
SUBCLASS = PREFIXES["rdfs"] + "subClassOf"
SUBPROPERTY = PREFIXES["rdfs"] + "subPropertyOf"
EQUIVALENT = PREFIXES["owl"] + "equivalentClass"

MULTIPLIER = EMMO + "EMMO_8189b42e_0995_423a_a26c_51168b27c3cf"  # hasSIConversionMultiplier
OFFSET = EMMO + "EMMO_d088a3cb_d3e3_4eb2_9897_00aef0cb00cd"  # hasSIConversionOffset
SYMBOL = EMMO + "EMMO_7f1dec83_d85e_4e1b_b7bd_c9442d4f5a64"  # unitSymbol
SYMBOL_VALUE = EMMO + "EMMO_daf7a9b7_18ef_4e73_9fb9_75adfd9800e8"  # unitSymbolValue
UCUM = EMMO + "EMMO_33ae2d07_5526_4555_a0b4_8f4c031b5652"  # ucumCode
QUDT = EMMO + "EMMO_1f1b164d_ec6a_4faa_8d5e_88bda62316cc"  # qudtReference
DIMENSION = EMMO + "EMMO_19d925d0_2cf1_40e5_a391_1a99d68409c9"  # hasDimensionString
HAS_UNIT = EMMO + "EMMO_bed1d005_b04e_4a90_94cf_02bc678a8569"  # hasMeasurementUnit
MEASUREMENT_UNIT = EMMO + "EMMO_b081b346_7279_46ef_9a3d_2c088fcd79f4"  # MeasurementUnit
SI_COHERENT = EMMO + "EMMO_3eb993a1_61ae_4a20_b168_dda853f51c14"  # SICoherentUnit
UNIT_ONE = EMMO + "EMMO_5ebd5e01_0ed3_49a2_a30d_cd05cbe72978"  # UnitOne


@dataclass(frozen=True)
class Repair:
    """The values that a property of a term gets instead of the ones upstream states."""

    subject: str
    predicate: str
    values: tuple[str | float, ...]
    reason: str


def _from_code(*labels: str) -> tuple[Repair, ...]:
    why = "the multiplier upstream contradicts code and label, which agree"
    return tuple(Repair(EMMO + label, MULTIPLIER, (FROM_CODE,), why) for label in labels)


def _no_code(*labels: str) -> tuple[Repair, ...]:
    why = "upstream gives it the code of the civil unit, which is another length of time"
    return tuple(Repair(EMMO + label, UCUM, (), why) for label in labels)


FROM_CODE = "computed from the code"

REPAIRS: tuple[Repair, ...] = (
    Repair(EMMO + "MilliAmpereHour", SYMBOL, ("mA⋅h",), "upstream has the symbol of the microampere hour"),
    Repair(EMMO + "NanoMetre", SYMBOL, ("nm",), "upstream has nM, which is nanomolar"),
    Repair(EMMO + "AmperePerGram", SYMBOL, ("A/g",), "upstream has a stray product dot"),
    Repair(EMMO + "Percent", MULTIPLIER, (0.01,), "upstream has 1: a hundred per cent would be a hundred"),
    Repair(UNIT_ONE, UCUM, ("1",), "upstream states no code"),
    Repair(UNIT_ONE, MULTIPLIER, (1.0,), "upstream states no multiplier"),
    Repair(ECHEM + "AmperePerAmpereHour", SYMBOL, ("C",), "upstream states it as altLabel only"),
    Repair(ECHEM + "AmperePerAmpereHour", UCUM, ("A.A-1.h-1",), "upstream states no code"),
    Repair(ECHEM + "AmperePerAmpereHour", MULTIPLIER, (FROM_CODE,), "upstream states no multiplier"),
    Repair(ECHEM + "WattPerWattHour", UCUM, ("W.W-1.h-1",), "upstream states no code"),
    Repair(ECHEM + "WattPerWattHour", MULTIPLIER, (FROM_CODE,), "upstream states no multiplier"),
    Repair(EMMO + "MilliDegreeCelsius", OFFSET, (-273150.0,), "upstream has 273.15; see DegreeCelsius"),
    Repair(EMMO + "DegreeFahrenheit", OFFSET, (-459.67,), "upstream has the opposite sign, and rounds"),
    Repair(EMMO + "DegreeFahrenheit", MULTIPLIER, (5 / 9,), "upstream rounds to seven digits"),
    *_from_code(
        "BarCubicMetrePerSecond",
        "CubicDeciMetrePerMinute",
        "JoulePerHour",
        "KelvinPerHour",
        "KiloAmpereHour",
        "KiloLitrePerHour",
        "KiloMolePerMinute",
        "KiloPascalPerBar",
        "KiloPascalPerMilliMetre",
        "MicroGramPerSquareCentiMetre",
        "MicroMolePerGramPerSecond",
        "MilliAmpereHourPerSquareCentiMetre",
        "MilliGramPerLitre",
        "MilliGramPerMilliLitre",
        "NumberPerHectare",
        "NumberPerNanoLitre",
        "PercentPerDay",
        "PercentPerHour",
        "PercentPerMetre",
        "PercentPerWeek",
        "RadianPerHour",
        "RadianPerMinute",
        "ReciprocalHour",
        "ReciprocalMinute",
    ),
    Repair(
        EMMO + "CubicDeciMetrePerMinute", UCUM, ("dm3/min",), "upstream has the minute to the third power"
    ),
    Repair(EMMO + "TeraWattHour", UCUM, ("TW.h",), "upstream divides by the hour"),
    *(
        # So that 60 /min, 60 rpm and 1 Hz are one and the same; docs/decisions/0003.
        Repair(EMMO + label, MULTIPLIER, (FROM_CODE,), "upstream counts 2 pi for a turn, and 1 for /min")
        for label in (
            "RevolutionPerHour",
            "RevolutionPerMinute",
            "RevolutionPerSecond",
            "RevolutionPerSquareSecond",
        )
    ),
    Repair(EMMO + "Revolution", MULTIPLIER, (1.0,), "as for RevolutionPerMinute"),
    *_no_code("SiderealDay", "SiderealHour", "SiderealMinute"),
)

# Units whose multiplier or dimension is contradicted by UCUM and which no battery line uses: they keep their
# label and code, but get no multiplier, so that nothing is ever converted with them.
UNTRUSTED: frozenset[str] = frozenset(
    {
        "AbampereSquareCentiMetre",
        "Barrel",
        "Bbl_Us_Per_Day",
        "BoardFoot",
        "Btu_It_Per_Hr_Ft2_Deg_R",
        "Btu_It_Per_Lb_F_Deg_R",
        "Btu_It_Per_Min",
        "Btu_It_Per_Sec_Ft2_Deg_R",
        "Btu_It_Per_Sec_Ft_Deg_R",
        "Btu_Mean",
        "Btu_Th_Per_Hr",
        "Btu_Th_Per_Min",
        "Bu_Us_Dry_Per_Hr",
        "Cal_Th_Per_Min",
        "CommonYear",
        "Cord",
        "CubicAngstrom",
        "Denier",
        "Dram_Uk",
        "Dram_Us",
        "ElectronVoltPerTesla",
        "FootLambert",
        "FootPoundForcePerHour",
        "FractionalArea",
        "Gal_Uk_Per_Min",
        "Grade",
        "GrainPerGallon",
        "KiloCaloriePerSquareCentiMetre",
        "KiloCaloriePerSquareCentiMetreMinute",
        "KiloCaloriePerSquareCentiMetreSecond",
        "KiloYear",
        "Lb_Per_Gal_Us",
        "LongTonPerCubicYard",
        "Mesh",
        "MilliGalsPerMonth",
        "MilliMetrePerYear",
        "MilliRad",
        "MilliRadPerHour",
        "MilliRoentgenEquivalentMan",
        "MillionYear",
        "Month",
        "Oz_In",
        "Oz_Per_Gal_Us",
        "Oz_Per_Yd3",
        "Oz_Vol_Uk_Per_Day",
        "Oz_Vol_Uk_Per_Hr",
        "Oz_Vol_Uk_Per_Min",
        "Oz_Vol_Uk_Per_Sec",
        "PetaByte",
        "Pint_Uk_Per_Day",
        "Point",
        "PoundForceFootPerAmpere",
        "PoundForceFootPerPound",
        "PoundForcePerFoot",
        "PsiCubicYardPerSecond",
        "PsiLitrePerSecond",
        "Qt_Uk_Per_Sec",
        "ReciprocalKiloVoltAmpereHour",
        "ReciprocalMonth",
        "ReciprocalYear",
        "ReciprocalAngstrom",
        "RelativePermeability",
        "RelativePermittivity",
        "ShortTonPerCubicYard",
        "SquareFootPerBtuInch",
        "Standard",
        "TeraByte",
        "TonOfRefrigeration",
        "Ton_Uk",
        "Ton_Uk_Per_Day",
        "Ton_Uk_Per_Yd3",
        "Ton_Us_Per_Day",
        "Ton_Us_Per_Hr",
        "Ton_Us_Per_Yd3",
    }
)
