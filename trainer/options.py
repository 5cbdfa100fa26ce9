"""The options that every command shares which reads a film: which frames, and how they become tones.

Only the words stand here; `trainer.opening` acts on them. Nothing heavy is imported, so that `--help` is
quick.
"""

import argparse

from trainer.dithers import DEFAULT, DITHERS


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
    add_generator_options(parser)


def add_generator_options(parser: argparse.ArgumentParser) -> None:
    """What the generator alone has: --weights, --passes, --polish."""
    own = parser.add_argument_group("of the generator alone")
    own.add_argument("--weights", metavar="RUN", help="a folder of `trainer fit`; default: what ships")
    own.add_argument("--passes", type=int, metavar="K", help="passes of the network over a frame; default 1")
    own.add_argument(
        "--polish", type=int, metavar="N", help="rounds of search after it; 0: the network alone; default 3"
    )


def add_worker_options(parser: argparse.ArgumentParser) -> None:
    """--workers and --host, of an export."""
    group = parser.add_argument_group("in several processes, for the same reel")
    group.add_argument(
        "--workers",
        metavar="N",
        type=int,
        default=1,
        help="dither N parts of the film at the same time, beside the reel in the folder REEL.parts; about "
        "one for each core; default 1",
    )
    group.add_argument(
        "--host",
        metavar="K/N",
        help="this is host K of N: make only its share, in REEL.parts. Bring the parts of all hosts together "
        "in one folder; there the same command without --host joins them, and makes what is missing",
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
    parser.add_argument(
        "--overfit",
        metavar="FRAME",
        help="train on this one frame (250, 12.5s, 4:05) of the first film: can the network learn it?",
    )
    parser.add_argument(
        "--tensorboard", action="store_true", help="write TensorBoard's event files too (extra `tensorboard`)"
    )
    network = parser.add_argument_group("the network and its training; default: the preset's")
    network.add_argument(
        "--channels", type=int, metavar="N", help="at half resolution; of a U-Net's first encoder, default 32"
    )
    network.add_argument("--blocks", type=int, metavar="N", help="residual blocks")
    network.add_argument("--patch", type=int, metavar="N", help="side of a patch in pixels")
    network.add_argument("--batch", type=int, metavar="N", help="patches per update")
    network.add_argument("--bursts", type=int, metavar="N", help="runs of frames to take from the films")
    network.add_argument("--half-resolution", action="store_true", help="all patches at half the film's size")
    network.add_argument("--rate", type=float, metavar="X", help="Adam's learning rate")
    network.add_argument(
        "--sweeps",
        type=int,
        metavar="N",
        help="rounds of the search after the last pass of a frame, in a quarter of the patches",
    )
    _add_objective_options(parser)


def _add_objective_options(parser: argparse.ArgumentParser) -> None:
    """What the training pushes towards; an option that the objective does not have is refused."""
    group = parser.add_argument_group("the objective; a weight of 0 leaves its term out")
    group.add_argument(
        "--objective",
        metavar="NAME",
        default="counterfactual",
        help="counterfactual (default): the project's own; v1, v2, v3: the film-maker's U-Nets, towards "
        "Floyd and Steinberg's dither, with a critic, and with the shown dither",
    )
    group.add_argument(
        "--teacher-forcing",
        action="store_true",
        default=None,
        help="v1 to v3: shown is Floyd and Steinberg's dither of the frame before, not what the U-Net made",
    )
    group.add_argument("--upsampling", metavar="HOW", help="v1 to v3: nearest (default) or transposed")
    group.add_argument("--reconstruction", metavar="HOW", help="v1 to v3: bce (default of v1) or l1")
    for name, what in (
        ("reconstruction", "v1 to v3: Floyd and Steinberg's dither; default 1"),
        ("previous", "v3: L1 to the shown dither; default 1"),
        ("change", "v3: more flips than the tone's change needs; default 1"),
        ("critic", "the critic; default 0.005 in v2 and v3, 0 in counterfactual"),
    ):
        group.add_argument(f"--{name}-weight", type=float, metavar="X", help=what)
    critic = parser.add_argument_group("the critic, where its weight is above 0")
    critic.add_argument(
        "--adversary", metavar="KIND", help="wasserstein (default), wasserstein-clip or pix2pix"
    )
    critic.add_argument(
        "--critic-real",
        metavar="DITHER",
        help="counterfactual: what is real, floyd-steinberg (default) or search",
    )
    critic.add_argument("--critic-rate", type=float, metavar="X", help="its learning rate; default 0.003")
    critic.add_argument(
        "--critic-steps", type=int, metavar="N", help="for each of the generator's; default 4"
    )
    critic.add_argument(
        "--penalty-weight", type=float, metavar="X", help="wasserstein: of slopes; default 10"
    )
    critic.add_argument(
        "--clip", type=float, metavar="X", help="wasserstein-clip: of its weights; default 0.01"
    )
