"""Subtitles: read from a file or the film, set in a typeface, rendered as letters that are burnt into frames.

Importing this loads matplotlib and FreeType; do it only where subtitles are asked for.
"""

from trainer.films.subtitles.reading import IN_FILM, read_subtitles, subtitles_in
from trainer.films.subtitles.rendering import Letters, SubtitleRenderer
from trainer.films.subtitles.text import Run, Subtitle, Subtitles
from trainer.films.subtitles.typesetting import Typeface

__all__ = [
    "IN_FILM",
    "Letters",
    "Run",
    "Subtitle",
    "SubtitleRenderer",
    "Subtitles",
    "Typeface",
    "read_subtitles",
    "subtitles_in",
]
