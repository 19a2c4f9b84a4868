"""Clean sheets -> sheets with a handful of faults as a real line has them, each one written down."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import cast

from kg.plant.relations import PlantedFault
from kg.plant.sheets import Sheet, Value


class Planter:
    """Changes cells of sheets and keeps the list of what was changed."""

    def __init__(self) -> None:
        """Begin with no fault."""
        self.faults: list[PlantedFault] = []

    def change(self, kind: str, sheet: Sheet, row: int, column: str, value: Value, found_by: str) -> None:
        """Write a wrong value into a cell. The first column of the row names it."""
        right = sheet.rows[row][column]
        sheet.rows[row][column] = value
        self._note(kind, sheet, row, column, value, right, found_by)

    def add(self, kind: str, sheet: Sheet, row: dict[str, Value], column: str, found_by: str) -> None:
        """Add a row that should not be there."""
        sheet.rows.append(row)
        self._note(kind, sheet, len(sheet.rows) - 1, column, row[column], "no such row", found_by)

    def _note(
        self, kind: str, sheet: Sheet, row: int, column: str, value: Value, right: Value, found_by: str
    ) -> None:
        place = f"sheet={sheet.name}&row={sheet.line(row)}" if sheet.name else f"row={sheet.line(row)}"
        if sheet.file.endswith(".json"):
            place = _pointer(sheet, row)
        identifier = sheet.rows[row].get("cell") or next(iter(sheet.rows[row].values()))
        self.faults.append(
            PlantedFault(
                kind, sheet.file, place, column, _plain(identifier), _plain(value), _plain(right), found_by
            )
        )


def _plain(value: Value) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float):
        return f"{value:g}" if value.is_integer() else str(value)
    return "" if value is None else str(value)


def _pointer(sheet: Sheet, row: int) -> str:
    station = sheet.rows[row]["stations.id"]
    names = sorted({str(each["stations.id"]) for each in sheet.rows})
    before = sum(each["stations.id"] == station for each in sheet.rows[:row])
    return f"/stations/{names.index(str(station))}/tests/{before}"


def plant(
    lots: Sheet, calendering: Sheet, filling: Sheet, formation: Sheet, degassing: Sheet, testing: Sheet
) -> tuple[PlantedFault, ...]:
    """Plant the faults; save for the line load, they sit where no later step hangs on the row."""
    to = Planter()
    last = len(filling.rows) - 1

    load = cast(float, calendering.rows[4]["Linienlast ist [N/mm]"])
    to.change("decimal slip", calendering, 4, "Linienlast ist [N/mm]", round(10 * load, 1), "load")
    to.change("text in a number column", lots, 4, "Restfeuchte [ppm]", "<200", "load")
    to.change("text in a number column", testing, 11, "resistance.ac_1khz", "overload", "load")
    to.change("efficiency above 100 %", formation, 6, "Wirkungsgrad 1. Zyklus [%]", 103.41, "load")
    thickness = cast(float, degassing.rows[9]["Zelldicke [mm]"])
    to.change("negative thickness", degassing, 9, "Zelldicke [mm]", -thickness, "load")
    start = cast(datetime, testing.rows[14]["start"])
    to.change("end before start", testing, 14, "end", start - timedelta(hours=1), "load")

    lost = {**filling.rows[last], "Cell": None, "Comment": "test dose, no cell scanned"}
    to.add("missing id", filling, lost, "Cell", "load")
    stray = {**filling.rows[last - 1], "Cell": "PC-9001", "Comment": None}
    to.add("filled cell was never stacked", filling, stray, "Cell", "validate")
    return tuple(to.faults)
