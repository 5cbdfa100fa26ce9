"""One pass over a film through OpenCV (its FFmpeg back end), from the first frame to the last.

Frame n is the n-th frame that comes out of the decoder, counted from 0. There is no seeking: OpenCV guesses a
frame's number from its time and the nominal rate, which is wrong for a variable rate and for frames that are
stored out of order. Skipping a frame (`grab` without `image`) saves its conversion to pixels.

OpenCV ends a film at the first packet that it cannot decode, and prints to stderr; this module does neither.
(Before version 4.11 OpenCV also ended a film at the number of frames that the header announces.)
"""

import math
import os
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from trainer.errors import FilmError

# The film counts as ended after this many bad packets in a row. At the true end trying again costs nothing.
_ATTEMPTS = 1000
_LONGEST_MS = 100 * 24 * 3600 * 1000.0
_USUAL_RATE = 25.0


def silence() -> None:
    """Keep OpenCV's and FFmpeg's messages off stderr, unless the user set a level in the environment."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # AV_LOG_QUIET; read when the first film is opened
    if "OPENCV_LOG_LEVEL" not in os.environ:
        if hasattr(cv2, "setLogLevel"):  # until 4.12
            cv2.setLogLevel(0)
        else:
            cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


silence()


class Decoder:
    """The frames of one film in order; FilmError if OpenCV finds no moving picture in it.

    number, time_ms: of the frame grabbed last (-1 and 0 before the first); times never decrease. rate: frames
    per second by the header (25 if it says nothing useful). announced: the number of frames by the header, a
    hint that may be wrong, or None. pixel_aspect: width over height of one pixel.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._capture = _open(path)
        self.number = -1
        self.time_ms = 0
        self._ms = 0.0
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        self.rate = rate if math.isfinite(rate) and rate > 0 else _USUAL_RATE
        count = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        self.announced = int(count) if 0 < count < 2**53 else None
        self.pixel_aspect = self._read_pixel_aspect()

    def _read_pixel_aspect(self) -> float:
        """Width over height of one pixel of `image()`; 1.0 where the film does not say (0/1 or 0/0)."""
        width = self._capture.get(cv2.CAP_PROP_SAR_NUM)
        height = self._capture.get(cv2.CAP_PROP_SAR_DEN)
        if not (width > 0 and height > 0):
            return 1.0
        turned = round(self._capture.get(cv2.CAP_PROP_ORIENTATION_META)) % 180 == 90
        return height / width if turned else width / height

    def grab(self) -> bool:
        """Move to the next frame; False at the end of the film."""
        if not self._advance():
            return False
        self.number += 1
        ms = self._capture.get(cv2.CAP_PROP_POS_MSEC)
        if self.number == 0:
            self._ms = ms if 0 <= ms < _LONGEST_MS else 0.0
        elif self._ms < ms < _LONGEST_MS:
            self._ms = ms
        else:  # no timestamp, or one that does not come after the frame before: the nominal distance
            self._ms += 1000 / self.rate
        self.time_ms = round(self._ms)
        return True

    def _advance(self) -> bool:
        """Decode the next frame, skipping bad packets."""
        return any(self._capture.grab() for _ in range(_ATTEMPTS))

    def jump(self, number: int) -> bool:
        """Go to a frame near `number`, as OpenCV guesses it; False if there is none.

        For statistics only: `number` and `time_ms` mean nothing afterwards.
        """
        return bool(self._capture.set(cv2.CAP_PROP_POS_FRAMES, number)) and self._advance()

    def image(self) -> npt.NDArray[np.uint8]:
        """Luma of the last frame, uint8[h, w], upright: Rec. 601, full range, of the decoder's 8-bit RGB."""
        done, picture = self._capture.retrieve()
        if not done:
            raise FilmError(f"{self._path}: frame {self.number} is decoded but cannot be made a picture")
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)

    def release(self) -> None:
        """Free the decoder and close the file."""
        self._capture.release()


def _open(path: Path) -> cv2.VideoCapture:
    # An absolute path, because FFmpeg takes `a:b.mp4` for a protocol named a.
    capture = cv2.VideoCapture(str(path.absolute()), cv2.CAP_FFMPEG)
    if not capture.isOpened():
        raise FilmError(f"{path} holds no film that OpenCV can open; is it whole, does it play elsewhere?")
    capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)  # off by default in 4.11
    return capture
