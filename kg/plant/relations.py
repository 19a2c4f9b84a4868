"""What the sample line knows about itself: relations, decoys and faults, as a record and as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Relation:
    """One parameter moves one property.

    `parameter` and `property` are labels of terms, `of` and `bearer` say what carries them.
    `sign` is +1 where the property grows with the parameter, -1 where it falls.
    `form` is the formula in words, `noise` the standard deviation of what is added, with its unit.
    `electrode` narrows the relation to one kind of electrode.
    """

    step: str
    parameter: str
    of: str
    property: str
    bearer: str
    sign: int
    form: str
    noise: str
    electrode: str | None = None


@dataclass(frozen=True)
class Decoy:
    """A recorded parameter that moves nothing in the sample line."""

    step: str
    parameter: str
    of: str


@dataclass(frozen=True)
class PlantedFault:
    """One thing that is wrong in the files on purpose.

    `place` names the row as a spreadsheet shows it, or the record as a JSON pointer.
    `found_by` is `load` where the row shows it, so that it is set aside or reported when its file is loaded,
    and `validate` where only other records show it.
    """

    kind: str
    file: str
    place: str
    column: str
    id: str
    written: str
    right: str
    found_by: str


@dataclass(frozen=True)
class Relations:
    """Everything that is known about one generated line."""

    seed: int
    cells: int
    relations: tuple[Relation, ...]
    decoys: tuple[Decoy, ...]
    faults: tuple[PlantedFault, ...]

    def to_json(self) -> str:
        """Return the record as JSON with a line feed at its end."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"
