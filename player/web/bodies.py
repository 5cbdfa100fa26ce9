"""What comes with a POST, read within bounds. Raises Problem for what is not as it must be."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from player.web.problems import Problem

LONGEST = 64 * 1024  # bytes of JSON or of a form; pieces of an upload have their own limit
_DIGITS = 20  # of a whole number

Environ = dict[str, Any]


def media_type(environ: Environ) -> str:
    """The Content-Type without its parameters, in lower case."""
    return str(environ.get("CONTENT_TYPE", "")).partition(";")[0].strip().lower()


def raw(environ: Environ, limit: int) -> bytes:
    """The body; 413 when it is longer than `limit` bytes."""
    try:
        length = int(environ.get("CONTENT_LENGTH") or 0)
    except ValueError:
        raise Problem(400, "Content-Length is no number") from None
    if not 0 <= length <= limit:
        raise Problem(413, f"at most {limit} bytes can be sent at once")
    data: bytes = environ["wsgi.input"].read(length)
    if len(data) != length:
        raise Problem(400, "the request was cut off")
    return data


def json_object(environ: Environ, fields: Mapping[str, type | tuple[type, ...]]) -> dict[str, Any]:
    """A JSON object with some of these fields, each of its type; a bool is no int."""
    found = any_json_object(environ)
    for name, value in found.items():
        if name not in fields:
            raise Problem(422, f"{name[:80]!r} is not known here; known are {', '.join(fields)}")
        if not isinstance(value, fields[name]) or isinstance(value, bool):
            raise Problem(422, f"{name} is of the wrong type")
    return found


def any_json_object(environ: Environ) -> dict[str, Any]:
    """A JSON object, whatever is in it; numbers are finite and of bounded length."""
    if media_type(environ) != "application/json":
        raise Problem(415, "send JSON, with Content-Type: application/json")
    try:
        text = raw(environ, LONGEST).decode()
        found = json.loads(text, parse_int=_integer, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Problem(400, "the body is not JSON") from None
    if not isinstance(found, dict):
        raise Problem(422, "the body must be a JSON object")
    return found


def form(environ: Environ) -> dict[str, str]:
    """The fields of a form that was sent URL-encoded; of several with one name the last."""
    if media_type(environ) != "application/x-www-form-urlencoded":
        raise Problem(415, "this address takes a form")
    try:
        text = raw(environ, LONGEST).decode("ascii")
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=100, errors="strict"))
    except ValueError:
        raise Problem(400, "the form cannot be read") from None


def _integer(text: str) -> int:
    if len(text) > _DIGITS:
        raise ValueError("a number too long")
    return int(text)


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is not JSON")
