"""Which frames of a film and how they become tones: the options, and what they open.

Nothing heavy is imported before `open_film` is called, so that `--help` is quick.
"""

import argparse
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from trainer.errors import OptionError
from trainer.films.plan import USUAL, Plan

if TYPE_CHECKING:
    from player.profile import Profile
    from trainer.dithers.levels import Levels
    from trainer.films.film import Film
    from trainer.films.selection import Selection
    from trainer.films.subtitles import SubtitleRenderer
    from trainer.films.tones import Tones

FILM_HELP = "any film that FFmpeg decodes: mp4, mkv, webm, avi, mov, ts"
USUAL_SIZE = 1448, 1072
"""Of a panel whose controller reports its size."""
SAMPLES = 64
"""Images of the film from which automatic levels and black bars are found."""


def add_film_options(parser: argparse.ArgumentParser) -> None:
    """--start ... --panel ... --subtitles, in three groups of the help."""
    from driver.panel import DEFAULT_PANEL, PANELS

    frames = parser.add_argument_group("which frames")
    frames.add_argument(
        "--start",
        metavar="PLACE",
        default="0",
        help="first frame: a frame number (250) or a time (12.5s, 4:05, 1:02:03); default 0",
    )
    frames.add_argument("--end", metavar="PLACE", help="stop before this frame; default: the film's end")
    frames.add_argument("--every", metavar="N", type=int, default=1, help="every N-th frame only; default 1")
    frames.add_argument("--count", metavar="N", type=int, help="stop after N frames")
    frames.add_argument(
        "--stream",
        metavar="N",
        type=int,
        help="the film's N-th video stream, the first being 0; default: the one marked as default, else the "
        "largest",
    )
    frames.add_argument("--skip-black", action="store_true", help="leave out black frames")
    look = parser.add_argument_group("how they look")
    look.add_argument(
        "--panel",
        metavar="NAME|FILE",
        default=DEFAULT_PANEL,
        help=f"the panel it is for: {', '.join(PANELS)}, or a profile made by `trainer calibrate`, for its "
        "size, ghosts and tones; default %(default)s",
    )
    look.add_argument("--size", metavar="WxH", help="other pixels than a named panel's, like 1448x1072")
    look.add_argument(
        "--fit",
        default="crop",
        metavar="HOW",
        help="crop (default) fills the panel, letterbox shows the whole picture, stretch distorts it",
    )
    look.add_argument(
        "--trim-bars", action="store_true", help="first cut off black bars that are part of the film"
    )
    look.add_argument(
        "--levels",
        metavar="auto|BLACK,WHITE",
        help="tones from 0 to 1 that become black and white; auto finds them, for dark films",
    )
    look.add_argument("--contrast", type=float, default=1.0, metavar="X", help="0.1 to 10; default 1")
    look.add_argument("--brightness", type=float, default=0.0, metavar="X", help="-1 to 1; default 0")
    look.add_argument(
        "--gamma",
        type=float,
        default=1.0,
        metavar="X",
        help="0.1 to 10, above 1 lifts the mid-tones; default 1",
    )
    look.add_argument(
        "--tone",
        metavar="CURVE",
        help="srgb dithers the film's own values: lighter mid-tones; linear dithers light: true mid-tones "
        "and darker shadows; paper keeps the film's lightness within the panel's range; default srgb, with a "
        "profile paper",
    )
    subtitles = parser.add_argument_group("subtitles, burnt in")
    subtitles.add_argument(
        "--subtitles",
        metavar="FILE|film[:LANGUAGE]",
        help="a .srt, .vtt, .ass or .sub file, or those inside the film: film, film:de, or film:1 for the "
        "second of them; a subtitle that comes and goes between two frames is shown with the second",
    )
    subtitles.add_argument(
        "--subtitles-encoding", metavar="NAME", help="its text encoding, like windows-1252; default UTF-8"
    )
    subtitles.add_argument(
        "--subtitles-font",
        metavar="FILE",
        help="a .ttf or .otf file; default DejaVu Sans Bold, for Latin, Greek and Cyrillic letters",
    )


FLASHES = {"rare": 0.008, "usual": USUAL.limit, "often": 0.002}
"""The error on the glass that makes the panel redraw (`films/stretches.py`)."""


def add_plan_options(parser: argparse.ArgumentParser) -> None:
    """--flashes and --stretch, for a command that makes a redraw plan."""
    plan = parser.add_argument_group(
        "when the panel redraws, with a flash", "Always at a cut, where it is felt least."
    )
    plan.add_argument(
        "--flashes",
        choices=FLASHES,
        default="usual",
        help="else where ghosts, as far as they are known and can be made up for, would show: often, at "
        "once; usual (default), at twice that error; rare, at four times",
    )
    plan.add_argument(
        "--stretch",
        type=int,
        metavar="N",
        default=USUAL.longest,
        help=f"and after N frames at the latest; default {USUAL.longest}",
    )


