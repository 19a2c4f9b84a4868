"""A passport and an audience -> what fills the submodels of the battery passport, path by path.

Where a field of the registry goes is its `idta` path in points.yaml; here stand only the shapes that the
templates give to what is more than one value.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from kg.aas.instance import WITHHELD, Content, Leaf, address_remarks
from kg.aas.templates import Element, Template, templates
from kg.passport.access import visible
from kg.passport.build import Passport
from kg.passport.registry import registry
from kg.passport.values import Found
from kg.passport.workbench import term_iri
from kg.passport.write import shown

NUMBERS = ("02099-1", *(f"02035-{part}" for part in range(1, 8)))
OHMS = "Resistance/Initial"
DOCUMENTED = {"DeclarationOfConformity": ("02-04", "Certificates, declarations")}
INSTRUCTIONS = ("03-01", "Operation")


@dataclass(frozen=True)
class Source:
    """The values of a passport as one audience has them; `criticals` names substances when it is asked."""

    passport: Passport
    audience: str
    criticals: Callable[[], frozenset[str]] = frozenset

    @functools.cached_property
    def critical(self) -> frozenset[str]:
        """Return the substances that are critical raw materials."""
        return self.criticals()

    @functools.cached_property
    def seen(self) -> Mapping[str, bool]:
        """Return whether the audience sees a field; what is not to be filled is not there."""
        found: dict[str, bool] = {}
        for point in shown(self.passport):
            for key in point.fields:
                found[key] = found.get(key, False) or visible(point, self.audience)
        return found

    def found(self, key: str) -> Found | None:
        """Return the value of a field that the audience sees."""
        return self.passport.values[key] if self.seen.get(key) else None

    def hidden(self, key: str) -> bool:
        """Return whether a field is kept from the audience."""
        return self.seen.get(key) is False

    def leaf(self, key: str, change: Callable[[Any], Any] | None = None) -> Content:
        """Return the value of a field for one element."""
        if self.hidden(key):
            return WITHHELD
        found = self.found(key)
        if found is None:
            return None
        exact = "" if change is None else str(found.value)
        return Leaf(change(found.value) if change else found.value, terms(key), found.kind, exact)

    def rows(self, key: str, shape: Callable[[Mapping[str, Any]], Any]) -> Any:
        """Return the rows of a list in another shape."""
        if self.hidden(key):
            return WITHHELD
        found = self.found(key)
        return [shape(row) for row in found.value] if found else None


@functools.cache
def terms(key: str) -> tuple[str, ...]:
    """Return the IRIs of the terms that a field is of: its quantity, or what the law's data point states."""
    table = registry()
    field = table.fields[key]
    if field.quantity:
        return (term_iri(field.quantity),)
    if field.take.document:
        return (term_iri(field.take.document),)
    stated = [point.terms for point in table.points_of(key) if len(point.fields) == 1]
    return stated[0] if stated else ()


def _document(source: Source, key: str) -> Any:
    leaf = source.leaf(key)
    if not isinstance(leaf, Leaf):
        return leaf
    return [replace(leaf, value=leaf.value.get("address") or leaf.value.get("title"), exact="")]


def _timed(source: Source, key: str, name: str) -> Any:
    leaf, found = source.leaf(key), source.found(key)
    if not isinstance(leaf, Leaf) or found is None:
        return leaf
    return {name: leaf, "LastUpdate": Leaf(found.time) if found.time else None}


def _address(source: Source) -> Any:
    leaf = source.leaf("manufacturer_address")
    return {"AddressRemarks": address_remarks(leaf.value)} if isinstance(leaf, Leaf) else leaf


def _markings(source: Source) -> Any:
    found = [
        {"MarkingName": replace(leaf, value=leaf.value["title"]), "MarkingFile": Leaf(leaf.value["address"])}
        for key in ("collection_symbol", "heavy_metal_symbol")
        if isinstance(leaf := source.leaf(key), Leaf)
    ]
    return found or source.leaf("collection_symbol")


def _materials(source: Source) -> Any:
    if source.found("detailed_composition") is None:
        return source.rows(
            "critical_raw_materials",
            lambda row: {
                "BatteryMaterialLocation": {},
                "BatteryMaterialName": Leaf(row["material"], how="calculated"),
                "BatteryMaterialMass": Leaf(row["mass_kg"]),
                "IsCriticalRawMaterial": Leaf(True),
            },
        )
    return source.rows(
        "detailed_composition",
        lambda row: {
            "BatteryMaterialLocation": {"ComponentName": Leaf(row["component"])},
            "BatteryMaterialIdentifier": Leaf(row["cas"]) if row["cas"] else None,
            "BatteryMaterialName": Leaf(row["substance"], how="calculated"),
            "BatteryMaterialMass": Leaf(row["mass_kg"]),
            "IsCriticalRawMaterial": Leaf(row["substance"] in source.critical),
        },
    )


