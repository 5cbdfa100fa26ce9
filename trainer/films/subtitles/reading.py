"""Subtitles from a file of any common kind (.srt, .vtt, .ass, .ssa, .sub), or from inside the film.

Of all that subtitles can ask for, italics and line breaks are kept and {\\p}-drawings are left out; places,
colours, sizes and karaoke are ignored.
"""

import hashlib
import logging
from pathlib import Path

import pysubs2
from av.error import FFmpegError
from av.stream import Disposition
from av.subtitles.stream import SubtitleStream

from trainer.errors import OptionError
from trainer.films.container import open_container, origin_s
from trainer.films.subtitles.formats import from_substation, parse
from trainer.films.subtitles.text import Subtitle, Subtitles

LARGEST = 50_000_000
"""In bytes; a larger file is not one of subtitles."""
IN_FILM = "film"
"""What names subtitles inside the film: `film`, or `film:de`, or `film:1`."""

_ENCODINGS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_PICTURES = {b"\x00\x00\x01\xba": "VobSub", b"# VobSub": "VobSub", b"PG": "PGS"}
_PICTURE_CODECS = ("dvdsub", "dvd_subtitle", "pgssub", "hdmv_pgs_subtitle", "dvbsub", "dvb_subtitle", "xsub")
_WAY_OUT = "turn them into text first, for example with Subtitle Edit, and give the .srt"
_USUAL_MS = 4000  # how long a subtitle is shown that does not say
# ISO 639: the codes of two letters, and of three letters in both kinds.
_LANGUAGES = (
    "ar ara", "bg bul", "bn ben", "ca cat", "cs cze ces", "cy wel cym", "da dan", "de ger deu", "el gre ell",
    "en eng", "es spa", "et est", "eu baq eus", "fa per fas", "fi fin", "fr fre fra", "ga gle", "gl glg",
    "he heb", "hi hin", "hr hrv", "hu hun", "hy arm hye", "id ind", "is ice isl", "it ita", "ja jpn",
    "ka geo kat", "ko kor", "lt lit", "lv lav", "mk mac mkd", "ms may msa", "nl dut nld", "no nor nob nno",
    "pl pol", "pt por", "ro rum ron", "ru rus", "sk slo slk", "sl slv", "sq alb sqi", "sr srp", "sv swe",
    "ta tam", "te tel", "th tha", "tr tur", "uk ukr", "ur urd", "vi vie", "zh chi zho",
)  # fmt: skip

_log = logging.getLogger(__name__)


