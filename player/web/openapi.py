"""The API described as an OpenAPI 3.1 document, served at /api/openapi.json."""

from collections.abc import Sequence
from typing import Any

from player.web.actions import PLAIN
from player.web.problems import PROBLEM
from player.web.settings import schema
from player.web.uploads import (
    NAME,
    PIECE,
)

Schema = dict[str, Any]

TIME = r"^([0-9]+(\.[0-9]*)?s|([0-9]+:)?[0-5]?[0-9]:[0-5]?[0-9](\.[0-9]*)?)$"

_TEXT: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_NUMBER: Schema = {"type": "number"}
_SWITCH: Schema = {"type": "boolean"}

_MEANINGS = {
    "pause": "Keep the picture until resumed.",
    "resume": "Go on after a pause.",
    "next": "Show the next frame now.",
    "back": "Show the frame before now.",
    "redraw": "Draw the picture again, with a flash, which removes ghosts.",
    "clean": "Erase the panel (INIT), the strongest cleaning, and draw the picture again.",
    "address": "Show the address of this page on the panel for a minute, as text and QR code.",
}


def document(keys: Sequence[str]) -> dict[str, Any]:
    """The document; `keys`: the settings that can be changed."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "longtake remote",
            "version": "1",
            "description": "What the player shows, and what can be asked of it. Nothing is changed by "
            "GET. On the house network every request shows the token.",
        },
        "security": [{"token": []}, {"cookie": []}, {}],
        "paths": {**_reading(), **_asking(), "/api/settings": _settings(keys), **_uploading()},
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "longtake"},
            },
            "schemas": {"Problem": _PROBLEM, "Status": _STATUS, "Upload": _UPLOAD},
        },
    }


def _reading() -> dict[str, Any]:
    picture = {
        "description": "The picture.",
        "content": {"image/png": {}},
        "headers": {"ETag": {"schema": _TEXT}},
    }
    pictures: dict[str, Any] = {
        name: {
            "get": {
                "summary": summary,
                "parameters": [{"name": "If-None-Match", "in": "header", "schema": _TEXT}],
                "responses": {
                    "200": picture,
                    "304": {"description": "It is still the same."},
                    **_problems(404),
                },
            }
        }
        for name, summary in {
            "/api/panel.png": "The dither on the panel, 1 bit per pixel.",
            "/api/glass.png": "The glass with its ghosts, as the player believes it to be.",
        }.items()
    }
    return {
        "/api/openapi.json": {"get": _get("This document.", {"type": "object"})},
        "/api/status": {"get": _get("What the player shows and does.", _ref("Status"))},
        **pictures,
        "/api/reels": {"get": _get("The reels that can be chosen.", _object({"reels": _list(_REEL)}))},
        "/api/log": {"get": _get("The last lines of the log.", _object({"lines": _list(_TEXT)}))},
    }


def _asking() -> dict[str, Any]:
    plain = {f"/api/{name}": {"post": _post(_MEANINGS[name], None, 202, _ASKED)} for name in PLAIN}
    urls = _get("Where the page is found, the best address first.", _object({"urls": _list(_TEXT)}))
    plain["/api/address"]["get"] = urls
    frame = _object({"frame": {**_COUNT, "maximum": 10**12}})
    time = _object({"time": {**_TEXT, "pattern": TIME, "description": "12.5s, 4:05 or 1:02:03"}})
    go_to = _post("Show that place of the film now.", {"oneOf": [frame, time]}, 202, _ASKED, 409)
    chosen = _object({"asked": _TEXT, "reel": _TEXT})
    path = _object({"reel": {**_TEXT, "description": "path of one of /api/reels"}})
    choose = _post("Show that reel now.", path, 202, chosen, 404, 409)
    return {**plain, "/api/go-to": {"post": go_to}, "/api/choose": {"post": choose}}


def _settings(keys: Sequence[str]) -> dict[str, Any]:
    listed = _get("The settings that can be changed.", _object({"settings": _list(_SETTING)}))
    values: Schema = {
        "type": "object",
        "properties": {name: schema(name) for name in keys},
        "additionalProperties": False,
        "minProperties": 1,
    }
    asked = _object({"asked": _TEXT, "values": {"type": "object"}})
    return {"get": listed, "post": _post("Change settings, kept over restarts.", values, 202, asked, 409)}


def _uploading() -> dict[str, Any]:
    named = {"name": "id", "in": "path", "required": True, "schema": {**_TEXT, "minLength": 1}}
    offset = {"name": "offset", "in": "query", "required": True, "schema": {**_COUNT, "maximum": 10**14}}
    current = _object(
        {"possible": _SWITCH, "piece": _COUNT, "limit": _COUNT, "current": {"oneOf": [_ref("Upload"), _NONE]}}
    )
    stamp = {**_TEXT, "maxLength": 100, "description": "what the sender tells its file by; needed to resume"}
    begin = _object(
        {"name": {**_TEXT, "pattern": f"^{NAME}$"}, "bytes": {**_COUNT, "minimum": 1}, "stamp": stamp}
    )
    begin["required"] = ["name", "bytes"]
    first = _post(
        f"Begin or resume the upload of a reel; then send pieces of at most {PIECE} bytes, and finish.",
        begin, 201, _ref("Upload"), 409, 503, 507,
    )  # fmt: skip
    piece = _post("Send the next bytes.", None, 200, _ref("Upload"), 404, 409, 413, 415, 422, 503, 507)
    after = {"id": "$response.body#/id", "offset": "$response.body#/received"}
    first["responses"]["201"]["links"] = {"piece": {"operationId": "piece", "parameters": after}}
    piece["operationId"] = "piece"
    piece["parameters"] = [named, offset]
    body = {"type": "string", "contentMediaType": "application/octet-stream"}
    piece["requestBody"] = {"required": True, "content": {"application/octet-stream": {"schema": body}}}
    finish = _post(
        "Check the reel and give it its name.", None, 201, _object({"reel": _TEXT}), 404, 409, 422, 503, 507
    )
    cancel = _post("Give the upload up.", None, 200, _object({"cancelled": _TEXT}), 404, 409)
    finish["parameters"] = cancel["parameters"] = [named]
    return {
        "/api/upload": {"get": _get("The upload in progress, and the limits.", current), "post": first},
        "/api/upload/{id}": {"post": piece},
        "/api/upload/{id}/finish": {"post": finish},
        "/api/upload/{id}/cancel": {"post": cancel},
    }


def _get(summary: str, found: Schema) -> dict[str, Any]:
    return {"summary": summary, "responses": {"200": _json("It is so.", found), **_problems()}}


def _post(summary: str, body: Schema | None, status: int, found: Schema, *problems: int) -> dict[str, Any]:
    operation: dict[str, Any] = {"summary": summary}
    if body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
        problems = (413, 415, 422, *problems)
    responses = {str(status): _json("It is done, or asked for (202).", found), **_problems(429, *problems)}
    return {**operation, "responses": responses}


def _problems(*statuses: int) -> dict[str, Any]:
    content = {PROBLEM: {"schema": _ref("Problem")}}
    said = {"description": "Why not, and what to do.", "content": content}
    return {str(status): said for status in sorted({400, 401, 403, 429, *statuses})}


def _json(description: str, found: Schema) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": found}}}


def _object(properties: dict[str, Schema]) -> Schema:
    """An object with exactly these properties."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _or_none(found: Schema) -> Schema:
    return {**found, "type": [found["type"], "null"]}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


