"""The WSGI application: the guard first, then the routes; security headers on every response, and every
problem in words.
"""

import functools
import traceback
from collections.abc import Callable, Iterable
from typing import Any

from bottle import BaseRequest, Bottle, HTTPError, HTTPResponse, request

from player.web import api, pages
from player.web.exchange import FILE, PROBLEM, Environ, Problem, media_type, wants_json
from player.web.remote import Remote
from player.web.streaming import Forms, FormUpload, Later, Receiver
from player.web.uploads import LARGEST

# Bottle puts longer bodies into temporary files, and on a small machine /tmp may be memory.
BaseRequest.MEMFILE_MAX = LARGEST

HEADERS = (
    # Nothing from elsewhere, nothing inline, in nobody's frame.
    (
        "Content-Security-Policy",
        "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; "
        "manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    # Not no-referrer: browsers would then send `Origin: null` with our forms, and the guard could not tell
    # these from foreign ones: https://fetch.spec.whatwg.org/#append-a-request-origin-header.
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("X-Frame-Options", "DENY"),
)

StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]


def application(remote: Remote, log: Callable[[str], None]) -> Application:
    """The WSGI application. `log` gets a line about what should never happen."""
    app = Bottle()
    app.default_error_handler = _refused_by_bottle
    app.install(lambda callback: _careful(callback, log))
    api.mount(app, remote)
    pages.mount(app, remote)

    def run(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            return start_response(status, [*headers, *HEADERS], *rest)

        try:
            remote.guard.check(environ)
        except Problem as problem:
            refusal = _response(problem, environ)
            start(refusal.status_line, refusal.headerlist)
            return [] if environ["REQUEST_METHOD"] == "HEAD" else [str(refusal.body).encode()]
        answer: Iterable[bytes] = app(environ, start)
        return answer

    return run


def forms(remote: Remote) -> Forms:
    """Who takes the body of a form with a file as it comes: after the guard, as every request."""

    def form(environ: Environ, later: Later, wake: Callable[[], None]) -> FormUpload | None:
        receivers: dict[str, Receiver] = {"/do/upload": remote.uploads, "/do/photograph": remote.calibration}
        receiver = receivers.get(environ["PATH_INFO"])
        if receiver is None or media_type(environ) != FILE:
            return None
        try:
            remote.guard.check(environ)
        except Problem:
            return None  # the request is refused in the ordinary way
        return FormUpload(receiver, environ["CONTENT_TYPE"], int(environ["CONTENT_LENGTH"]), later, wake)

    return form


def _careful(callback: Callable[..., Any], log: Callable[[str], None]) -> Callable[..., Any]:
    """Wrap a route so that it returns problems instead of raising them."""

    @functools.wraps(callback)
    def run(*arguments: Any, **named: Any) -> Any:
        try:
            return callback(*arguments, **named)
        except Problem as problem:
            return _response(problem, request.environ)
        except HTTPResponse:
            raise
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            what = f"{type(error).__name__}: {error}; {place.filename}:{place.lineno}"
            log(f"remote: {request.method} {request.path} failed, please report it: {' '.join(what.split())}")
            return _response(Problem(500, "something went wrong here; the log says what"), request.environ)

    return run


def _refused_by_bottle(error: HTTPError) -> HTTPResponse:
    """What Bottle itself refuses: an unknown address or method, a form that cannot be parsed."""
    details = {
        400: "the form cannot be read",
        404: "there is nothing at this address",
        405: "this address does not take this method",
    }
    allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
    problem = Problem(error.status_code, details.get(error.status_code, "this cannot be answered"), allow)
    return _response(problem, request.environ)


def _response(problem: Problem, environ: Environ) -> HTTPResponse:
    """A problem as JSON for the API and our script, else as a page."""
    headers = {"Cache-Control": "no-store", **problem.headers}
    if wants_json(environ):
        # Our script asks the API, too, for uploads. Programs name no language, and so they get English.
        return HTTPResponse(
            problem.as_json(pages.words_of(environ)), problem.status, {**headers, "Content-Type": PROBLEM}
        )
    if problem.status == 401 and environ["REQUEST_METHOD"] in ("GET", "HEAD"):
        return HTTPResponse("", 303, {"Location": "/login", "Cache-Control": "no-store"})
    return HTTPResponse(
        pages.problem_page(problem, environ),
        problem.status,
        {**headers, "Content-Type": "text/html; charset=UTF-8"},
    )
