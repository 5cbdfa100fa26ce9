"""The options of `trainer fit` and `trainer sweep`: a preset stands for all that is not given."""

import argparse
from collections.abc import Callable
from typing import Any


def add_fit_options(parser: argparse.ArgumentParser) -> None:
    """How long and what to fit; a preset stands for all that is not given."""
    parser.add_argument("--minutes", type=float, metavar="M", help="how long to fit; default: the preset's")
    parser.add_argument("--steps", type=int, metavar="N", help="make N updates instead: repeatable")
    parser.add_argument(
        "--overfit",
        metavar="FRAME",
        help="train on this one frame (250, 12.5s, 4:05) of the first film: can the network learn it?",
    )
    parser.add_argument(
        "--from",
        dest="begin",
        metavar="RUN",
        help="begin with the weights of that folder, `shipped` or `nothing`; default: those that ship where "
        "the network is of their size, and else nothing",
    )
    parser.add_argument(
        "--tensorboard", action="store_true", help="write TensorBoard's event files too (extra `tensorboard`)"
    )
    _add_machine_options(parser)
    _add_training_options(parser, _ONE)


def add_sweep_options(parser: argparse.ArgumentParser) -> None:
    """How long to fit each member and what to score it on, and the options of a fit, with lists."""
    parser.add_argument(
        "--steps", type=int, metavar="N", default=1000, help="updates of each member; default 1000"
    )
    parser.add_argument(
        "--test-start",
        metavar="PLACE",
        help="of each film, where the frames begin that are kept from training and scored: a frame number "
        "(250) or a time (12.5s, 4:05); default: three quarters into it",
    )
    parser.add_argument(
        "--test-count", type=int, metavar="N", default=24, help="how many frames that is; default 24"
    )
    _add_training_options(parser, _LISTS)


def _several(kind: Callable[[str], Any], example: str) -> Callable[[str], list[Any]]:
    """What reads a list with commas between."""

    def values(text: str) -> list[Any]:
        try:
            return [kind(part) for part in text.split(",")]
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r}: write a value or several, like {example}") from None

    return values


_Word = dict[str, dict[str, Any]]
_ONE: _Word = {
    "whole": {"type": int, "metavar": "N"},
    "real": {"type": float, "metavar": "X"},
    "kind": {"metavar": "KIND"},
}
_LISTS: _Word = {
    "whole": {"type": _several(int, "0,1,2"), "metavar": "N,.."},
    "real": {"type": _several(float, "1e-3,3e-3"), "metavar": "X,.."},
    "kind": {"type": _several(str, "cosine,linear"), "metavar": "KIND,.."},
}
"""How a number is written that may differ between the members of a sweep."""


def _add_training_options(parser: argparse.ArgumentParser, several: _Word) -> None:
    """The network, its training and the objective."""
    parser.add_argument(
        "--preset",
        choices=("cpu", "gpu", "tpu"),
        default="cpu",
        help="size and budget for the machine: cpu (default) is useful after 10 minutes on two cores",
    )
    parser.add_argument("--seed", **several["whole"], help="of everything random; default 0")
    network = parser.add_argument_group("the network and its training; default: the preset's")
    network.add_argument(
        "--channels", type=int, metavar="N", help="at half resolution; of a U-Net's first encoder, default 32"
    )
    network.add_argument("--blocks", type=int, metavar="N", help="residual blocks")
    network.add_argument("--patch", type=int, metavar="N", help="side of a patch in pixels")
    network.add_argument("--batch", type=int, metavar="N", help="patches per update")
    network.add_argument("--bursts", type=int, metavar="N", help="runs of frames to take from the films")
    network.add_argument("--half-resolution", action="store_true", help="all patches at half the film's size")
    network.add_argument(
        "--optimiser",
        metavar="KIND",
        help="adam (default); lamb, whose steps are shares of each layer, for large batches; or sgd; each "
        "needs a rate of its own",
    )
    network.add_argument(
        "--rate",
        **several["real"],
        help="the learning rate at its height, after a warm-up; a fit that begins with weights takes a tenth "
        "of the preset's",
    )
    network.add_argument(
        "--schedule", **several["kind"], help="how the rate goes on: cosine (default), linear or constant"
    )
    network.add_argument(
        "--momentum", **several["real"], help="share of the mean gradient that stays; default 0.9"
    )
    network.add_argument("--clip-norm", **several["real"], help="longest gradient, 0 for no limit; default 1")
    network.add_argument(
        "--precision",
        metavar="TYPE",
        help="what the network computes in: float32 or bfloat16, with weights and losses in float32",
    )
    network.add_argument(
        "--sweeps",
        type=int,
        metavar="N",
        help="rounds of the search after the last pass of a frame, in a quarter of the patches",
    )
    _add_objective_options(parser, several)


def _add_machine_options(parser: argparse.ArgumentParser) -> None:
    """What a fit runs on, where it is more than one device (docs/scale.md)."""
    group = parser.add_argument_group("many devices: JAX uses all it sees, each for its part of a batch")
    group.add_argument(
        "--resident",
        type=float,
        metavar="GB",
        help="bursts to keep on each device, the others following by turns; default: half of its memory "
        "where it says how much it has, else all",
    )
    group.add_argument(
        "--distributed",
        action="store_true",
        help="many processes, each started by this command: JAX finds them by Slurm or on a Cloud TPU",
    )
    group.add_argument(
        "--coordinator", metavar="HOST:PORT", help="where there is neither: an address of process 0 ..."
    )
    group.add_argument("--processes", type=int, metavar="N", help="... how many processes there are ...")
    group.add_argument("--process", type=int, metavar="K", help="... and which of them this is, 0 to N-1")


def _add_objective_options(parser: argparse.ArgumentParser, several: _Word) -> None:
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
        group.add_argument(f"--{name}-weight", **several["real"], help=what)
    group.add_argument(
        "--temperature", **several["real"], help="counterfactual: divides the logits; default 3"
    )
    group.add_argument(
        "--limit", **several["real"], help="counterfactual: the most that one move counts; default 8"
    )
    critic = parser.add_argument_group("the critic, where its weight is above 0")
    critic.add_argument(
        "--adversary", metavar="KIND", help="wasserstein (default), wasserstein-clip or pix2pix"
    )
    critic.add_argument(
        "--critic-real",
        metavar="DITHER",
        help="counterfactual: what is real, floyd-steinberg (default) or search",
    )
    critic.add_argument("--critic-rate", **several["real"], help="its learning rate; default 0.003")
    critic.add_argument(
        "--critic-steps", type=int, metavar="N", help="for each of the generator's; default 4"
    )
    critic.add_argument("--penalty-weight", **several["real"], help="wasserstein: of slopes; default 10")
    critic.add_argument("--clip", **several["real"], help="wasserstein-clip: of its weights; default 0.01")
