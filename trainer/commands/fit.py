"""`trainer fit FILM... --out RUN`."""

import argparse
import shlex
import time
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from rich.console import Console

from trainer import networks, unet
from trainer.bursts import HALF, Bursts, overfit_burst, read_bursts
from trainer.commands.fit_choice import choose
from trainer.commands.progress import progress_bar
from trainer.films import Film
from trainer.fit import Metrics, Settings, State, check, rates, start, updates
from trainer.fitting.events import Events
from trainer.fitting.samples import choose as choose_scenes
from trainer.fitting.samples import closed_loop, sheet
from trainer.modules import counted
from trainer.runs import EVENTS, Run
from trainer.times import parse_place
from trainer.unet import UNetSize
from trainer.weights import Weights, arrays_of

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
    bursts = _read(films, settings)
    paths = {*options.film, options.out}
    words = [Path(word).name if word in paths else word for word in options.command_line]
    about["command"] = shlex.join(["trainer", *words])
    step, seconds = fit(bursts, settings, budget, folder, about, options.tensorboard)
    Console(highlight=False, soft_wrap=True).print(
        f"{options.out}: {step} updates in {seconds / 60:.1f} minutes; "
        f"use it with --dither generator --weights {options.out}",
        markup=False,
    )
    return 0


def _read(films: list[Film], settings: Settings) -> Bursts:
    scale = HALF if settings.half_resolution else None
    if settings.overfit is not None:
        return overfit_burst(films[0], parse_place(settings.overfit), settings.patch, scale)
    rng = np.random.default_rng(settings.seed)
    with progress_bar("read films", settings.bursts) as advance:
        return read_bursts(
            films, 2 * settings.patch, settings.bursts, rng, lambda done: advance(done, "bursts"), scale
        )


def fit(
    bursts: Bursts,
    settings: Settings,
    budget: dict[str, float],
    folder: Run,
    about: dict[str, Any],
    tensorboard: bool = False,
) -> tuple[int, float]:
    """Make the updates that the budget still allows; returns how many there are, and the seconds they took.

    A budget of steps gives the same losses each time; one of minutes, as many updates as the machine makes.
    """
    on_device = jnp.asarray(bursts)
    state, spent = folder.restore(start(settings, on_device))
    many = updates(settings)
    steps = budget.get("steps")
    scenes = choose_scenes(bursts)
    pictures = jnp.asarray(np.stack([scene.frames for scene in scenes]), jnp.float32) / 255
    loop = closed_loop(settings, bursts.shape[-1])
    begun, saved = time.monotonic() - spent, time.monotonic()
    total = int(steps if steps is not None else budget["minutes"] * 60)

    with ExitStack() as open_until_then:
        advance = open_until_then.enter_context(progress_bar("fit", total))
        events = (
            open_until_then.enter_context(Events(folder.folder / EVENTS, int(state.step)))
            if tensorboard
            else None
        )

        def keep(state: State) -> None:
            step = int(state.step)
            folder.save(state, time.monotonic() - begun, weights_of(settings, state, about))
            png = sheet(scenes, np.asarray(loop(state.params.generator, pictures)))
            folder.picture(png, step)
            if events:
                events.picture(png, step)

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
            row |= metrics._asdict()
            folder.log(row)
            if events:
                events.log(row)
            check(step, metrics)
            advance(step if steps is not None else int(row["seconds"]), _note(metrics))
            if time.monotonic() - saved > CHECKPOINT_SECONDS:
                keep(state)
                saved = time.monotonic()
        keep(state)
    return int(state.step), time.monotonic() - begun


def weights_of(settings: Settings, state: State, about: dict[str, Any]) -> Weights:
    """The generator as it is, with what is to be said of it."""
    size = settings.network
    network: nnx.Module = unet.outline(size) if isinstance(size, UNetSize) else networks.outline(size)
    generator = nnx.merge(nnx.graphdef(network), jax.device_get(state.params.generator))
    said = {**about, "updates": int(state.step), "parameters": counted(network)}
    return Weights(arrays_of(generator), size, said)


def _note(metrics: Metrics) -> str:
    critic = f", critic {metrics.critic:.3f}" if metrics.critic else ""
    return f"loss {metrics.loss:.3f}{critic}, energy {metrics.energy:.3f}, flips {100 * metrics.flips:.1f} %"
