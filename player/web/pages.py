"""The page for people, at /. Everything essential works as plain forms: POST, then a redirect to the page.

Scripts add live refresh and the upload of large reels. What the page says is written in one place, the
templates in `web`; the script fetches the part that changes (/now) ready-made.
"""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bottle import Bottle, HTTPResponse, SimpleTemplate, request

from player.times import film_time
from player.web import bodies
from player.web.actions import (
    PLAIN,
    place_of,
)
from player.web.guard import COOKIE
from player.web.problems import Problem
from player.web.settings import (
    changed_texts,
    described,
    text_of,
)
from player.web.state import Remote
from player.web.tokens import LASTS
from player.web.uploads import (
    PIECE,
    safe_name,
)
from player.web.words import now_in_words

_WEB = Path(__file__).parent / "assets"
_FILES = {
    "remote.css": "text/css; charset=UTF-8",
    "remote.js": "text/javascript; charset=UTF-8",
    "upload.js": "text/javascript; charset=UTF-8",
    "login.js": "text/javascript; charset=UTF-8",
    "icon.svg": "image/svg+xml",
}
_ASKED = {
    "pause": "Paused.",
    "resume": "Going on.",
    "next": "The next frame is on its way.",
    "back": "The frame before is on its way.",
    "redraw": "The panel is being redrawn.",
    "clean": "The panel is being cleaned.",
    "address": "The panel shows this page's address for a minute.",
    "go-to": "Going there.",
    "choose": "The reel is on its way to the panel.",
    "settings": "The settings are changed.",
    "same": "Nothing was changed.",
    "upload": "The reel is here.",
}
_PATIENCE, _GLANCE = 1.5, 0.05  # seconds for which a form waits to be carried out, and between two looks


def mount(app: Bottle, remote: Remote) -> None:
    """Add the page's routes to the application."""
    _mount_entrance(app, remote)
    _mount_forms(app, remote)

    @app.get("/")
    def main() -> HTTPResponse:
        view = remote.board.latest()
        look = "glass" if request.query.get("look") == "glass" else "panel"
        settings = described(view.snapshot.settings, remote.settable())
        return _page(
            "page.tpl",
            now=now_in_words(view.snapshot, remote.wall()),
            look=look,
            picture=remote.pictures.glass() if look == "glass" else remote.pictures.panel(),
            size=None if view.dither is None else view.dither.shape,
            said=_ASKED.get(request.query.get("asked", ""), ""),
            reels=remote.reels.all(),
            shown=view.snapshot.reel,
            settings=settings,
            text_of=text_of,
            film_time=film_time,
            uploads=remote.uploads,
            piece=PIECE,
            lines=remote.log_tail.lines(),
            signed_in=remote.guard.asks,
        )

    @app.get("/now")
    def now() -> HTTPResponse:
        return _page("now.tpl", now=now_in_words(remote.board.latest().snapshot, remote.wall()))

    @app.get("/web/<name>")
    def file(name: str) -> HTTPResponse:
        if name not in _FILES:
            raise Problem(404, "there is nothing at this address")
        headers = {"Content-Type": _FILES[name], "Cache-Control": "no-cache"}
        return HTTPResponse(_file(name), 200, headers)


def _mount_entrance(app: Bottle, remote: Remote) -> None:
    @app.get("/login")
    def entrance() -> HTTPResponse:
        return _page("login.tpl", asks=remote.guard.asks)

    @app.post("/login")
    def sign_in() -> HTTPResponse:
        value = remote.guard.sign_in(request.environ, bodies.form(request.environ).get("token", ""))
        answer = _to("/")
        answer.set_cookie(COOKIE, value, path="/", max_age=LASTS, httponly=True, samesite="strict")
        return answer

    @app.post("/logout")
    def sign_out() -> HTTPResponse:
        answer = _to("/login")
        answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
        return answer


def _mount_forms(app: Bottle, remote: Remote) -> None:
    def asked(name: str, ask: Callable[[], Any]) -> HTTPResponse:
        """Ask, wait a moment for the player to do it, and go back to the page."""
        before = remote.board.latest()
        ask()
        for _ in range(round(_PATIENCE / _GLANCE)):
            if remote.board.latest() is not before:
                break
            remote.sleep(_GLANCE)
        return _to(f"/?asked={name}")

    for name in PLAIN:

        @app.post(f"/do/{name}")
        def plain(name: str = name) -> HTTPResponse:
            return asked(name, lambda: remote.actions.plain(name))

    @app.post("/do/go-to")
    def go_to() -> HTTPResponse:
        place = place_of(bodies.form(request.environ).get("place", ""))
        return asked("go-to", lambda: remote.actions.go_to(place))

    @app.post("/do/choose")
    def choose() -> HTTPResponse:
        reel = bodies.form(request.environ).get("reel", "")
        return asked("choose", lambda: remote.actions.choose(reel))

    @app.post("/do/settings")
    def change() -> HTTPResponse:
        texts = changed_texts(bodies.form(request.environ), remote.board.latest().snapshot.settings)
        if not texts:
            return _to("/?asked=same")
        return asked("settings", lambda: remote.actions.set(texts, texts=True))

    @app.post("/do/upload")
    def upload() -> HTTPResponse:
        if bodies.media_type(request.environ) != "multipart/form-data":
            raise Problem(415, "this address takes a form with a file")
        sent = request.files.get("file")
        data = b"" if sent is None else sent.file.read(PIECE + 1)
        if sent is None or not 0 < len(data) <= PIECE:
            raise Problem(
                413, f"without JavaScript a reel may have 1 to {PIECE} bytes; copy larger ones by scp"
            )
        begun = remote.uploads.begin(safe_name(sent.raw_filename), len(data))
        remote.uploads.piece(begun.id, 0, data)
        remote.uploads.finish(begun.id)
        return _to("/?asked=upload")


def problem_page(problem: Problem) -> str:
    """The page that says what went wrong."""
    return _rendered("problem.tpl", problem=problem)


def _page(name: str, **parts: Any) -> HTTPResponse:
    headers = {"Content-Type": "text/html; charset=UTF-8", "Cache-Control": "no-store"}
    return HTTPResponse(_rendered(name, **parts), 200, headers)


def _rendered(name: str, **parts: Any) -> str:
    """A page; what is no text, as a file's name in the log may be, becomes question marks."""
    text: str = _template(name).render(**parts)
    return text.encode(errors="replace").decode()


def _to(place: str) -> HTTPResponse:
    return HTTPResponse("", 303, {"Location": place, "Cache-Control": "no-store"})


@functools.cache
def _template(name: str) -> SimpleTemplate:
    return SimpleTemplate(name=name, lookup=[str(_WEB)])


@functools.cache
def _file(name: str) -> bytes:
    return (_WEB / name).read_bytes()
