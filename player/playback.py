"""The loop: shows the frames of the reels when they are due, and keeps the place.

Everything it touches is handed in: reels, panel, progress, both clocks, the wait with its requests, the
log. It starts with a redraw, because the glass may hold anything. A damaged frame is reported and
skipped to the next key frame. Errors of the panel and of the reel end the loop: the place is kept, and a
restart goes on from it.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from player import schedule
from player.config import KEYS, Config
from player.errors import BadFrame, PlayerError
from player.inbox import Inbox, Request
from player.progress import Progress, ProgressStore
from player.redraw import Decision, RedrawState, redraw_rule
from player.reel import Reel
from player.reels import Reels
from player.times import Place, film_time, parse_place

SLEEP_AFTER = 3.0  # seconds: the panel sleeps when the next frame is further off

Outcome = Literal["stopped", "ended", "reopen"]


class Panel(Protocol):
    """What playback needs of the driver's panel; `size` is (width, height) in pixels."""

    @property
    def size(self) -> tuple[int, int]: ...
    def show(self, dither: NDArray[np.uint8], rows: slice, waveform: str = "DU") -> None: ...
    def redraw(self, dither: NDArray[np.uint8]) -> None: ...
    def sleep(self) -> None: ...


class Surroundings(NamedTuple):
    """What a player lives in. `clock` is monotonic, `wall` Unix time, both in seconds; `log` takes a line;
    `seen` is called with (reel, number) when a frame stands on the glass; `reload` reads the
    configuration again.
    """

    open_reel: Callable[[Path], Reel]
    store: ProgressStore
    inbox: Inbox
    clock: Callable[[], float]
    wall: Callable[[], float]
    log: Callable[[str], None]
    seen: Callable[[Path, int], None]
    reload: Callable[[], tuple[Config, Sequence[Path]]]


class Playback:
    """One run over `reels` (absolute paths) on an open panel. `shown` counts the frames of this run."""

    def __init__(self, config: Config, paths: Sequence[Path], panel: Panel, around: Surroundings) -> None:
        self.shown = 0
        self._config, self._panel, self._around = config, panel, around
        self._reels = Reels(paths, panel.size, around.open_reel, around.log)
        self._rule = redraw_rule(config)
        self._state = RedrawState()
        self._progress = Progress()
        self._due = 0.0  # when the next frame is due, on the clock
        self._up = 0.0  # when the frame on the glass was due
        self._stands_until: float | None = None  # set: the next frame is on the glass already, up to then

    def run(self, kept: Progress, jump: Place | None = None, count: int | None = None) -> Outcome:
        """Show frames until the end, `count` frames or a STOP, or until a change needs the panel opened anew.

        `kept`: the place an earlier run came to; `jump`: begin there instead. Raises PlayerError and what the
        panel raises.
        """
        reels, around = self._reels, self._around
        self._progress = kept
        try:
            self._begin(jump)
            while reels.number < reels.reel.frames or reels.turn(self._config.end, self.shown):
                request = around.inbox.wait(self._due - around.clock())
                if request is Request.STOP:
                    return "stopped"
                if request is Request.RELOAD:
                    if self._reload_needs_panel():
                        return "reopen"
                elif around.clock() >= self._due:
                    self._step()
                    if count is not None and self.shown >= count:
                        return "ended"
            return "ended"
        finally:
            reels.close()

    def _begin(self, jump: Place | None) -> None:
        """Choose the frame to start with: where the player was, unless it is told otherwise."""
        reels, kept, config = self._reels, self._progress, self._config
        self._due = self._around.clock()
        if jump is not None or kept.reel is None or Path(kept.reel) not in reels.paths:
            reels.go_to(jump or parse_place(config.start or "0", "start"))
        elif reels.resume(kept):
            wait = schedule.after_restart(kept.next_due, config.interval, self._around.wall())
            if wait > 0 and not reels.is_last(config.end):
                self._stands_until = self._due + wait
            else:
                reels.number += 1

    def _step(self) -> None:
        """Show the frame that is due, or skip it when it is damaged."""
        reel = self._reels.reel
        try:
            dither, info = reel.dither(self._reels.number), reel.info(self._reels.number)
        except BadFrame as error:
            self._around.log(str(error))
            self._reels.number = reel.frames if error.next_key is None else error.next_key
            self._stands_until = None
            return
        now = self._around.clock()
        decision = self._rule.decide(self._state, dither, now)
        self._draw(dither, decision)
        self._state = self._state.after(decision, dither, now)
        self._around.seen(reel.path, self._reels.number)
        self._up = self._due
        self._due = schedule.next_due(self._due, self._config.interval, now)
        shown_at: float | None = self._around.wall()
        if self._stands_until is not None:
            self._due, shown_at = self._stands_until, self._progress.shown_at
            self._stands_until = None
        else:
            self.shown += 1
        redraws = self._progress.redraws + (decision.action == "redraw")
        self._save(frame=self._reels.number, showing=None, shown_at=shown_at, redraws=redraws)
        self._around.log(_line(self._reels.number, reel, info.time_ms, decision))
        self._reels.number += 1
        if self._due - self._around.clock() > SLEEP_AFTER:
            self._panel.sleep()

    def _draw(self, dither: NDArray[np.uint8], decision: Decision) -> None:
        """Touch the panel, if need be, with the intent on disk first."""
        if decision.action == "nothing":
            return
        same = self._progress.reel == str(self._reels.reel.path)
        self._save(frame=self._progress.frame if same else None, showing=self._reels.number)
        if decision.action == "redraw":
            self._panel.redraw(dither)
        else:
            self._panel.show(dither, decision.rows, self._config.waveform)

    def _save(self, **changes: Any) -> None:
        reel = self._reels.reel
        due = self._due if self._stands_until is None else self._stands_until
        self._progress = replace(
            self._progress,
            reel=str(reel.path),
            created=self._reels.created,
            frames=reel.frames,
            interval=self._config.interval,
            next_due=self._around.wall() + max(due - self._around.clock(), 0.0),
            **changes,
        )
        self._around.store.save(self._progress)

    def _reload_needs_panel(self) -> bool:
        """Apply the configuration as it is now; True when that takes a panel opened anew."""
        old = asdict(self._config)
        try:
            config, paths = self._around.reload()
        except PlayerError as error:
            self._around.log(f"the configuration stays as it was: {error}")
            return False
        changed = [name for name, value in asdict(config).items() if value != old[name]]
        if tuple(paths) != self._reels.paths or any(KEYS[name].panel or name == "state" for name in changed):
            return True
        self._config, self._rule = config, redraw_rule(config)
        if "interval" in changed and self._state.shown is not None:
            self._due = max(self._up + config.interval, self._around.clock())
            self._save()
        self._around.log(f"configuration read again; changed: {', '.join(changed) or 'nothing'}")
        return False


def _line(number: int, reel: Reel, time_ms: int, decision: Decision) -> str:
    """What the log says of a frame."""
    pixels = reel.width * reel.height
    what = {"nothing": "nothing changed", "partial": "partial update", "redraw": f"redraw ({decision.why})"}
    return (
        f"frame {number} of {reel.frames} ({film_time(time_ms)}): {what[decision.action]}, "
        f"{decision.flips / pixels:.2%} flips, {decision.net / pixels:.2%} since the last redraw"
    )
