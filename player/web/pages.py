"""The pages for people: what is on now (/), the films, the settings. Plain forms do everything essential:
POST, then a redirect to the page.

The script adds live refresh, forms without leaving the page, and uploads that continue after a lost
connection. All words are written on the server, in the reader's language; the script fetches the parts that
change (/now, /seek, /log) ready-made.
"""

import functools
import gzip
import hashlib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bottle import Bottle, HTTPResponse, SimpleTemplate, request

from player.errors import BadFrame, ReelError
from player.films.options import OPTIONS
from player.films.orders import can_order
from player.times import film_time
from player.web import forms
from player.web.actions import ACTIONS, Action
from player.web.api import asked, not_modified
from player.web.exchange import FILE, Environ, Problem, media_type, read_form, wants_json
from player.web.guard import COOKIE
from player.web.images import Picture, named
from player.web.remote import Remote
from player.web.streaming import read_upload
from player.web.tokens import LASTS
from player.web.told import (
    card,
    job_card,
    now_in_words,
    offer,
    pace_in_words,
    photograph_in_words,
    refused_in_words,
    seek,
    sentence,
    verdicts,
)
from player.web.uploads import LARGEST, SUFFIXES
from player.web.words import LANGUAGES, Words, language_of

LANGUAGE = "longtake-language"  # the cookie
_ASSETS = Path(__file__).parent / "assets"
_FILES = {
    "remote.css": "text/css; charset=UTF-8",
    "remote.js": "text/javascript; charset=UTF-8",
    "login.js": "text/javascript; charset=UTF-8",
    "icon.svg": "image/svg+xml",
    "icon-180.png": "image/png",
    "icon-512.png": "image/png",
    "longtake.webmanifest": "application/manifest+json",
}
_TEXTS = ("text/", "application/manifest", "image/svg")
ICONS = {
    "play": "M7 4v16l13-8z",
    "pause": "M6 4h4v16H6zM14 4h4v16h-4z",
    "back": "M18 4v16L8 12zM5 4h3v16H5z",
    "next": "M6 4v16l10-8zM16 4h3v16h-3z",
    "redraw": "M12 5V1L7 6l5 5V7a5 5 0 1 1-5 5H5a7 7 0 1 0 7-7z",
    "undo": "M9 5 3 11l6 6v-4h5a4 4 0 0 1 0 8H8v-2h6a2 2 0 0 0 0-4H9z M9 9V5",
    "now": "M3 5h18v12H3zM8 19h8v2H8z",
    "films": "M4 4h16v16H4zM7 6v2h2V6zm8 0v2h2V6zM7 11v2h2v-2zm8 0v2h2v-2zM7 16v2h2v-2zm8 0v2h2v-2z",
    "settings": "M4 6h9v2H4zm13 0h3v2h-3zM14 4h2v6h-2zM4 16h3v2H4zm7 0h9v2h-9zM8 14h2v6H8zM4 11h16v2H4z",
    "camera": "M9 5 7 8H3v12h18V8h-4l-2-3zm3 4a5 5 0 1 1 0 10 5 5 0 0 1 0-10z",
    "send": "M12 3 6 9h4v7h4V9h4zM4 18h16v3H4z",
}
"""Paths of icons, 24 by 24."""
CHOICES = {
    "levels": {"": "as they are", "auto": "as dark and as light as can be, for dark films"},
    "dial": {
        "": "as usual",
        "0": "very lively",
        "0.25": "lively",
        "0.5": "in between",
        "0.75": "calm",
        "1": "very calm",
    },
    "fit": {
        "crop": "fill the panel",
        "letterbox": "show the whole picture",
        "stretch": "stretch it to the panel",
    },
    "flashes": {"usual": "as usual", "rare": "rarely", "often": "often"},
    "play": {"when free": "when nothing else plays", "now": "as soon as it begins"},
    "dither": {"hysteresis": "fast", "search": "the best picture, ten times as slow"},
}
"""Words for the values of some options of an export; the first is the usual one."""
CHOICES_ELSEWHERE = CHOICES | {"dither": {"": "the best that the computer can make", "hysteresis": "fast"}}
"""The same for films of a computer of the house."""
SAID = {action.name: action.done for action in ACTIONS} | {
    "same": "Nothing was changed.",
    "upload": "It has arrived.",
    "job": "Done.",
    "want": "The computer has been asked.",
}
"""What the page says after a form, by the `asked` of its address."""
STATIC = "max-age=31536000, immutable"
_PATIENCE, _GLANCE = 1.5, 0.05  # seconds that a form waits for the player to do it, and between two looks


