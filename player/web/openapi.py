"""The API as an OpenAPI 3.1 document, served at /api/openapi.json."""

from collections.abc import Sequence
from typing import Any

from player.config.settings import KEYS
from player.films.options import OPTIONS
from player.films.orders import STATES as ORDERED
from player.films.queue import STATES
from player.web.actions import ACTIONS
from player.web.calibration import PHOTOGRAPH
from player.web.computers import COMPUTER, LONGEST_FILM, MOST_FILMS, REPORT, WHY_NOT
from player.web.exchange import BYTES, JSON, PROBLEM, Field
from player.web.guard import COOKIE
from player.web.uploads import BEGIN, PIECE

Schema = dict[str, Any]
Paths = dict[str, dict[str, Any]]
"""Operations by path and method."""

_TEXT: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_NUMBER: Schema = {"type": "number"}
_SWITCH: Schema = {"type": "boolean"}


def document(keys: Sequence[str]) -> dict[str, Any]:
    """The document; `keys`: the settings that can be changed."""
    paths: Paths = {}
    for part in (_reading(), _acting(keys), _uploading(), _exporting(), _computers(), _calibrating()):
        for path, operations in part.items():
            paths.setdefault(path, {}).update(operations)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "longtake remote",
            "version": "1",
            "description": "What the player shows, and what can be asked of it. GET changes nothing. "
            "On the home network every request needs the token.",
        },
        "security": [{"token": []}, {"cookie": []}, {}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": COOKIE},
            },
            "schemas": {"Problem": _PROBLEM, "Status": _STATUS, "Upload": _UPLOAD},
        },
    }


def _reading() -> Paths:
    pictures: Paths = {
        name: {
            "get": {
                "summary": summary,
                "parameters": [{"name": "If-None-Match", "in": "header", "schema": _TEXT}],
                "responses": {
                    "200": _PICTURE,
                    "304": {"description": "It has not changed."},
                    **_problems(404),
                },
            }
        }
        for name, summary in {
            "/api/panel.png": "The dither on the panel, 1 bit per pixel.",
            "/api/glass.png": "The glass with its ghosts, as the player believes it to be.",
            "/api/calibration.png": "The report on the photographs of the chart.",
        }.items()
    }
    urls = _object({"urls": _list(_TEXT)})
    return {
        **pictures,
        "/api/openapi.json": {"get": _get("This document.", {"type": "object"})},
        "/api/status": {"get": _get("What the player shows and does.", _ref("Status"))},
        "/api/reels": {"get": _get("The reels that can be chosen.", _object({"reels": _list(_REEL)}))},
        "/api/log": {"get": _get("The last lines of the log.", _object({"lines": _list(_TEXT)}))},
        "/api/address": {"get": _get("Where the page is found, the best address first.", urls)},
        "/api/settings": {
            "get": _get("The settings that can be changed.", _object({"settings": _list(_SETTING)}))
        },
    }


def _acting(keys: Sequence[str]) -> Paths:
    settings: Schema = {
        "type": "object",
        "properties": {name: _setting(name) for name in keys},
        "additionalProperties": False,
        "minProperties": 1,
    }
    paths = {}
    for action in ACTIONS:
        body = None
        if action.fields is None:
            body = settings
        elif action.one_of:
            body = {"oneOf": [_body([field]) for field in action.fields]}
        elif action.fields:
            body = _body(action.fields)
        operation = _post(action.help, body, 202, _asked(action.name), *action.problems)
        paths[f"/api/{action.name}"] = {"post": operation}
    return paths


def _uploading() -> Paths:
    current = _object(
        {
            "possible": _SWITCH,
            "films": _SWITCH,
            "piece": _COUNT,
            "limit": _COUNT,
            "current": {"oneOf": [_ref("Upload"), _NONE]},
        }
    )  # fmt: skip
    begin = _body(BEGIN)
    begin["properties"]["options"] = _OPTIONS
    first = _post(
        f"Begin or resume the upload of a reel or film; send pieces of at most {PIECE} bytes, then finish.",
        begin, 201, _ref("Upload"), 409, 503, 507,
    )  # fmt: skip
    finish = _post(
        "Check the reel and give it its name; or put the film into the queue, to become a reel.",
        None, 201, _object({"reel": _or_none(_TEXT), "job": _or_none(_TEXT)}), 404, 409, 422, 503, 507,
    )  # fmt: skip
    paths = _pieces("/api/upload", first, finish)
    paths["/api/upload"]["get"] = _get("The upload in progress, and the limits.", current)
    return paths


