"""Who gets in, and how often. Every request passes the guard first; what it refuses goes no further.

It checks, in this order:
- the peer: never a global address of the internet, because the page is for the house;
- `Host`: a name or address of this machine. A foreign page whose own name was made to point here (DNS
  rebinding) still sends that name;
- the token, where one is required: as `Authorization: Bearer`, or as the cookie that /login sets. The right
  one always gets in. Wrong ones are counted by address, and beyond the limit only refused: nothing that
  strangers send locks the owner out. What makes guessing hopeless is the token's length of 128 bits; the
  comparison takes the same time wherever two tokens differ;
- the origin of whatever may change something (all but GET, HEAD and OPTIONS): `Origin` and `Sec-Fetch-Site`
  must name a page of ours. Every browser since 2020 sends `Origin` with every POST, so a request with a
  cookie but without `Origin` is refused. Programs that show the token, or ask a page that needs none, may
  leave it out.

No response has a CORS header, so pages of other origins can read nothing. Form tokens are not needed: the
cookie is SameSite=Strict, and the check of `Origin` holds even without a cookie.
"""

import ipaddress
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable

from player.errors import FileError
from player.web.exchange import Environ, Problem, retry_after
from player.web.tokens import Sessions, same

COOKIE = "longtake"
SAFE = ("GET", "HEAD", "OPTIONS")
OPEN = (
    "/login", "/web/remote.css", "/web/login.js", "/web/icon.svg", "/web/icon-180.png", "/web/icon-512.png",
    "/web/longtake.webmanifest",
)  # fmt: skip
"""Served before signing in: a home screen fetches icons and manifest without the cookie."""
ADDRESSES = 200  # that have sent a wrong token and are remembered: memory stays bounded
_COOKIES = 8  # of ours in one request
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^:\[\]/\s]+)(?::(\d{1,5}))?")
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


class Bucket:
    """A token bucket: holds at most `burst`, full at first, and gains `per_second`. `clock`: monotonic
    seconds. Thread-safe.
    """

    def __init__(self, burst: int, per_second: float, clock: Callable[[], float]) -> None:
        self._burst, self._per_second, self._clock = burst, per_second, clock
        self._lock = threading.Lock()
        self._holds, self._at = float(burst), clock()

    def wait(self) -> float:
        """Seconds until one can be taken; 0 when one can be taken now."""
        with self._lock:
            self._fill()
            return max(0.0, (1 - self._holds) / self._per_second)

    def take(self) -> bool:
        """Take one; False when there is none."""
        with self._lock:
            self._fill()
            if self._holds < 1:
                return False
            self._holds -= 1
            return True

    def _fill(self) -> None:
        now = self._clock()
        self._holds = min(self._burst, self._holds + (now - self._at) * self._per_second)
        self._at = now


class Failures:
    """Limits wrong tokens. Each address: five at once, then one every 20 seconds; all together: 50, then one
    a second.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._all = Bucket(50, 1.0, clock)
        self._by_address: OrderedDict[str, Bucket] = OrderedDict()

    def wait(self, address: str) -> float:
        """Seconds until this address may be wrong again; 0 when it may now."""
        with self._lock:
            bucket = self._by_address.get(address)
        return max(self._all.wait(), bucket.wait() if bucket else 0.0)

    def count(self, address: str) -> None:
        """A wrong token came from this address."""
        with self._lock:
            bucket = self._by_address.setdefault(address, Bucket(5, 1 / 20, self._clock))
            self._by_address.move_to_end(address)
            while len(self._by_address) > ADDRESSES:
                self._by_address.popitem(last=False)
        bucket.take()
        self._all.take()


class Guard:
    """`token`: None when none is required; `names`: allowed hosts; `addresses`: this machine's, now."""

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
        """Whether a token is required."""
        return self._token is not None

    def check(self, environ: Environ) -> None:
        """Raise Problem when this request must go no further."""
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
        """The cookie's value for a browser whose form gave the token; Problem for a wrong one."""
        self._compare(environ, "".join(given.split()))
        assert self._sessions is not None
        return self._sessions.issue()

    def sign_out(self, environ: Environ) -> None:
        """Make the cookie of this request worthless; Problem when that does not outlive a restart."""
        if self._sessions is None:
            return
        try:
            self._sessions.end(_cookies(environ.get("HTTP_COOKIE", "")))
        except FileError as error:
            raise Problem(507, f"signed out, but only until the player restarts: {error}") from None

    def knows(self, authorization: str, cookie: str) -> bool:
        """Whether these two headers let a request in, or none are required. Counts and logs nothing."""
        if self._token is None or self._sessions is None:
            return True
        given = _bearer(authorization)
        return (given is not None and same(given, self._token)) or self._holds(cookie)

    def _holds(self, cookie: str) -> bool:
        return self._sessions is not None and any(map(self._sessions.holds, _cookies(cookie)))

    def _check_peer(self, environ: Environ) -> None:
        try:
            foreign = ipaddress.ip_address(environ.get("REMOTE_ADDR", "")).is_global
        except ValueError:
            foreign = True
        if foreign:
            raise Problem(403, "this page is for the home network only")

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
        """What lets a request in: "token", "cookie", or "nothing" where nothing is required; else None."""
        if self._token is None or self._sessions is None:
            return "nothing"
        given = _bearer(environ.get("HTTP_AUTHORIZATION", ""))
        if given is not None:
            self._compare(environ, given)
            return "token"
        return "cookie" if self._holds(environ.get("HTTP_COOKIE", "")) else None

    def _compare(self, environ: Environ, given: str) -> None:
        """Raise Problem unless `given` is the token. Only wrong ones are limited."""
        if self._token is not None and same(given, self._token):
            return
        address = environ.get("REMOTE_ADDR", "")
        if wait := self._failures.wait(address):
            raise Problem(429, "too many wrong tokens", retry_after(wait))
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
        raise Problem(
            403, "this browser does not say which page the request comes from (Origin); use a newer one"
        )


def _bearer(authorization: str) -> str | None:
    """The token in an Authorization header; None when it holds none."""
    scheme, _, given = authorization.partition(" ")
    return given.strip() if scheme.lower() == "bearer" else None


def _cookies(header: str) -> list[str]:
    """The values of our cookie in a Cookie header: the first few, so that checking them is cheap."""
    pairs = (pair.strip().partition("=") for pair in header.split(";"))
    return [value for name, _, value in pairs if name == COOKIE][:_COOKIES]
