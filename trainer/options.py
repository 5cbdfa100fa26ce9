"""The options that every command shares which reads a film: which frames, and how they become tones.

Only the words stand here; `trainer.opening` acts on them. Nothing heavy is imported, so that `--help` is
quick.
"""

import argparse

from trainer.dithers import DEFAULT, DITHERS


def add_film_options(parser: argparse.ArgumentParser) -> None:
    """--size, --start ... --tone, in two groups of the help."""
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
    look.add_argument("--contrast", type=float, default=1, metavar="X", help="0.1 to 10; default 1")
    look.add_argument("--brightness", type=float, default=0, metavar="X", help="-1 to 1; default 0")
    look.add_argument(
        "--gamma",
        type=float,
        default=1,
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
    own = parser.add_argument_group("of the generator alone")
    own.add_argument("--weights", metavar="RUN", help="a folder of `trainer fit`; default: what ships")
    own.add_argument("--passes", type=int, metavar="K", help="passes of the network over a frame; default 1")
    own.add_argument(
        "--polish", type=int, metavar="N", help="sweeps of search after it; 0: the network alone; default 3"
    )


def add_fit_options(parser: argparse.ArgumentParser) -> None:
    """How long and what to fit; a preset stands for all that is not given."""
    parser.add_argument(
        "--preset",
        choices=("cpu", "gpu", "tpu"),
        default="cpu",
        help="size and budget for the machine: cpu (default) is useful after 10 minutes on two cores",
    )
    parser.add_argument("--minutes", type=float, metavar="M", help="how long to fit; default: the preset's")
    parser.add_argument("--steps", type=int, metavar="N", help="make N updates instead: repeatable")
    parser.add_argument("--seed", type=int, metavar="N", help="of everything random; default 0")
    network = parser.add_argument_group("the network and its training; default: the preset's")
    network.add_argument("--channels", type=int, metavar="N", help="at half resolution")
    network.add_argument("--blocks", type=int, metavar="N", help="residual blocks")
    network.add_argument("--patch", type=int, metavar="N", help="side of a patch in pixels")
    network.add_argument("--batch", type=int, metavar="N", help="patches per update")
    network.add_argument("--bursts", type=int, metavar="N", help="runs of frames to take from the films")
    network.add_argument("--rate", type=float, metavar="X", help="Adam's learning rate")
    network.add_argument("--sweeps", type=int, metavar="N", help="of the search, in half of the patches")
