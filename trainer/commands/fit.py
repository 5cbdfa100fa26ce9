"""`trainer fit FILM... --out RUN`."""

import argparse
import shlex
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from trainer.commands.output import counted, progress_bar
from trainer.errors import OptionError
from trainer.films.times import parse_place
from trainer.fit.settings import PRESETS, CommonSettings, add_table, settings_of

if TYPE_CHECKING:
    from trainer.dithers.generator.weights import Weights
    from trainer.films.film import Film
    from trainer.fit.checkpoint import Run
    from trainer.fit.data import Clips
    from trainer.fit.metrics import Metrics
    from trainer.fit.placement import Placement

FURTHER = 0.1
"""The rate of a fit that begins with weights, as a share of one that begins with nothing: a higher rate
undoes what they have learned before it learns as much.
"""


@dataclass(frozen=True)
class Beginning:
    """What a fit begins with: its name, the weights and their file's hash; None for new weights."""

    name: str
    weights: "Weights | None" = None
    digest: str | None = None


NOTHING = Beginning("nothing")
_SAME_FOR_ALL = ("resident", "resume", "processes")
"""Options that must be the same in all processes, beside those in settings.json."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """What `trainer fit` is given."""
    parser.description = (
        "Train a generator on films: RUN gets its weights, figures and checkpoints. This is for research: "
        "an export with --dither generator searches a little after the network, and then it hardly shows."
    )
    parser.epilog = (
        "Ctrl-C keeps what there is, and the same command with --resume goes on from there. "
        "example: trainer fit film.mp4 --out run --minutes 10; "
        "then trainer export film.mp4 film.reel --dither generator --weights run"
    )
    parser.add_argument("film", metavar="FILM", nargs="+", help="what to train on")
    parser.add_argument("--out", metavar="RUN", required=True, help="a new folder for all results")
    parser.add_argument(
        "--resume", action="store_true", help="go on with the run in RUN, by the same command"
    )
    parser.add_argument("--minutes", type=float, metavar="M", help="how long to fit; default: the preset's")
    parser.add_argument("--steps", type=int, metavar="N", help="make N updates instead: repeatable")
    parser.add_argument(
        "--from",
        dest="begin",
        metavar="RUN",
        help="begin with the weights of that folder, `shipped` or `nothing`; default: those that ship if the "
        "network is of their size, else nothing",
    )
    parser.add_argument(
        "--tensorboard", action="store_true", help="write TensorBoard's event files too (extra `tensorboard`)"
    )
    group = parser.add_argument_group("many devices: JAX uses all it sees, each for its part of a batch")
    group.add_argument(
        "--resident",
        type=float,
        metavar="GB",
        help="clips to keep on each device, while the others take turns; default: half of its memory if it "
        "says how much it has, else all",
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
    add_table(parser)


def run(args: argparse.Namespace) -> int:
    """Fit with a progress bar on stderr and a summary on stdout; of many processes only process 0 prints."""
    from importlib.metadata import version

    from rich.console import Console

    from trainer.films.film import Film
    from trainer.fit import sharding
    from trainer.fit.checkpoint import Run
    from trainer.fit.placement import place, room
    from trainer.fit.train import train

    settings, budget, beginning = choose(args)
    cluster = sharding.cluster_of(args.distributed, args.coordinator, args.processes, args.process)
    films = [Film(path) for path in args.film]
    about = {
        "films": [[film.name, film.size] for film in films],
        "settings": settings.as_dict(),
        "budget": budget,
        "from": beginning.digest or beginning.name,
        "tool": f"longtake {version('longtake')}",
    }
    sharding.enough_threads()
    with _sigterm_as_ctrl_c(), sharding.joined(cluster):
        sharding.check_same({**about, **{name: vars(args)[name] for name in _SAME_FOR_ALL}})
        mesh, memory = sharding.make_mesh(settings.batch), room(args.resident)
        folder = sharding.on_process_zero(lambda: Run(Path(args.out), about, args.resume))
        try:
            clips = read(films, settings)
        except BaseException:
            if folder:
                folder.give_up()
            raise
        placement = _placed(
            folder, place(clips, mesh.size, memory, settings.batch, settings.chunk), mesh.size
        )
        about["command"] = command_of(args)
        steps = budget.get("steps")
        total = int(steps if steps is not None else budget["minutes"] * 60)
        with progress_bar("fit", total, sharding.is_process_zero()) as advance:

            def report(step: int, seconds: float, metrics: "Metrics") -> None:
                advance(step if steps is not None else int(seconds), _note(metrics))

            step, seconds = train(
                settings,
                clips,
                placement,
                mesh,
                budget,
                folder,
                about,
                beginning.weights,
                args.tensorboard,
                report,
            )
        if folder:
            Console(highlight=False, soft_wrap=True).print(
                f"{args.out}: {counted(step, 'update')} in {seconds / 60:.1f} minutes, "
                f"from {beginning.name}; use it with --dither generator --weights {args.out}",
                markup=False,
            )
    return 0


@contextmanager
def _sigterm_as_ctrl_c() -> Iterator[None]:
    """SIGTERM raises KeyboardInterrupt in the block too, so that no half of a run is left behind."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    usual = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, usual)


