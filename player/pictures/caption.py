"""The caption: a strip of words at the bottom edge of a dither, made to cost few flips. Pure.

The strip is white across the whole width and has the same height in every frame, so the picture under it
never flips. Its letters are in cells of equal width, so from frame to frame only the changing digits flip.
"""

import numpy as np
from numpy.typing import NDArray

from player.errors import ConfigError
from player.pictures.lettering import drawn, height_for, plain, shorten

PARTS = ("title", "time", "frame", "percent")
"""What a caption can show."""
BETWEEN = " \N{MIDDLE DOT} "
"""The separator of the parts of a caption."""


def parse_caption(text: str, name: str) -> tuple[str, ...]:
    """`title,time` -> ("title", "time"), nothing -> (); `name` begins the message of the ConfigError."""
    parts = tuple(part.strip() for part in text.split(",")) if text.strip() else ()
    for part in parts:
        if part not in PARTS or parts.count(part) > 1:
            known = ", ".join(PARTS)
            raise ConfigError(f"{name} is {text!r}; give some of {known}, each once and separated by commas")
    return parts


def caption_text(
    parts: tuple[str, ...],
    title: str,
    time_ms: int | None = None,
    percent: float | None = None,
    frame: int | None = None,
) -> str:
    """The caption of a frame: the `parts`, of PARTS, in their order, without those whose value is unknown.

    `time_ms`: its time in the film; `percent`: how much of the film has been shown, 0 to 100; `frame`: its
    number, from 0, which is written from 1. ValueError for another part.
    """
    words = {
        "title": title,
        "time": "" if time_ms is None else _clock(time_ms),
        "frame": "" if frame is None else f"frame {frame + 1}",
        "percent": "" if percent is None else f"{min(max(int(percent), 0), 100)} %",
    }
    if unknown := [part for part in parts if part not in PARTS]:
        raise ValueError(f"a caption has no part {unknown[0]!r}")
    return BETWEEN.join(words[part] for part in parts if words[part].strip())


def strip(dither: NDArray[np.uint8], text: str) -> NDArray[np.uint8]:
    """A copy of the dither, uint8[H, W], with the text at its bottom edge, or unchanged if there is no text.

    If the text does not fit, its longest parts are shortened.
    """
    captioned = dither.copy()
    words = [plain(part) for part in text.split(BETWEEN)]
    if not any(words):
        return captioned
    rows, columns = dither.shape
    height = height_for(rows // 20)
    line, margin = max(1, height // 24), height // 4
    words = _fitted(words, (columns - 2 * margin) // (height // 2))
    captioned[max(rows - height - 2 * line, 0) :] = 0  # the line between picture and strip
    captioned[max(rows - height - line, 0) :] = 1
    place = captioned[max(rows - height, 0) :, margin:]
    ink = drawn(BETWEEN.join(words), height)[: place.shape[0], : place.shape[1]]
    place[: ink.shape[0], : ink.shape[1]] ^= ink
    return captioned


def _fitted(words: list[str], columns: int) -> list[str]:
    """The words, the longest of them shortened until all of them and their separators fit into `columns`."""
    while sum(map(len, words)) + len(BETWEEN) * (len(words) - 1) > columns:
        longest = max(range(len(words)), key=lambda number: len(words[number]))
        if len(words[longest]) <= 1:
            return words
        words = [*words[:longest], shorten(words[longest], len(words[longest]) - 1), *words[longest + 1 :]]
    return words


def _clock(milliseconds: int) -> str:
    """Whole seconds, always with hours, so that digits keep their places: 0:04:05."""
    minutes, seconds = divmod(milliseconds // 1000, 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
