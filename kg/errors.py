"""What can go wrong, said once: where, what, and the way out."""

from __future__ import annotations

from dataclasses import dataclass, field


class KgError(Exception):
    """Something that stops the work; its text is for the person at the keyboard."""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong in a file: place, fault and way out.

    `line` counts from 1; 0 where the fault has no line.
    """

    place: str
    line: int
    text: str

    def __str__(self) -> str:
        """Return `file:line: text`, as editors understand it."""
        return f"{self.place}:{self.line}: {self.text}" if self.line else f"{self.place}: {self.text}"


@dataclass
class FaultsError(KgError):
    """All faults of a file at once."""

    faults: list[Fault] = field(default_factory=list)

    def __str__(self) -> str:
        """Return one line for each fault."""
        return "\n".join(map(str, self.faults))
