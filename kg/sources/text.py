"""Bytes of a file -> text, by the encodings that the mapping allows."""

from __future__ import annotations

import codecs
from pathlib import Path

from kg.errors import Fault, FaultsError

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_NO_TEXT = "this is not a text file. Is it a workbook, a picture or an archive?"


def fault(path: Path, text: str, line: int = 0) -> FaultsError:
    """Return the error of one fault in a source file."""
    return FaultsError([Fault(path.name, line, text)])


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a file.

    Raises FaultsError where it is empty or cannot be read.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise fault(path, "there is no such file.") from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise fault(path, f"the file cannot be read: {reason}. Is it open in another program?") from None
    if not data.strip():
        raise fault(path, "the file is empty. Export it again, or leave it out.")
    return data


def _is_binary(data: bytes) -> bool:
    """Return whether bytes that are in none of the encodings hold many control characters, too."""
    control = sum(byte < 32 and byte not in b"\t\n\r\f" for byte in data[:4096])
    return control > max(8, len(data[:4096]) / 50)


def read_text(path: Path, encodings: tuple[str, ...]) -> tuple[str, str]:
    """Return the text of a file and the encoding in which it could be read.

    Raises FaultsError where the file is empty, is not text, or is in none of the encodings.
    """
    data = read_bytes(path)
    if data.startswith(codecs.BOM_UTF8):
        encodings = ("utf-8-sig",)  # the file itself says what it is
    elif b"\0" in data and not data.startswith(_UTF16):
        raise fault(path, _NO_TEXT)
    place = 0
    for encoding in encodings:
        try:
            return data.decode(encoding), encoding
        except UnicodeError as error:
            place = getattr(error, "start", 0)
        except LookupError:
            raise fault(path, f"no encoding is called '{encoding}'. Usual ones: utf-8, cp1252.") from None
    tried = " or ".join(encodings)
    if data.startswith(_UTF16):
        raise fault(path, f"the text is in utf-16, not {tried}. Write it in the mapping: encoding: utf-16.")
    if _is_binary(data):
        raise fault(path, _NO_TEXT)
    line = data.count(b"\n", 0, place) + 1
    shown = " ".join(data[max(0, place - 12) : place + 12].decode("cp1252", "replace").split())
    text = f"the bytes near '{shown}' are not {tried}. "
    text += "Name the encoding under 'table' in the mapping, e.g. encoding: cp1252."
    raise fault(path, text, line)
