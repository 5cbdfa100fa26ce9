"""Who gets in. Every request passes here first, and what is not allowed goes no further.

In this order:
- the peer must not be a global address of the internet: the page is for the house;
- `Host` must be a name or address of this machine: a foreign page whose name was made to point here (DNS
  rebinding) still sends its own name;
- the token, where one is asked for: as `Authorization: Bearer`, or as the cookie that /login has set. Wrong
  ones are counted by address and slowed down. The comparison takes the same time wherever they differ;
- what may change something (anything but GET, HEAD and OPTIONS) must come from a page of ours: `Origin` and
  `Sec-Fetch-Site` say so. Every browser since 2020 sends `Origin` with every POST, so a request with a cookie
  and without it is refused; programs that show the token, or ask a page that needs none, may leave it out.

There is no CORS header anywhere, so pages of other origins can read nothing. Form tokens are not needed
besides: the cookie is SameSite=Strict, and the check of `Origin` holds without a cookie too.
"""

import ipaddress
import re
from collections.abc import Callable, Iterable
from typing import Any

from player.web.pace import Failures
from player.web.problems import (
    Problem,
    come_back_in,
)
from player.web.tokens import (
    Sessions,
    same,
)

COOKIE = "longtake"
SAFE = ("GET", "HEAD", "OPTIONS")
OPEN = ("/login", "/web/remote.css", "/web/login.js", "/web/icon.svg")  # asked for by who is not signed in
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^:\[\]/\s]+)(?::(\d{1,5}))?")
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}

Environ = dict[str, Any]


class Guard:
    """`token`: None when none is asked for; `names`: allowed hosts; `addresses`: this machine's, now."""

    def __init__(
        self,
        token: str | None,
        sessions: Sessions | None,
        names: frozenset[str],
        addresses: Callable[[], Iterable[str]],
        failures: Failures,
        log: Callable[[str], None],
    ) -> None:
        self._token, self._sessions, self._names = token, sessions, names
        self._addresses, self._failures, self._log = addresses, failures, log

    @property
    def asks(self) -> bool:
        """Whether a token is asked for."""
        return self._token is not None

    def check(self, environ: Environ) -> None:
        """Raises Problem when this request must go no further."""
        self._check_peer(environ)
        host = self._check_host(environ)
        by = self._signed_in_by(environ)
        if environ["REQUEST_METHOD"] not in SAFE:
            _check_origin(environ, host, by)
        if by is None and environ["PATH_INFO"] not in OPEN:
            raise Problem(
                401,
                "sign in first, or send the token as Authorization: Bearer",
                {"WWW-Authenticate": 'Bearer realm="longtake"'},
            )

    def sign_in(self, environ: Environ, given: str) -> str:
        """The cookie's value for who gives the token in the form; Problem for a wrong one."""
        self._compare(environ, "".join(given.split()))
        assert self._sessions is not None
        return self._sessions.issue()

    def _check_peer(self, environ: Environ) -> None:
        try:
            foreign = ipaddress.ip_address(environ.get("REMOTE_ADDR", "")).is_global
        except ValueError:
            foreign = True
        if foreign:
            raise Problem(403, "this page is for the house network only")

    def _check_host(self, environ: Environ) -> str:
        host = environ.get("HTTP_HOST", "").lower()
        found = _HOST.fullmatch(host)
        if found is None:
            raise Problem(400, "the request does not say which host it is for")
        name = found[1].strip("[]").rstrip(".")
        if name not in self._names and not self._is_here(name):
            raise Problem(
                403,
                f"this machine is not known as {name[:80]}; use its address, or add the name to remote_names",
            )
        return host

    def _is_here(self, name: str) -> bool:
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or name in self._addresses()

    def _signed_in_by(self, environ: Environ) -> str | None:
        """By what a request is let in: "nothing" is needed, "token", "cookie"; None when it is not."""
        if self._token is None or self._sessions is None:
            return "nothing"
        scheme, _, given = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() == "bearer":
            self._compare(environ, given.strip())
            return "token"
        return "cookie" if any(map(self._sessions.holds, _cookies(environ))) else None

    def _compare(self, environ: Environ, given: str) -> None:
        """Problem unless it is the token."""
        address = environ.get("REMOTE_ADDR", "")
        if wait := self._failures.wait(address):
            raise Problem(429, "too many wrong tokens; wait a little", come_back_in(wait))
        if self._token is None or not same(given, self._token):
            self._failures.count(address)
            self._log(f"remote: wrong token from {address}")
            raise Problem(
                401,
                "that is not the token",
                {"WWW-Authenticate": 'Bearer realm="longtake", error="invalid_token"'},
            )


def _check_origin(environ: Environ, host: str, by: str | None) -> None:
    site, origin = environ.get("HTTP_SEC_FETCH_SITE"), environ.get("HTTP_ORIGIN")
    foreign = Problem(403, "this request comes from another site; open the player's own page")
    if site is not None and site != "same-origin":
        raise foreign
    if origin is not None:
        scheme, _, place = origin.lower().partition("://")
        port = _DEFAULT_PORTS.get(scheme)
        if port is None or place.removesuffix(port) != host.removesuffix(port):
            raise foreign
    elif site is None and by == "cookie":
        raise Problem(403, "this browser does not say which page it comes from (Origin); use a newer one")


def _cookies(environ: Environ) -> list[str]:
    """The values of our cookie, however many were sent."""
    pairs = (pair.strip().partition("=") for pair in environ.get("HTTP_COOKIE", "").split(";"))
    return [value for name, _, value in pairs if name == COOKIE]
