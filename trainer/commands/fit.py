"""`trainer fit FILM... --out RUN`."""

import argparse
import time
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh
from rich.console import Console

from trainer.commands.fit_choice import choose
from trainer.commands.fit_options import add_fit_options
from trainer.commands.output import progress_bar
from trainer.commands.training import command_of, read
from trainer.dithers.generator.weights import Weights
from trainer.films.film import Film
from trainer.fit.bursts import Bursts
from trainer.fit.mesh import (
    collected,
    enough_threads,
    put,
    row_of_devices,
)
from trainer.fit.processes import (
    agreed,
    by_the_first,
    check_same,
    company,
    is_first,
    shared,
    together,
)
from trainer.fit.record import Record
from trainer.fit.residence import (
    Plan,
    Residence,
    check_devices,
    plan,
    room,
)
from trainer.fit.runs import Run
from trainer.fit.state import (
    LIES,
    shape,
)
from trainer.fit.train import (
    Metrics,
    Settings,
    State,
    check,
    rates,
    renewal,
    start,
    updates,
)

CHECKPOINT_SECONDS = 60.0


def add_options(parser: argparse.ArgumentParser) -> None:
    """What `trainer fit` is given."""
    parser.description = "Train the generator on films: RUN gets its weights, figures and checkpoints."
    parser.epilog = (
        "example: trainer fit film.mp4 --out run --minutes 10; "
        "then trainer export film.mp4 film.reel --dither generator --weights run"
    )
    parser.add_argument("film", metavar="FILM", nargs="+", help="what to train on: best the film to be shown")
    parser.add_argument("--out", metavar="RUN", required=True, help="a new folder for all results")
    parser.add_argument(
        "--resume", action="store_true", help="go on with the run in RUN, by the same command"
    )
    add_fit_options(parser)


def run(options: argparse.Namespace) -> int:
    """Fit with a progress bar on stderr and a summary on stdout; of many processes the first alone talks."""
    settings, budget, beginning = choose(options)
    others = company(options.distributed, options.coordinator, options.processes, options.process)
    films = [Film(path) for path in options.film]
    about = {
        "films": [[film.name, film.size] for film in films],
        "settings": settings.as_dict(),
        "budget": budget,
        "from": beginning.digest or beginning.name,
        "tool": f"longtake {version('longtake')}",
    }
    enough_threads()
    with together(others):
        check_same({**about, "resident": options.resident, "resume": options.resume})
        mesh, memory = row_of_devices(settings.batch), room(options.resident)
        folder = by_the_first(lambda: Run(Path(options.out), about, options.resume))
        try:
            bursts = read(films, settings)
        except BaseException:
            if folder:
                folder.give_up()
            raise
        lie = _plan(folder, plan(bursts, mesh.size, memory, settings.batch, settings.chunk), mesh)
        about["command"] = command_of(options)
        step, seconds = fit(
            bursts, lie, mesh, settings, budget, folder, about, beginning.weights, options.tensorboard
        )
        if folder:
            Console(highlight=False, soft_wrap=True).print(
                f"{options.out}: {step} updates in {seconds / 60:.1f} minutes, from {beginning.name}; "
                f"use it with --dither generator --weights {options.out}",
                markup=False,
            )
    return 0


def _plan(folder: Run | None, wanted: Plan, mesh: Mesh) -> Plan:
    """How the bursts lie from the beginning of the run on, for all processes alike."""
    kept = by_the_first(lambda: folder.planned(wanted) if folder else wanted)
    lie = Plan(*(int(number) for number in agreed(*(kept or wanted))))
    check_devices(lie, mesh.size)
    return lie


def fit(
    bursts: Bursts,
    lie: Plan,
    mesh: Mesh,
    settings: Settings,
    budget: dict[str, float],
    folder: Run | None,
    about: dict[str, Any],
    begin: Weights | None = None,
    tensorboard: bool = False,
) -> tuple[int, float]:
    """Make the updates that the budget still allows; returns how many there are, and the seconds they took.

    `begin`: the weights of the generator before the first update; None: new ones.

    A budget of steps gives the same losses each time; one of minutes, as many updates as the machine makes.
    The first process has the run's folder, all others None.
    """
    in_parts = lie.parts > 1 and mesh.size > 1
    many, renewed = updates(settings, mesh, in_parts), renewal(settings, mesh, in_parts)
    steps = budget.get("steps")
    total = int(steps if steps is not None else budget["minutes"] * 60)
    with ExitStack() as open_until_then:
        residence = open_until_then.enter_context(Residence(bursts, lie, mesh))
        kept, spent = _restored(folder, shape(settings, (lie.size, *bursts.shape[1:])), mesh)
        state = kept or start(
            settings, residence.at(0), mesh, lie.parts, None if begin is None else begin.network()
        )
        record = None
        if folder:
            record = open_until_then.enter_context(
                Record(folder, settings, about, bursts, tensorboard, int(state.step))
            )
        advance = open_until_then.enter_context(progress_bar("fit", total, is_first()))
        begun = time.monotonic() - spent

        def keep(state: State, seconds: float) -> None:
            whole = collected(state)
            if record:
                record.keep(whole, seconds)

        step = int(state.step)
        [seconds] = agreed(time.monotonic() - begun)
        saved = seconds
        while True:
            progress = step / steps if steps is not None else seconds / (60 * budget["minutes"])
            if progress >= 1:
                break
            count = settings.chunk if steps is None else min(settings.chunk, int(steps) - step)
            count = lie.left(step, count)
            ahead = np.full(count, progress) if steps is None else (step + np.arange(count)) / steps
            rate = rates(settings, step, ahead)
            here = residence.at(step)
            state, means = many(renewed(state, here) if lie.exchanges(step) else state, here, rate)
            metrics = Metrics(*(float(value) for value in means))
            step += count
            [seconds] = agreed(time.monotonic() - begun)
            row = {"step": step, "seconds": round(seconds, 1), "rate": float(rate[-1])}
            if record:
                record.log(row | metrics._asdict())
            check(step, metrics)
            advance(step if steps is not None else int(seconds), _note(metrics))
            if seconds - saved > CHECKPOINT_SECONDS:
                keep(state, seconds)
                saved = seconds
        keep(state, seconds)
    return step, seconds


def _restored(folder: Run | None, shapes: State, mesh: Mesh) -> tuple[State | None, float]:
    """The state of the newest checkpoint, on these devices, and the seconds until then; else None, 0."""
    like = jax.tree.map(lambda array: np.zeros(array.shape, array.dtype), shapes)
    kept = by_the_first(lambda: folder.restore(like) if folder else None)
    is_kept, seconds = agreed(*((1.0, kept[1]) if kept else (0.0, 0.0)))
    if not is_kept:
        return None, 0.0
    return put(mesh, shared(kept[0] if kept else like), LIES), seconds


def _note(metrics: Metrics) -> str:
    critic = f", critic {metrics.critic:.3f}" if metrics.critic else ""
    return f"loss {metrics.loss:.3f}{critic}, energy {metrics.energy:.3f}, flips {100 * metrics.flips:.1f} %"
