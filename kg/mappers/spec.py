"""The text of a mapping file -> a checked description; terms and units are still names here.

The keys are those of docs/reference/mapping-language.md.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from kg.errors import Fault, FaultsError
from kg.mappers.yamlfile import Document, Place
from kg.near import near, quoted

MISSING = ("", "-", "n/a", "NA", "NaN")
DELIMITERS = {"tab": "\t", ",": ",", ";": ";", "|": "|"}
VERBS = ("id", "term", "terms", "time", "text", "class")
ANY = "*"
"""In the name of a column of records: each key that `terms` lists. Under `ignore`: any text."""


def _listed(value: Any) -> Any:
    return tuple(filter(None, [value])) if isinstance(value, str) else value


Texts = Annotated[tuple[str, ...], BeforeValidator(_listed)]
"""One text or a list of them."""

OneOrMore = Annotated[Texts, Field(min_length=1)]


def _by_name(value: Any) -> Any:
    if isinstance(value, str):
        value = [value] if value else []
    return dict.fromkeys(value) if isinstance(value, list) else value


Todo = Annotated[dict[str, Any], BeforeValidator(_by_name)]
"""Columns that nobody has decided on yet, each with the line that is proposed for it, or a list of names."""


class Strict(BaseModel):
    """Text from outside: an unknown key is a fault."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FindHeader(Strict):
    """The header is the first row whose first cell is this text."""

    find: str


class TableSpec(Strict):
    """How to read the table."""

    delimiter: Literal["tab", ",", ";", "|"] = ","
    decimal: Literal[".", ","] = "."
    thousands: Literal[".", ",", " ", "'"] | None = None
    encoding: OneOrMore = ("utf-8",)
    header: Annotated[int, Field(ge=1)] | FindHeader = 1
    header_rows: int = Field(default=1, ge=1)
    preamble: bool = False
    sheet: str | None = None
    repeated: Literal["number"] | None = None

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


class UnitOfRow(Strict):
    """The unit of each row stands in another column."""

    column: str


class ColumnSpec(Strict):
    """What one column means: exactly one verb, and what goes with it."""

    id: str | None = None
    term: str | None = None
    terms: dict[str, str] | None = Field(default=None, min_length=1)
    time: Literal["start", "end"] | None = None
    text: str | None = None
    class_: dict[str, str] | None = Field(default=None, alias="class", min_length=1)
    unit: str | UnitOfRow | None = None
    otherwise: str | None = None
    of: str | None = None
    value: Literal["measured", "set", "nominal", "modelled"] | None = None
    name: str | None = Field(default=None, pattern=r"^[A-Za-z0-9-]+$")
    format: str | None = None
    zone: str | None = None
    split: str | None = Field(default=None, min_length=1)
    missing: Texts = ()
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
            "term": {"unit", "of", "value", "name", "otherwise"},
            "terms": {"unit", "of", "value", "name", "otherwise"},
            "time": {"format", "zone"},
            "text": {"of"},
            "class": {"of"},
        }[given[0]]
        extra = {"unit", "of", "value", "name", "format", "zone", "split", "otherwise"} - allowed
        wrong = sorted(key for key in extra if getattr(self, key) is not None)
        if wrong:
            raise ValueError(f"'{wrong[0]}' does not go with '{given[0]}'")
        if given[0] in ("term", "terms") and self.unit is None:
            raise ValueError("a quantity needs its unit, as UCUM code: unit: um; unit: '1' for a number")
        return self


