"""The JSON API, under /api. Every route here stands in `openapi`, and a test compares the two.

GET changes nothing. A POST that asks something of the player is answered with 202: it is done a moment later,
and `status` then shows it.
"""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from bottle import Bottle, HTTPResponse, request

from player.times import Place
from player.web import bodies
from player.web.actions import (
    PLAIN,
    place_of,
)
from player.web.images import Picture
from player.web.openapi import document
from player.web.problems import Problem
from player.web.settings import described
from player.web.state import Remote
from player.web.uploads import (
    PIECE,
    Upload,
)

Answer = Callable[..., Any]


def mount(app: Bottle, remote: Remote) -> None:
    """Add the routes of the API to the application."""
    _mount_reading(app, remote)
    _mount_asking(app, remote)
    _mount_uploads(app, remote)


def _mount_reading(app: Bottle, remote: Remote) -> None:
    app.get("/api/openapi.json")(lambda: answer(document(list(remote.settable()))))
    app.get("/api/status")(lambda: answer(remote.status()))
    app.get("/api/panel.png")(lambda: _png(remote.pictures.panel()))
    app.get("/api/glass.png")(lambda: _png(remote.pictures.glass()))
    app.get("/api/log")(lambda: answer({"lines": remote.log_tail.lines()}))
    app.get("/api/address")(lambda: answer({"urls": remote.urls()}))

    @app.get("/api/settings")
    def settings() -> HTTPResponse:
        values = remote.board.latest().snapshot.settings
        return answer({"settings": described(values, remote.settable())})

    @app.get("/api/reels")
    def reels() -> HTTPResponse:
        shown = remote.board.latest().snapshot.reel
        listed = [{**asdict(reel), "shown": reel.path == shown} for reel in remote.reels.all()]
        return answer({"reels": listed})


def _mount_asking(app: Bottle, remote: Remote) -> None:
    for name in PLAIN:

        @app.post(f"/api/{name}")
        def plain(name: str = name) -> HTTPResponse:
            remote.actions.plain(name)
            return answer({"asked": name}, 202)

    @app.post("/api/go-to")
    def go_to() -> HTTPResponse:
        given = bodies.json_object(request.environ, {"frame": int, "time": str})
        if len(given) != 1:
            raise Problem(422, "give either frame or time")
        if "frame" in given and given["frame"] < 0:
            raise Problem(422, "frames are numbered from 0")
        place = Place("frame", given["frame"]) if "frame" in given else place_of(given["time"])
        if "time" in given and place.kind != "time":
            raise Problem(422, "a time is written as 12.5s, 4:05 or 1:02:03")
        remote.actions.go_to(place)
        return answer({"asked": "go to"}, 202)

    @app.post("/api/choose")
    def choose() -> HTTPResponse:
        given = bodies.json_object(request.environ, {"reel": str})
        reel = remote.actions.choose(_needed(given, "reel"))
        return answer({"asked": "choose", "reel": reel.path}, 202)

    @app.post("/api/settings")
    def change() -> HTTPResponse:
        values = remote.actions.set(bodies.any_json_object(request.environ))
        return answer({"asked": "set", "values": values}, 202)


def _mount_uploads(app: Bottle, remote: Remote) -> None:
    uploads = remote.uploads

    @app.get("/api/upload")
    def current() -> HTTPResponse:
        found = uploads.current()
        return answer(
            {
                "possible": uploads.films is not None,
                "piece": PIECE,
                "limit": uploads.limit,
                "current": None if found is None else _told(found),
            }
        )

    @app.post("/api/upload")
    def begin() -> HTTPResponse:
        given = bodies.json_object(request.environ, {"name": str, "bytes": int, "stamp": str})
        stamp = given.get("stamp", "")
        if len(stamp) > 100:
            raise Problem(422, "a stamp has up to 100 characters")
        return answer(_told(uploads.begin(_needed(given, "name"), _needed(given, "bytes"), stamp)), 201)

    @app.post("/api/upload/<id>")
    def piece(id: str) -> HTTPResponse:
        offset = request.query.get("offset", "")
        if not (offset.isascii() and offset.isdecimal() and len(offset) < 16):
            raise Problem(422, "offset must say where the piece belongs")
        if bodies.media_type(request.environ) != "application/octet-stream":
            raise Problem(415, "send the bytes, with Content-Type: application/octet-stream")
        return answer(_told(uploads.piece(id, int(offset), bodies.raw(request.environ, PIECE))))

    @app.post("/api/upload/<id>/finish")
    def finish(id: str) -> HTTPResponse:
        return answer({"reel": str(uploads.finish(id).absolute())}, 201)

    @app.post("/api/upload/<id>/cancel")
    def cancel(id: str) -> HTTPResponse:
        uploads.cancel(id)
        return answer({"cancelled": id})


def answer(found: dict[str, Any], status: int = 200) -> HTTPResponse:
    """A JSON answer, which nobody keeps."""
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return HTTPResponse(json.dumps(found, allow_nan=False), status, headers)


def _png(picture: Picture | None) -> HTTPResponse:
    if picture is None:
        raise Problem(404, "there is no picture yet; ask again when the player shows one")
    headers = {"ETag": f'"{picture.tag}"', "Cache-Control": "no-cache"}
    if picture.tag in request.get_header("If-None-Match", ""):
        return HTTPResponse("", 304, headers)
    return HTTPResponse(picture.png, 200, {**headers, "Content-Type": "image/png"})


def _told(upload: Upload) -> dict[str, Any]:
    told = asdict(upload)
    del told["stamp"]
    return told


def _needed(given: dict[str, Any], name: str) -> Any:
    if name not in given:
        raise Problem(422, f"{name} is missing")
    return given[name]