def _pieces(place: str, first: dict[str, Any], finish: dict[str, Any]) -> Paths:
    """Sending a file in pieces, after `first` and until `finish`."""
    named = {"name": "id", "in": "path", "required": True, "schema": {**_TEXT, "minLength": 1}}
    offset = {"name": "offset", "in": "query", "required": True, "schema": {**_COUNT, "maximum": 10**14}}
    piece = _post("Send the next bytes.", None, 200, _ref("Upload"), 404, 409, 413, 415, 422, 503, 507)
    after = {"id": "$response.body#/id", "offset": "$response.body#/received"}
    piece["operationId"] = f"{place.rpartition('/')[2]}-piece"
    first["responses"]["201"]["links"] = {"piece": {"operationId": piece["operationId"], "parameters": after}}
    piece["parameters"] = [named, offset]
    body = {"type": "string", "contentMediaType": BYTES}
    piece["requestBody"] = {"required": True, "content": {BYTES: {"schema": body}}}
    cancel = _post("Abandon the upload.", None, 200, _object({"cancelled": _TEXT}), 404, 409)
    finish["parameters"] = cancel["parameters"] = [named]
    return {
        place: {"post": first},
        f"{place}/{{id}}": {"post": piece},
        f"{place}/{{id}}/finish": {"post": finish},
        f"{place}/{{id}}/cancel": {"post": cancel},
    }


def _calibrating() -> Paths:
    """A panel measured by photographs of its chart."""
    kept = _object(
        {
            "possible": _SWITCH, "photographs": _COUNT, "state": {"enum": list(ORDERED)}, "error": _TEXT,
            "words": _list(_TEXT), "measured": {"oneOf": [_PROFILE, _NONE]},
            "used": {"oneOf": [_PROFILE, _NONE]},
        }
    )  # fmt: skip
    begin = _post(
        f"Begin to send a photograph (JPEG, PNG); send pieces of at most {PIECE} bytes, then finish.",
        _body((PHOTOGRAPH,)), 201, _ref("Upload"), 409, 507,
    )  # fmt: skip
    finish = _post("Measure it, with those that came before.", None, 201, kept, 400, 404, 409, 415, 507)
    posts = {
        "accept": "Use what was measured for films that are exported from now on.",
        "forget": "Do without a profile of the panel.",
        "again": "Begin anew, without the photographs that were sent.",
    }
    photographs = _pieces("/api/calibration/photographs", begin, finish)
    return {
        "/api/calibration": {"get": _get("What photographs of the chart tell of the panel.", kept)},
        **{
            f"/api/calibration/{name}": {"post": _post(text, None, 200, kept, 409, 507)}
            for name, text in posts.items()
        },
        **photographs,
    }


def _exporting() -> Paths:
    id = {"name": "id", "in": "path", "required": True, "schema": {**_TEXT, "minLength": 1}}
    place = _body((Field("place", "integer", high=1000),))
    problems = 404, 409, 507
    posts = {
        "move": _post("Export a film earlier or later.", place, 200, _object({"moved": _TEXT}), *problems),
        "options": _post("Export a film that waits in another way.", _OPTIONS, 200, _JOB, *problems),
        "again": _post("Try a film again that has failed.", None, 200, _JOB, *problems),
        "preview": _post(
            "Ask for a preview of a film that waits: three frames, as the panel will show them.",
            None,
            200,
            _JOB,
            *problems,
        ),
        "remove": _post("Remove a film from the queue.", None, 200, _object({"removed": _TEXT}), *problems),
    }
    for operation in posts.values():
        operation["parameters"] = [id]
    listed = _get("The films that are to become reels.", _object({"jobs": _list(_JOB)}))
    listed["responses"].update(_problems(507))
    stills = {
        "summary": "The preview of a film.",
        "parameters": [id],
        "responses": {"200": _PICTURE, **_problems(*problems)},
    }
    return {
        "/api/jobs": {"get": listed},
        "/api/jobs/{id}/preview.png": {"get": stills},
        **{f"/api/jobs/{{id}}/{name}": {"post": operation} for name, operation in posts.items()},
    }


