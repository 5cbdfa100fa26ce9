"""What bfloat16 costs in quality: two short fits from one seed, one of each precision, side by side.

    python benchmarks/precision.py FILM --test FILM[:START]... [--steps 300] [--patch 64] [--channels 16]
        [--seeds 1] [--frames 12]

Trains on FILM by `--precision float32` and `bfloat16`, all else alike. Prints the loss and the energy of the
last fifth of the updates; then, on frames of the test films from START on that the fits have not seen, at
384x216 in closed loop and dial 1/2, flips and HVS-PSNR of the network alone, always computed in float32, for
both eyes. Several seeds show how far two fits differ by chance.
"""

import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from command import begin, machine, usage

from trainer.dithers.eye import EYES, hvs_psnr
from trainer.dithers.generator.ditherer import GeneratorDitherer
from trainer.films.film import Film
from trainer.films.selection import Selection
from trainer.films.times import FrameNumber
from trainer.films.tones import Tones
from trainer.fit.data import read_clips
from trainer.fit.settings import Settings, table
from trainer.fit.train import rates, start, updates, weights_of


def fitted(settings, clips, steps):
    """The weights after so many updates; mean loss and energy of the last fifth; seconds."""
    state, begun, last = start(settings, clips), time.monotonic(), []
    for step in range(0, steps, settings.chunk):
        rate = rates(settings, step, (step + np.arange(settings.chunk)) / steps)
        state, metrics = updates(settings)(state, clips, rate)
        if step >= 0.8 * steps - settings.chunk:
            last.append([float(metrics.loss), float(metrics.energy)])
    weights = weights_of(settings, {}, jax.device_get(state))
    return weights, np.mean(last, 0), time.monotonic() - begun


def tested(weights, frames):
    """Flips in percent, and HVS-PSNR for each eye, of the frames after the first."""
    ditherer, shown, rows = GeneratorDitherer(weights=weights, polish=0), None, []
    for frame in frames:
        dither = ditherer.dither(frame, shown)
        if shown is not None:
            rows.append([100 * np.mean(dither != shown), *(hvs_psnr(frame, dither, eye) for eye in EYES)])
        shown = dither
    return np.mean(rows, 0)


def main() -> None:
    parser = usage(__doc__)
    parser.add_argument("film", type=Path)
    parser.add_argument("--test", nargs="+", required=True, metavar="FILM[:START]")
    for name, value in (("steps", 300), ("patch", 64), ("channels", 16), ("seeds", 1), ("frames", 12)):
        parser.add_argument(f"--{name}", type=int, default=value)
    options = parser.parse_args()

    print(machine("numpy", "jax", "flax"), "on", jax.devices()[0].device_kind)
    held_out = {}
    for name in options.test:
        path, _, first = name.partition(":")
        selection = Selection(start=FrameNumber(int(first or 0)), count=options.frames)
        found = selection.frames(Film(Path(path)), Tones(size=(384, 216)))
        held_out[Path(path).stem] = [selected.frame for selected in found]
    rng = np.random.default_rng(0)
    clips = jnp.asarray(read_clips([Film(options.film)], 2 * options.patch, 100, rng))
    eyes = "".join(f"{f'S {eye}, dB':>13}" for eye in EYES)
    print(f"{'':6}{'':10}{'loss':>9}{'energy':>9}{'seconds':>9}  {'film':28}{'flips %':>8}{eyes}")
    for seed in range(options.seeds):
        for precision in table(Settings)["precision"].choices:
            settings = Settings(
                patch=options.patch, channels=options.channels, seed=seed, precision=precision, chunk=20
            )
            weights, (loss, energy), seconds = fitted(settings, clips, options.steps)
            head = f"seed {seed} {precision:9}{loss:9.4f}{energy:9.5f}{seconds:9.0f}"
            for name, frames in held_out.items():
                flips, *scores = tested(weights, frames)
                print(f"{head}  {name[:28]:28}{flips:8.2f}" + "".join(f"{score:13.2f}" for score in scores))
                head = " " * len(head)


if __name__ == "__main__":
    begin(main)
