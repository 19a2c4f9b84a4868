"""`/passports` and GS1 Digital Link paths: passports as pages and documents, each audience sees its own."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any
from urllib.parse import urlencode

import segno
from fastapi import APIRouter, Body, Path, Query, Response
from fastapi.responses import JSONResponse, RedirectResponse, StreamingResponse

from kg.api import passports as served
from kg.api.accept import must_choose
from kg.api.access import everyone
from kg.api.here import Here
from kg.api.problems import Problem, problems
from kg.gs1 import check_digit
from kg.passport.profiles import EC
from kg.passport.sign import jwks

router = APIRouter(tags=["Passports"])

OFFERED = ["application/json", "application/ld+json", "text/turtle", "text/html", *served.SHELLS]
JOSE = "application/jose"
"""A passport signed: JWS in compact form, RFC 7515."""

LINKSET = "application/linkset+json"
MOST = 5000
"""Names that are resolved in one request."""

AT_A_TIME = 100
"""Names that a reader resolves before their lines go out."""

Name = Annotated[str, Path(description="Identifier of a passport (DBP-000001), or number of a battery.")]

VARY = {"Vary": "Accept, Accept-Language, Authorization, Cookie", "Cache-Control": "private, no-cache"}
EXAMPLE = {"passport": "DBP-000001", "audience": "public", "points": [{"point": "10", "name": "The weight"}]}


def _answer(here: Here, body: str | bytes, media: str) -> Response:
    """Return a body with its entity tag, or 304 where the client has it."""
    headers = {"ETag": served.etag(body), **VARY}
    if headers["ETag"] in here.request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    text = f"{media}; charset=utf-8" if isinstance(body, str) else media
    return Response(body, media_type=text, headers=headers)


def _ok(description: str, example: Any, media: str = "application/json") -> dict[int | str, dict[str, Any]]:
    return {200: {"description": description, "content": {media: {"example": example}}}}


@router.get(
    "/passports",
    summary="List the batteries that have a passport",
    description="The number of each battery, its passport, its category; those that owe none are not there. "
    'The header `Link` with `rel="next"` leads to those that follow.',
    responses={
        **_ok(
            "The batteries.", [{"passport": "DBP-000001", "battery": "battery/TX42-0001", "category": "EV"}]
        ),
        **problems(406, 503),
    },
)
@everyone
async def list_passports(
    here: Here,
    limit: Annotated[int, Query(ge=1, le=1000, description="Batteries at most.")] = 100,
    after: Annotated[
        str, Query(description="Battery after which the list begins.", examples=["battery/TX42-0099"])
    ] = "",
) -> Response:
    """Return the list, a page of it at a time."""
    media = must_choose(here.request.headers.get("accept"), ["application/json", "text/html"])
    listed = await here.readers.call(served.listed, limit + 1, after)
    more, headers = "", dict(VARY)
    if len(listed) > limit:
        del listed[limit:]
        more = listed[-1]["battery"]
        root = here.request.scope.get("root_path", "")
        headers["Link"] = f'<{root}/passports?{urlencode({"limit": limit, "after": more})}>; rel="next"'
    if media == "text/html":
        return here.pages.show(here.request, "passports.html", headers=headers, listed=listed, more=more)
    return JSONResponse(listed, headers=headers)


@router.post(
    "/passports/resolve",
    summary="Resolve many passports at once",
    description="Up to 5,000 names in a JSON list; a line for each comes back, with its passport or error.",
    responses={
        **_ok(
            "NDJSON, or CSV with `Accept: text/csv`.",
            {"id": "DBP-000001", "status": 200},
            "application/x-ndjson",
        ),
        **problems(400, 406, 503),
    },
)
@everyone
async def resolve(
    here: Here, names: Annotated[list[str], Body(examples=[["DBP-000001", "TX42-0002"]])]
) -> Response:
    """Return one line for each name, in the order that they were given."""
    if len(names) > MOST:
        raise Problem(400, f"{len(names):,} names are too many. Send {MOST:,} at a time.")
    media = must_choose(here.request.headers.get("accept"), ["application/x-ndjson", "text/csv"])

    async def written() -> AsyncIterator[str]:
        if media == "text/csv":
            yield _csv_line("id", "status", "point", "field", "value", "unit", "kind", "error")
        for at in range(0, len(names), AT_A_TIME):
            found = await _resolved(here, names[at : at + AT_A_TIME])
            for each in found:
                yield _csv(each) if media == "text/csv" else json.dumps(each, ensure_ascii=False) + "\n"

    text = f"{media}; charset=utf-8" if media == "text/csv" else media
    return StreamingResponse(written(), media_type=text, headers=VARY)


async def _resolved(here: Here, names: list[str]) -> list[dict[str, Any]]:
    """Return an answer for each name; where time or memory were too short for some, each says so."""
    try:
        return await here.readers.call(served.resolved, names, here.caller.audience)
    except Problem as problem:
        return [{"id": name, "status": problem.status, "error": problem.detail} for name in names]


def _csv_line(*row: Any) -> str:
    out = io.StringIO(newline="")
    csv.writer(out).writerow(row)
    return out.getvalue()


def _csv(each: dict[str, Any]) -> str:
    """Return an answer as lines of a table: one for each value, or one for the error of a name."""
    if "passport" not in each:
        return _csv_line(each["id"], each["status"], "", "", "", "", "", each["error"])
    lines = []
    for entry in each["passport"]["points"]:
        for key, told in entry.get("values", {}).items():
            value = told["value"]
            text = json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value
            row = (each["id"], 200, entry["point"], key, text, told.get("unit", ""), told["kind"], "")
            lines.append(_csv_line(*row))
    return "".join(lines)


@router.get(
    "/passports/{name}",
    summary="Show a passport",
    description="By its identifier or the number of the battery: a page in a browser, JSON, JSON-LD, Turtle, "
    "or an Asset Administration Shell as AAS JSON or AASX package. "
    "Who shows no key sees what is public; what is withheld is named, with those who may see it.",
    responses={
        200: {
            "description": "The passport.",
            "content": {
                "application/json": {"example": EXAMPLE},
                **{media: {} for media in (*OFFERED[1:], JOSE)},
            },
        },
        304: {"description": "The client has this passport already: its ETag is the same."},
        410: {
            "description": "The battery was recycled; a tombstone tells when, by whom, and what came after."
        },
        **problems(404, 406, 503),
    },
)
@everyone
async def show(here: Here, name: Name) -> Response:
    """Return a passport."""
    signer = here.app.signer
    offered = [*OFFERED, JOSE] if signer else OFFERED
    media = must_choose(here.request.headers.get("accept"), offered)
    audience = here.caller.audience
    if media == "text/html":
        found = await here.readers.call(served.page, name, audience)
        return here.pages.show(here.request, "passport.html", headers=VARY, passport=found)
    if media == JOSE and signer:
        document = await here.readers.call(served.document, name, audience, OFFERED[0])
        return Response(signer.sign(document), media_type=JOSE, headers=VARY)
    written = served.shell if media in served.SHELLS else served.document
    return _answer(here, await here.readers.call(written, name, audience, media), media)


@router.get(
    "/.well-known/jwks.json",
    summary="Have the public key of the passports",
    description="A JSON Web Key Set with the key that signs passports; empty where the server signs none.",
    responses={**_ok("The keys.", {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "..."}]}), **problems()},
)
@everyone
async def keys(here: Here) -> Response:
    """Return the public key."""
    return Response(jwks([here.app.signer] if here.app.signer else []), media_type="application/json")


@router.get(
    "/passports/{name}/why/{point}",
    summary="Say where a value comes from",
    description="The values of a data point (`52`) or of a field (`capacity_fade`) with kind, unit, time and "
    "the rows of the files behind them.",
    responses={
        **_ok("The values with their proofs.", {"mass": {"value": 241.1, "proof": {"packs.csv": ["row=2"]}}}),
        **problems(404, 503),
    },
)
@everyone
async def why(
    here: Here,
    name: Name,
    point: Annotated[str, Path(description="Number of a data point (52), or key of a field.")],
) -> Response:
    """Return values with their proofs."""
    found = await here.readers.call(served.why, name, point, here.caller.audience)
    return _answer(here, served.as_body(found), "application/json")


@router.get(
    "/passports/{name}/check",
    summary="Say what is missing in a passport",
    description="The state of each data point under a profile on a day: present and valid, missing, not yet "
    "required, not to be filled, not applicable, invalid.",
    responses={
        **_ok(
            "The states.", {"profile": EC, "complete": True, "points": [{"point": "1", "state": "missing"}]}
        ),
        **problems(400, 404, 503),
    },
)
@everyone
async def completeness(
    here: Here,
    name: Name,
    profile: Annotated[str, Query(description="ec-2026-07 or longlist-1.2")] = EC,
    date: Annotated[str, Query(description="Day for which it is asked: 2027-02-18")] = "",
) -> Response:
    """Return the states."""
    found = await here.readers.call(served.completeness, name, profile, date)
    return _answer(here, served.as_body(found), "application/json")


@router.get(
    "/passports/{name}/treatment",
    summary="Say how to treat a battery",
    description="For who recycles: route with its reason, hazards with their place, charge before opening, "
    "order of dismantling, masses, black mass as estimated. It needs a key of legitimate interest.",
    responses={
        **_ok(
            "The recycler's view.",
            {"chemistry": "lithium-ion LFP/graphite", "route": {"proposed": "discharge"}},
        ),
        **problems(404, 503),
    },
)
@everyone
async def treatment(here: Here, name: Name) -> Response:
    """Return the recycler's view."""
    found = await here.readers.call(served.treatment, name, here.caller.audience)
    return _answer(here, served.as_body(found), "application/json")