class MappingSpec(Strict):
    """One mapping of a table, of JSON records, or of what a query of a database returns."""

    title: str
    source: Literal["table", "records", "sql"] = "table"
    files: OneOrMore
    table: TableSpec = TableSpec()
    records: str = "[]"
    optional: bool = False
    keyed: dict[str, OneOrMore] = {}
    query: str | None = None
    row: dict[str, Texts] = {}
    missing: Texts = MISSING
    things: dict[str, ThingSpec]
    links: Texts = ()
    columns: dict[str, ColumnSpec]
    ignore: Texts = ()
    todo: Todo = {}

    @model_validator(mode="after")
    def _of_its_source(self) -> MappingSpec:
        faults = []
        if self.source == "sql" and not self.query:
            faults.append("'source: sql' needs 'query:', a SELECT in the words of the database")
        if self.source == "sql" and (len(self.row) != 1 or not all(self.row.values())):
            text = (
                "'source: sql' needs 'row:', the table and the columns that are its primary key: {cell: id}"
            )
            faults.append(text)
        if self.source != "sql" and (self.query or self.row):
            faults.append("'query' and 'row' go with 'source: sql'")
        if self.source != "records" and (self.keyed or self.optional):
            faults.append("'keyed' and 'optional' go with 'source: records'")
        if faults:
            raise ValueError(". ".join(faults))
        return self


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

_MODELS: dict[str, tuple[str, type[Strict], str]] = {
    "things": ("thing", ThingSpec, "{kind: web, class: CoatedElectrode, role: output}"),
    "columns": ("column", ColumnSpec, "{term: LineLoad, unit: N/mm}"),
}
_PATTERNS = {
    "kind": "is no word for an IRI. Write small letters, digits and hyphens: cell, raw-material.",
    "name": "is no name for a quantity. Write letters, digits and hyphens: zone-1.",
}
_SAID = {
    "string_type": "one text is expected here. Put it into quotation marks if it holds ':', '{{' or '['.",
    "tuple_type": "a list is expected here: [A, B].",
    "int_parsing": "{input} is not a whole number.",
    "bool_parsing": "{input} is neither true nor false.",
    "literal_error": "{input} is none of {expected}.",
    "greater_than_equal": "{input} is too small; it begins at {ge}.",
    "too_short": "at least one is needed.",
    "string_too_short": "a text is needed.",
    "dict_type": "keys are expected here, one a line: 'name: ...'.",
    "model_type": "keys are expected here, one a line: 'name: ...'.",
}


def _keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _said(detail: Any, place: Place, top: type[Spec]) -> str:
    """Return what is wrong at a place, as `where: fault`, for one error of pydantic."""
    kind, model, example = _MODELS.get(str(place[0]) if place else "", ("", top, ""))
    inside = bool(kind) and len(place) > 1
    where = f"{kind} '{place[1]}'" if inside else ""
    rest = place[2:] if inside else place
    if place[:1] == ("table",) and len(place) > 1:
        where, rest, model = "table", place[1:], TableSpec
    if detail["type"] in ("missing", "extra_forbidden"):
        where = f"{where}: " if where else ""
        if detail["type"] == "missing":
            return f"{where}'{rest[-1]}' is missing."
        known = _keys(model)
        alike = near(str(rest[-1]), known)
        hint = f"Near: {quoted(alike)}." if alike else f"Keys: {', '.join(known)}."
        return f"{where}'{rest[-1]}' is no key here. {hint}"
    where = ", ".join(filter(None, [where, " ".join(map(str, rest))]))
    where = f"{where}: " if where else ""
    if detail["type"] == "string_pattern_mismatch":
        return f"{where}'{detail['input']}' {_PATTERNS[str(place[-1])]}"
    if detail["type"] in ("model_type", "dict_type") and inside and len(rest) == 0:
        return f"{where}keys in braces are expected, e.g. {example}."
    given = {"input": f"'{detail['input']}'", **detail.get("ctx", {})}
    text = _SAID.get(detail["type"], "")
    return where + (text.format(**given) if text else detail["msg"].removeprefix("Value error, ") + ".")


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
        faults: dict[Fault, None] = {}
        for detail in error.errors():
            place: Place = detail["loc"]
            if place[:2] == ("table", "header"):
                text = "table, header: give the row number of the header, or {find: TEXT OF ITS FIRST CELL}."
                faults[document.fault(place[:2], text)] = None
                continue
            if place[:1] == ("columns",) and place[2:3] == ("unit",):
                text = "give a UCUM code, or {column: NAME} where another column names the unit of each row."
                faults[document.fault(place[:3], f"column '{place[1]}', unit: {text}")] = None
                continue
            faults[document.fault(place, _said(detail, place, model))] = None
        raise FaultsError(list(faults)) from None