def _hazards(source: Source) -> Any:
    told = source.found("substance_impacts")
    impacts = {row["substance"]: row["impact"] for row in told.value} if told else {}

    def shape(row: Mapping[str, Any]) -> Any:
        impact = impacts.get(row["substance"])
        return {
            "HazardousSubstanceClass": Leaf(row["hazard"]),
            "HazardousSubstanceName": Leaf(row["substance"], how="calculated"),
            "HazardousSubstanceConcentration": Leaf(row["share_percent"]),
            "HazardousSubstanceImpact": [Leaf(impact)] if impact else None,
            "HazardousSubstanceLocation": {"ComponentName": Leaf(row["location"])},
            "HazardousSubstanceIdentifier": Leaf(row["cas"]) if row["cas"] else None,
        }

    return source.rows("hazardous_substances", shape)


def _recycled(source: Source) -> Any:
    found = []
    for name in ("cobalt", "lithium", "nickel", "lead"):
        shares = {stage: source.leaf(f"recycled_{name}_{stage}_consumer") for stage in ("pre", "post")}
        if any(isinstance(leaf, Leaf) for leaf in shares.values()):
            row = {"PreConsumerShare": shares["pre"], "PostConsumerShare": shares["post"]}
            found.append({**row, "RecycledMaterial": Leaf(name)})
    return found or source.leaf("recycled_cobalt_pre_consumer")


def _spare_parts(source: Source) -> Any:
    contact = source.leaf("spare_part_contact")
    if not isinstance(contact, Leaf):
        return contact
    words = str(contact.value).replace(",", " ").split()
    mail = next((word for word in words if "@" in word), "")
    parts = source.rows(
        "part_numbers", lambda row: {"PartName": Leaf(row["part"]), "PartNumber": Leaf(row["number"])}
    )
    email = {"EmailAddress": replace(contact, value=mail, exact=str(contact.value))} if mail else None
    supplier = {
        "NameOfSupplier": source.leaf("manufacturer_name"),
        "EmailAddressOfSupplier": email,
        "SupplierWebAddress": source.leaf("manufacturer_web"),
        "Components": parts,
    }
    return [supplier]


def _power_at(source: Source) -> Any:
    found = [
        {"atSoc": Leaf(soc), "powerCapabilityAt": leaf}
        for key, soc in (("original_power", 80), ("original_power_at_20_percent", 20))
        if isinstance(leaf := source.leaf(key), Leaf)
    ]
    return found or source.leaf("original_power")


def _remaining_power(source: Source) -> Any:
    leaf, fade = source.leaf("remaining_power"), source.found("power_fade")
    if not isinstance(leaf, Leaf) or fade is None:
        return WITHHELD if source.hidden("remaining_power") else None
    # The template asks for percent of the original power, the law for watts.
    share = replace(leaf, value=round(100 - fade.number, 4), exact=f"{leaf.value} W")
    time = Leaf(fade.time)
    inner = {"RPCLastUpdated": time, "AtSoC": Leaf(80), "PowerCapabilityAt": share}
    return {"RemainingPowerCapabilityDynamicAt": inner, "LastUpdate": time}


def _events(source: Source) -> Any:
    return source.rows(
        "negative_events",
        lambda row: {"NegativeEventValue": Leaf(row["event"]), "LastUpdate": Leaf(row["time"])},
    )


def _extinguishing(source: Source) -> Any:
    leaf = source.leaf("extinguishing_agent")
    if not isinstance(leaf, Leaf):
        return leaf
    return [replace(leaf, value=agent.strip()) for agent in str(leaf.value).split(";")]


def _handover(source: Source) -> Any:
    found = []
    for key, field in source.passport.registry.fields.items():
        leaf = source.leaf(key)
        if not field.take.document or not isinstance(leaf, Leaf):
            continue
        class_id, class_name = DOCUMENTED.get(field.take.document, INSTRUCTIONS)
        address = leaf.value.get("address", "")
        version = {
            "Title": replace(leaf, value=leaf.value.get("title", key)),
            "DigitalFiles": [Leaf(address)] if address else None,
        }
        number = {"DocumentIdentifier": Leaf(address)} if address else {}
        kind = {"ClassName": Leaf(class_name), "ClassId": Leaf(class_id)}
        found.append(
            {
                "DocumentClassifications": [{**kind, "ClassificationSystem": Leaf("VDI2770 Blatt 1:2020")}],
                "DocumentIds": [number],
                "DocumentVersions": [version],
            }
        )
    return found or None


