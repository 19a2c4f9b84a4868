"""Bytes of a file -> text, by the encodings that the mapping allows."""

from __future__ import annotations

from pathlib import Path

from kg.errors import Fault, FaultsError


def fault(path: Path, text: str, line: int = 0) -> FaultsError:
    """Return the error of one fault in a source file."""
    return FaultsError([Fault(path.name, line, text)])


def read_text(path: Path, encodings: tuple[str, ...]) -> tuple[str, str]:
    """Return the text of a file and the encoding in which it could be read.

    Raises FaultsError where the file is empty, is not text, or is in none of the encodings.
    """
    data = path.read_bytes()
    if not data.strip():
        raise fault(path, "the file is empty. Export it again, or leave it out.")
    if b"\0" in data and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise fault(path, "this is not a text file (it holds zero bytes). Is it a workbook or a picture?")
    for encoding in encodings:
        name = "utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding
        try:
            return data.decode(name), encoding
        except UnicodeDecodeError as error:
            place = error.start
        except LookupError:
            raise fault(path, f"no encoding is called '{encoding}'. Usual ones: utf-8, cp1252.") from None
    line = data.count(b"\n", 0, place) + 1
    shown = data[max(0, place - 12) : place + 12].decode("cp1252", "replace")
    tried = " or ".join(encodings)
    raise fault(
        path, f"the bytes near '{shown}' are not {tried}. Name the encoding in the mapping, e.g. cp1252.", line
    )