def choose(args: argparse.Namespace) -> tuple[CommonSettings, dict[str, float], Beginning]:
    """The settings, the budget, {"steps": n} or {"minutes": m}, and what to begin with.

    OptionError, and TrainerError for weights that cannot be read.
    """
    settings = settings_of(args)
    beginning = _beginning(args, settings)
    if beginning.weights and args.rate is None:
        settings = replace(settings, rate=settings.rate * FURTHER)
    return settings, _budget(args), beginning


def _beginning(args: argparse.Namespace, settings: CommonSettings) -> Beginning:
    """What `--from` names; without it the shipped weights where they fit, but for one frame nothing."""
    from trainer.dithers.generator.weights import digest, load

    if args.begin is None:
        shipped = None if args.overfit else load()
        fitting = shipped is not None and shipped.size == settings.size
        return Beginning("shipped", shipped, digest()) if fitting else NOTHING
    if args.begin == NOTHING.name:
        return NOTHING
    path = None if args.begin == "shipped" else Path(args.begin)
    weights = load(path)
    if weights.size != settings.size:
        theirs = ", ".join(f"{name} {value}" for name, value in weights.size.as_dict().items())
        raise OptionError(
            f"--from {args.begin}: those weights are of another network ({theirs}); choose the same with "
            "--objective, --channels and --blocks, or --from nothing"
        )
    return Beginning(args.begin, weights, digest(path))


def _budget(args: argparse.Namespace) -> dict[str, float]:
    minutes = PRESETS[args.preset][1]
    if args.steps is not None:
        if args.minutes is not None:
            raise OptionError("--steps and --minutes are two budgets; leave one out")
        if args.steps < 1:
            raise OptionError(f"--steps {args.steps}: make 1 update or more")
        return {"steps": args.steps}
    minutes = minutes if args.minutes is None else args.minutes
    if not 0 < minutes <= 100_000:
        raise OptionError(f"--minutes {minutes:g}: choose more than 0")
    return {"minutes": minutes}


def read(films: "Sequence[Film]", settings: CommonSettings) -> "Clips":
    """The clips that a fit with these settings is trained on, with a progress bar."""
    import numpy as np

    from trainer.fit.data import HALF, overfit_clip, read_clips
    from trainer.fit.sharding import is_process_zero

    scale = HALF if settings.half_resolution else None
    if settings.overfit is not None:
        return overfit_clip(films[0], parse_place(settings.overfit), settings.patch, scale)
    rng = np.random.default_rng(settings.seed)
    with progress_bar("read films", settings.clips, is_process_zero()) as advance:
        return read_clips(
            [*films], 2 * settings.patch, settings.clips, rng, lambda done: advance(done, "clips"), scale
        )


def _placed(folder: "Run | None", wanted: "Placement", devices: int) -> "Placement":
    """Where the clips are, as from the beginning of the run on, the same for all processes."""
    from trainer.fit import sharding
    from trainer.fit.placement import Placement, check_devices

    kept = sharding.on_process_zero(lambda: folder.placed(wanted) if folder else wanted)
    placement = Placement(*(int(number) for number in sharding.broadcast_numbers(*(kept or wanted))))
    check_devices(placement, devices)
    return placement


def command_of(args: argparse.Namespace) -> str:
    """The command as it was given, films and folders by their names alone."""
    paths = {*args.film, args.out, getattr(args, "begin", None)}  # a sweep has no --from
    words = [Path(word).name if word in paths else word for word in args.command_line]
    return shlex.join(["trainer", *words])


def _note(metrics: "Metrics") -> str:
    critic = f", critic {metrics.critic:.3f}" if metrics.critic else ""
    return f"loss {metrics.loss:.3f}{critic}, energy {metrics.energy:.3f}, flips {100 * metrics.flips:.1f} %"
