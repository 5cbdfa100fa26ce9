"""The frames of a reel as they go up: with the caption, and without the black ones, if that is wished."""

import numpy as np

from player.config.settings import Config
from player.errors import BadFrame
from player.pictures import caption
from player.playback.reels import Reels
from player.playback.screen import Dither
from player.redraw import Decision
from player.reel import FrameInfo, Reel
from player.times import film_time

_WHITE_OF_BLACK = 0.005  # share of white pixels up to which a frame is nearly black
_BLACK_IN_A_ROW = 1000  # frames passed over at most, then one of them is shown all the same
_FAR_BACK = 64  # frames looked at on the way back to one that can be shown


class Frames:
    """Of the open one of `reels`, under the settings."""

    def __init__(self, reels: Reels, config: Config) -> None:
        self._reels = reels
        self._black = 0  # frames passed over in a row
        self.configure(config)

    def configure(self, config: Config) -> None:
        """Take caption, step and the rule for black frames from these settings."""
        self._config = config
        self._caption = caption.parse_caption(config.caption, "caption")

    def picture(self, number: int) -> tuple[Dither, FrameInfo]:
        """A frame as it goes up, uint8[H, W], and what the reel says of it. BadFrame, ReelError."""
        reel = self._reels.reel
        dither, info = reel.dither(number), reel.info(number)
        if self._caption:
            percent = 100 * (number + 1) / reel.frames
            words = caption.caption_text(self._caption, self._reels.title, info.time_ms, percent, number)
            dither = caption.strip(dither, words)
        return dither, info

    def is_passed_over(self, number: int) -> bool:
        """Whether a frame is skipped for being black; never the last one: a reel shows something."""
        last = number + self._config.step >= self._reels.reel.frames
        if last or self._black >= _BLACK_IN_A_ROW or not self._is_black(number):
            self._black = 0
            return False
        self._black += 1
        return True

    def before(self, number: int | None) -> int | None:
        """The nearest frame before one that can be shown and is not skipped; None when there is none."""
        for _ in range(_FAR_BACK):
            number = -1 if number is None else number - self._config.step
            if number < 0:
                break
            try:
                self._reels.reel.dither(number)
            except BadFrame:
                continue
            if not self._is_black(number):
                return number
        return None

    def _is_black(self, number: int) -> bool:
        """Whether black frames are passed over and this one is."""
        if not self._config.skip_black:
            return False
        dither = self._reels.reel.dither(number)
        return bool(np.count_nonzero(dither) <= _WHITE_OF_BLACK * dither.size)


def log_line(number: int, reel: Reel, time_ms: int, decision: Decision) -> str:
    """What the log says of a frame."""
    pixels = reel.width * reel.height
    what = {"nothing": "nothing changed", "partial": "partial update", "redraw": f"redraw ({decision.why})"}
    return (
        f"frame {number} of {reel.frames} ({film_time(time_ms)}): {what[decision.action]}, "
        f"{decision.flips / pixels:.2%} flips, {decision.net / pixels:.2%} since the last redraw"
    )
