"""A header as it stands in a file -> words with their senses, a unit, qualifiers: one or more readings."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace

from kg.resolve.lexicon import HEADS, Lexicon, Sense, fold
from kg.resolve.unitread import UnitRead, UnitReader

LONGEST = 300
"""Letters of a header that are read; what is longer is a text and no header."""

PATH = 0.5
"""Weight of the thing that a group of keys is about: `Negative electrode.Thickness`."""

_CHUNK = re.compile(r"[^\W_]+(?:['’][^\W_]+)*", re.UNICODE)
_PIECE = re.compile(r"[A-ZÄÖÜ]+(?![a-zäöüß])|[A-ZÄÖÜ]?[a-zäöüß]+|\d+|[^\W\d_A-Za-zÄÖÜäöüß]+")
_BRACKETS = re.compile(r"\[([^\[\]]*)\]?|\(([^()]*(?:\([^()]*\)[^()]*)*)\)?|\{([^{}]*)\}?|<([^<>]*)>")
_DERIVATIVE = re.compile(r"\b([dD])([A-Za-z])\s*[/_]?\s*([dD])([A-Za-z])\b")
_CRATE = re.compile(r"\b(?:C/\d+|\d+(?:[.,]\d+)?C)\b")
_COUNTING = {"number", "num", "no", "n"}
_PATH = re.compile(r"(?<=[\w\]]{2})\.(?=[A-Za-z_]\w|[A-Za-z%]$)|(?<=[\w\]])__(?=\w)")
# A small letter before a dot is the variable that holds the parameters, and says nothing: p.L_n.
_HOLDER = re.compile(r"^(?:[a-z]|params?|para|self|obj|cfg|config|data|inputs?|input_data)\.(?=[A-Za-z]\w*)")
# Step 2, Stufe 3, Durchgang 1: which one of several, where other words say what is measured.
_WHICH = re.compile(r"(?<=\w)[\s_]+(?:step|schritt|stufe|stage|pass|durchgang)[\s_]*\d+\b", re.IGNORECASE)
_MATERIALS = {"binder", "solvent", "additive", "salt", "electrolyte", "separator", "slurry", "foil", "active"}
_UNIT_WORD = re.compile(r"[kM]Hz|mAh|[km]Wh")
_DERIVATIVE_END = re.compile(r"d[A-Za-z]d[A-Z]$")
# 1 kHz, 10 s: at which value it was measured, and no unit of what was.
_CONDITION = re.compile(r"(?:[\s_(@]|^)\d+(?:[.,]\d+)?[\s_]?(?:[kM]?[Hh]z|m?s)$")
# How a time is written, and no unit: (hh:mm:ss), (h:min:s.ms).
_CLOCK = re.compile(r"[\[(]?\b(?:[dh]+:)?[hmn]+(?:in)?:(?:m+(?:in)?:)?s+(?:\.\w+)?\b[\])]?", re.IGNORECASE)
_PLACES = {"von", "from", "to", "bis"}
_POWER = re.compile(r"(?:[cdmkµμu]?m)[23]")
_TWO_LETTERS = re.compile(r"[A-Za-z]_[A-Za-z]")
# One or two letters at the end may be a unit or a subscript or a word: both are tried.
_UNSURE = {"min", "bar", "mol", "deg", "std", "my", "mu", "cc", "cel", "gr", "day", "days", "hour", "hours"}


@dataclass(frozen=True)
class Slot:
    """A word or phrase of a header with all its senses.

    `optional`: it speaks for a term that has it, and not against one that lacks it.
    """

    text: str
    senses: tuple[Sense, ...]
    optional: bool = False
    times: float = 1.0
    """How much it weighs: less than 1 for what stands in the path above a key."""
    above: bool = False
    """Whether it stands in the path above a key that tells something itself."""

    @property
    def kind(self) -> str:
        """Return the section of the likeliest sense, or `unknown`."""
        return self.senses[0].kind if self.senses else "unknown"


@dataclass(frozen=True)
class Header:
    """One reading of a header."""

    text: str
    slots: tuple[Slot, ...]
    unit: UnitRead | None
    qualifiers: tuple[str, ...]
    bare: str
    """The header without its unit and brackets, folded, for the comparison of whole names."""
    cost: float = 0.0
    """How much less likely this reading is than the first one."""


class HeaderReader:
    """Splits headers into words, units and qualifiers."""

    def __init__(self, lexicon: Lexicon, units: UnitReader) -> None:
        """Take the lexicon and the reader of units."""
        self._lexicon = lexicon
        self._units = units

    def read(self, text: str) -> list[Header]:
        """Return the readings of a header, the likeliest first; none where it holds no letter."""
        plain = _CLOCK.sub(" ", _clean(text)).strip() or _clean(text)
        *path, leaf = _segments(_HOLDER.sub("", plain))
        if path and (unit := self._units.read(leaf)) is not None and unit.code != "1":
            # electrolyte_fill.soak.s: the last key is the unit of the one before.
            leaf = f"{path.pop()} [{leaf}]"
        readings: dict[tuple[str, str], Header] = {}
        for rest, unit, cost in self._units_of(leaf):
            slots, qualifiers = self._slots(rest)
            slots = self._with_path(slots, path)
            if unit is not None:
                slots = [*slots, *self._measured(unit, slots)]
            if slots:
                header = Header(text, tuple(slots), unit, tuple(qualifiers), _bare(rest), cost)
                readings.setdefault((rest, unit.code if unit else ""), header)
        return sorted(readings.values(), key=lambda header: header.cost)

    def _measured(self, unit: UnitRead, slots: list[Slot]) -> Iterator[Slot]:
        """Yield what the unit says: needed where no word says what is measured, else a support."""
        if unit.says:
            senses = tuple(Sense(tuple(s.split()), "unit", 0.95 - 0.05 * n) for n, s in enumerate(unit.says))
            yield Slot(unit.name, senses, optional=bool(slots))

    # Units

    def _units_of(self, leaf: str) -> Iterator[tuple[str, UnitRead | None, float]]:
        """Yield (words, unit, cost) for each way of telling words from unit."""
        capitals = leaf in (leaf.upper(), leaf.lower()) and any(map(str.isalpha, leaf))
        unit = self._whole(leaf)
        if unit is not None:
            yield "", unit, 0.0
            return
        for match in reversed(list(_BRACKETS.finditer(leaf))):
            inside = next((g for g in match.groups() if g is not None), "")
            if found := self._inside(inside, capitals):
                unit, others = found
                rest = f"{leaf[: match.start()]} {others} {leaf[match.end() :]}"
                yield rest, unit, 0.0
                if inside.strip().lower() in ("min", "h", "s", "d"):
                    yield leaf, None, 0.01
                return
        if _CONDITION.search(leaf):
            yield leaf, None, 0.0
            return
        without = 0.0
        for rest, tail, sure in self._tails(leaf):
            unit = self._units.read(tail, capitals=capitals)
            if unit is None or unit.code == "1" or (not rest.strip(" _-/,;:")):
                continue
            yield rest, unit, 0.0
            # dQdV is one name; THICKNESS_UM is a name and a unit.
            apart = not leaf[len(rest) : len(rest) + 1].isalnum() and tail.lower() not in _UNSURE
            without = 0.03 if apart else 0.01
            if sure:
                return
            break
        yield leaf, None, without

    def _whole(self, leaf: str) -> UnitRead | None:
        """Return the unit that a header is as a whole: `Amps`, `Watt-hr`, `mAh`."""
        text = leaf.strip(" :.")
        # U/I and N/P are ratios of what is measured, and no units.
        if re.fullmatch(r"\w/\w|[RUIEQTPZ]/\S+", text) or (
            self._lexicon.exact(fold(text)) and len(text) < 4 and text.isupper()
        ):
            return None
        if (
            len(text) < 2
            or "_" in text
            or fold(text) in ("min", "std", "bar", "day", "days", "second", "pieces", "mol", "grad")
        ):
            return None
        return self._units.read(text)

    def _inside(self, inside: str, capitals: bool) -> tuple[UnitRead, str] | None:
        """Return the unit in a bracket and what stands beside it: `(mg/cm², dry)`, `(in mm)`."""
        text = re.sub(r"^\s*in\s+", "", inside)
        if unit := self._units.read(text, capitals=capitals and len(text) > 1):
            return unit, ""
        parts = re.split(r"[,;|]", text)
        for place, part in enumerate(parts):
            if len(parts) > 1 and (unit := self._units.read(part)):
                return unit, " ".join(parts[:place] + parts[place + 1 :])
        return None

    @staticmethod
    def _tails(leaf: str) -> Iterator[tuple[str, str, bool]]:
        """Yield (rest, what may be the unit, whether nothing else is likely)."""
        text = leaf.rstrip(" .:")
        if match := re.match(r"^\s*(%\s?(?:RH|rF|r\.?F\.?|wt)?|°C?)[\s_]+(?=\S)", text):
            yield text[match.end() :], match[1], True
        if match := re.search(r"\s+in\s+(\S.*)$", text):
            yield text[: match.start()], match[1], True
        if match := re.search(r"_in_([^_].*)$", text):
            yield text[: match.start()], match[1], True
        if match := re.search(r"(?<=[\w)\]])\s+(\S+\s?/\s?\S+)$", text):
            yield text[: match.start()], match[1], True
        for match in re.finditer("/", text):
            yield text[: match.start()], text[match.end() :], len(text[match.end() :].strip()) > 1
        for match in re.finditer(r"\s*[,;:|]\s*|\s+[-–]\s+", text):
            if match.start():
                yield text[: match.start()], text[match.end() :], True
        if match := re.search(r"(?<=\w)\s*(%|°C?)$", text):
            yield text[: match.start()], match[1], True
        for separator in (r"\s+", r"_+", r"(?<=[a-zäöü])(?=[A-ZΩµμ])|(?<=[a-zäöü\d])-(?=[A-Za-z])"):
            if _DERIVATIVE_END.search(text) and separator.startswith("(?"):
                continue
            places = list(re.finditer(separator, text))
            for match in places[-4:]:
                tail = text[match.end() :]
                words = re.findall(r"[A-Za-zÄÖÜäöüµμΩ%°]+", tail)
                yield (
                    text[: match.start()],
                    tail,
                    bool((len(tail) > 2 and tail.lower() not in _UNSURE and words) or _POWER.fullmatch(tail))
                    and not _TWO_LETTERS.fullmatch(tail),
                )

    # Words

    def _with_path(self, slots: list[Slot], path: list[str]) -> list[Slot]:
        """Add the words of the path; they are needed only where the last key does not say what it is."""
        tells = any(slot.kind != "filler" for slot in slots)
        has_head = any(s.kind == HEADS for slot in slots for s in slot.senses)
        known = {slot.senses for slot in slots}
        added: list[Slot] = []
        for place, segment in enumerate(reversed(path)):
            found, _ = self._slots(segment)
            for slot in found:
                if slot.senses in known or slot.kind in ("record", "unknown"):
                    continue
                is_head = any(s.kind == HEADS for s in slot.senses)
                needed = place == 0 and (not tells or (is_head and not has_head))
                part = place == 0 and slot.kind == "thing"
                weight = 1.0 if needed else PATH
                added.append(replace(slot, optional=not needed and not part, times=weight, above=not needed))
        return [*slots, *added]

    def _slots(self, text: str) -> tuple[list[Slot], list[str]]:
        """Return the words of a text with their senses, and its qualifiers as they were read."""
        qualifiers = _CRATE.findall(text)
        text = _CRATE.sub(" ", text)
        for which in _WHICH.findall(text):
            qualifiers.append(" ".join(re.findall(r"[^\W\d_]+|\d+", which.lower())))
        tokens = self.tokens(_WHICH.sub(" ", text))
        if len(tokens) > 1 and fold(tokens[0]) == "charge" and self._is_material(tokens[1]):
            tokens[0] = "lot"  # German: Charge Binder, the lot of the binder
        if len(tokens) > 1 and fold(tokens[0]) in _COUNTING and tokens[1].endswith(("s", "S")):
            tokens[0] = "count"  # number cycles, but cycle number
        slots: list[Slot] = []
        place = 0
        # poros_a is a quantity with subscripts as eps_a is.
        _, *ends = text.strip().lower().split("_")
        after_symbol = bool(ends) and all(end in self._lexicon.subscripts for end in ends)
        while place < len(tokens):
            length, found = self._phrase(tokens, place, after_symbol=after_symbol)
            written = " ".join(tokens[place : place + length])
            for slot in found:
                if slot.kind == "symbol" and not slot.optional:
                    after_symbol = True
                if slot.kind == "qualifier" or slot.senses[0].words in (
                    ("maximum",),
                    ("minimum",),
                    ("final",),
                ):
                    qualifiers.append(" ".join(slot.senses[0].words).replace("final", "end"))
                if slot.kind != "filler":
                    slots.append(slot)
            if not found and written.isdigit():
                qualifiers.append(written)
            place += length
        return slots, qualifiers

    def _is_material(self, token: str) -> bool:
        """Tell whether a token names a material that comes in lots."""
        parts = self._lexicon.look_up(fold(token), guess=False)
        return len(parts) > 0 and any(_MATERIALS.intersection(s.words) for s in parts[0])

    def _phrase(self, tokens: list[str], place: int, *, after_symbol: bool) -> tuple[int, list[Slot]]:
        """Return how many tokens the longest known phrase at a place has, and its slots."""
        first = place == 0
        for length in range(min(self._lexicon.longest, len(tokens) - place), 1, -1):
            part = tokens[place : place + length]
            joined = fold(" ".join(part))
            senses = self._lexicon.exact(joined)
            if not senses and length <= 3:
                symbol = self._lexicon.symbols.get("".join(part)) if first else None
                if symbol and len(tokens) <= 5:
                    return length, [Slot("".join(part), symbol)]
                solid = joined.replace(" ", "")
                if len(solid) > 2 and not any(t.isdigit() for t in part):
                    senses = tuple(s for s in self._lexicon.exact(solid) if s.kind != "filler")
            if senses:
                return length, [_slot(" ".join(part), senses)]
        return 1, self._word(tokens[place], first=first, alone=len(tokens), after_symbol=after_symbol)

    def _word(self, token: str, *, first: bool, alone: int, after_symbol: bool) -> list[Slot]:
        lexicon, key = self._lexicon, fold(token)
        subscript = lexicon.subscripts.get(key) if after_symbol else None
        if subscript is not None:
            return (
                [Slot(token, (*subscript, *(s for s in lexicon.exact(key) if len(key) > 2)))]
                if subscript
                else []
            )
        if key.isdigit():
            return []
        symbol = lexicon.symbols.get(token)
        senses = lexicon.exact(key) if len(key) > 1 else ()
        if symbol and alone <= 6 and (first or len(token) <= 2 or not token.isascii()):
            return [
                Slot(token, (*symbol, *senses), optional=not first and len(token) == 1 and token.islower())
            ]
        if senses:
            return [_slot(token, senses)]
        if first and alone <= 5 and (glued := self._glued(token)):
            return glued
        if not first and len(key) <= 3 and (subscript := lexicon.subscripts.get(key)):
            return [Slot(token, subscript, optional=len(key) == 1)]
        if len(key) == 1:
            return []
        if match := re.fullmatch(r"([^\W\d]+)(\d+)", token):
            return self._word(match[1], first=first, alone=alone, after_symbol=after_symbol)
        if match := re.fullmatch(r"(\d+)([^\W\d]+)", token):
            return self._word(match[2], first=False, alone=alone, after_symbol=after_symbol)
        parts = lexicon.look_up(key, guess=True)
        if not parts:
            return [Slot(token, (Sense((key,), "unknown"),))]
        return [_slot(token, part) for part in parts]

    def _glued(self, token: str) -> list[Slot]:
        """Return symbol and subscripts of a token such as `Lpos`, `epsn`, `Dsn`."""
        if len(token) > 7 or token[1:] != token[1:].lower() or (len(token) == 2 and token.islower()):
            return []
        if self._lexicon.look_up(fold(token), guess=False):
            return []
        for cut in range(min(len(token) - 1, 7), 0, -1):
            symbol = self._lexicon.symbols.get(token[:cut])
            rest = token[cut:].lower()
            if symbol is None:
                continue
            found = self._subscripts(rest)
            if found is not None:
                return [Slot(token[:cut], symbol), *found]
        return []

    def _subscripts(self, text: str) -> list[Slot] | None:
        if not text:
            return []
        for cut in range(len(text), 0, -1):
            if text[:cut] in self._lexicon.subscripts:
                after = self._subscripts(text[cut:])
                if after is not None:
                    senses = self._lexicon.subscripts[text[:cut]]
                    return [*([Slot(text[:cut], senses)] if senses else []), *after]
        return None

    def tokens(self, text: str) -> list[str]:
        """Return the words of a text as they are written, CamelCase and digits apart."""
        text = _DERIVATIVE.sub(r"\1\2\3\4", text)
        tokens: list[str] = []
        for chunk in _CHUNK.findall(text):
            if self._lexicon.exact(fold(chunk)) or chunk in self._lexicon.symbols:
                tokens.append(chunk)
                continue
            if _UNIT_WORD.fullmatch(chunk):
                tokens.append(chunk)
                continue
            tokens += self._pieces(chunk)
        return tokens

    def _pieces(self, chunk: str) -> list[str]:
        pieces = _PIECE.findall(chunk)
        joined: list[str] = []
        for piece in pieces:
            # D50 and i0 are one name; a number behind a word is a number.
            if (piece.isdigit() and joined and len(joined[-1]) == 1 and joined[-1].isalpha()) or (
                joined
                and len(joined[-1]) == 1
                and joined[-1].isupper()
                and piece.islower()
                and len(pieces) == 2
            ):
                joined[-1] += piece
            else:
                joined.append(piece)
        return joined


def label_words(lexicon: Lexicon, reader: HeaderReader, label: str) -> list[tuple[Sense, ...]]:
    """Return the words of a label with their senses; symbols and typing errors have no place there."""
    tokens = reader.tokens(_clean(label))
    found: list[tuple[Sense, ...]] = []
    place = 0
    while place < len(tokens):
        for length in range(min(lexicon.longest, len(tokens) - place), 1, -1):
            joined = fold(" ".join(tokens[place : place + length]))
            senses = lexicon.exact(joined)
            if senses:
                found.append(senses)
                place += length
                break
        else:
            key = fold(tokens[place])
            # Short forms in labels stay as they are: WT is the carrier of a workpiece and no weight.
            known = lexicon.exact(key)
            told = len(known) == 1 and (
                len(key) == 3 or (known[0].kind == "filler" and key not in _PLACES and len(key) > 1)
            )
            short = len(key) <= 3 and lexicon.kind(key) == "other" and not told
            found += (not short and lexicon.look_up(key, guess=False)) or ((Sense((key,), "other"),),)
            place += 1
    return [senses for senses in found if senses[0].kind != "filler"]


def _slot(text: str, senses: tuple[Sense, ...]) -> Slot:
    # An upper limit is another thing than a value; which of several values it is, is not.
    return Slot(text, senses, optional=senses[0].kind == "qualifier" and "limit" not in senses[0].words)


def _clean(text: str) -> str:
    """Return a header in one line, with plain digits and one form of each letter."""
    plain = unicodedata.normalize("NFKC", text[:LONGEST])
    plain = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in plain)
    return re.sub(r"\s+", " ", plain).strip(" \"'")


def _segments(text: str) -> list[str]:
    """Return the keys of a path such as `cells[].ocv.value`; brackets with units stay whole."""
    text = re.sub(r"^(?:\$|preamble|[A-Za-z]+:(?=\w))\.?", "", text).replace("[]", "")
    held: list[str] = []

    def hold(match: re.Match[str]) -> str:
        held.append(match[0])
        return f"\0{len(held) - 1}\0"

    parts = _PATH.split(_BRACKETS.sub(hold, text)) if " ." not in text else [text]
    spelled = [re.sub(r"\0(\d+)\0", lambda m: held[int(m[1])], part) for part in parts]
    # `Spez. Oberfläche` and `Nr.` are abbreviations, no paths; a path has no spaces around its dots.
    return [part for part in spelled if part.strip()] or [text]


def _bare(text: str) -> str:
    return re.sub(r"[\W_]+", "", fold(text))