def _computers() -> Paths:
    """For `trainer serve`, on computers of the house."""
    id = {"name": "id", "in": "path", "required": True, "schema": {**_TEXT, "minLength": 1}}
    by = _field(COMPUTER)
    known = _list(_object({"name": _TEXT, "films": _list(_TEXT), "seconds": _COUNT}))
    films = {
        "type": "array",
        "items": {**_TEXT, "minLength": 1, "maxLength": LONGEST_FILM},
        "maxItems": MOST_FILMS,
    }
    told = _object({"by": by, "films": films})
    size = {"type": "array", "items": _COUNT, "minItems": 2, "maxItems": 2}
    wanted = {"id": _TEXT, "film": _TEXT, "state": _TEXT, "options": {"type": "object"}}
    work = {
        "size": size,
        "panel": {**_TEXT, "description": "The panel's profile in TOML; empty: it has not been measured."},
        "jobs": {**_list(_object(wanted)), "description": "Those of its own films that it is asked for."},
        "sent": {
            **_list(_object({**wanted, "bytes": _COUNT})),
            "description": "Films that were sent to the player, which it may claim.",
        },
    }
    want = _object(
        {"by": by, "film": {**_TEXT, "minLength": 1, "maxLength": LONGEST_FILM}, "options": _OPTIONS}
    )
    want["required"] = ["by", "film"]
    problems = 404, 409, 507
    claim = _post("Take a film, to export it.", _body((COMPUTER,)), 200, _JOB, *problems)
    report = _post("Tell how far the export of a film is.", _body(REPORT), 200, _JOB, *problems)
    claim["parameters"] = report["parameters"] = [id]
    here = _post("Say that a computer is there, with its films.", told, 200, _object(work), 409, 507)
    film = {
        "summary": f"A piece of a film that was sent to the player, of at most {PIECE} bytes.",
        "parameters": [
            id,
            {
                "name": "Range",
                "in": "header",
                "required": True,
                "schema": {**_TEXT, "pattern": "^bytes=[0-9]+-[0-9]*$"},
            },
        ],
        "responses": {
            "206": {"description": "The bytes; Content-Range says which.", "content": {BYTES: {}}},
            **_problems(404, 409, 416, 507),
        },
    }
    named = {"name": "name", "in": "path", "required": True, "schema": {**_TEXT, "minLength": 1}}
    previews = _get(
        "The previews that are wanted of films of a computer.",
        _object(
            {
                "size": size,
                "panel": _TEXT,
                "previews": _list(_object({"name": _TEXT, "film": _TEXT, "options": {"type": "object"}})),
            }
        ),
    )
    previews["parameters"] = [{**named, "name": "by"}]
    previews["responses"].update(_problems(507))
    answered = _object({"answered": _TEXT})
    made = _post("Send a preview, a PNG.", None, 200, answered, 404, 409, 413, 415, 422, 507)
    made["requestBody"] = {"required": True, "content": {"image/png": {"schema": {"type": "string"}}}}
    failed = _post("Say why there is no preview.", _body((WHY_NOT,)), 200, answered, 404, 409, 507)
    made["parameters"] = failed["parameters"] = [named]
    return {
        "/api/computers/{by}/previews": {"get": previews},
        "/api/previews/{name}": {"post": made},
        "/api/previews/{name}/failed": {"post": failed},
        "/api/computers": {
            "get": _get(
                "The computers that export films, and the films they have.", _object({"computers": known})
            ),
            "post": here,
        },
        "/api/computers/want": {"post": _post("Have a computer export a film.", want, 200, _JOB, *problems)},
        "/api/jobs/{id}/film": {"get": film},
        "/api/jobs/{id}/claim": {"post": claim},
        "/api/jobs/{id}/report": {"post": report},
    }


def _body(fields: Sequence[Field]) -> Schema:
    """The schema of an object with these fields."""
    found = _object({field.name: _field(field) for field in fields})
    found["required"] = [field.name for field in fields if not field.optional]
    return found


def _field(field: Field) -> Schema:
    found: Schema = {"type": field.kind} | ({"description": field.must} if field.must else {})
    if field.kind == "integer":
        return found | {"minimum": field.low, "maximum": field.high}
    return found | {"maxLength": field.longest} | ({"pattern": field.pattern} if field.pattern else {})


def _setting(name: str) -> Schema:
    """The schema of a setting's value."""
    key = KEYS[name]
    found: Schema = {"description": key.help}
    found["type"] = {"switch": "boolean", "text": "string"}.get(key.kind, key.kind)
    if key.choices:
        found["enum"] = list(key.choices)
    elif key.low is not None and key.high is not None:
        found |= {"minimum": key.low, "maximum": key.high}
    return found


