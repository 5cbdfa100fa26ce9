"""What is asked of a running player: by signals, by the web page, by buttons.

Requests are handed to `Inbox.post`, from any thread or signal handler, and carried out by the playback in
their order. Whoever posts one checks what can be checked before (that a reel is a reel, that a value is in
its range); what the playback cannot do is said in its log and changes nothing.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from player.times import Place


class Kind(enum.Enum):
    """What is asked; the value that goes with it in brackets.

    STOP: put the panel to sleep and end. RELOAD: read the configuration again. PAUSE: keep the picture until
    RESUME. NEXT, BACK: the frame after, before the one shown, at once; the interval begins anew, a pause
    stays. GO_TO [Place]: that place of the reel, at once. REDRAW: the picture again, with a flash. CLEAN:
    INIT, the strongest erase, then the picture. SET [mapping key -> value checked by `settings.values`]:
    change settings, kept over restarts. CHOOSE [absolute Path of a reel]: show that reel now. ADDRESS: the
    address of the web page on the panel for a minute.
    """

    STOP = "stop"
    RELOAD = "reload"
    PAUSE = "pause"
    RESUME = "resume"
    NEXT = "next"
    BACK = "back"
    GO_TO = "go to"
    REDRAW = "redraw"
    CLEAN = "clean"
    SET = "set"
    CHOOSE = "choose"
    ADDRESS = "address"


_VALUES: dict[Kind, type] = {Kind.GO_TO: Place, Kind.SET: Mapping, Kind.CHOOSE: Path}


@dataclass(frozen=True)
class Request:
    """One request. TypeError when the value is not of the type that its kind needs."""

    kind: Kind
    value: Place | Path | Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        needed = _VALUES.get(self.kind, type(None))
        if not isinstance(self.value, needed):
            raise TypeError(f"{self.kind.name} takes a {needed.__name__}, not {self.value!r}")
