"""What can be asked of the player from here: checked, then posted. The page and the API both come here."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from player.config.settings import (
    checked,
    from_text,
)
from player.errors import ConfigError
from player.playback.requests import (
    Inbox,
    Kind,
    Request,
)
from player.playback.status import StatusBoard
from player.times import Place, film_time, parse_place
from player.web.pace import Bucket
from player.web.problems import (
    Problem,
    come_back_in,
)
from player.web.reel_list import (
    Listed,
    ReelList,
)

PLAIN = {
    "pause": Kind.PAUSE,
    "resume": Kind.RESUME,
    "next": Kind.NEXT,
    "back": Kind.BACK,
    "redraw": Kind.REDRAW,
    "clean": Kind.CLEAN,
    "address": Kind.ADDRESS,
}
"""What needs no value, by the last part of its path."""

Settable = Callable[[], Mapping[str, str | None]]


class Actions:
    """`settable`: the keys that may be SET, with None or the reason why not now; `pace` bounds how much is
    asked. Everything raises Problem when it cannot be asked.
    """

    def __init__(
        self, board: StatusBoard, inbox: Inbox, settable: Settable, reels: ReelList, pace: Bucket
    ) -> None:
        self._board, self._inbox, self._settable = board, inbox, settable
        self._reels, self._pace = reels, pace

    def plain(self, name: str) -> None:
        """Ask for one of PLAIN."""
        self._post(Request(PLAIN[name]))

    def go_to(self, place: Place) -> None:
        """Ask for a place in the reel that is shown."""
        now = self._board.latest().snapshot
        if now.reel is None:
            raise Problem(409, "no film is shown now")
        if place.kind == "frame" and place.value >= now.frames:
            raise Problem(422, f"there is no frame {place.value}; the reel holds 0 to {now.frames - 1}")
        if place.kind == "time" and now.duration_ms is not None and place.value > now.duration_ms:
            raise Problem(422, f"the film is over by then; it lasts {film_time(now.duration_ms)}")
        self._post(Request(Kind.GO_TO, place))

    def choose(self, path: str) -> Listed:
        """Ask for a reel of the list."""
        reel = self._reels.find(path)
        if reel is None:
            raise Problem(404, "there is no such reel; choose one of the list")
        if reel.problem:
            raise Problem(409, f"{reel.title}: {reel.problem}")
        self._post(Request(Kind.CHOOSE, Path(path)))
        return reel

    def set(self, values: Mapping[str, Any], texts: bool = False) -> dict[str, Any]:
        """Ask for other settings; `texts`: the values are text, as a form sends them. What was asked."""
        settable = self._settable()
        good = {}
        for name, value in values.items():
            if name not in settable:
                raise Problem(422, f"{name[:80]} cannot be changed here")
            if (reason := settable[name]) is not None:
                raise Problem(409, reason)
            try:
                good[name] = (from_text if texts else checked)(name, value, name)
            except ConfigError as error:
                raise Problem(422, str(error)) from None
        if not good:
            raise Problem(422, "no setting was given")
        self._post(Request(Kind.SET, good))
        return good

    def _post(self, request: Request) -> None:
        if not self._pace.take():
            raise Problem(429, "too much at once; wait a moment", come_back_in(self._pace.wait()))
        self._inbox.post(request)


def place_of(text: str) -> Place:
    """A place in the film from a form; Problem when it is none."""
    try:
        return parse_place(text, "go to")
    except ConfigError as error:
        raise Problem(422, str(error)) from None
