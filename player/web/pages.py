"""The page for people, at /. Everything essential works with plain forms: POST, then a redirect to the page.

Scripts add live refresh, forms without leaving the page, and the upload of large reels. All words are written
on the server: in `ACTIONS`, in the templates in `assets` and in this module; the script fetches the part that
changes (/now) ready-made.
"""

import functools
from pathlib import Path
from typing import Any, NamedTuple

from bottle import Bottle, HTTPResponse, SimpleTemplate, request

from player.playback.status import Status
from player.times import film_time, local, span
from player.web.actions import ACTIONS, Action, Remote, text_of
from player.web.api import asked
from player.web.exchange import FILE, Problem, media_type, read_form, wants_json
from player.web.guard import COOKIE
from player.web.tokens import LASTS
from player.web.uploads import PIECE, safe_name

_ASSETS = Path(__file__).parent / "assets"
_FILES = {
    "remote.css": "text/css; charset=UTF-8",
    "remote.js": "text/javascript; charset=UTF-8",
    "upload.js": "text/javascript; charset=UTF-8",
    "login.js": "text/javascript; charset=UTF-8",
    "icon.svg": "image/svg+xml",
}
SAID = {action.name: action.done for action in ACTIONS} | {
    "same": "Nothing was changed.",
    "upload": "The reel is here.",
}
"""What the page says after a form, by the `asked` of its address."""
_PATIENCE, _GLANCE = 1.5, 0.05  # seconds that a form waits for the player to do it, and between two looks


def mount(app: Bottle, remote: Remote) -> None:
    """Add the page's routes to the application."""
    _mount_entrance(app, remote)
    _mount_forms(app, remote)

    @app.get("/")
    def main() -> HTTPResponse:
        view = remote.board.latest()
        look = "glass" if request.query.get("look") == "glass" else "panel"
        return _page(
            "page.tpl",
            now=now_in_words(view.snapshot, remote.wall()),
            look=look,
            picture=remote.pictures.glass() if look == "glass" else remote.pictures.panel(),
            size=None if view.dither is None else view.dither.shape,
            said=SAID.get(request.query.get("asked", ""), ""),
            section=lambda name: [action for action in ACTIONS if action.section == name],
            reels=remote.library.all(),
            shown=view.snapshot.reel,
            settings=remote.settings(),
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
        value = remote.guard.sign_in(request.environ, read_form(request.environ).get("token", ""))
        answer = _to("/")
        answer.set_cookie(COOKIE, value, path="/", max_age=LASTS, httponly=True, samesite="strict")
        return answer

    @app.post("/logout")
    def sign_out() -> HTTPResponse:
        remote.guard.sign_out(request.environ)
        answer = _to("/login")
        answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
        return answer


def _mount_forms(app: Bottle, remote: Remote) -> None:
    for action in ACTIONS:

        @app.post(f"/do/{action.name}")
        def do(action: Action = action) -> HTTPResponse:
            """Ask. The script gets its answer at once; a plain form goes back to the page when it is done."""
            given = action.read_form(remote, read_form(request.environ)) if action.fields != () else {}
            if given is None:
                return _to("/?asked=same")
            before = remote.board.latest()
            number = remote.ask(action, given)
            if wants_json(request.environ):
                return asked(action, number)
            for _ in range(round(_PATIENCE / _GLANCE)):
                if remote.board.latest() is not before:
                    break
                remote.sleep(_GLANCE)
            return _to(f"/?asked={action.name}")

    @app.post("/do/upload")
    def upload() -> HTTPResponse:
        if media_type(request.environ) != FILE:
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
    """A page. Characters that are not text (a file's name in the log may hold some) become question marks."""
    text: str = _template(name).render(**parts)
    return text.encode(errors="replace").decode()


def _to(place: str) -> HTTPResponse:
    return HTTPResponse("", 303, {"Location": place, "Cache-Control": "no-store"})


@functools.cache
def _template(name: str) -> SimpleTemplate:
    return SimpleTemplate(name=name, lookup=[str(_ASSETS)])


@functools.cache
def _file(name: str) -> bytes:
    return (_ASSETS / name).read_bytes()


class Now(NamedTuple):
    """What the player does now, in words. `title`, `state`: one line each; `share` of the film in percent,
    None without a film; `facts`: names and values; `paused`: for the button.
    """

    title: str
    state: str
    share: float | None
    facts: list[tuple[str, str]]
    paused: bool


def now_in_words(snapshot: Status, now: float) -> Now:
    """`now`: Unix seconds."""
    title = snapshot.title or ("No film" if snapshot.reel is None else snapshot.reel.rpartition("/")[2])
    if snapshot.frame is None or not snapshot.frames:
        return Now(title, _doing(snapshot), None, _times(snapshot, now), snapshot.paused)
    share = 100 * (snapshot.frame + 1) / snapshot.frames
    where = f"Frame {snapshot.frame:,} of {snapshot.frames:,} ({share:.1f} %)"
    facts = []
    if snapshot.time_ms is not None:
        whole = "" if snapshot.duration_ms is None else f" of {film_time(snapshot.duration_ms)}"
        facts.append(("Film time", film_time(snapshot.time_ms) + whole))
    return Now(title, f"{where}. {_doing(snapshot)}", share, facts + _times(snapshot, now), snapshot.paused)


def _doing(snapshot: Status) -> str:
    if snapshot.message:
        return snapshot.message[0].upper() + snapshot.message[1:]
    if snapshot.paused:
        return "Paused"
    if snapshot.quiet:
        return "Quiet hours"
    return "Showing" if snapshot.reel is not None else "Starting"


def _times(snapshot: Status, now: float) -> list[tuple[str, str]]:
    facts = []
    if snapshot.shown_at is not None:
        facts.append(("Shown since", _moment(snapshot.shown_at, now)))
    due = "not now" if snapshot.next_due is None else _moment(snapshot.next_due, now)
    facts.append(("Next frame", due))
    if snapshot.interval:
        facts.append(("Interval", span(snapshot.interval)))
    facts.append(("Redraws so far", f"{snapshot.redraws:,}"))
    facts.append(("Changed since the last redraw", f"{snapshot.net:.1%}"))
    return facts


def _moment(unix: float, now: float) -> str:
    """12:34:56, in 3 minutes; with the date in front on another day."""
    date, time = local(unix).split(" ")
    text = time if date == local(now).split(" ")[0] else f"{date} {time}"
    away = unix - now
    if abs(away) < 1:
        return f"{text}, now"
    return f"{text}, in {_about(away)}" if away > 0 else f"{text}, {_about(-away)} ago"


def _about(seconds: float) -> str:
    """The largest unit alone; only hours keep their minutes."""
    words = span(seconds).split(" ")
    return " ".join(words if words[1].startswith("hour") else words[:2])