def _get(summary: str, found: Schema) -> dict[str, Any]:
    return {"summary": summary, "responses": {"200": _json("The answer.", found), **_problems()}}


def _post(summary: str, body: Schema | None, status: int, found: Schema, *problems: int) -> dict[str, Any]:
    operation: dict[str, Any] = {"summary": summary}
    if body is not None:
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": body}}}
        problems = (413, 415, 422, *problems)
    responses = {
        str(status): _json("Done, or (202) asked of the player.", found),
        **_problems(429, *problems),
    }
    return {**operation, "responses": responses}


def _problems(*statuses: int) -> dict[str, Any]:
    content = {PROBLEM: {"schema": _ref("Problem")}}
    problem = {"description": "Why not, and what to do.", "content": content}
    return {str(status): problem for status in sorted({400, 401, 403, 429, *statuses})}


def _json(description: str, found: Schema) -> dict[str, Any]:
    return {"description": description, "content": {JSON: {"schema": found}}}


def _asked(name: str) -> Schema:
    return _object({"asked": {"const": name}, "request": _COUNT})


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


_PICTURE = {
    "description": "The picture.",
    "content": {"image/png": {}},
    "headers": {"ETag": {"schema": _TEXT}},
}
_NONE: Schema = {"type": "null"}
_PROBLEM = _object({"title": _TEXT, "status": _COUNT, "detail": _TEXT})
_PROBLEM["properties"]["fields"] = {
    "type": "object",
    "additionalProperties": _TEXT,
}  # by field; may be missing
_UPLOAD = _object({"id": _TEXT, "name": _TEXT, "bytes": _COUNT, "received": _COUNT, "checking": _SWITCH})
_OPTIONS: Schema = {
    "type": "object",
    "properties": {
        name: {**_TEXT, "description": option.help}
        | ({"enum": list(option.choices)} if option.choices else {})
        for name, option in OPTIONS.items()
    },
    "additionalProperties": False,
}
_JOB = _object(
    {
        "id": _TEXT, "name": _TEXT, "film": _TEXT, "state": {"enum": list(STATES)}, "done": _COUNT,
        "of": _COUNT, "seconds_left": _or_none(_NUMBER), "reel": _or_none(_TEXT),
        "error": _or_none(_TEXT), "held": _SWITCH, "by": _TEXT, "preview": {"enum": list(ORDERED)},
        "options": {"type": "object", "additionalProperties": _TEXT},
    }
)  # fmt: skip
_REEL = _object(
    {
        "path": _TEXT, "title": _TEXT, "frames": _COUNT, "duration_ms": _or_none(_COUNT), "bytes": _COUNT,
        "width": _COUNT, "height": _COUNT, "problem": _TEXT, "complete": _SWITCH, "shown": _SWITCH,
        "place": _COUNT, "deletable": _SWITCH,
    }
)  # fmt: skip
_PROFILE = _object(
    {
        "panel": _TEXT, "size": _list(_COUNT), "measured": {**_TEXT, "format": "date"}, "ghost": _NUMBER,
        "ghost_spread": _NUMBER, "ghost_white": _NUMBER, "ghost_white_spread": _NUMBER, "dot_gain": _NUMBER,
        "tones": _list(_list(_NUMBER)), "contrast": _or_none(_NUMBER),
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
        "settings": {"type": "object"}, "ends": _or_none(_NUMBER), "left": _COUNT, "up_next": _or_none(_TEXT),
        "queue": _list(_TEXT), "undo": {"oneOf": [_object({"reel": _TEXT, "frame": _COUNT}), _NONE]},
        "handled": _COUNT, "busy": _SWITCH, "refused": _TEXT, "picture": _or_none(_TEXT), "now": _NUMBER,
        "version": _TEXT,
    }
)  # fmt: skip
_STATUS["description"] = (
    "frame: number on the panel, of frames; time_ms, duration_ms: milliseconds of the film; shown_at, "
    "next_due, now: Unix seconds; interval: seconds; net: share of the pixels that differ from the last "
    "redraw; quiet: whether it is within quiet hours; message: what the player waits for; picture: the ETag "
    "of /api/panel.png; ends: Unix seconds when the film is over; left: frames of it still to come; up_next: "
    "the reel after it; handled: the greatest number of a request that was carried out, refused: why the "
    "last one was not, busy: a frame that was asked for is still being drawn; undo: where the last jump began"
)
