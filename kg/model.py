"""The graph model in IRIs: the properties and classes that every mapped row uses.

Source: EMMO 1.0.4, domain-electrochemistry 0.37.2, GPO (2024-07-01); docs/explanation/graph-model.md.
"""

from __future__ import annotations

from kg.namespaces import PREFIXES

EMMO = PREFIXES["emmo"]
GPO = PREFIXES["gpo"]
BVCOX = PREFIXES["bvcox"]
RDF_TYPE = PREFIXES["rdf"] + "type"
XSD = PREFIXES["xsd"]

HAS_INPUT = EMMO + "EMMO_36e69413_8c59_4799_946c_10b05d266e22"  # hasInput
HAS_OUTPUT = EMMO + "EMMO_c4bace1d_4db0_4cd3_87e9_18122bae2840"  # hasOutput
HAS_TOOL = GPO + "GPO_2d23e608_57f5_4d0d_ba4e_c06ab274e101"  # hasTool
HAS_AGENT = EMMO + "EMMO_cd24eb82_a11c_4a31_96ea_32f870c5580a"  # hasAgent
HAS_PART = EMMO + "EMMO_17e27c22_37e1_468c_9dd7_95e137f73e7f"  # hasPart
HAS_SUB_PROCESS = EMMO + "EMMO_d43af210_f854_4432_a891_ce3022e3b558"  # hasSubProcess
HAS_PROCESS_PARAMETER = EMMO + "EMMO_08bd340b_9d49_4d60_8ac5_b89f2f442169"  # hasProcessParameter
HAS_PROPERTY = EMMO + "EMMO_e1097637_70d2_4895_973f_2396f04fa204"  # hasProperty
HAS_NUMERICAL_PART = EMMO + "EMMO_8ef3cd6d_ae58_4a8d_9fc0_ad8f49015cd0"  # hasNumericalPart
HAS_NUMBER_VALUE = EMMO + "EMMO_faf79f53_749d_40b2_807c_d34244c192f4"  # hasNumberValue
HAS_UNIT = EMMO + "EMMO_bed1d005_b04e_4a90_94cf_02bc678a8569"  # hasMeasurementUnit
REAL_DATA = EMMO + "EMMO_18d180e4_5e3e_42f7_820c_e08951223486"  # RealData

VALUE_KINDS: dict[str, str] = {
    "measured": EMMO + "EMMO_873b0ab3_88e6_4054_b901_5531e01f14a4",  # MeasuredProperty
    "set": EMMO + "EMMO_d8aa8e1f_b650_416d_88a0_5118de945456",  # ConventionalProperty
    "nominal": EMMO + "EMMO_909415d1_7c43_4d5e_bbeb_7e1910159f66",  # NominalProperty
    "modelled": EMMO + "EMMO_d0200cf1_e4f4_45ae_873f_b9359daea3cd",  # ModelledProperty
}

ROLES: dict[str, str] = {"input": HAS_INPUT, "output": HAS_OUTPUT, "tool": HAS_TOOL, "agent": HAS_AGENT}

START = PREFIXES["prov"] + "startedAtTime"
END = PREFIXES["prov"] + "endedAtTime"
DERIVED_FROM = PREFIXES["prov"] + "wasDerivedFrom"
IDENTIFIER = PREFIXES["dcterms"] + "identifier"
SOURCE_TOKEN = BVCOX + "sourceToken"
MADE_FROM = BVCOX + "madeFrom"
ELUCIDATION = EMMO + "EMMO_967080e5_2f42_4eb2_a3a9_c58143e835f9"  # elucidation
CANONICAL_UNIT = BVCOX + "canonicalUnit"

TEXT_PROPERTIES: dict[str, str] = {
    "comment": PREFIXES["rdfs"] + "comment",
    "label": PREFIXES["rdfs"] + "label",
    "serial": PREFIXES["schema"] + "serialNumber",
}
