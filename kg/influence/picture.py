"""A ranking -> a picture: from the parameters over the properties on the way to the property, as SVG."""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import escape

from kg.influence.combine import VERDICTS, Entry, Ranking

MOST = 10
"""Parameters that are drawn."""

WIDTH, BOX, ROW, TOP = 1080, 290, 62, 78
_COLUMNS = (20, 395, 770)
_COLOURS = {1: "#1b6ca8", -1: "#b3402a", 0: "#777777"}
_STYLE = (
    "text{font-family:system-ui,'Segoe UI',Helvetica,Arial,sans-serif;fill:#1c1c1c}"
    ".t{font-size:14px;font-weight:600}.s{font-size:11.5px;fill:#5c5c5c}.h{font-size:12px;fill:#5c5c5c}"
    ".n{font-size:12px;font-weight:600}.b{font-size:18px;font-weight:600}"
)


@dataclass(frozen=True)
class _Box:
    x: float
    y: float
    title: str
    below: str
    dashed: bool = False

    @property
    def middle(self) -> float:
        return self.y + 23


def picture(ranking: Ranking) -> str:
    """Return the observed and stated influences of a ranking as SVG; a line is blue where the property grows.

    Drawn are the first parameters that are observed or stated, the properties that they act through, and the
    property. A dashed line is stated only. The thickness of a line is the size of the effect.
    """
    entries = [entry for entry in ranking.entries if entry.role == "parameter" and _drawn(entry)][:MOST]
    through = _through(ranking, entries)
    rows = max(len(entries), len(through), 1)
    height = TOP + rows * ROW + 46
    left = {entry.rank: _box(0, place, len(entries), rows, entry) for place, entry in enumerate(entries)}
    mid = {entry.rank: _box(1, place, len(through), rows, entry) for place, entry in enumerate(through)}
    things = f"{len(ranking.table.things):,} things" if ranking.table else "published work"
    goal = _Box(_COLUMNS[2], TOP + (rows - 1) * ROW / 2, ranking.label, things)
    lines, boxes = [], [_draw(goal, "#eef3f7", "#1c1c1c")]
    for entry in through:
        lines.append(_line(mid[entry.rank], goal, entry))
        boxes.append(_draw(mid[entry.rank], "#ffffff", "#8a8a8a"))
    for entry in entries:
        ends = [mid[rank] for rank in entry.through if rank in mid][:1] or [goal]
        lines += [_line(left[entry.rank], end, entry) for end in ends]
        boxes.append(_draw(left[entry.rank], "#ffffff", "#1c1c1c"))
    heads = ("parameters", "on the way", "property")
    name = escape(f"What moves {ranking.label}")
    titles = [
        f'<text class="h" x="{x}" y="{TOP - 16}">{head}</text>'
        for x, head in zip(_COLUMNS, heads, strict=True)
    ]
    foot = "blue: the property grows; red: it falls; grey: no direction stated; dashed: stated, not observed"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" '
            f'height="{height:.0f}" role="img" aria-label="{name}">',
            f"<style>{_STYLE}</style>",
            f'<rect width="{WIDTH}" height="{height:.0f}" fill="#ffffff"/>',
            f'<text class="b" x="20" y="32">{name}</text>',
            *titles, *lines, *boxes,
            f'<text class="s" x="20" y="{height - 16:.0f}">{foot}</text>',
            "</svg>",
        ]
    )  # fmt: skip


def _drawn(entry: Entry) -> bool:
    return bool(entry.stated) or (entry.observed is not None and entry.observed.found)


def _through(ranking: Ranking, entries: list[Entry]) -> list[Entry]:
    """Return the first property that each parameter acts through, each once, in their order."""
    ranks = dict.fromkeys(entry.through[0] for entry in entries if entry.through)
    return [ranking.entries[rank - 1] for rank in ranks]


def _box(column: int, place: int, count: int, rows: int, entry: Entry) -> _Box:
    top = TOP + (rows - count) * ROW / 2
    return _Box(_COLUMNS[column], top + place * ROW, entry.title, entry.step_label)


def _draw(box: _Box, fill: str, edge: str) -> str:
    return (
        f'<rect x="{box.x}" y="{box.y:.1f}" width="{BOX}" height="46" rx="6" fill="{fill}" stroke="{edge}"/>'
        f'<text class="t" x="{box.x + 12}" y="{box.y + 20:.1f}">{escape(_short(box.title, 31))}</text>'
        f'<text class="s" x="{box.x + 12}" y="{box.y + 37:.1f}">{escape(_short(box.below, 44))}</text>'
    )


def _line(start: _Box, end: _Box, entry: Entry) -> str:
    """Draw the influence of an entry: a curve from box to box, with its effect beside it."""
    seen = entry.observed
    found = seen is not None and seen.found
    colour = _COLOURS[entry.sign]
    width = 1.4 + 4.6 * min(1.0, abs(seen.effect)) if seen is not None and found else 1.2
    dash = "" if found else ' stroke-dasharray="5 4"'
    x1, x2 = start.x + BOX, end.x
    bend = (x2 - x1) / 2
    y1, y2 = f"{start.middle:.1f}", f"{end.middle:.1f}"
    curve = f"M{x1} {y1} C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}"
    said = f"{seen.effect:+.2f}" if seen is not None and found else ""
    title = f"{entry.title}: {VERDICTS[entry.verdict]}"
    label = (
        f'<text class="n" x="{x1 + 8}" y="{start.middle - 7:.1f}" style="fill:{colour}">{said}</text>'
        if said
        else ""
    )
    stroke = f'stroke="{colour}" stroke-width="{width:.1f}" stroke-opacity="0.75"{dash}'
    return f'<path d="{curve}" fill="none" {stroke}><title>{escape(title)}</title></path>{label}'


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
