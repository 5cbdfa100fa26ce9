"""What is answered when something cannot be done: a status and one sentence that names the fix.

Raised anywhere below a route; the API says it as JSON (RFC 9457, application/problem+json), the page as a
page. Never a traceback.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus

PROBLEM = "application/problem+json"


class Problem(Exception):
    """`status`: of HTTP; `detail`: the sentence; `headers`: more of them."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, dict(headers or {})

    @property
    def title(self) -> str:
        """The status in words."""
        return HTTPStatus(self.status).phrase

    def as_json(self) -> str:
        """The body for the API."""
        return json.dumps({"title": self.title, "status": self.status, "detail": self.detail})


def come_back_in(seconds: float) -> dict[str, str]:
    """The header that says when to come back."""
    return {"Retry-After": str(int(seconds) + 1)}


def is_api(path: str) -> bool:
    """Whether a path is answered in JSON."""
    return path == "/api" or path.startswith("/api/")
