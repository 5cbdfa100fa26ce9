"""Subtitles: what is said when, from a file of any common kind (.srt, .vtt, .ass, .ssa, .sub). Pure except
for reading the file.

Of all that such a file can ask for, italics and line breaks are kept and {\\p}-drawings are left out; places,
colours, sizes and karaoke are ignored. What a frame shows depends only on its time and the time of the frame
before it, so a resumed export decides the same.
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
"""In bytes; a larger file is not one of subtitles."""
JOINERS = "\u200c\u200d"  # invisible, but they shape their neighbours
_ENCODINGS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


class Run(NamedTuple):
    """Text in one style."""

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
    """All subtitles of a file, sorted by start. name, sha256: of the file; a resumed export compares them."""

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


def read_subtitles(path: Path, rate: float, encoding: str | None = None) -> Subtitles:
    """Read a file of subtitles. OptionError if it cannot be read or is something else.

    rate: of the film, for files that count frames (.sub). encoding: of the text; None for UTF-8 (with or
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
    """The lines of one subtitle, without empty ones, in runs of one style."""
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
    """The text without HTML entities and invisible marks, in Unicode's composed form."""
    text = html.unescape(text).replace(r"\h", "\N{NO-BREAK SPACE}").replace("\t", " ")
    visible = (one for one in text if unicodedata.category(one) not in ("Cc", "Cf") or one in JOINERS)
    return unicodedata.normalize("NFC", "".join(visible))
