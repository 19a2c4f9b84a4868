"""A trace -> a picture in SVG, drawn from left to right; it reads on light and on dark ground."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from kg.lineage.cards import Card, picture
from kg.lineage.graph import Trace
from kg.lineage.layout import Box, arrange

WIDTH, GAP_X, GAP_Y, EDGE = 188, 44, 16, 24
PAD, TITLE, LINE = 10, 15, 15
HEAD = 58

_STYLE = """\
.lineage { --ground: #ffffff; --card: #ffffff; --ink: #1c2733; --soft: #5b6b7b;
  --line: #b9c4cf; --edge: #d5dde5; --root: #eef5fc;
  --material: #b7791f; --step: #2563a8; --change: #1f7a5c; --measurement: #7a4fa3;
  font-family: system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif; }
@media (prefers-color-scheme: dark) { .lineage { --ground: #12181f; --card: #1b232c;
  --ink: #e6edf3; --soft: #9aa8b6; --line: #51606f; --edge: #33404d; --root: #1d2f42;
  --material: #e0a94a; --step: #6aa9ea; --change: #4fbf95; --measurement: #b992e0; } }
.lineage .ground { fill: var(--ground); }
.lineage .card { fill: var(--card); stroke: var(--edge); }
.lineage .root .card { fill: var(--root); stroke: var(--step); stroke-width: 2; }
.lineage .bar { stroke: none; }
.lineage .material .bar { fill: var(--material); } .lineage .step .bar { fill: var(--step); }
.lineage .change .bar { fill: var(--change); } .lineage .measurement .bar { fill: var(--measurement); }
.lineage text { fill: var(--ink); font-size: 11px; }
.lineage .title { font-size: 12px; font-weight: 600; }
.lineage .name { font-weight: 600; }
.lineage .soft { fill: var(--soft); }
.lineage .number { text-anchor: end; font-variant-numeric: tabular-nums; }
.lineage .heading { font-size: 17px; font-weight: 600; }
.lineage .way { fill: none; stroke: var(--line); stroke-width: 1.4; }
.lineage .tip { fill: var(--line); }
.lineage .metres { fill: var(--step); }
"""
_KEY = {
    "material": "material",
    "step": "step and what it made",
    "change": "step that changed it",
    "measurement": "measurement",
}


def _wide(text: str, size: float = 11, *, bold: bool = False) -> float:
    """Return about how wide a text is; rather too much than too little."""
    narrow, broad = "iljtfr.,:;'|!()[] ·", "mwMWNOQGDHUCAKRB@%…"
    units = sum(0.37 if c in narrow else 0.84 if c in broad else 0.62 for c in text)
    return units * size * (1.12 if bold else 1)


def _cut(text: str, room: float, size: float = 11, *, bold: bool = False) -> str:
    """Return a text that fits, with dots at its end where it is cut."""
    if _wide(text, size, bold=bold) <= room:
        return text
    while text and _wide(f"{text}…", size, bold=bold) > room:
        text = text[:-1]
    return f"{text.rstrip(' ,·-')}…"


def _wrap(text: str, room: float) -> list[str]:
    """Return a title in at most two lines."""
    words, first = text.split(), ""
    while words and _wide(f"{first} {words[0]}".strip(), 12, bold=True) <= room:
        first = f"{first} {words.pop(0)}".strip()
    if not first:
        return [_cut(text, room, 12, bold=True)]
    return [first, _cut(" ".join(words), room, 12, bold=True)] if words else [first]


def _body(card: Card) -> list[tuple[str, str, str]]:
    """Return the lines below the title: class, left text, right text."""
    found = [("name", card.name, "")]
    if card.about:
        # Where machine and time do not fit, the day does.
        fits = _wide(card.about) <= WIDTH - 2 * PAD - 4
        found.append(("soft", card.about if fits or card.count > 1 else card.about[:-6], ""))
    if card.metres:
        found.append(("metres", card.metres, ""))
    found += [("value", name, text) for name, text in card.lines]
    if card.note:
        found.append(("soft", f"“{card.note}”" if card.count == 1 else card.note, ""))
    return found


def _height(card: Card) -> float:
    return 2 * PAD + TITLE * len(_wrap(card.title, WIDTH - 2 * PAD - 4)) + LINE * len(_body(card)) - 1


def _draw(card: Card, box: Box) -> str:
    left, right, room = box.x + PAD + 4, box.x + box.width - PAD, box.width - 2 * PAD - 4
    parts = [
        f'<g class="{card.sort}{" root" if card.is_root else ""}">',
        f"<title>{escape(_said(card))}</title>",
    ]
    if card.count > 1:
        for shift in (6, 3):
            parts.append(
                f'<rect class="card" x="{box.x + shift:.1f}" y="{box.y + shift:.1f}"'
                f' width="{box.width:.0f}" height="{box.height:.0f}" rx="6"/>'
            )
    at = f'x="{box.x:.1f}" y="{box.y:.1f}"'
    parts.append(f'<rect class="card" {at} width="{box.width:.0f}" height="{box.height:.0f}" rx="6"/>')
    bar = f'x="{box.x:.1f}" y="{box.y + 6:.1f}" width="4" height="{box.height - 12:.1f}"'
    parts.append(f'<rect class="bar" {bar} rx="2"/>')
    y = box.y + PAD + 10
    for line in _wrap(card.title, room):
        parts.append(f'<text class="title" x="{left:.1f}" y="{y:.1f}">{escape(line)}</text>')
        y += TITLE
    for kind, text, figure in _body(card):
        if kind == "value":
            figure = _cut(figure, room * 0.72)
            text = _cut(text, room - _wide(figure) - 6)
            parts.append(f'<text class="number" x="{right:.1f}" y="{y:.1f}">{escape(figure)}</text>')
            kind = "soft"
        else:
            text = _cut(text, room, bold=kind == "name")
        parts.append(f'<text class="{kind}" x="{left:.1f}" y="{y:.1f}">{escape(text)}</text>')
        y += LINE
    return "\n".join([*parts, "</g>"])


def _said(card: Card) -> str:
    lines = [
        card.title,
        card.name,
        card.about,
        card.metres,
        *(f"{name} {text}" for name, text in card.lines),
        card.note,
    ]
    return "; ".join(filter(None, lines))


def _way(points: tuple[tuple[float, float], ...]) -> str:
    """Return the path of an arrow: level through the columns, curved between them."""
    (x, y), *rest = points
    path = f"M{x:.1f} {y:.1f}"
    for number, (to_x, to_y) in enumerate(rest):
        if number % 2 == 1:
            path += f"H{to_x:.1f}"
        else:
            # The head of the arrow takes the last piece.
            end = to_x - 5 if number == len(rest) - 1 else to_x
            middle = (x + end) / 2
            path += f"C{middle:.1f} {y:.1f} {middle:.1f} {to_y:.1f} {end:.1f} {to_y:.1f}"
        x, y = to_x, to_y
    return path


def svg(trace: Trace, *, together: int = 8) -> str:
    """Return a picture of a trace: materials at the left, the last step at the right.

    More than `together` cards of one kind in a column are drawn as one with their number and the ranges of
    their values.
    """
    drawn = picture(trace, together=together)
    heights = {key: _height(card) for key, card in drawn.cards.items()}
    ends = [(arrow.source, arrow.target) for arrow in drawn.arrows]
    plan = arrange(heights, drawn.columns, ends, width=WIDTH, gap_x=GAP_X, gap_y=GAP_Y)
    heading = f"What is behind {trace.asked}" if trace.direction == "up" else f"What came of {trace.asked}"
    told = (
        f"{len(trace.things)} things and {len(trace.runs)} runs, from left to right in the order of making."
    )
    key = _legend({card.sort for card in drawn.cards.values()})
    wide = max(plan.width, _wide(heading, 17, bold=True), 480) + 2 * EDGE + 8
    high = plan.height + HEAD + 2 * EDGE + 8
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" class="lineage" role="img"'
        f' width="{wide:.0f}" height="{high:.0f}" viewBox="0 0 {wide:.0f} {high:.0f}"'
        ' aria-labelledby="lineage-title lineage-desc">',
        f'<title id="lineage-title">{escape(heading)}</title>',
        f'<desc id="lineage-desc">{escape(told)}</desc>',
        f"<style>\n{_STYLE}</style>",
        f'<rect class="ground" width="{wide:.0f}" height="{high:.0f}"/>',
        f'<text class="heading" x="{EDGE}" y="{EDGE + 14}">{escape(heading)}</text>',
        key,
        f'<g transform="translate({EDGE} {EDGE + HEAD})">',
    ]
    for arrow in drawn.arrows:
        points = plan.ways[arrow.source, arrow.target]
        x, y = points[-1]
        parts.append(f'<path class="way" d="{_way(points)}"/>')
        parts.append(
            f'<path class="tip" d="M{x - 7:.1f} {y - 4:.1f}L{x:.1f} {y:.1f}L{x - 7:.1f} {y + 4:.1f}Z"/>'
        )
    parts += [_draw(card, plan.boxes[key_]) for key_, card in drawn.cards.items()]
    return "\n".join([*parts, "</g>", "</svg>", ""])


def _legend(sorts: set[str]) -> str:
    parts, x = [], float(EDGE)
    for sort, text in _KEY.items():
        if sort in sorts:
            parts.append(
                f"<g class={quoteattr(sort)}>"
                f'<rect class="bar" x="{x:.0f}" y="{EDGE + 28}" width="10" height="10" rx="2"/>'
                f'<text class="soft" x="{x + 16:.0f}" y="{EDGE + 37}">{escape(text)}</text></g>'
            )
            x += 16 + _wide(text) + 18
    return "\n".join(parts)