def mount(app: Bottle, remote: Remote) -> None:
    """Add the pages' routes to the application."""
    _mount_entrance(app, remote)
    _mount_pictures(app, remote)
    _mount_forms(app, remote)

    @app.get("/")
    def now() -> HTTPResponse:
        place = request.query.get("at") or request.query.get("place")
        look = "glass" if request.query.get("look") == "glass" else "panel"
        view, words = remote.board.latest(), words_here()
        return _page(
            "watch.tpl",
            words,
            remote,
            here="/",
            now=now_in_words(remote, words),
            look=look,
            picture=remote.pictures.page(look),
            size=None if view.dither is None else view.dither.shape,
            reel=remote.library.shown(),
            snapshot=view.snapshot,
            found=None if place is None else seek(remote, words, place),
            film_time=film_time,
        )

    @app.get("/films")
    def films() -> HTTPResponse:
        words = words_here()
        return _page(
            "films.tpl",
            words,
            remote,
            here="/films",
            films=[card(remote, words, reel) for reel in remote.arranged()],
            uploads=remote.uploads,
            space=remote.space(),
            jobs=[job_card(remote, words, job) for job in remote.jobs()],
            offer=offer(remote, words, request.query.getunicode("find", "")[:100]),
            can_order=can_order(),
            done=remote.playable_jobs(),
            can_export=remote.queue is None or find_spec("av") is not None,
            options=OPTIONS,
            suffixes=SUFFIXES,
            typed={},
        )

    @app.get("/settings")
    def settings() -> HTTPResponse:
        return settings_page(remote, words_here(), {}, {})

    @app.get("/now")
    def part() -> HTTPResponse:
        words = words_here()
        return _page("now.tpl", words, remote, now=now_in_words(remote, words))

    @app.get("/seek")
    def preview() -> HTTPResponse:
        words = words_here()
        return _page("seek.tpl", words, remote, found=seek(remote, words, request.query.get("at", "")))

    @app.get("/jobs")
    def jobs() -> HTTPResponse:
        words = words_here()
        cards = [job_card(remote, words, job) for job in remote.jobs()]
        done = remote.playable_jobs()
        return _page("jobs.tpl", words, remote, jobs=cards, done=done, options=OPTIONS, can_order=can_order())

    @app.get("/calibrate")
    def calibrate() -> HTTPResponse:
        return _page(
            "calibrate.tpl",
            words_here(),
            remote,
            here="/settings",
            can_order=can_order(),
            possible=remote.calibration.is_possible,
            path=remote.profile,
            **calibration_parts(),
        )

    @app.get("/calibration")
    def calibration() -> HTTPResponse:
        return _page("calibration.tpl", words_here(), remote, **calibration_parts())

    def calibration_parts() -> dict[str, Any]:
        found = remote.calibration
        return {
            "state": found.state(),
            "photographs": found.photographs(),
            "measured": found.measured(),
            "used": found.used(),
            "in_plain_words": photograph_in_words,
            "verdicts": verdicts,
        }

    @app.get("/log")
    def log() -> HTTPResponse:
        return _page("log.tpl", words_here(), remote, lines=remote.log_tail.lines())

    @app.get("/ends")
    def ends() -> HTTPResponse:
        """When the film would end with the interval in the query."""
        words = words_here()
        seconds, wrong = forms.interval({name: request.query.get(name, "") for name in forms.PIECES})
        text = "" if wrong or seconds <= 0 else pace_in_words(remote, words, seconds)
        return HTTPResponse(text, 200, {"Content-Type": "text/plain; charset=UTF-8", **_FRESH})

    @app.get("/web/<name>")
    def file(name: str) -> HTTPResponse:
        if name not in _FILES:
            raise Problem(404, "there is nothing at this address")
        data, packed, tag = _file(name)
        headers = {"Content-Type": _FILES[name], "Cache-Control": "no-cache", "ETag": f'"{tag}"'}
        if request.query.get("v") == tag:
            headers["Cache-Control"] = STATIC
        if not_modified(tag):
            return HTTPResponse("", 304, headers)
        if packed is not None:
            headers["Vary"] = "Accept-Encoding"
            if "gzip" in request.get_header("Accept-Encoding", ""):
                return HTTPResponse(packed, 200, {**headers, "Content-Encoding": "gzip"})
        return HTTPResponse(data, 200, headers)


