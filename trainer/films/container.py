"""A film's container: opened, which of its video streams is the film, and what it says of itself."""

import unicodedata
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.stream import VideoStream

from trainer.errors import FilmError, OptionError

LONGEST_TITLE, LONGEST_CHAPTER, MOST_CHAPTERS = 200, 80, 150
"""Letters of a title and of a chapter's, and chapters; a reel's reader bounds what a reel says of itself."""

_USUAL_RATE = Fraction(25)
_HIGHEST_RATE = 1000
# A sound coder may begin this little before the container's zero.
_PRIMING_S = Fraction(1, 10)
_NO_FILM = Disposition.attached_pic | Disposition.still_image | Disposition.timed_thumbnails
# Formats of pictures; files in them are films only if they hold more than one.
_PICTURES = ("image2", "gif", "apng", "ico")
_STILL_BRANDS = ("avif", "heic", "heix", "mif1")


def open_container(path: Path) -> InputContainer:
    """The film's container, opened; FilmError."""
    try:
        # An absolute path, because FFmpeg takes `a:b.mp4` for a protocol named a.
        container = av.open(str(path.absolute()), metadata_errors="replace")
    except (FFmpegError, ValueError, OSError):
        raise FilmError(
            f"{path} holds no film that FFmpeg can open; is it whole, does it play elsewhere?"
        ) from None
    if container.format.name == "tty":  # it takes any text for pictures of it
        container.close()
        raise FilmError(f"{path} holds no film that FFmpeg can open; it is a text")
    return container


def origin_s(container: InputContainer) -> Fraction:
    """When a container's clock starts, in seconds of its timestamps."""
    start = Fraction(container.start_time or 0, 1_000_000)
    return Fraction(0) if -_PRIMING_S < start < 0 else start


def choose(container: InputContainer, path: Path, number: int | None) -> VideoStream:
    """The video stream of this number, or the film's own: the default one, else the largest, but no cover."""
    videos = container.streams.video
    if number is not None:
        if not 0 <= number < len(videos):
            raise OptionError(
                f"--stream {number}: {path} has {streams_there(container)}; choose one of these"
            )
        chosen = videos[number]
    else:
        films = [one for one in videos if not one.disposition & _NO_FILM]
        if not films and videos:
            raise FilmError(f"{path} is a single picture or sound with a cover, not a film")
        if not films:
            raise FilmError(f"{path} holds no film that FFmpeg can open: it has no moving picture")
        films = [one for one in films if one.codec_context is not None] or films
        films = [one for one in films if one.disposition & Disposition.default] or films
        chosen = max(films, key=_area)
    if chosen.codec_context is None:
        raise FilmError(
            f"{path}: FFmpeg here cannot decode {_missing_codec(path, chosen.index)}; convert the film "
            "to H.264 first, for example with HandBrake"
        )
    return chosen


def nominal_rate(stream: VideoStream) -> Fraction:
    """The nominal rate, in frames per second."""
    rates = (stream.average_rate, stream.guessed_rate)
    return next((rate for rate in rates if rate is not None and 0 < rate <= _HIGHEST_RATE), _USUAL_RATE)


def tidy(text: str, longest: int) -> str:
    """The text on one line, without control characters, at most so many letters long."""
    words = "".join(one if unicodedata.category(one) not in ("Cc", "Cs") else " " for one in text).split()
    line = " ".join(words)
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def streams_there(container: InputContainer) -> str:
    """The video streams in words: `2 video streams: 0 (h264, 160x120), 1 (h264, 640x480)`."""
    videos = container.streams.video
    texts = []
    for number, one in enumerate(videos):
        context = one.codec_context
        shape = (
            "cannot be decoded" if context is None else f"{context.name}, {context.width}x{context.height}"
        )
        texts.append(f"{number} ({shape}{', a cover' if one.disposition & _NO_FILM else ''})")
    return f"{len(videos)} video stream{'s' * (len(videos) != 1)}: {', '.join(texts)}"


def _area(stream: VideoStream) -> int:
    context = stream.codec_context
    return 0 if context is None else context.width * context.height


def _missing_codec(path: Path, index: int) -> str:
    """The name of a codec without a decoder: only FFmpeg's messages tell it."""
    level = av.logging.get_level()
    av.logging.set_level(av.logging.WARNING)
    try:
        with av.logging.Capture(local=False) as messages, suppress(FFmpegError), open_container(path):
            pass
    finally:
        av.logging.set_level(level)
    for _, _, text in messages:
        if f"stream {index} " in text and "Video: " in text:
            name, _, tag = text.split("Video: ", 1)[1].partition(" ")
            return (
                f"the codec {name.rstrip(',:')}" if name != "none" else f"the codec {tag[1:].split(' ')[0]}"
            )
    return "its codec"


def may_be_picture(container: InputContainer) -> bool:
    """Whether the file is of a kind that often holds a single picture."""
    names = container.format.name.split(",")
    brand = container.metadata.get("major_brand", "").strip()
    return brand in _STILL_BRANDS or any(name in _PICTURES or name.endswith("_pipe") for name in names)