def redraws(args: argparse.Namespace, levels: "Levels") -> Plan:
    """The plan that --flashes and --stretch ask for, on a glass of these levels. OptionError."""
    return Plan(levels, FLASHES[args.flashes], args.stretch)


def open_film(args: argparse.Namespace) -> "tuple[Film, Selection, Tones]":
    """The film, which of its frames, and their tones. FilmError and OptionError are one line each.

    Automatic levels and bars are measured here, once, so that they are the same for every frame.
    """
    from trainer.films.film import Film
    from trainer.films.selection import Selection
    from trainer.films.times import parse_place
    from trainer.films.tones import Tones, automatic_levels, find_bars

    end = None if args.end is None else parse_place(args.end)
    selection = Selection(parse_place(args.start), end, args.every, args.count, args.skip_black)
    size, profile = panel_of(args)
    tones = Tones(
        size=size,
        fit=args.fit,
        levels=parse_levels(args.levels),
        contrast=args.contrast,
        brightness=args.brightness,
        gamma=args.gamma,
        tone=args.tone or ("srgb" if profile is None else "paper"),
        mixing=() if profile is None else profile.tones,
    )
    if profile is not None and profile.contrast is not None:
        tones = replace(tones, paper_contrast=profile.contrast)
    film = Film(args.film, args.stream)
    selection = replace(selection, subtitles=_subtitles(args, film))
    if args.trim_bars or args.levels == "auto":
        images = film.sample(SAMPLES, selection.start, selection.end)
        if args.trim_bars:
            columns, rows = find_bars(images)
            tones = replace(tones, trim=(columns, rows))
            images = [
                image[rows : image.shape[0] - rows, columns : image.shape[1] - columns] for image in images
            ]
        if args.levels == "auto":
            tones = replace(tones, levels=automatic_levels(images))
    return film, selection, tones


def panel_of(args: argparse.Namespace) -> "tuple[tuple[int, int], Profile | None]":
    """The size that --panel and --size ask for, and the panel's profile, if there is one.

    OptionError, also where the profile is of another size, and PlayerError for one that cannot be read.
    """
    from driver.panel import PANELS

    if args.panel in PANELS:
        profile, size = None, PANELS[args.panel].size or USUAL_SIZE
    elif args.panel.endswith(".toml") or Path(args.panel).exists():
        from player.profile import read_profile

        profile = read_profile(Path(args.panel))
        size = profile.size
    else:
        raise OptionError(
            f"--panel {args.panel} is unknown; choose {', '.join(PANELS)}, or a profile like panel.toml"
        )
    if args.size is None:
        return size, profile
    asked = parse_size(args.size)
    if profile is not None and asked != size:
        width, height = size
        raise OptionError(
            f"--panel {args.panel} is of a panel of {width}x{height} and --size is {args.size}; leave --size "
            "out, or name the profile of that panel"
        )
    return asked, profile


def _subtitles(args: argparse.Namespace, film: "Film") -> "SubtitleRenderer | None":
    """The subtitles asked for, if any. OptionError."""
    if args.subtitles is None:
        for name in ("encoding", "font"):
            if vars(args)[f"subtitles_{name}"] is not None:
                raise OptionError(f"--subtitles-{name} is given without --subtitles FILE; add that")
        return None
    from trainer.films.subtitles import IN_FILM, SubtitleRenderer, Typeface, read_subtitles, subtitles_in

    typeface = Typeface(None if args.subtitles_font is None else Path(args.subtitles_font))
    source, _, wanted = args.subtitles.partition(":")
    if source == IN_FILM:
        if args.subtitles_encoding is not None:
            raise OptionError("--subtitles-encoding is for a file of subtitles; leave it out")
        return SubtitleRenderer(subtitles_in(film.path, wanted or None), typeface)
    subtitles = read_subtitles(Path(args.subtitles), film.rate, args.subtitles_encoding)
    return SubtitleRenderer(subtitles, typeface)


def parse_size(text: str) -> tuple[int, int]:
    """`1448x1072` -> (1448, 1072); OptionError otherwise."""
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text.strip().lower())
    if not match:
        raise OptionError(f"--size {text!r}: write width and height in pixels, like 1448x1072")
    return int(match[1]), int(match[2])


def parse_levels(text: str | None) -> tuple[float, float]:
    """`0.1,0.8` -> (0.1, 0.8); None and `auto` (measured later) -> (0, 1); OptionError otherwise."""
    if text is None or text == "auto":
        return 0.0, 1.0
    try:
        black, white = (float(part) for part in text.split(","))
    except ValueError:
        raise OptionError(f"--levels {text!r}: write auto, or two tones like 0.1,0.8") from None
    return black, white
