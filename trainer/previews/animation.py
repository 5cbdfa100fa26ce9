"""The dithers side by side in motion, pixel for pixel, each under its name: as a GIF and as a video.

With the glass, redraws are visible: for one more picture each panel shows its own negative. A GIF keeps every
pixel as it is. It is held in memory until it is written, so its size is limited.

The video is VP9 in MP4, which browsers and ordinary players show, encoded by OpenCV. The only control of its
quality that OpenCV offers is the rate: the encoder may spend a fixed number of bits on every picture. So each
picture is written as many times as make VIDEO_RATE a second; the repeated ones cost nothing, and the bits go
into the dots. The video is lossy all the same: greys come out a level or two off.
"""

import io
import math
import tempfile
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from trainer.errors import OptionError, TrainerError
from trainer.evaluate.score import Comparison
from trainer.previews.captions import INK, PALE, PAPER, flips_of, place_of, what_is_shown, write
from trainer.previews.glass import PanelGlass, flash
from trainer.previews.view import View

FLASH_SECONDS = 0.15
"""How long the negative stands. (A panel takes three times as long, but there a frame stands for minutes.)"""
MARGIN, GAP, HEAD, FOOT = 12, 8, 52, 30
"""Pixels: around all, between panels, above them for the names, below them for the frame."""
GIF_LIMIT = 512 * 1024 * 1024
"""Bytes of pictures that a GIF may hold before they are compressed."""
VIDEO_CODEC = "vp09"
VIDEO_RATE = 16
"""Pictures per second of a video, at least."""


@dataclass(frozen=True)
class Picture:
    """One picture of an animation, grey, and how long it stands."""

    image: Image.Image
    seconds: float


def gif(comparison: Comparison, view: View) -> bytes:
    """The GIF, which runs in a loop. OptionError where it would be too large."""
    pictures = list(_limited(animate(comparison, view)))
    first, *rest = [picture.image for picture in pictures]
    file = io.BytesIO()
    # A GIF counts in hundredths of a second.
    milliseconds = [max(20, round(100 * picture.seconds) * 10) for picture in pictures]
    first.save(file, "GIF", save_all=True, append_images=rest, duration=milliseconds, loop=0)
    return file.getvalue()


def _limited(pictures: Iterable[Picture]) -> Generator[Picture, None, None]:
    size = 0
    for count, picture in enumerate(pictures):
        size += picture.image.width * picture.image.height
        if size > GIF_LIMIT:
            raise OptionError(
                f"a GIF of more than {count} of these pictures is too large: choose a smaller --count or "
                "--crop, or a .mp4"
            )
        yield picture


def canvas_size(comparison: Comparison, view: View) -> tuple[int, int]:
    """Width and height of every picture, both even, as a video needs them."""
    panels = len(comparison.labels)
    width = 2 * MARGIN + panels * (view.crop.width + GAP) - GAP
    height = HEAD + view.crop.height + FOOT
    return width + width % 2, height + height % 2


def animate(comparison: Comparison, view: View) -> Generator[Picture, None, None]:
    """The pictures in order, all of `canvas_size`."""
    glasses = [PanelGlass(view.levels) for _ in comparison.labels]
    picture = Image.new("L", canvas_size(comparison, view), PAPER)
    for moment in comparison:
        shown = list(enumerate(moment.shown.items()))
        if view.glass and moment.redraw and moment.index:
            picture = picture.copy()
            for panel, (label, now) in shown:
                _panel(picture, view, panel, label, "redraw", flash(view.crop(now.dither)))
            yield Picture(picture, FLASH_SECONDS)
        picture = Image.new("L", picture.size, PAPER)
        for panel, (label, now) in shown:
            seen = glasses[panel].show(now.dither, now.score.action) if view.glass else now.dither * 255
            _panel(picture, view, panel, label, flips_of(now), view.crop(seen))
        text = f"{place_of(moment)} · {what_is_shown(view)}, pixel for pixel · {view.film}"
        write(picture, MARGIN, HEAD + view.crop.height + 7, text, 13, PALE, picture.width - 2 * MARGIN)
        yield Picture(picture, 1 / view.fps)


def left_of(panel: int, view: View) -> int:
    """The column at which a panel begins, the first one being 0."""
    return MARGIN + panel * (view.crop.width + GAP)


def _panel(
    picture: Image.Image, view: View, panel: int, label: str, text: str, pixels: NDArray[np.uint8]
) -> None:
    """Draw one panel, uint8[h, w], under its name and a line of text, over what is there."""
    left, width = left_of(panel, view), view.crop.width
    picture.paste(PAPER, (left, 0, left + width, HEAD))
    write(picture, left, 8, label, 16, INK, width)
    write(picture, left, 29, text, 14, PALE, width)
    picture.paste(Image.fromarray(pixels), (left, HEAD))


def mp4(comparison: Comparison, view: View) -> bytes:
    """The video. TrainerError if this OpenCV cannot encode it or the disk for temporary files is full."""
    hold = max(1, math.ceil(VIDEO_RATE / view.fps))
    rate = hold * view.fps
    with _temporary_folder() as folder:
        file = Path(folder) / "preview.mp4"
        size = canvas_size(comparison, view)
        video = cv2.VideoWriter(
            str(file), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*VIDEO_CODEC), rate, size, isColor=False
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
    """For OpenCV, which writes only to files. TrainerError where there is no room."""
    try:
        return tempfile.TemporaryDirectory(prefix="longtake-")
    except OSError as error:
        raise TrainerError(f"no temporary file can be made: {error}; free space or set TMPDIR") from None


def _check(file: Path, written: int) -> None:
    """TrainerError if the file does not hold what was written: OpenCV does not say when a disk is full."""
    film = cv2.VideoCapture(str(file), cv2.CAP_FFMPEG)
    try:
        found = max(0, round(film.get(cv2.CAP_PROP_FRAME_COUNT)))
    finally:
        film.release()
    if found != written:
        raise TrainerError(
            f"only {found} of {written} pictures of the video are there; free space in {file.parent.parent}"
        )