def read_subtitles(path: Path, rate: float, encoding: str | None = None) -> Subtitles:
    """Read a file of subtitles. OptionError if it cannot be read or is something else.

    rate: of the film, for files that count frames (.sub) and do not tell their own. encoding: of the text;
    None for UTF-8 (with or without a byte order mark) and for UTF-16 with one. Warns of cues that are left
    out.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise OptionError(f"--subtitles {path}: is too large for a file of subtitles; is it the film?")
        data = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise OptionError(f"--subtitles {path} cannot be read: {reason}; check the path") from None
    for mark, kind in _PICTURES.items():
        if data.startswith(mark) and (kind != "PGS" or 0 in data[:20]):
            raise OptionError(f"--subtitles {path}: its subtitles are pictures ({kind}); {_WAY_OUT}")
    text = _decoded(data, path, encoding)
    try:
        found, dropped = parse(text, rate)
    except (pysubs2.exceptions.Pysubs2Error, ValueError) as error:
        raise OptionError(
            f"--subtitles {path}: no subtitles that can be read ({error}); give a .srt, .vtt, .ass or .sub"
        ) from None
    if dropped:
        _log.warning("%s: %s", path, _left_out(dropped))
    if not found:
        raise OptionError(f"--subtitles {path}: holds no subtitle; is it the right file?")
    return _sorted(path.name, data, found)


def subtitles_in(path: Path, wanted: str | None) -> Subtitles:
    """The text subtitles inside a film: of the language or of the number `wanted`, else its default ones.

    OptionError that lists what there is, where there is no such text.
    """
    with open_container(path) as container:
        streams = list(container.streams.subtitles)
        there = f"{path.name} has {_listed(streams)}"
        stream = _chosen(streams, wanted)
        if stream is None:
            raise OptionError(f"--subtitles {_name(wanted)}: {there}; name one of them, or a file")
        if stream.codec_context is None:
            raise OptionError(f"--subtitles {_name(wanted)}: FFmpeg here cannot read them; {there}")
        if _codec(stream) in _PICTURE_CODECS:
            raise OptionError(f"--subtitles {_name(wanted)}: they are pictures; {there}; {_WAY_OUT}")
        events = _events(stream)
        zero = origin_s(container)
        base = stream.time_base
        for packet in container.demux(stream):
            if packet.size == 0 or packet.pts is None or base is None:
                continue
            try:
                rects = packet.decode()
            except FFmpegError:
                continue
            start = round(1000 * (packet.pts * base - zero))
            length = round(1000 * packet.duration * base) if packet.duration else _USUAL_MS
            for rect in rects:
                parts = getattr(rect, "ass", b"").decode("utf-8", "replace").split(",", 8)
                if len(parts) == 9:
                    text = parts[8].replace("\r", "").replace("\n", r"\N")
                    events.append(pysubs2.SSAEvent(start, start + length, text, style=parts[2]))
        number = streams.index(stream)
    found = from_substation(events)
    if not found:
        raise OptionError(f"--subtitles {_name(wanted)}: that stream holds no subtitle; {there}")
    return _sorted(f"{path.name} subtitles {number}", repr(found).encode(), found)


def _events(stream: SubtitleStream) -> pysubs2.SSAFile:
    """An empty file with the stream's own styles, if it has any."""
    header = bytes(stream.codec_context.extradata or b"")
    if b"[Script Info]" in header:
        try:
            file = pysubs2.SSAFile.from_string(header.decode("utf-8", "replace"), format_="ass")
        except (pysubs2.exceptions.Pysubs2Error, ValueError):
            return pysubs2.SSAFile()
        file.events.clear()
        return file
    return pysubs2.SSAFile()


def _chosen(streams: list[SubtitleStream], wanted: str | None) -> SubtitleStream | None:
    if wanted is not None and wanted.isdecimal():
        return streams[int(wanted)] if int(wanted) < len(streams) else None
    right = [one for one in streams if wanted is None or _same_language(one.language, wanted)]
    # Text before pictures, whole ones before those of foreign words only, then the default.
    return min(
        right,
        default=None,
        key=lambda one: (
            _codec(one) in _PICTURE_CODECS or one.codec_context is None,
            bool(one.disposition & Disposition.forced),
            not one.disposition & Disposition.default,
        ),
    )


def _same_language(code: str | None, wanted: str) -> bool:
    code, wanted = (code or "und").lower().split("-")[0], wanted.lower().split("-")[0]
    return code == wanted or any({code, wanted} <= set(codes.split()) for codes in _LANGUAGES)


def _codec(stream: SubtitleStream) -> str:
    return "" if stream.codec_context is None else str(stream.codec_context.name)


def _listed(streams: list[SubtitleStream]) -> str:
    """`the subtitles 0 (ger, srt), 1 (eng, pictures)`."""
    if not streams:
        return "no subtitles inside"
    kinds = ["pictures" if _codec(one) in _PICTURE_CODECS else _codec(one) or "unknown" for one in streams]
    told = [
        f"{n} ({one.language or 'und'}, {kind})"
        for n, (one, kind) in enumerate(zip(streams, kinds, strict=True))
    ]
    return "the subtitles " + ", ".join(told)


def _name(wanted: str | None) -> str:
    return IN_FILM if wanted is None else f"{IN_FILM}:{wanted}"


def _sorted(name: str, data: bytes, found: list[Subtitle]) -> Subtitles:
    found = sorted(found, key=lambda one: (one.start_ms, one.end_ms))
    return Subtitles(name, hashlib.sha256(data).hexdigest(), tuple(found))


def _left_out(lines: list[int]) -> str:
    """`the times in lines 3, 9 and 14 and of 2 more cannot be used; those subtitles are left out`."""
    named = ", ".join(str(line) for line in lines[:5])
    more = f" and of {len(lines) - 5} more" if len(lines) > 5 else ""
    if len(lines) == 1:
        return f"the times in line {named} cannot be used; that subtitle is left out"
    return f"the times in lines {named}{more} cannot be used; those subtitles are left out"


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
