"""Subtitles: read from a file, set in a typeface, and rendered as letters that are burnt into frames.

Importing this loads matplotlib and FreeType; do it only where subtitles are asked for.
"""

from trainer.films.subtitles.reading import Run, Subtitle, Subtitles, read_subtitles
from trainer.films.subtitles.rendering import Letters, SubtitleRenderer
from trainer.films.subtitles.typesetting import Typeface

__all__ = ["Letters", "Run", "Subtitle", "SubtitleRenderer", "Subtitles", "Typeface", "read_subtitles"]
