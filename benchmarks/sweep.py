"""A sweep of several generators against as many fits one after another, in the same run.

    python benchmarks/sweep.py [--members 4] [--updates 50] [--patch 64] [--batch 8] [--channels 16]
        [--ways fits turns vmap]

Each way makes the same updates of the same members, which differ in their learning rate and their seed, on
clips of noise, twice; what the first time takes longer is compilation.
    fits   one fit after another, as `trainer fit` makes its updates, each compiled for its own settings
    turns  one compiled update, called for one member after another: `trainer sweep` on a CPU
    vmap   one compiled update of all members at once: `trainer sweep` on an accelerator. On a CPU it is
           called update by update, since convolutions in a compiled loop are slow there
Prints for each the seconds of compilation, the milliseconds of an update of one member, and the seconds of
both; and of the sweeps how many times as long the fits took. In brackets stand the seconds of the processor,
which other work on the machine does not lengthen.
"""

import time
from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from command import begin, machine, usage

from trainer.fit.data import LENGTH
from trainer.fit.settings import Settings, shape_of, stacked_hyper
from trainer.fit.train import rates, start, updates
from trainer.sweep import at_once, in_turn, rates_of, starts

WAYS = ("fits", "turns", "vmap")


def fits(members, clips, count):
    """A function that makes `count` updates of every member, each by a program of its own."""
    begun = [start(settings, clips) for settings in members]

    def make():
        for settings, state in zip(members, begun, strict=True):
            jax.block_until_ready(updates(settings)(state, clips, rates(settings, 0, np.zeros(count))))

    return make


def sweep(way, members, clips, count):
    """The same by a program for all."""
    many, hyper, begun = way(shape_of(members[0])), stacked_hyper(members), starts(members, clips)
    alone = way is at_once and jax.default_backend() == "cpu"

    def make():
        states = begun
        for ahead in np.split(rates_of(members, 0, np.zeros(count)), count if alone else 1):
            states, _ = many(hyper, states, clips, ahead)
        jax.block_until_ready(states)

    return make


def timed(work):
    """Seconds on the clock and of the processor."""
    began = time.perf_counter(), time.process_time()
    work()
    return np.array([time.perf_counter() - began[0], time.process_time() - began[1]])


def main() -> None:
    parser = usage(__doc__)
    parser.add_argument("--members", type=int, default=4)
    parser.add_argument("--updates", type=int, default=50)
    parser.add_argument("--patch", type=int, default=64)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--channels", type=int, default=16)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS)
    options = parser.parse_args()

    settings = Settings(patch=options.patch, batch=options.batch, channels=options.channels)
    members = [replace(settings, rate=1e-3 * (1 + n), seed=n % 2) for n in range(options.members)]
    rng = np.random.default_rng(0)
    clips = jnp.asarray(rng.integers(0, 256, (20, LENGTH, 2 * settings.patch, 2 * settings.patch), np.uint8))
    print(machine("jax", "flax", "optax"), jax.devices()[0].device_kind)
    print(f"{len(members)} members, {options.updates} updates of each, {settings.patch} pixels, "
          f"batch {settings.batch}, {settings.channels} channels")  # fmt: skip
    ways = {"fits": fits, "turns": partial(sweep, in_turn), "vmap": partial(sweep, at_once)}
    whole = {}
    for name in options.ways:
        make = ways[name](members, clips, options.updates)
        whole[name], again = timed(make), timed(make)
        compiling, each = whole[name] - again, 1000 * again / (options.updates * len(members))
        ratio = ""
        if name != "fits" and "fits" in whole:
            clock, processor = whole["fits"] / whole[name]
            ratio = f"; the fits took {clock:.2f} ({processor:.2f}) times as long"
        print(f"{name:5}: compiling {compiling[0]:6.1f} s ({compiling[1]:6.1f}), an update {each[0]:6.1f} ms "
              f"({each[1]:6.1f}), all {whole[name][0]:6.1f} s ({whole[name][1]:6.1f}){ratio}",
              flush=True)  # fmt: skip


if __name__ == "__main__":
    begin(main)
