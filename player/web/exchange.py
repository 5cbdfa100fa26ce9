"""One exchange: the body of a request, read within bounds, or the problem that is the answer instead.

A `Problem` may be raised anywhere below a route. The API sends it as JSON (RFC 9457), the page as a page;
both name the fix in one sentence, and nobody ever sees a traceback.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qsl

JSON, PROBLEM = "application/json", "application/problem+json"
FORM, BYTES, FILE = "application/x-www-form-urlencoded", "application/octet-stream", "multipart/form-data"
LONGEST = 64 * 1024  # bytes of a JSON body or a form; the pieces of an upload have their own limit
_DIGITS = 20  # of a whole number

Environ = dict[str, Any]


class Problem(Exception):
    """`status`: the HTTP status; `detail`: the sentence; `headers`: additional ones; `fields`: what is wrong
    with each field of a form.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        headers: Mapping[str, str] | None = None,
        fields: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, dict(headers or {})
        self.fields = dict(fields or {})

    @property
    def title(self) -> str:
        """What has happened, in plain words."""
        return _TITLES.get(self.status) or ("This does not work" if self.status < 500 else "Not possible now")

    def as_json(self, words: Callable[[str], str] = str) -> str:
        """The body that the API sends; `words` translates."""
        told: dict[str, Any] = {
            "title": words(self.title), "status": self.status, "detail": words(self.detail),
        }  # fmt: skip
        if self.fields:
            told["fields"] = {name: words(text) for name, text in self.fields.items()}
        return json.dumps(told)


_TITLES = {
    401: "Please sign in",
    403: "Not allowed",
    404: "There is nothing here",
    413: "Too large",
    415: "This cannot be read",
    422: "This is not understood",
    429: "Too fast",
    500: "Something went wrong",
    507: "The disk is full",
}


def retry_after(seconds: float) -> dict[str, str]:
    """The header that says when to try again."""
    return {"Retry-After": str(int(seconds) + 1)}


def wants_json(environ: Environ) -> bool:
    """Whether the client reads JSON: it asks the API, or it is the script of our own page."""
    path = environ["PATH_INFO"]
    return path == "/api" or path.startswith("/api/") or environ.get("HTTP_ACCEPT") == JSON


@dataclass(frozen=True)
class Field:
    """One value in a request: a whole number from `low` to `high`, or a text of up to `longest` characters
    that matches `pattern` (in syntax that Python and ECMA-262 share). `must`: what the value must be, in
    words. `label` and `example` are for its input on the page.
    """

    name: str
    kind: Literal["integer", "string"]
    must: str = ""
    low: int = 0
    high: int = 10**14
    pattern: str = ""
    longest: int = 4096
    optional: bool = False
    label: str = ""
    example: str = ""

    def check(self, value: Any) -> None:
        """Raise Problem unless the value keeps to all this."""
        if self.kind == "integer":
            good = isinstance(value, int) and not isinstance(value, bool) and self.low <= value <= self.high
            must = self.must or f"a whole number from {self.low} to {self.high}"
        else:
            good = isinstance(value, str) and len(value) <= self.longest
            good = good and (not self.pattern or re.fullmatch(self.pattern, value) is not None)
            matching = f" that matches {self.pattern}" if self.pattern else ""
            must = self.must or f"a text of at most {self.longest} characters{matching}"
        if not good:
            raise Problem(422, f"{self.name} must be {must}")

    def from_text(self, text: str) -> Any:
        """The value that a form sends as `text`. What is not a number stays text, which `check` refuses."""
        number = self.kind == "integer" and re.fullmatch(r"\s*-?[0-9]{1,20}\s*", text)
        return int(text) if number else text


def media_type(environ: Environ) -> str:
    """The Content-Type without its parameters, in lower case."""
    return str(environ.get("CONTENT_TYPE", "")).partition(";")[0].strip().lower()


def read_body(environ: Environ, limit: int) -> bytes:
    """The body; 413 when it is longer than `limit` bytes."""
    try:
        length = int(environ.get("CONTENT_LENGTH") or 0)
    except ValueError:
        raise Problem(400, "Content-Length is not a number") from None
    if not 0 <= length <= limit:
        raise Problem(413, f"at most {limit} bytes can be sent at once")
    data: bytes = environ["wsgi.input"].read(length)
    if len(data) != length:
        raise Problem(400, "the request was cut off")
    return data


def read_json(environ: Environ) -> dict[str, Any]:
    """A JSON object of any content; its numbers are finite and of bounded length."""
    if media_type(environ) != JSON:
        raise Problem(415, f"send JSON, with Content-Type: {JSON}")
    try:
        text = read_body(environ, LONGEST).decode()
        found = json.loads(text, parse_int=_integer, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Problem(400, "the body is not JSON") from None
    if not isinstance(found, dict):
        raise Problem(422, "the body must be a JSON object")
    return found


def check_fields(given: Mapping[str, Any], fields: Iterable[Field], one_of: bool = False) -> None:
    """Raise Problem unless these are the values of `fields`: all but optional ones; `one_of`: just one."""
    known = {field.name: field for field in fields}
    for name in given:
        if name not in known:
            raise Problem(422, f"{name[:80]!r} is not known here; known are {', '.join(known)}")
    if one_of and len(given) != 1:
        raise Problem(422, f"give either {' or '.join(known)}")
    for name, field in known.items():
        if name in given:
            field.check(given[name])
        elif not one_of and not field.optional:
            raise Problem(422, f"{name} is missing")


def read_form(environ: Environ) -> dict[str, str]:
    """The fields of a URL-encoded form; if a name repeats, its last value."""
    if media_type(environ) != FORM:
        raise Problem(415, "this address takes a form")
    try:
        text = read_body(environ, LONGEST).decode("ascii")
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=100, errors="strict"))
    except ValueError:
        raise Problem(400, "the form cannot be read") from None


def _integer(text: str) -> int:
    if len(text) > _DIGITS:
        raise ValueError("the number is too long")
    return int(text)


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is not JSON")
