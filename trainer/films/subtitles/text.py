"""What is said when: subtitles as lines of text in runs of one style. Pure.

What a frame shows depends only on its time and the time of the frame before it, so a resumed export decides
the same.
"""

import html
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

JOINERS = "\u200c\u200d"  # invisible, but they shape their neighbours


class Run(NamedTuple):
    """Text in one style."""

    text: str
    italic: bool = False


Line = tuple[Run, ...]


@dataclass(frozen=True)
class Subtitle:
    """Lines shown from `start_ms` up to and without `end_ms`, in ms of the container's clock."""

    start_ms: int
    end_ms: int
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Subtitles:
    """All subtitles of a source, sorted by start. name, sha256: of it; a resumed export compares them."""

    name: str
    sha256: str
    all: tuple[Subtitle, ...]

    def at(self, time_ms: int, before_ms: int | None) -> tuple[Line, ...]:
        """The lines to show with the frame at that time; before_ms: of the frame before it, or None.

        These are the lines of every subtitle that is on then. If none is on, those of the last one that came
        and went since the frame before: with --every N a frame stands for a while of the film, and no
        subtitle of it shall be lost.
        """
        now = [one for one in self.all if one.start_ms <= time_ms < one.end_ms]
        if not now and before_ms is not None:
            now = [one for one in self.all if before_ms < one.start_ms and one.end_ms <= time_ms][-1:]
        return tuple(line for one in now for line in one.lines)

    def letters(self) -> dict[str, int]:
        """Every letter that occurs, except blanks, with the time (ms) of the first subtitle that has it."""
        return {
            letter: one.start_ms
            for one in reversed(self.all)
            for line in one.lines
            for run in line
            for letter in run.text
            if not letter.isspace()
        }


def lines_of(fragments: Iterable[tuple[str, bool]]) -> tuple[Line, ...]:
    """Lines without empty ones, in runs of one style, of text with line breaks and whether it is italic."""
    lines: list[list[Run]] = [[]]
    for fragment, italic in fragments:
        for number, part in enumerate(fragment.split("\n")):
            if number:
                lines.append([])
            if text := _plain(part):
                lines[-1].append(Run(text, italic))
    return tuple(tuple(line) for line in lines if any(run.text.strip() for run in line))


def _plain(text: str) -> str:
    """The text without HTML entities and invisible marks, in Unicode's composed form."""
    text = html.unescape(text).replace(r"\h", "\N{NO-BREAK SPACE}").replace("\t", " ")
    visible = (one for one in text if unicodedata.category(one) not in ("Cc", "Cf") or one in JOINERS)
    return unicodedata.normalize("NFC", "".join(visible))
