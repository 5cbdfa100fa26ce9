"""`trainer fit FILM... --out RUN`."""

import argparse
import shlex
import sys
import time
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
from flax import nnx
from rich.console import Console

from trainer.bursts import Bursts, read_bursts
from trainer.commands.progress import progress_bar
from trainer.errors import OptionError
from trainer.films import Film
from trainer.fit import Metrics, Settings, State, check, rates, start, updates
from trainer.networks import Size, outline, parameter_count
from trainer.runs import Run
from trainer.weights import Weights, arrays_of

PRESETS = {
    "cpu": (Settings(), 10.0),
    "gpu": (Settings(channels=48, blocks=6, batch=128, bursts=4000, sweeps=2, chunk=200), 30.0),
    "tpu": (Settings(channels=48, blocks=6, batch=256, bursts=4000, sweeps=2, chunk=200), 30.0),
}
"""Settings and minutes."""
CHECKPOINT_SECONDS = 60.0


def run(options: argparse.Namespace) -> int:
    """Fit with a progress bar on stderr and a summary on stdout."""
    settings, budget = choose(options)
    films = [Film(path) for path in options.film]
    about = {
        "films": [[film.name, film.size] for film in films],
        "settings": settings.as_dict(),
        "budget": budget,
        "tool": f"longtake {version('longtake')}",
    }
    folder = Run(Path(options.out), about, options.resume)
    with progress_bar("read films", settings.bursts) as advance:
        rng = np.random.default_rng(settings.seed)
        bursts = read_bursts(
            films, 2 * settings.patch, settings.bursts, rng, lambda done: advance(done, "bursts")
        )
    paths = {*options.film, options.out}
    words = [Path(word).name if word in paths else word for word in sys.argv[1:]]
    about["command"] = shlex.join(["trainer", *words])
    step, seconds = fit(bursts, settings, budget, folder, about)
    Console(highlight=False, soft_wrap=True).print(
        f"{options.out}: {step} updates in {seconds / 60:.1f} minutes; "
        f"use it with --dither generator --weights {options.out}",
        markup=False,
    )
    return 0


def choose(options: argparse.Namespace) -> tuple[Settings, dict[str, float]]:
    """The settings asked for, and the budget: {"steps": n} or {"minutes": m}. OptionError."""
    settings, minutes = PRESETS[options.preset]
    given = {
        name: value
        for name in ("channels", "blocks", "patch", "batch", "rate", "seed", "sweeps", "bursts")
        if (value := vars(options)[name]) is not None
    }
    settings = replace(settings, **given)
    Size(settings.channels, settings.blocks)
    if options.steps is not None:
        if options.minutes is not None:
            raise OptionError("--steps and --minutes are two budgets; leave one out")
        if options.steps < 1:
            raise OptionError(f"--steps {options.steps}: make 1 update or more")
        return settings, {"steps": options.steps}
    minutes = minutes if options.minutes is None else options.minutes
    if not 0 < minutes <= 100_000:
        raise OptionError(f"--minutes {minutes:g}: choose more than 0")
    return settings, {"minutes": minutes}


def fit(
    bursts: Bursts, settings: Settings, budget: dict[str, float], folder: Run, about: dict[str, Any]
) -> tuple[int, float]:
    """Make the updates that the budget still allows; returns how many there are, and the seconds they took.

    A budget of steps gives the same losses each time; one of minutes, as many updates as the machine makes.
    """
    on_device = jnp.asarray(bursts)
    state, spent = folder.restore(start(settings, on_device))
    many = updates(settings)
    steps = budget.get("steps")
    graph = nnx.graphdef(outline(settings.size))
    begun, saved = time.monotonic() - spent, time.monotonic()

    def keep(state: State) -> None:
        generator = nnx.merge(graph, state.params)
        said = {**about, "updates": int(state.step), "parameters": parameter_count(settings.size)}
        folder.save(state, time.monotonic() - begun, Weights(arrays_of(generator), settings.size, said))

    total = int(steps if steps is not None else budget["minutes"] * 60)
    with progress_bar("fit", total) as advance:
        while True:
            step, seconds = int(state.step), time.monotonic() - begun
            progress = step / steps if steps is not None else seconds / (60 * budget["minutes"])
            if progress >= 1:
                break
            count = settings.chunk if steps is None else min(settings.chunk, int(steps) - step)
            ahead = np.full(count, progress) if steps is None else (step + np.arange(count)) / steps
            rate = rates(settings, step, ahead)
            state, means = many(state, on_device, rate)
            metrics = Metrics(*(float(value) for value in means))
            step += count
            row = {"step": step, "seconds": round(time.monotonic() - begun, 1), "rate": float(rate[-1])}
            folder.log({**row, **metrics._asdict()})
            check(step, metrics)
            note = f"energy {metrics.energy:.3f}, flips {100 * metrics.flips:.1f} %"
            advance(step if steps is not None else int(row["seconds"]), note)
            if time.monotonic() - saved > CHECKPOINT_SECONDS:
                keep(state)
                saved = time.monotonic()
    keep(state)
    return int(state.step), time.monotonic() - begun