def _mount_entrance(app: Bottle, remote: Remote) -> None:
    @app.get("/login")
    def entrance() -> HTTPResponse:
        return _page("login.tpl", words_here(), remote, asks=remote.guard.asks)

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

    @app.post("/language")
    def language() -> HTTPResponse:
        chosen = read_form(request.environ).get("language", "")
        answer = _to("/settings")
        if chosen in LANGUAGES:
            answer.set_cookie(LANGUAGE, chosen, path="/", max_age=10 * LASTS, samesite="strict")
        else:
            answer.delete_cookie(LANGUAGE, path="/", samesite="strict")
        return answer


def _mount_pictures(app: Bottle, remote: Remote) -> None:
    @app.get("/picture/now/<look:re:panel|glass>.png")
    def now(look: str) -> HTTPResponse:
        picture = remote.pictures.page(look)
        if picture is None:
            raise Problem(404, "there is no picture yet; ask again when the player shows one")
        return _png(picture, "no-cache")

    @app.get("/picture/calibration.png")
    def report() -> HTTPResponse:
        return _png(named(remote.calibration.report()), "no-cache")

    @app.get("/picture/<name:re:preview-[0-9a-f]{24}>.png")
    def preview(name: str) -> HTTPResponse:
        return _png(named(remote.preview_picture(name)), STATIC)

    @app.get("/picture/<what:re:poster|strip>/<tag>.png")
    def whole(what: str, tag: str) -> HTTPResponse:
        return of_reel(what, tag, 0)

    @app.get("/picture/<what:re:frame|thumb>/<tag>/<number:re:[0-9]{1,9}>.png")
    def frame(what: str, tag: str, number: str) -> HTTPResponse:
        return of_reel(what, tag, int(number))

    def of_reel(what: str, tag: str, number: int) -> HTTPResponse:
        reel = remote.library.tagged(tag)
        if reel is None:
            raise Problem(404, "this film is not there now, or has changed")
        try:
            picture = remote.pictures.of_reel(tag, what, lambda: remote.library.open(reel), number)
        except (ReelError, BadFrame, IndexError):
            raise Problem(404, "this picture cannot be read") from None
        return _png(picture, STATIC)  # the tag is another one when the file changes


