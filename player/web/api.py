"""The JSON API, under /api. `openapi` describes every route here, and a test compares the two.

GET changes nothing. A POST that asks something of the player is answered with 202: the player does it a
moment later, and `status` then shows it.
"""

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bottle import Bottle, HTTPResponse, request

from player.films.orders import Answer, in_a_word
from player.films.queue import Job
from player.profile import Profile
from player.web.actions import ACTIONS, Action
from player.web.calibration import PHOTOGRAPH
from player.web.computers import COMPUTER, LARGEST_PREVIEW, REPORT, WHY_NOT
from player.web.exchange import BYTES, JSON, Field, Problem, check_fields, media_type, read_body, read_json
from player.web.images import Picture, named
from player.web.openapi import document
from player.web.remote import Remote
from player.web.streaming import Receiver
from player.web.uploads import BEGIN, PIECE, Upload, check_ending

JOB_PLACE = Field("place", "integer", high=1000)
JOB_PARTS = ("id", "name", "state", "done", "of", "seconds_left", "reel", "error", "held", "by")


def mount(app: Bottle, remote: Remote) -> None:
    """Add the routes of the API to the application."""
    _mount_reading(app, remote)
    _mount_uploads(app, remote)
    _mount_jobs(app, remote)
    _mount_computers(app, remote)
    _mount_calibration(app, remote)
    for action in ACTIONS:

        @app.post(f"/api/{action.name}")
        def ask(action: Action = action) -> HTTPResponse:
            return asked(
                action, action.ask(remote, read_json(request.environ) if action.fields != () else {})
            )


def _mount_reading(app: Bottle, remote: Remote) -> None:
    app.get("/api/openapi.json")(lambda: answer(document(list(remote.settable()))))
    app.get("/api/status")(lambda: answer(remote.status()))
    app.get("/api/panel.png")(lambda: _png(remote.pictures.panel()))
    app.get("/api/glass.png")(lambda: _png(remote.pictures.glass()))
    app.get("/api/log")(lambda: answer({"lines": remote.log_tail.lines()}))
    app.get("/api/address")(lambda: answer({"urls": remote.urls()}))
    app.get("/api/settings")(lambda: answer({"settings": remote.settings()}))

    @app.get("/api/reels")
    def reels() -> HTTPResponse:
        return answer({"reels": [remote.told(reel) for reel in remote.library.all()]})


def _mount_uploads(app: Bottle, remote: Remote) -> None:
    uploads = remote.uploads

    @app.get("/api/upload")
    def current() -> HTTPResponse:
        found = uploads.current()
        return answer(
            {
                "possible": uploads.films is not None,
                "piece": PIECE,
                "films": uploads.queue is not None,
                "limit": uploads.limit,
                "current": None if found is None else _told(found),
            }
        )

    @app.post("/api/upload")
    def begin() -> HTTPResponse:
        given = read_json(request.environ)
        options = _texts(given.pop("options", {}))
        if isinstance(given.get("name"), str):
            check_ending(given["name"])
        check_fields(given, BEGIN)
        return answer(_told(uploads.begin(**given, options=options)), 201)

    @app.post("/api/upload/<id>/finish")
    def finish(id: str) -> HTTPResponse:
        found = uploads.finish(id)
        if isinstance(found, Path):
            return answer({"reel": str(found.absolute()), "job": None}, 201)
        return answer({"reel": None, "job": found.id}, 201)

    _mount_pieces(app, "/api/upload", uploads)


def _mount_pieces(app: Bottle, place: str, receiver: Receiver) -> None:
    """What all files that are sent have in common."""

    @app.post(f"{place}/<id>")
    def piece(id: str) -> HTTPResponse:
        offset = request.query.get("offset", "")
        if not (offset.isascii() and offset.isdecimal() and len(offset) < 16):
            raise Problem(422, "offset must say where the piece belongs")
        if media_type(request.environ) != BYTES:
            raise Problem(415, f"send the bytes, with Content-Type: {BYTES}")
        return answer(_told(receiver.piece(id, int(offset), read_body(request.environ, PIECE))))

    @app.post(f"{place}/<id>/cancel")
    def cancel(id: str) -> HTTPResponse:
        receiver.cancel(id)
        return answer({"cancelled": id})


