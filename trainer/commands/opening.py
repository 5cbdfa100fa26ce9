"""From the words on the command line to an open film, its selection and its tones."""

import argparse
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.errors import OptionError
from trainer.films.film import Film
from trainer.films.selection import Selection
from trainer.films.times import parse_place
from trainer.films.tones import (
    Tones,
    automatic_levels,
    find_bars,
)

if TYPE_CHECKING:
    from trainer.films.subtitles import SubtitleRenderer

SAMPLES = 64
"""Images of the film that the automatic levels and the search for bars look at."""


def open_film(options: argparse.Namespace) -> tuple[Film, Selection, Tones]:
    """The film, which of its frames, and their tones. FilmError and OptionError are one line each.

    Levels and bars that the film decides are measured here, once, so that every frame gets the same.
    """
    end = None if options.end is None else parse_place(options.end)
    selection = Selection(parse_place(options.start), end, options.every, options.count, options.skip_black)
    tones = Tones(
        size=parse_size(options.size),
        fit=options.fit,
        levels=parse_levels(options.levels),
        contrast=options.contrast,
        brightness=options.brightness,
        gamma=options.gamma,
        tone=options.tone,
    )
    film = Film(Path(options.film))
    selection = replace(selection, subtitles=_burning(options, film.rate))
    if options.trim_bars or options.levels == "auto":
        images = film.sample(SAMPLES, selection.start, selection.end)
        if options.trim_bars:
            columns, rows = find_bars(images)
            tones = replace(tones, trim=(columns, rows))
            height, width = images[0].shape
            images = [image[rows : height - rows, columns : width - columns] for image in images]
        if options.levels == "auto":
            tones = replace(tones, levels=automatic_levels(images))
    return film, selection, tones


def _burning(options: argparse.Namespace, rate: float) -> "SubtitleRenderer | None":
    """The subtitles that are asked for; `rate` in frames per second. OptionError."""
    if options.subtitles is None:
        for name in ("encoding", "font"):
            if vars(options)[f"subtitles_{name}"] is not None:
                raise OptionError(f"--subtitles-{name} is given without --subtitles FILE; add that")
        return None
    from trainer.films.subtitles import SubtitleRenderer, Typeface, read_subtitles

    font = None if options.subtitles_font is None else Path(options.subtitles_font)
    subtitles = read_subtitles(Path(options.subtitles), rate, options.subtitles_encoding)
    return SubtitleRenderer(subtitles, Typeface(font))


def dither_settings(options: argparse.Namespace) -> dict[str, Any]:
    """Those given of the settings that some dithers have: --engine, --weights, --passes, --polish."""
    given = {"engine": options.engine, "passes": options.passes, "polish": options.polish}
    if options.weights is not None:
        given["weights"] = Path(options.weights)
    return {name: value for name, value in given.items() if value is not None}


def parse_size(text: str) -> tuple[int, int]:
    """`1448x1072` -> (1448, 1072); OptionError otherwise."""
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text.strip().lower())
    if not match:
        raise OptionError(f"--size {text!r}: write width and height in pixels, like 1448x1072")
    return int(match[1]), int(match[2])


def parse_levels(text: str | None) -> tuple[float, float]:
    """`0.1,0.8` -> (0.1, 0.8); nothing and `auto` (measured later) -> (0, 1); OptionError otherwise."""
    if text is None or text == "auto":
        return 0.0, 1.0
    try:
        black, white = (float(part) for part in text.split(","))
    except ValueError:
        raise OptionError(f"--levels {text!r}: write auto, or two tones like 0.1,0.8") from None
    return black, white