def _mount_forms(app: Bottle, remote: Remote) -> None:
    for action in ACTIONS:

        @app.post(f"/do/{action.name}")
        def do(action: Action = action) -> HTTPResponse:
            """Ask. The script gets its answer at once; a plain form goes back to the page when it is done."""
            texts = read_form(request.environ) if action.fields != () else {}
            try:
                given = action.read_form(remote, texts) if action.fields != () else {}
            except Problem as problem:
                if action.section == "settings" and not wants_json(request.environ):
                    return settings_page(remote, words_here(), texts, problem.fields)
                raise
            if given is None:
                if wants_json(request.environ):
                    return asked(action, 0)
                return _to(f"{action.page}?asked=same")
            number = action.ask(remote, given)
            if wants_json(request.environ):
                return asked(action, number)
            for _ in range(round(_PATIENCE / _GLANCE)):
                snapshot = remote.board.latest().snapshot
                if snapshot.handled >= number and not snapshot.busy:
                    break
                remote.sleep(_GLANCE)
            return _to(f"{action.page}?asked={action.name}&number={number}")

    @app.post("/do/job/<what:re:first|remove|again|options|preview>")
    def job(what: str) -> HTTPResponse:
        texts = read_form(request.environ)
        id = texts.get("job", "")
        if what == "first":
            remote.move_job(id, int(any(other.state == "exporting" for other in remote.jobs()[:1])))
        elif what == "remove":
            remote.remove_job(id)
        elif what == "again":
            remote.again_job(id)
        else:
            if what == "options" or len(texts) > 1:  # the preview of what has been typed
                remote.change_job(id, forms.options(texts, remote.job(id).is_elsewhere))
            if what == "preview":
                remote.order_preview(id)
        return _to("/films?asked=job")

    @app.post("/do/want")
    def want() -> HTTPResponse:
        texts = read_form(request.environ)
        name, _, film = texts.get("film", "").partition("/")
        remote.computers.want(name, film, forms.options(texts, elsewhere=True))
        return _to("/films?asked=want")

    @app.post("/do/upload")
    def upload() -> HTTPResponse:
        if media_type(request.environ) != FILE:
            raise Problem(415, "this address takes a form with a file")
        read_upload(remote.uploads, request.environ, LARGEST).finish()
        return _to("/films?asked=upload")

    @app.post("/do/photograph")
    def photograph() -> HTTPResponse:
        if media_type(request.environ) != FILE:
            raise Problem(415, "this address takes a form with a file")
        read_upload(remote.calibration, request.environ, LARGEST).finish()
        return _to("/calibrate?asked=upload")

    @app.post("/do/calibrate/<what:re:accept|forget|again>")
    def calibrate(what: str) -> HTTPResponse:
        getattr(remote.calibration, what)()
        return _to("/calibrate?asked=job")


def settings_page(remote: Remote, words: Words, texts: dict[str, str], wrong: dict[str, str]) -> HTTPResponse:
    """The settings; with `texts` that were typed and what is `wrong` with them, by field, nothing is lost."""
    values = remote.board.latest().snapshot.settings
    keys = {key["key"]: key for key in remote.settings()}
    usual = {name: forms.text_of(value) for name, value in values.items()}
    days, parts = (set(str(values.get(name) or "").split(",")) for name in ("quiet_days", "caption"))
    usual |= forms.pieces(float(values.get("interval") or 0.0))
    usual["pace"] = "date" if values.get("finish_by") else "interval"
    if texts:
        days = {name.removeprefix("day_") for name in texts if name.startswith("day_")}
        parts = {name.removeprefix("caption_") for name in texts if name.startswith("caption_")}
    hours = forms.hours(str(values.get("quiet") or ""))
    if texts:
        hours = [
            (texts.get(f"quiet_from_{place}", ""), texts.get(f"quiet_to_{place}", ""))
            for place in range(forms.MOST_HOURS)
            if f"quiet_from_{place}" in texts
        ]
    snapshot = remote.board.latest().snapshot
    return _page(
        "settings.tpl",
        words,
        remote,
        422 if wrong else 200,
        here="/settings",
        keys=keys,
        texts={**usual, **texts},
        wrong={name: sentence(words(text)) for name, text in wrong.items()},
        days=days,
        parts=parts,
        hours=hours,
        expert=[name for name in keys if name not in forms.HUMAN],
        pace=pace_in_words(remote, words, float(values.get("interval") or 0.0)),
        snapshot=snapshot,
        lines=remote.log_tail.lines(),
        languages=LANGUAGES,
        chosen=request.get_cookie(LANGUAGE, ""),
    )