@router.get(
    "/passports/{name}/qr.{form}",
    summary="Draw the QR code of a passport",
    description="A QR code (ISO/IEC 18004) of the unique identifier of the battery, as SVG or PNG.",
    responses={
        200: {
            "description": "The picture.",
            "content": {"image/svg+xml": {"example": "<svg/>"}, "image/png": {}},
        },
        **problems(404, 503),
    },
)
@everyone
async def qr(
    here: Here, name: Name, form: Annotated[str, Path(description="Form of the picture: svg or png.")]
) -> Response:
    """Return the picture."""
    kinds = {"svg": "image/svg+xml", "png": "image/png"}
    if form not in kinds:
        raise Problem(404, f"'{form}' is no form of a picture here: {', '.join(kinds)}.")
    found = await here.readers.call(served.why, name, "battery_identifier", "public")
    if "battery_identifier" not in found:
        raise Problem(404, f"'{name}' has no unique identifier, to which a code could lead.")
    picture = io.BytesIO()
    code = segno.make_qr(found["battery_identifier"]["value"], error="m")
    code.save(picture, kind=form, scale=8)
    return Response(picture.getvalue(), media_type=kinds[form])


@router.get(
    "/01/{gtin}/21/{serial}",
    summary="Follow a GS1 Digital Link",
    description="A GTIN and a serial number, as in the QR code on a battery, lead to its passport. "
    f"`Accept: {LINKSET}` asks for the links instead.",
    responses={
        307: {"description": "The passport is at Location."},
        200: {
            "description": "The links, where a link set was asked for.",
            "content": {LINKSET: {"example": {"linkset": [{"anchor": "https://example.org/01/..."}]}}},
        },
        **problems(400, 404, 503),
    },
)
@everyone
async def digital_link(
    here: Here,
    gtin: Annotated[str, Path(description="GTIN of 8, 12, 13 or 14 digits.")],
    serial: Annotated[str, Path(description="Serial number of the battery.")],
) -> Response:
    """Lead to the passport of a GTIN and a serial number."""
    if not gtin.isdigit() or len(gtin) not in (8, 12, 13, 14) or check_digit(gtin[:-1]) != gtin[-1]:
        raise Problem(
            400, f"'{gtin}' is no GTIN: 8, 12, 13 or 14 digits, of which the last is a check digit."
        )
    name = await here.readers.call(served.by_link, gtin.zfill(14), serial)
    root = here.request.scope.get("root_path", "")
    target = f"{root}/passports/{name}"
    if here.request.headers.get("accept", "") != LINKSET:
        return RedirectResponse(target, 307, headers={"Vary": "Accept"})
    links = [{"href": target, "type": media, "title": "Battery passport"} for media in OFFERED]
    whole = {"linkset": [{"anchor": str(here.request.url), "https://ref.gs1.org/voc/dpp": links}]}
    return Response(json.dumps(whole, indent=2), media_type=LINKSET, headers={"Vary": "Accept"})