def _mount_calibration(app: Bottle, remote: Remote) -> None:
    """Photographs of the chart, and what they tell."""
    calibration = remote.calibration

    def told() -> dict[str, Any]:
        state = calibration.state()
        found = state if isinstance(state, Answer) else Answer()
        return {
            "possible": calibration.is_possible,
            "photographs": calibration.photographs(),
            "state": in_a_word(state),
            "error": found.error,
            "words": list(found.words),
            "measured": _profile(calibration.measured()),
            "used": _profile(calibration.used()),
        }

    app.get("/api/calibration")(lambda: answer(told()))
    app.get("/api/calibration.png")(lambda: _png(named(calibration.report())))

    @app.post("/api/calibration/photographs")
    def begin() -> HTTPResponse:
        given = read_json(request.environ)
        check_fields(given, (PHOTOGRAPH,))
        return answer(_told(calibration.begin("photograph", given["bytes"])), 201)

    @app.post("/api/calibration/photographs/<id>/finish")
    def finish(id: str) -> HTTPResponse:
        calibration.finish(id)
        return answer(told(), 201)

    _mount_pieces(app, "/api/calibration/photographs", calibration)

    @app.post("/api/calibration/accept")
    def accept() -> HTTPResponse:
        calibration.accept()
        return answer(told())

    @app.post("/api/calibration/forget")
    def forget() -> HTTPResponse:
        calibration.forget()
        return answer(told())

    @app.post("/api/calibration/again")
    def again() -> HTTPResponse:
        calibration.again()
        return answer(told())


def _profile(profile: Profile | None) -> dict[str, Any] | None:
    return None if profile is None else asdict(profile) | {"measured": profile.measured.isoformat()}


def _mount_jobs(app: Bottle, remote: Remote) -> None:
    """The films that are to become reels."""

    @app.get("/api/jobs")
    def jobs() -> HTTPResponse:
        return answer({"jobs": [_job(remote, job) for job in remote.jobs()]})

    @app.post("/api/jobs/<id>/move")
    def move(id: str) -> HTTPResponse:
        given = read_json(request.environ)
        check_fields(given, (JOB_PLACE,))
        remote.move_job(id, given["place"])
        return answer({"moved": id})

    @app.post("/api/jobs/<id>/options")
    def options(id: str) -> HTTPResponse:
        return answer(_job(remote, remote.change_job(id, _texts(read_json(request.environ)))))

    @app.post("/api/jobs/<id>/again")
    def again(id: str) -> HTTPResponse:
        return answer(_job(remote, remote.again_job(id)))

    @app.post("/api/jobs/<id>/preview")
    def preview(id: str) -> HTTPResponse:
        remote.order_preview(id)
        return answer(_job(remote, remote.job(id)))

    @app.get("/api/jobs/<id>/preview.png")
    def stills(id: str) -> HTTPResponse:
        name, state = remote.preview(remote.job(id))
        if state == "none":
            raise Problem(404, "there is no preview yet; ask for one")
        if state == "asked":
            raise Problem(404, "the preview is being made; ask again in some seconds")
        if state.error:
            raise Problem(409, f"no preview: {state.error}")
        return _png(named(remote.preview_picture(name)))

    @app.post("/api/jobs/<id>/remove")
    def remove(id: str) -> HTTPResponse:
        remote.remove_job(id)
        return answer({"removed": id})


