"""The animation as a video: VP9 in MP4, which browsers and ordinary players show, encoded by OpenCV.

OpenCV offers no other knob for the quality than the rate: its encoder may spend a fixed number of bits on
every picture of the video. So each picture stands for as many pictures of the video as make RATE a second;
the repeated ones cost nothing, and the bits go into the dots. The video is lossy all the same: greys come out
a level or two off.
"""

import math
import tempfile
from pathlib import Path

import cv2
import numpy as np

from trainer.errors import TrainerError
from trainer.previews.animation import animate, canvas_size
from trainer.previews.comparison import Comparison
from trainer.previews.view import View

CODEC = "vp09"
RATE = 16
"""Pictures per second of a video, at least."""


def mp4(comparison: Comparison, view: View) -> bytes:
    """The video. TrainerError where this OpenCV cannot encode it or the disk for temporary files is full."""
    hold = max(1, math.ceil(RATE / view.fps))
    rate = hold * view.fps
    with _temporary_folder() as folder:
        file = Path(folder) / "preview.mp4"
        size = canvas_size(comparison, view)
        video = cv2.VideoWriter(
            str(file), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*CODEC), rate, size, isColor=False
        )
        try:
            if not video.isOpened():
                raise TrainerError(
                    "this OpenCV cannot encode VP9: install opencv-python-headless, or make a .gif"
                )
            written = 0
            for picture in animate(comparison, view):
                pixels = np.asarray(picture.image)
                for _ in range(max(1, round(picture.seconds * rate))):
                    video.write(pixels)
                    written += 1
        finally:
            video.release()
        _check(file, written)
        return file.read_bytes()


def _temporary_folder() -> tempfile.TemporaryDirectory[str]:
    """OpenCV writes to a file only. TrainerError where there is no room for one."""
    try:
        return tempfile.TemporaryDirectory(prefix="longtake-")
    except OSError as error:
        raise TrainerError(f"no temporary file can be made: {error}; free space or set TMPDIR") from None


def _check(file: Path, written: int) -> None:
    """TrainerError where the file does not hold what was written: OpenCV does not say when a disk is full."""
    film = cv2.VideoCapture(str(file), cv2.CAP_FFMPEG)
    try:
        found = max(0, round(film.get(cv2.CAP_PROP_FRAME_COUNT)))
    finally:
        film.release()
    if found != written:
        raise TrainerError(
            f"only {found} of {written} pictures of the video are there; free space in {file.parent.parent}"
        )
