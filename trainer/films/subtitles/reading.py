"""Subtitles: what is said when, from a file of any common kind (.srt, .vtt, .ass, .ssa, .sub). Pure but for
reading the file.

Of all that such a file can ask for, italics, the breaks between lines and {\\p}-drawings (left out) are
honoured; places, colours, sizes and karaoke are not. What to show with a frame is decided by the frame's time
and the time of the frame shown before it alone, so an export that goes on decides the same.
"""

import hashlib
import html
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pysubs2
from pysubs2.formats.substation import parse_tags

from trainer.errors import OptionError

LARGEST = 50_000_000
"""Bytes of a file of subtitles; a longer one is something else."""
JOINERS = "\u200c\u200d"  # not seen themselves, but they shape their neighbours
_ENCODINGS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


class Run(NamedTuple):
    """Words in one style."""

    text: str
    italic: bool = False


Line = tuple[Run, ...]


@dataclass(frozen=True)
class Subtitle:
    """Lines shown from `start_ms` up to and without `end_ms`, in ms since the film's first frame."""

    start_ms: int
    end_ms: int
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Subtitles:
    """All of a file, by their start. `name` and `sha256` of the file: an interrupted export knows it by
    them.
    """

    name: str
    sha256: str
    all: tuple[Subtitle, ...]

    def at(self, time_ms: int, before_ms: int | None) -> tuple[Line, ...]:
        """The lines to show with the frame of that time; `before_ms`: of the frame shown before, or None.

        Those of every subtitle that is on then. Where none is, the last of those that came and went since
        the frame before: with --every N a frame stands for a while of the film, in which none shall be lost.
        """
        now = [one for one in self.all if one.start_ms <= time_ms < one.end_ms]
        if not now and before_ms is not None:
            now = [one for one in self.all if before_ms < one.start_ms and one.end_ms <= time_ms][-1:]
        return tuple(line for one in now for line in one.lines)

    def letters(self) -> dict[str, int]:
        """Every letter that occurs, blanks apart, with the time (ms) of the first subtitle that has it."""
        return {
            letter: one.start_ms
            for one in reversed(self.all)
            for line in one.lines
            for run in line
            for letter in run.text
            if not letter.isspace()
        }


def read_subtitles(path: Path, rate: float, encoding: str | None = None) -> Subtitles:
    """The subtitles in a file. OptionError where it is none or cannot be read.

    `rate`: of the film, for files that count frames (.sub); `encoding` of the text, None for UTF-8 (with or
    without a byte order mark) and for UTF-16 with one.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise OptionError(f"--subtitles {path}: is too large for a file of subtitles; is it the film?")
        data = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise OptionError(f"--subtitles {path} cannot be read: {reason}; check the path") from None
    text = _decoded(data, path, encoding)
    try:
        file = pysubs2.SSAFile.from_string(text, fps=rate)
    except (pysubs2.exceptions.Pysubs2Error, ValueError) as error:
        raise OptionError(
            f"--subtitles {path}: no subtitles that can be read ({error}); give a .srt, .vtt, .ass or .sub"
        ) from None
    found = [
        Subtitle(event.start, event.end, lines)
        for event in file
        if not event.is_comment and event.end > event.start and (lines := _lines(event, file))
    ]
    if not found:
        raise OptionError(f"--subtitles {path}: holds no subtitle; is it the right file?")
    found.sort(key=lambda one: (one.start_ms, one.end_ms))
    return Subtitles(path.name, hashlib.sha256(data).hexdigest(), tuple(found))


def _decoded(data: bytes, path: Path, encoding: str | None) -> str:
    marked = next((name for mark, name in _ENCODINGS.items() if data.startswith(mark)), "utf-8")
    try:
        return data.decode(encoding or marked)
    except LookupError:
        raise OptionError(
            f"--subtitles-encoding {encoding}: there is no such encoding; write one like windows-1252"
        ) from None
    except UnicodeDecodeError:
        raise OptionError(
            f"--subtitles {path}: its text is not {encoding or marked}; name its encoding, as in "
            "--subtitles-encoding windows-1252"
        ) from None


def _lines(event: pysubs2.SSAEvent, file: pysubs2.SSAFile) -> tuple[Line, ...]:
    """The lines of one subtitle that hold anything, in runs of one style."""
    style = file.styles.get(event.style, pysubs2.SSAStyle())
    lines: list[list[Run]] = [[]]
    for fragment, of in parse_tags(event.text, style, file.styles):
        if of.drawing:
            continue
        for number, part in enumerate(fragment.replace(r"\n", r"\N").split(r"\N")):
            if number:
                lines.append([])
            if text := _plain(part):
                lines[-1].append(Run(text, bool(of.italic)))
    return tuple(tuple(line) for line in lines if any(run.text.strip() for run in line))


def _plain(text: str) -> str:
    """Without entities and marks that are not seen; an accent is one with its letter."""
    text = html.unescape(text).replace(r"\h", "\N{NO-BREAK SPACE}").replace("\t", " ")
    seen = (one for one in text if unicodedata.category(one) not in ("Cc", "Cf") or one in JOINERS)
    return unicodedata.normalize("NFC", "".join(seen))
