"""All updates of a sweep, with a progress bar, figures and weights as they go."""

import math
import time
from dataclasses import dataclass, field
from typing import Any

import jax.numpy as jnp
import numpy as np

from trainer.commands.fit import CHECKPOINT_SECONDS
from trainer.commands.output import progress_bar
from trainer.dithers.generator.weights import Weights
from trainer.fit.bursts import Bursts
from trainer.fit.guards import trouble
from trainer.fit.hyper import Hyper
from trainer.fit.record import weights_of
from trainer.fit.settings import Settings
from trainer.fit.state import Metrics
from trainer.sweep.folder import SweepFolder
from trainer.sweep.sweep import (
    member,
    rates_of,
    starts,
    together,
)


@dataclass
class Trained:
    """The members after their updates, by number: weights of those that are well, what befell the others, and
    the last loss of each.
    """

    weights: dict[int, Weights] = field(default_factory=dict)
    lost: dict[int, str] = field(default_factory=dict)
    losses: dict[int, float] = field(default_factory=dict)


def train(
    members: list[Settings], bursts: Bursts, steps: int, folder: SweepFolder, about: dict[str, Any]
) -> Trained:
    """Make all updates of all members, which differ in numbers alone; the same call gives the same weights.

    Weights are kept every minute, and on Ctrl-C as they are after the last report. `about` is said of each.
    """
    on_device = jnp.asarray(bursts)
    states, hyper, many = starts(members, on_device), Hyper.of_all(members), together(members[0])
    trained = Trained()
    done, begun, saved = 0, time.monotonic(), time.monotonic()

    def keep() -> None:
        for number, settings in enumerate(members):
            if number in trained.lost:
                folder.drop(number)
                continue
            said = {**about, "settings": settings.as_dict()}
            trained.weights[number] = weights_of(settings, member(states, number), said)
            folder.save(number, trained.weights[number])

    with progress_bar(f"sweep {len(members)}", steps) as advance:
        try:
            while done < steps:
                count = min(members[0].chunk, steps - done)
                rates = rates_of(members, done, (done + np.arange(count)) / steps)
                states, means = many(hyper, states, on_device, rates)
                done += count
                seconds = round(time.monotonic() - begun, 1)
                rows = []
                for number in range(len(members)):
                    if number not in trained.lost:
                        metrics = Metrics(*(float(value[number]) for value in means))
                        row = {"member": number, "step": done, "seconds": seconds}
                        rows.append({**row, "rate": float(rates[-1, number]), **_plain(metrics)})
                        trained.losses[number] = metrics.loss
                        if found := trouble(done, metrics):
                            trained.lost[number] = f"{found[0]}, after {done} updates"
                folder.log(rows)
                advance(done, _note(trained))
                if time.monotonic() - saved > CHECKPOINT_SECONDS:
                    keep()
                    saved = time.monotonic()
        except KeyboardInterrupt:
            if done:
                keep()
            raise
        keep()
    trained.weights = {n: own for n, own in trained.weights.items() if n not in trained.lost}
    return trained


def _plain(metrics: Metrics) -> dict[str, float | None]:
    """As JSON has it, which knows no nan."""
    return {name: value if math.isfinite(value) else None for name, value in metrics._asdict().items()}


def _note(trained: Trained) -> str:
    losses = [loss for number, loss in trained.losses.items() if number not in trained.lost]
    lost = f", {len(trained.lost)} lost" if trained.lost else ""
    return (f"loss {min(losses):.3f} to {max(losses):.3f}" if losses else "") + lost