_NONE: Schema = {"type": "null"}
_ASKED = _object({"asked": _TEXT})
_PROBLEM = _object({"title": _TEXT, "status": _COUNT, "detail": _TEXT})
_UPLOAD = _object({"id": _TEXT, "name": _TEXT, "bytes": _COUNT, "received": _COUNT, "checking": _SWITCH})
_REEL = _object(
    {
        "path": _TEXT, "title": _TEXT, "frames": _COUNT, "duration_ms": _or_none(_COUNT), "bytes": _COUNT,
        "width": _COUNT, "height": _COUNT, "problem": _TEXT, "shown": _SWITCH,
    }
)  # fmt: skip
_SETTING = _object(
    {
        "key": _TEXT, "help": _TEXT, "kind": {"enum": ["number", "integer", "switch", "text"]}, "unit": _TEXT,
        "low": _or_none(_NUMBER), "high": _or_none(_NUMBER), "choices": {"type": "array"}, "range": _TEXT,
        "value": {}, "default": {}, "pinned": _or_none(_TEXT),
    }
)  # fmt: skip
_STATUS = _object(
    {
        "reel": _or_none(_TEXT), "name": _or_none(_TEXT), "title": _TEXT, "frame": _or_none(_COUNT),
        "frames": _COUNT, "time_ms": _or_none(_COUNT), "duration_ms": _or_none(_COUNT),
        "shown_at": _or_none(_NUMBER), "next_due": _or_none(_NUMBER), "interval": _NUMBER, "paused": _SWITCH,
        "quiet": _SWITCH, "redraws": _COUNT, "net": _NUMBER, "playlist": _list(_TEXT), "message": _TEXT,
        "settings": {"type": "object"}, "picture": _or_none(_TEXT), "now": _NUMBER, "version": _TEXT,
    }
)  # fmt: skip
_STATUS["description"] = (
    "frame: number on the panel, of frames; time_ms, duration_ms: milliseconds of the film; shown_at, "
    "next_due, now: Unix seconds; interval: seconds; net: share of the pixels that differ from the last "
    "redraw; quiet: within quiet hours; message: what it waits for; picture: the ETag of /api/panel.png"
)
