"""A finding: what is wrong with a value or a row, and where it stands in its file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import unquote

Severity = Literal["Violation", "Warning", "Info"]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong; `place` is the fragment of the row in `file` (`row=17`).

    A Violation sets its row aside; a Warning or an Info is reported and the row loads.
    """

    rule: str
    message: str
    severity: Severity = "Violation"
    file: str = ""
    place: str = ""
    column: str = ""
    value: str = ""
    subject: str = ""

    @property
    def row(self) -> str:
        """Return the row as people say it: its number, with the sheet where there are several.

        For JSON it is a JSON pointer, for RDF the last part of the IRI of the node.
        """
        if "://" in self.place:
            return self.place.rsplit("/", 1)[-1]
        sheet, _, number = self.place.rpartition("row=")
        name = unquote(sheet.removeprefix("sheet=").removesuffix("&"))
        return f"{name}:{number}" if name and number else number

    def at(self, **changes: Any) -> Finding:
        """Return the finding with some fields filled in."""
        return replace(self, **changes)

    def __str__(self) -> str:
        """Return `file:row column 'name': message`, as errors read in this project."""
        where = f"{self.file}:{self.row}" if self.row else self.file
        column = f" column '{self.column}'" if self.column else ""
        value = f" Found: '{self.value}'." if self.value else ""
        return f"{where}{column}: {self.message}{value}"

    def as_dict(self) -> dict[str, str]:
        """Return the finding for machines."""
        return {
            "file": self.file,
            "row": self.row,
            "column": self.column,
            "value": self.value,
            "rule": self.rule,
            "severity": self.severity,
            "message": self.message,
            "subject": self.subject,
        }