def _footprint(source: Source) -> Any:
    if source.hidden("carbon_footprint"):
        return WITHHELD
    value = source.leaf("carbon_footprint")
    return [
        {
            "PcfCO2eq": value,
            "ReferenceImpactUnitForCalculation": Leaf("kWh") if value else None,
            "QuantityOfMeasureForCalculation": Leaf(1) if value else None,
            "PerformanceClass": source.leaf("carbon_footprint_class"),
            "WebLinkToPublicCarbonFootprintStudy": _document(source, "carbon_footprint_study"),
        }
    ]


def _temperatures(source: Source, given: Any) -> Any:
    found = source.found("ambient_temperature")
    return {**(given or {}), "LastUpdate": Leaf(found.time)} if found and found.time else given


SHAPES: dict[str, Callable[[Source], Any]] = {
    "BatteryNameplate/AddressInformation": _address,
    "BatteryNameplate/Markings": _markings,
    "CarbonFootprint/ProductCarbonFootprints": _footprint,
    "Circularity/RecycledContentInformation": _recycled,
    "Circularity/SafetyMeasures/ExtinguishingAgents": _extinguishing,
    "Circularity/SparePartSources": _spare_parts,
    "HandoverDocumentation/Documents": _handover,
    "MaterialComposition/BatteryMaterials": _materials,
    "MaterialComposition/HazardousSubstances": _hazards,
    "ProductCondition/NegativeEvents": _events,
    "ProductCondition/RemainingPowerCapability": _remaining_power,
    "TechnicalData/TechnicalPropertyAreas/PowerCapability/OriginalPowerCapability": _power_at,
}
"""Path of a template -> what fills all of it."""

AGAIN: dict[str, str] = {
    "TechnicalData/GeneralInformation/ManufacturerName": "manufacturer_name",
    "TechnicalData/GeneralInformation/ManufacturerIdentifier": "manufacturer_identifier",
    "DppMetadata/digitalProductPassportId": "passport_identifier",
    "DppMetadata/uniqueProductIdentifier": "battery_identifier",
    "DppMetadata/economicOperatorId": "operator_identifier",
    "DppMetadata/facilityId": "facility_identifier",
}
"""Paths at which a field comes once more."""


def content(template: Template, source: Source) -> dict[str, Any]:
    """Return what fills a submodel."""
    tree: dict[str, Any] = {}
    root = template.root
    for path, shape in SHAPES.items():
        if path.startswith(root.path + "/"):
            _put(tree, path.split("/")[1:], shape(source))
    for path, key in direct(template.number):
        _put(tree, path.split("/")[1:], _fill(root, path, source, key))
    if root.short == "ProductCondition":
        tree["TemperatureInformation"] = _temperatures(source, tree.get("TemperatureInformation"))
    elif root.short == "DppMetadata":
        tree |= _header(source)
    elif root.short == "TechnicalData":
        period = source.leaf("warranty_period", lambda years: f"P{round(12 * float(years))}M")
        _put(tree, ["GeneralInformation", "WarrantyInformation", "WarrantyPeriod"], period)
    return tree


@functools.cache
def direct(number: str) -> tuple[tuple[str, str], ...]:
    """Return (path, key) for each field that fills one place of a template."""
    root, fields = templates()[number].root, registry().fields
    places = [(field.idta, key) for key, field in fields.items() if field.idta] + list(AGAIN.items())
    return tuple(
        (path, key)
        for path, key in places
        if path.startswith(root.path + "/")
        and not any(path == shape or path.startswith(shape + "/") for shape in SHAPES)
    )


def _fill(root: Element, path: str, source: Source, key: str) -> Any:
    element = root.at(path.partition("/")[2])
    if element is None:
        return None
    if element.kind == "SubmodelElementList":
        return _document(source, key)
    if element.kind == "SubmodelElementCollection":
        return _timed(source, key, f"{element.short}Value")
    if OHMS in path:
        # The template asks for ohms, people read milliohms.
        return source.leaf(key, lambda value: float(f"{value / 1000:.10g}"))
    return source.leaf(key)


def _put(tree: dict[str, Any], path: list[str], value: Any) -> None:
    for name in path[:-1]:
        tree = tree.setdefault(name, {})
    tree[path[-1]] = value


def _header(source: Source) -> dict[str, Any]:
    passport = source.passport
    times = [found.time for key, found in passport.values.items() if found and source.seen.get(key)]
    last = max((time for time in times if time), default="")
    return {
        "granularity": Leaf("item"),
        "dppSchemaVersion": Leaf("EN 18223:2026"),
        "dppStatus": Leaf(passport.life.state) if passport.life else None,
        "lastUpdate": Leaf(last) if last else None,
    }


def withheld(source: Source) -> list[str]:
    """Return the paths of the templates that are kept from the audience."""
    fields = source.passport.registry.fields
    return sorted({fields[key].idta for key, seen in source.seen.items() if not seen and fields[key].idta})


def templates_of_a_battery() -> list[Template]:
    """Return the templates of the battery passport, the header first."""
    return [templates()[number] for number in NUMBERS]
