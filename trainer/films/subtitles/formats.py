"""The grammars of subtitle files. Pure.

pysubs2 reads SubRip, MicroDVD, SubStation and what else it knows; SubRip and MicroDVD are put into their
plain form first, because it drops every cue whose times look unusual. WebVTT is read here by its own grammar
(W3C WebVTT: blocks between blank lines, of which some are cues).

A cue that cannot be kept is named with its line.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

import pysubs2
from pysubs2.formats.substation import parse_tags

from trainer.films.subtitles.text import Line, Subtitle, lines_of

_ARROW = "-->"
# Hours, minutes, seconds and a fraction of one to nine digits; hours and fraction may be missing.
_TIME = re.compile(r"(?:(\d{1,4})\s*:\s*)?(\d{1,3})\s*:\s*(\d{1,2})(?:\s*[.,:;]\s*(\d{1,9}))?", re.ASCII)
_LATEST_MS = 359_999_999  # 99:59:59,999, the latest that pysubs2 reads
_MICRODVD = re.compile(r"\s*\{\s*(\d+)\s*\}\s*\{\s*(\d*)\s*\}(.*)", re.ASCII)
_RATE = re.compile(r"\s*\{[01]\}\{[01]\}\s*(\d{1,3}(?:[.,]\d+)?)\s*", re.ASCII)
_TAG = re.compile(r"</?[a-zA-Z0-9.][^>]*>")
_NO_CUES = re.compile(r"(NOTE|STYLE|REGION)(\s|$)")


class Read(NamedTuple):
    """What was read, in the order of the file, and the numbers of the lines whose cues had to be left out."""

    subtitles: list[Subtitle]
    dropped: list[int]


def parse(text: str, rate: float) -> Read:
    """The subtitles of a file of any known kind; rate: of the film, for files that count frames.

    Raises ValueError or pysubs2.exceptions.Pysubs2Error for anything else.
    """
    lines = re.split(r"\r\n|\r|\n", text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}"))
    first = next((line for line in lines if line.strip()), "")
    if re.match(r"WEBVTT(\s|$)", first):
        return _webvtt(lines)
    if _MICRODVD.match(first):
        return _microdvd(lines, rate)
    if any(_ARROW in line for line in lines) and not any(line.startswith("[Script Info]") for line in lines):
        return _subrip(lines)
    events = pysubs2.SSAFile.from_string("\n".join(lines), fps=rate)
    return Read(from_substation(events), [])


def _span(line: str) -> tuple[int, int] | None:
    """Begin and end in ms of a line with an arrow; None where there are no times or they run backwards."""
    before, _, after = line.partition(_ARROW)
    start, end = _TIME.fullmatch(before.strip()), _TIME.match(after.strip())
    if start is None or end is None or int(start[3]) > 59 or int(end[3]) > 59:
        return None
    first, last = _ms(start), _ms(end)
    return (first, last) if first < last <= _LATEST_MS else None


def _ms(time: re.Match[str]) -> int:
    hours, minutes, seconds, fraction = time.groups()
    return 1000 * (3600 * int(hours or 0) + 60 * int(minutes) + int(seconds)) + round(
        1000 * float(f"0.{fraction or 0}")
    )


def _is_number(line: str) -> bool:
    return re.fullmatch(r"\s*\d+\s*", line, re.ASCII) is not None


def _subrip(lines: list[str]) -> Read:
    """Cues begin at lines with an arrow; a number right before one belongs to it."""
    begins = [
        n
        for n, line in enumerate(lines)
        if _ARROW in line and (_span(line) or (n and _is_number(lines[n - 1])) or _TIME.search(line))
    ]
    dropped: list[int] = []
    plain: list[tuple[tuple[int, int], str]] = []
    for n, following in zip(begins, [*begins[1:], len(lines) + 1], strict=True):
        text = lines[n + 1 : following]
        if following <= len(lines) and text and _is_number(text[-1]):
            text.pop()
        span = _span(lines[n])
        if span is None:
            dropped.append(n + 1)
        else:
            plain.append((span, "\n".join(text).strip()))
    # Numbers after each text, because pysubs2 takes the last line for the next cue's number if it can.
    blocks = [f"{_clock(start)} --> {_clock(end)}\n{text}\n\n0\n" for (start, end), text in plain if text]
    file = pysubs2.SSAFile.from_string("".join(blocks), format_="srt") if blocks else pysubs2.SSAFile()
    return Read(from_substation(file), dropped)


def _clock(ms: int) -> str:
    """In the one form that pysubs2 reads."""
    seconds, ms = divmod(ms, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02},{ms:03}"


def _microdvd(lines: list[str], rate: float) -> Read:
    """Lines of {first frame}{last frame}text; {1}{1}23.976 at the beginning tells the rate."""
    dropped: list[int] = []
    plain: list[str] = []
    for n, line in enumerate(lines):
        if not line.strip():
            continue
        if not plain and (own := _RATE.fullmatch(line)):
            rate = float(own[1].replace(",", ".")) or rate
        elif (cue := _MICRODVD.match(line)) and cue[2] and int(cue[1]) < int(cue[2]):
            plain.append(line)
        else:
            dropped.append(n + 1)
    file = pysubs2.SSAFile.from_string("\n".join(plain), format_="microdvd", fps=rate)
    return Read(from_substation(file), dropped)


def _webvtt(lines: list[str]) -> Read:
    found, dropped = [], []
    for first, block in _blocks(lines):
        if _ARROW not in block[0] and (first == 0 or _NO_CUES.match(block[0])):
            continue
        timing = next((n for n, line in enumerate(block[:2]) if _ARROW in line), None)
        if timing is None:
            continue  # neither a cue nor anything that could be lost
        span = _span(block[timing])
        if span is None:
            dropped.append(first + timing + 1)
        elif text := _webvtt_lines(block[timing + 1 :]):
            found.append(Subtitle(*span, text))
    return Read(found, dropped)


def _blocks(lines: list[str]) -> Iterator[tuple[int, list[str]]]:
    """Groups of lines between blank ones, each with the number of its first line."""
    block: list[str] = []
    for n, line in enumerate([*lines, ""]):
        if line.strip():
            # A line with an arrow begins a cue even where the blank line before it is missing.
            if _ARROW in line and any(_ARROW in one for one in block):
                yield n - len(block), block
                block = []
            block.append(line)
        elif block:
            yield n - len(block), block
            block = []


def _webvtt_lines(texts: list[str]) -> tuple[Line, ...]:
    """The lines of a cue; of its tags only <i> counts. Times inside, classes and voices are left out."""
    italic = 0
    fragments: list[tuple[str, bool]] = []
    for text in texts:
        end = 0
        for tag in _TAG.finditer(text):
            fragments.append((text[end : tag.start()], italic > 0))
            end = tag.end()
            name = re.match(r"</?([a-zA-Z]*)", tag[0])
            if name is not None and name[1] == "i":
                italic = max(0, italic + (-1 if tag[0][1] == "/" else 1))
        fragments += [(text[end:], italic > 0), ("\n", False)]
    return lines_of(fragments)


def from_substation(file: pysubs2.SSAFile) -> list[Subtitle]:
    """All but comments and drawings."""
    return [
        Subtitle(event.start, event.end, lines)
        for event in file
        if not event.is_comment and event.end > event.start and (lines := _substation_lines(event, file))
    ]


def _substation_lines(event: pysubs2.SSAEvent, file: pysubs2.SSAFile) -> tuple[Line, ...]:
    style = file.styles.get(event.style, pysubs2.SSAStyle())
    return lines_of(
        (fragment.replace(r"\n", "\n").replace(r"\N", "\n"), bool(of.italic))
        for fragment, of in parse_tags(event.text, style, file.styles)
        if not of.drawing
    )
