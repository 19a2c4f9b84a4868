"""Claims about the pages, looked at in a real browser at the width of a phone and of a desk."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import CHROMIUM, Browser, browsing
from serving import Served, serving

from kg.api.pages import german
from kg.load import Loader

PLANT = Path(__file__).parent / "plant"
TEMPLATES = Path(__file__).parents[1] / "kg" / "api" / "templates"
PATHS = [
    "/",
    "/queries",
    "/queries/cells_of_material_lot",
    "/queries/first_cycle_efficiency?format=html",
    "/terms?text=Linienlast",
    "/terms/LineLoad",
    "/resolve?name=L_pos&name=Linienlast",
    "/records",
    "/sparql?query=SELECT%20*%20%7B%20%3Fs%20%3Fp%20%3Fo%20%7D%20LIMIT%2020",
    "/docs",
    "/about/web/K-C-0001",
    "/explain?subject=K-C-0001&value=Porosity",
    "/about/file/kalander_2026-03.xlsx",
    "/trace/K-C-0001",
    "/influences?of=Porosity&what=stated",
    "/nowhere",
]
LOOK = """(() => {
  const channel = v => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; };
  const parse = c => (c.match(/[\\d.]+/g) || [0, 0, 0]).map(Number);
  const light = c => .2126 * channel(c[0]) + .7152 * channel(c[1]) + .0722 * channel(c[2]);
  const ground = e => { for (; e; e = e.parentElement) {
    const c = parse(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > .99) return c; }
    return matchMedia('(prefers-color-scheme: dark)').matches ? [18, 18, 18] : [255, 255, 255]; };
  const faint = [];
  for (const e of document.querySelectorAll('body *')) {
    const own = [...e.childNodes].some(n => n.nodeType == 3 && n.textContent.trim());
    if (!own || !e.getClientRects().length || e.closest('svg')) continue;
    const a = light(parse(getComputedStyle(e).color)), b = light(ground(e));
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) faint.push(e.tagName + ' ' + e.textContent.trim().slice(0, 30) + ' ' + ratio.toFixed(2));
  }
  const fields = [...document.querySelectorAll('input, select, textarea')];
  return {
    wide: document.documentElement.scrollWidth - innerWidth,
    mains: document.querySelectorAll('main').length, heads: document.querySelectorAll('h1').length,
    navs: [...document.querySelectorAll('nav')].filter(n => !n.getAttribute('aria-label')).length,
    unlabelled: fields.filter(f => !f.labels.length).map(f => f.name),
    nameless: [...document.querySelectorAll('a, button')].filter(a => !a.textContent.trim()
      && !a.ariaLabel && !a.querySelector('img[alt]:not([alt=""])')).length,
    foreign: performance.getEntriesByType('resource').map(r => r.name)
      .filter(n => !n.startsWith(location.origin)),
    styled: [...document.styleSheets].reduce((n, s) => n + s.cssRules.length, 0),
    lang: document.documentElement.lang, title: document.title, faint,
  };
})()"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    path = tmp_path_factory.mktemp("pages") / "store"
    Loader(path).load([PLANT / "kalander_2026-03.xlsx", PLANT / "slitting_2026-03.csv"])
    with serving(path) as served:
        yield served


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.skip("chromium is not installed: apt-get install chromium")
    with browsing(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


@pytest.mark.parametrize("path", PATHS)
def test_page_is_fit_for_phone_and_desk_and_for_everybody(server: Served, browser: Browser, path: str):
    mark = "&" if "?" in path else "?"
    for width, lang, dark in ((390, "de", False), (1280, "en", True)):
        browser.open(f"{server.url}{path}{mark}lang={lang}", width, dark=dark)

        seen = browser.evaluate(LOOK)

        told = {name: seen.pop(name) for name in ("styled", "title")}
        assert {
            "wide": 0,
            "mains": 1,
            "heads": 1,
            "navs": 0,
            "unlabelled": [],
            "nameless": 0,
            "foreign": [],
            "lang": lang,
            "faint": [],
        } == {**seen, "wide": max(seen["wide"], 0)}, f"{path} at {width}"
        assert told["styled"] > 40
        assert len(told["title"]) > len(" · battery-kg")


def test_a_person_asks_and_goes_on_to_a_thing(server: Served, browser: Browser):
    browser.open(f"{server.url}/?lang=en", 390)
    browser.evaluate("document.querySelector('#name').value = 'K-C-0001'; document.forms[0].requestSubmit()")

    for _ in range(200):
        if browser.evaluate("document.querySelector('h1')?.textContent") == "K-C-0001":
            break
    assert browser.evaluate("location.pathname") == "/about/web/K-C-0001"
    assert browser.evaluate("document.querySelectorAll('script').length") == 0


def test_every_text_of_the_templates_has_its_german():
    texts = {
        text
        for path in TEMPLATES.glob("*.html")
        for text in re.findall(r'\bt\("((?:[^"\\]|\\.)*)"[,)]', path.read_text(encoding="utf-8"))
    }

    assert len(texts) > 60
    assert sorted(texts - set(german())) == []
