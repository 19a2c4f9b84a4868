"""The text of a mapping file -> a checked description; terms and units are still names here.

The keys are those of docs/reference/mapping-language.md.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from kg.errors import Fault, FaultsError
from kg.mappers.yamlfile import Document

MISSING = ("", "-", "n/a", "NA", "NaN")
DELIMITERS = {"tab": "\t", ",": ",", ";": ";", "|": "|"}
VERBS = ("id", "term", "time", "text", "class")

OneOrMore = Annotated[
    tuple[str, ...], BeforeValidator(lambda value: (value,) if isinstance(value, str) else value)
]


class Strict(BaseModel):
    """Text from outside: an unknown key is a fault."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class FindHeader(Strict):
    """The header is the first row whose first cell is this text."""

    find: str


class TableSpec(Strict):
    """How to read the table."""

    delimiter: Literal["tab", ",", ";", "|"] = ","
    decimal: Literal[".", ","] = "."
    thousands: Literal[".", ",", " ", "'"] | None = None
    encoding: OneOrMore = ("utf-8",)
    header: int | FindHeader = 1
    header_rows: int = Field(default=1, ge=1)
    preamble: bool = False
    sheet: str | None = None

    @model_validator(mode="after")
    def _signs(self) -> TableSpec:
        if self.thousands == self.decimal:
            raise ValueError("'thousands' and 'decimal' are the same sign")
        return self


class ThingSpec(Strict):
    """A process run or a thing that a row speaks of."""

    kind: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    class_: str = Field(alias="class")
    role: Literal["run", "input", "output", "tool", "agent", "part"] | None = None
    key: str | None = None


class ColumnSpec(Strict):
    """What one column means: exactly one verb, and what goes with it."""

    id: str | None = None
    term: str | None = None
    time: Literal["start", "end"] | None = None
    text: str | None = None
    class_: dict[str, str] | None = Field(default=None, alias="class")
    unit: str | None = None
    of: str | None = None
    value: Literal["measured", "set", "nominal", "modelled"] | None = None
    name: str | None = Field(default=None, pattern=r"^[A-Za-z0-9-]+$")
    format: str | None = None
    zone: str | None = None
    split: str | None = None
    optional: bool = False

    @property
    def verb(self) -> str:
        """Return which of the verbs this line has."""
        return next(verb for verb in VERBS if self._given(verb))

    def _given(self, verb: str) -> bool:
        return getattr(self, "class_" if verb == "class" else verb) is not None

    @model_validator(mode="after")
    def _one_verb(self) -> ColumnSpec:
        given = [verb for verb in VERBS if self._given(verb)]
        if len(given) != 1:
            raise ValueError(f"give exactly one of {', '.join(VERBS)}; here: {', '.join(given) or 'none'}")
        allowed = {
            "id": {"split"},
            "term": {"unit", "of", "value", "name"},
            "time": {"format", "zone"},
            "text": {"of"},
            "class": {"of"},
        }[given[0]]
        extra = {"unit", "of", "value", "name", "format", "zone", "split"} - allowed
        wrong = sorted(key for key in extra if getattr(self, key) is not None)
        if wrong:
            raise ValueError(f"'{wrong[0]}' does not go with '{given[0]}'")
        if given[0] == "term" and self.unit is None:
            raise ValueError("a quantity needs its unit, as UCUM code: unit: um; unit: '1' for a number")
        return self


class MappingSpec(Strict):
    """One mapping of a table or of JSON records."""

    title: str
    source: Literal["table", "records"] = "table"
    files: OneOrMore
    table: TableSpec = TableSpec()
    records: str = "[]"
    missing: tuple[str, ...] = MISSING
    things: dict[str, ThingSpec]
    links: tuple[str, ...] = ()
    columns: dict[str, ColumnSpec]
    ignore: tuple[str, ...] = ()


class RdfSpec(Strict):
    """One mapping of RDF in another vocabulary."""

    title: str
    source: Literal["rdf"]
    files: OneOrMore
    encoding: OneOrMore = ("utf-8",)
    construct_: OneOrMore = Field(alias="construct")
    account: str
    ignore: dict[str, str] = {}


Spec = MappingSpec | RdfSpec

_WORDS = {
    "missing": "this key is required",
    "extra_forbidden": "this key is not known here",
}


def _place(document: Document, location: tuple[str | int, ...]) -> tuple[str | int, ...]:
    # Pydantic names union branches and aliases in its locations; the file does not.
    return tuple(part for part in location if part not in ("int", "FindHeader"))


def read_spec(document: Document) -> Spec:
    """Return the mapping in one YAML document.

    Raises FaultsError with every key that is missing, unknown or of the wrong kind, with its line.
    """
    values: Any = document.values
    if not isinstance(values, dict):
        raise FaultsError([document.fault((), "a mapping begins with keys such as 'title:' and 'files:'.")])
    model: type[Spec] = RdfSpec if values.get("source") == "rdf" else MappingSpec
    try:
        return model.model_validate(values)
    except ValidationError as error:
        faults: list[Fault] = []
        for detail in error.errors():
            place = _place(document, detail["loc"])
            said = _WORDS.get(detail["type"], detail["msg"].removeprefix("Value error, "))
            name = ".".join(map(str, place)) or "mapping"
            known = ""
            if detail["type"] == "extra_forbidden" and len(place) == 1:
                known = f" Known: {', '.join(field.alias or key for key, field in model.model_fields.items())}."
            faults.append(document.fault(place, f"{name}: {said}.{known}"))
        raise FaultsError(faults) from None