def _mount_computers(app: Bottle, remote: Remote) -> None:
    """For `trainer serve`."""
    computers = remote.computers

    @app.get("/api/computers")
    def there() -> HTTPResponse:
        found = computers.all().items()
        return answer(
            {
                "computers": [
                    {"name": name, "films": list(one.films), "seconds": computers.silent(one)}
                    for name, one in found
                ]
            }
        )

    @app.post("/api/computers")
    def here() -> HTTPResponse:
        given = read_json(request.environ)
        films = given.pop("films", None)
        check_fields(given, (COMPUTER,))
        return answer(computers.here(given["by"], films))

    @app.post("/api/computers/want")
    def want() -> HTTPResponse:
        given = read_json(request.environ)
        options, film = _texts(given.pop("options", {})), given.pop("film", None)
        check_fields(given, (COMPUTER,))
        return answer(_job(remote, computers.want(given["by"], film, options)))

    @app.get("/api/computers/<by>/previews")
    def previews(by: str) -> HTTPResponse:
        return answer(computers.previews(by))

    @app.post("/api/previews/<name>")
    def previewed(name: str) -> HTTPResponse:
        if media_type(request.environ) != "image/png":
            raise Problem(415, "send the picture, with Content-Type: image/png")
        computers.previewed(_preview(name), read_body(request.environ, LARGEST_PREVIEW))
        return answer({"answered": name})

    @app.post("/api/previews/<name>/failed")
    def not_previewed(name: str) -> HTTPResponse:
        given = read_json(request.environ)
        check_fields(given, (WHY_NOT,))
        computers.previewed(_preview(name), error=given["error"])
        return answer({"answered": name})

    @app.post("/api/jobs/<id>/claim")
    def claim(id: str) -> HTTPResponse:
        given = read_json(request.environ)
        check_fields(given, (COMPUTER,))
        return answer(_job(remote, computers.claim(id, given["by"])))

    @app.post("/api/jobs/<id>/report")
    def report(id: str) -> HTTPResponse:
        given = read_json(request.environ)
        check_fields(given, REPORT)
        return answer(_job(remote, computers.report(id, given)))

    @app.get("/api/jobs/<id>/film")
    def film(id: str) -> HTTPResponse:
        """A piece of a film, so that no answer is ever large."""
        found = re.fullmatch(r"bytes=(\d{1,15})-(\d{1,15})?", request.get_header("Range", ""), re.ASCII)
        if found is None or (found[2] and int(found[2]) < int(found[1])):
            raise Problem(416, f"ask for a range, like Range: bytes=0-{PIECE - 1}; no more come at once")
        begin = int(found[1])
        data, size = computers.piece(id, begin, int(found[2]) - begin + 1 if found[2] else PIECE)
        headers = {
            "Content-Type": BYTES,
            "Content-Range": f"bytes {begin}-{begin + len(data) - 1}/{size}",
            "Cache-Control": "no-store",
        }
        return HTTPResponse(data, 206, headers)


def _preview(name: str) -> str:
    """The name of an order for a preview; a name of anything else is refused."""
    if not re.fullmatch(r"preview-[0-9a-f]{24}", name, re.ASCII):
        raise Problem(404, "there is no preview of this name")
    return name


def _job(remote: Remote, job: Job) -> dict[str, Any]:
    told = {name: getattr(job, name) for name in JOB_PARTS}
    preview = in_a_word(remote.preview(job)[1])
    return {**told, "film": job.film.name, "options": dict(job.options), "preview": preview}


def _texts(given: Any) -> dict[str, str]:
    """Options, as JSON gives them. Problem."""
    if not isinstance(given, dict) or not all(isinstance(text, str) for text in given.values()):
        raise Problem(422, "options must be an object of texts")
    return given


def answer(found: dict[str, Any], status: int = 200) -> HTTPResponse:
    """A JSON response that no cache keeps."""
    headers = {"Content-Type": JSON, "Cache-Control": "no-store"}
    return HTTPResponse(json.dumps(found, allow_nan=False), status, headers)


def asked(action: Action, number: int) -> HTTPResponse:
    """The response to an action that was posted; `number`: of its request."""
    return answer({"asked": action.name, "request": number}, 202)


def _png(picture: Picture | None) -> HTTPResponse:
    if picture is None:
        raise Problem(404, "there is no picture yet; ask again when the player shows one")
    headers = {"ETag": f'"{picture.tag}"', "Cache-Control": "no-cache"}
    if not_modified(picture.tag):
        return HTTPResponse("", 304, headers)
    return HTTPResponse(picture.png, 200, {**headers, "Content-Type": "image/png"})


def not_modified(tag: str) -> bool:
    """Whether the client has what this tag identifies."""
    return tag in request.get_header("If-None-Match", "")


def _told(upload: Upload) -> dict[str, Any]:
    told = asdict(upload)
    del told["stamp"], told["options"]
    return told
