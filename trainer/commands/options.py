"""The options that every command shares which reads a film: which frames, and how they become tones.

Only the words stand here; `trainer.commands.opening` acts on them. Nothing heavy is imported, so that
`--help` is quick.
"""

import argparse

from trainer.dithers.table import (
    DEFAULT,
    DITHERS,
)


def add_film_options(parser: argparse.ArgumentParser) -> None:
    """--start ... --size ... --subtitles, in three groups of the help."""
    which = parser.add_argument_group("which frames")
    which.add_argument(
        "--start",
        metavar="PLACE",
        default="0",
        help="first frame: a frame number (250) or a time (12.5s, 4:05, 1:02:03); default 0",
    )
    which.add_argument("--end", metavar="PLACE", help="where to stop, exclusive; default: the film's end")
    which.add_argument("--every", metavar="N", type=int, default=1, help="every N-th frame only; default 1")
    which.add_argument("--count", metavar="N", type=int, help="stop after N frames")
    which.add_argument("--skip-black", action="store_true", help="leave out frames that show nothing")
    look = parser.add_argument_group("how they look")
    look.add_argument(
        "--size", metavar="WxH", default="1448x1072", help="the panel's pixels; default 1448x1072"
    )
    look.add_argument(
        "--fit",
        default="crop",
        metavar="HOW",
        help="crop (default) fills the panel, letterbox shows all of the film, stretch distorts it",
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
        default="srgb",
        metavar="CURVE",
        help="srgb (default) dithers the film's own values: lighter mid-tones; linear dithers light: "
        "true mid-tones and darker shadows",
    )
    said = parser.add_argument_group("subtitles, burnt in")
    said.add_argument(
        "--subtitles",
        metavar="FILE",
        help="a .srt, .vtt, .ass or .sub file, its times counting from the film's beginning; one that comes "
        "and goes between two frames shown is shown with the second",
    )
    said.add_argument(
        "--subtitles-encoding", metavar="NAME", help="of its text, like windows-1252; default UTF-8"
    )
    said.add_argument(
        "--subtitles-font",
        metavar="FILE",
        help="a .ttf or .otf file; default DejaVu Sans Bold, for Latin, Greek and Cyrillic letters",
    )


def add_dither_options(parser: argparse.ArgumentParser) -> None:
    """--dither and --dial, for a command that uses one dither."""
    names = "; ".join(f"{name}: {entry.summary}" for name, entry in DITHERS.items())
    parser.add_argument("--dither", metavar="NAME", default=DEFAULT, help=f"{names}. Default {DEFAULT}")
    parser.add_argument(
        "--dial",
        metavar="0..1",
        type=float,
        help="the price of a flip: 0 liveliest, 1 calmest; default: the dither's own",
    )
    add_own_options(parser)


def add_own_options(parser: argparse.ArgumentParser) -> None:
    """What some dithers have for themselves: --engine, --weights, --passes, --polish."""
    both = parser.add_argument_group("of search and generator")
    both.add_argument(
        "--engine",
        metavar="NAME",
        help="sequential, for a CPU, or parallel, for a GPU or TPU; their dithers differ, so an export keeps "
        "to one, on all its machines; default: what suits this machine",
    )
    own = parser.add_argument_group("of the generator alone")
    own.add_argument("--weights", metavar="RUN", help="a folder of `trainer fit`; default: what ships")
    own.add_argument("--passes", type=int, metavar="K", help="passes of the network over a frame; default 1")
    own.add_argument(
        "--polish", type=int, metavar="N", help="rounds of search after it; 0: the network alone; default 3"
    )


def add_bench_options(parser: argparse.ArgumentParser) -> None:
    """What is measured, on which film, and for how long."""
    parser.add_argument(
        "--preset",
        choices=("cpu", "gpu", "tpu"),
        default="cpu",
        help="of `trainer fit`: what to train; default cpu",
    )
    parser.add_argument(
        "--dither",
        action="append",
        metavar="NAME[:DIAL]",
        help="a dither to export with, with its dial from 0 to 1 or at its own; again for each; default: all",
    )
    parser.add_argument("--film", metavar="FILM", help="the film to export; default: a made one, 1920x1080")
    parser.add_argument(
        "--start", metavar="PLACE", default="0", help="its first frame (250, 12.5s, 4:05); default 0"
    )
    parser.add_argument(
        "--size", metavar="WxH", default="1448x1072", help="the panel's pixels; default 1448x1072"
    )
    parser.add_argument(
        "--seconds", type=float, default=3, metavar="S", help="of each measurement, about; default 3"
    )
    parser.add_argument("--json", metavar="FILE", help="everything, as JSON; - prints it instead")


def add_worker_options(parser: argparse.ArgumentParser) -> None:
    """--stretch, --workers, --cluster and --memory, of an export."""
    parser.add_argument(
        "--stretch",
        metavar="N",
        type=int,
        default=120,
        help="redraw after N frames at the latest; earlier at a cut or where the picture has changed a lot; "
        "default 120",
    )
    group = parser.add_argument_group(
        "workers", "Each dithers a stretch at a time. The reel is the same whatever their number."
    )
    group.add_argument(
        "--workers",
        metavar="N",
        type=int,
        default=1,
        help="processes on this machine, about one for each core; with an accelerator, threads that share it, "
        "of which more are useful; default 1",
    )
    group.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help="the workers of a dask scheduler, such as tcp://host:8786, instead of this machine's; docs/scale.md "
        "tells how to start them",
    )
    group.add_argument(
        "--memory",
        metavar="SIZE",
        help="room on this machine for stretches that are with workers or wait for them, like 250M or 2G; less "
        "keeps fewer workers busy; default: a quarter of the machine's memory",
    )