def problem_page(problem: Problem, environ: Environ) -> str:
    """The page that says what went wrong."""
    return _rendered("problem.tpl", words_of(environ), problem=problem, here="")


def words_of(environ: Environ) -> Words:
    """The words for the reader of a request."""
    chosen = [part.strip() for part in environ.get("HTTP_COOKIE", "").split(";") if LANGUAGE in part]
    accepted = environ.get("HTTP_ACCEPT_LANGUAGE", "")[:1000]
    return Words(language_of(accepted, chosen[0].removeprefix(f"{LANGUAGE}=") if chosen else ""))


def words_here() -> Words:
    """The words for the reader of the request that is being answered."""
    return words_of(request.environ)


_FRESH = {"Cache-Control": "no-store"}


def _page(name: str, words: Words, remote: Remote, status: int = 200, **parts: Any) -> HTTPResponse:
    headers = {"Content-Type": "text/html; charset=UTF-8", "Content-Language": words.language, **_FRESH}
    parts |= {"said": _said(remote, words), "section": _section, "signed_in": remote.guard.asks}
    return HTTPResponse(_rendered(name, words, remote=remote, **parts), status, headers)


def _said(remote: Remote, words: Words) -> tuple[str, bool]:
    """What the page says after a form, and whether it is a complaint."""
    asked, number = request.query.get("asked", ""), request.query.get("number", "")
    if asked not in SAID:
        return "", False
    snapshot = remote.board.latest().snapshot
    if number == str(snapshot.handled) and snapshot.refused:
        return refused_in_words(words, snapshot.refused), True
    if number.isdecimal() and len(number) < 20 and (snapshot.handled < int(number) or snapshot.busy):
        return words("The panel is still at it."), False
    return words(SAID[asked]), False


def _section(name: str) -> list[Action]:
    """The actions of a section; or the one of that name, which stands by itself."""
    return [action for action in ACTIONS if action.section == name or name == action.name == "undo"]


def _choices_of(name: str, elsewhere: bool, chosen: str) -> dict[str, str]:
    """The values of an option of an export and words for them; none for one that is typed."""
    found = (CHOICES_ELSEWHERE if elsewhere else CHOICES).get(name)
    if found is None:
        found = {choice: choice for choice in OPTIONS[name].choices}
    return found if not found or not chosen or chosen in found else {**found, chosen: chosen}


def _rendered(name: str, words: Words, **parts: Any) -> str:
    """A page. Characters that are not text (a file's name in the log may hold some) become question marks."""
    text: str = _template(name).render(
        _=words,
        icon=ICONS.get,
        asset=_asset,
        sentence=sentence,
        CHOICES=CHOICES,
        choices_of=_choices_of,
        **parts,
    )
    return text.encode(errors="replace").decode()


def _to(place: str) -> HTTPResponse:
    return HTTPResponse("", 303, {"Location": place, **_FRESH})


def _png(picture: Picture, cache: str) -> HTTPResponse:
    headers = {"ETag": f'"{picture.tag}"', "Cache-Control": cache}
    if not_modified(picture.tag):
        return HTTPResponse("", 304, headers)
    return HTTPResponse(picture.png, 200, {**headers, "Content-Type": "image/png"})


@functools.cache
def _template(name: str) -> SimpleTemplate:
    return SimpleTemplate(name=name, lookup=[str(_ASSETS)])


@functools.cache
def _file(name: str) -> tuple[bytes, bytes | None, str]:
    """A file, the same packed with gzip where that saves something, and a tag of its content."""
    data = (_ASSETS / name).read_bytes()
    packed = gzip.compress(data, mtime=0) if _FILES[name].startswith(_TEXTS) else None
    return data, packed, hashlib.blake2b(data, digest_size=9).hexdigest()


def _asset(name: str) -> str:
    """The address of a file, which changes with its content."""
    return f"/web/{name}?v={_file(name)[2]}"
