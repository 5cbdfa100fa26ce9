"""The generator as a ditherer: a start, learned steps towards the least visible error, then a short search.

In closed loop every frame starts from the shown dither where that still fits and from error diffusion
elsewhere (`search/start.py`). `passes` passes of the network (`step.py`) make most of the moves that pay, and
`polish` rounds of the search make the rest, all at the price of a flip that the dial sets. At the start of a
stretch, where nothing is shown, and after a cut flips are almost free and there are more passes; the search,
if there is any, then runs until the dither is settled.

The passes run in JAX. The engine (`engines.py`) decides where, and which search follows: `sequential`
on the CPU, frame by frame, then the compiled search; `parallel` on the accelerator, several frames in a
batch, then the search in JAX. A dither depends on frame, shown dither, weights, settings and engine alone.
"""

from abc import abstractmethod
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array

from trainer.dithers.diffusion import diffused
from trainer.dithers.ditherer import Ditherer, FrameByFrame
from trainer.dithers.engines import engine_of
from trainer.dithers.eye import Dither, Frame, two_eye_kernel
from trainer.dithers.generator.model import Generator
from trainer.dithers.generator.step import FIRST_PRICE, View, energy_on, step
from trainer.dithers.generator.weights import Weights, load, part
from trainer.dithers.mask import thresholds, tiled
from trainer.dithers.search.accelerated import Accelerated, Scene
from trainer.dithers.search.ditherer import settler
from trainer.dithers.search.energy import price_of
from trainer.dithers.search.sequential import PASSES as ALL_ROUNDS
from trainer.dithers.search.sequential import settle
from trainer.dithers.search.start import CUT_PRICE, Start, after_cut
from trainer.errors import OptionError

PASSES, POLISH = 1, 3
"""The defaults."""
FIRST_PASSES = 12
"""Passes of a first frame and after a cut, unless `passes` is more."""

Engine = Callable[[Frame, Dither, Dither, float, int, int | None], Dither]
"""(frame, start, shown dither, price, passes, rounds of the search; None: until settled) -> the dither."""


class GeneratorDitherer(FrameByFrame):
    """Dithers with the network. `weights`: a file, or a folder of `trainer fit`; None: those that ship.

    `dial` sets the price of a flip (`search.energy.price_of`), `engine` is for `engine_of`.
    OptionError for a setting out of range, TrainerError for weights that cannot be read.
    """

    def __init__(
        self,
        dial: float = 0.5,
        *,
        passes: int = PASSES,
        polish: int = POLISH,
        weights: Path | Weights | None = None,
        engine: str | None = None,
    ) -> None:
        if not 0 <= dial <= 1:
            raise OptionError(f"the dial of the generator is {dial:g}: choose 0 (liveliest) to 1 (calmest)")
        if not 1 <= passes <= 100:
            raise OptionError(f"--passes {passes}: choose 1 to 100")
        if not 0 <= polish <= 1000:
            raise OptionError(f"--polish {polish}: choose 0 (the network alone) to 1000 rounds")
        self.price, self.passes, self.polish = price_of(dial), passes, polish
        self.weights = weights if isinstance(weights, Weights) else load(weights)
        self._engine = ENGINES[engine_of(engine)](self.weights)
        self._start = Start(dial, self.price)

    def dither(self, frame: Frame, shown: Dither | None) -> Dither:
        """Dither `frame` (float32[H, W] in [0, 1]) to uint8[H, W], 1 = white, while `shown` is shown."""
        many = max(self.passes, FIRST_PASSES)
        if shown is None:
            start = diffused(frame)
            dither = self._engine(frame, start, start, FIRST_PRICE, many, 0)
            return self._engine(frame, dither, dither, 0.0, 0, None) if self.polish else dither
        start = self._start(frame, shown)
        if after_cut(start, shown):
            # Without the search the network comes near a fresh dither only if flips cost next to nothing.
            fee, rounds = (CUT_PRICE, None) if self.polish else (FIRST_PRICE, 0)
            return self._engine(frame, start, shown, min(self.price, fee), many, rounds)
        return self._engine(frame, start, shown, self.price, self.passes, self.polish)


class Polished(FrameByFrame):
    """A network that decides on pixels, at once, with rounds of the search after it on request.

    The network itself has no dial; the dial is the price of a flip in the search. OptionError for a setting
    out of range or without effect; `noun`: what that calls the network.
    """

    def __init__(self, noun: str, dial: float | None, passes: int, polish: int, engine: str | None) -> None:
        if passes != 1:
            raise OptionError(f"--passes {passes}: {noun} goes over a frame once; leave --passes out")
        if not 0 <= polish <= 1000:
            raise OptionError(f"--polish {polish}: choose 0 (the network alone) to 1000 rounds")
        if dial is not None and not polish:
            raise OptionError(f"{noun} alone has no dial; leave the dial out, or give --polish")
        self.polish, self.price = polish, price_of(0.5 if dial is None else dial)
        self._settle = settler(engine)

    @abstractmethod
    def alone(self, frame: Frame, shown: Dither | None) -> Dither:
        """What the network makes of a frame while `shown` is on the panel."""

    def dither(self, frame: Frame, shown: Dither | None) -> Dither:
        """Dither `frame` (float32[H, W] in [0, 1]) to uint8[H, W], 1 = white, while `shown` is shown."""
        dither = self.alone(frame, shown)
        if not self.polish:
            return dither
        if shown is None:
            return self._settle(frame, dither, dither, 0.0, None)
        return self._settle(frame, dither, shown, self.price, self.polish)


def make_ditherer(weights: Path | Weights | None = None, **settings: Any) -> Ditherer:
    """The ditherer of the network that the weights are for (`weights.NETWORKS`)."""
    read = weights if isinstance(weights, Weights) else load(weights)
    ditherer: Ditherer = part(read.kind.ditherer)(weights=read, **settings)
    return ditherer


def on_cpu(weights: Weights) -> Engine:
    """Passes on the CPU, also where there is an accelerator, then the sequential search."""
    one_pass, device = _one_pass(weights), _cpu()

    def dithered(
        frame: Frame, start: Dither, shown: Dither, price: float, passes: int, rounds: int | None
    ) -> Dither:
        if passes:
            with jax.default_device(device):
                tones, first, before = (jnp.asarray(p, jnp.float32)[None] for p in (frame, start, shown))
                scene = Scene(tones, first, before, jnp.full(1, price, jnp.float32))
                for _ in range(passes):
                    scene = scene._replace(dither=one_pass(scene))
                start = np.asarray(scene.dither[0]).astype(np.uint8)
        most = ALL_ROUNDS if rounds is None else rounds
        return settle(frame, start, shown, price, two_eye_kernel(), most) if most else start

    return dithered


def on_accelerator(weights: Weights, frames: int | None = None) -> Engine:
    """Passes and the parallel search in batches of so many frames (`search/accelerated.py`)."""
    return Accelerated(_one_pass(weights), frames)


ENGINES: dict[str, Callable[[Weights], Engine]] = {"sequential": on_cpu, "parallel": on_accelerator}


def _one_pass(weights: Weights) -> Callable[[Scene], Array]:
    """A pass of the network with these weights."""
    generator = weights.generator()
    state, compiled = nnx.state(generator), compiled_pass(nnx.graphdef(generator))
    mask = lru_cache(maxsize=1)(lambda shape: jnp.asarray(tiled(thresholds(), shape)))
    return lambda scene: compiled(state, View(*scene, mask(scene.frame.shape[1:])))


@cache
def compiled_pass(graph: nnx.GraphDef[Generator]) -> Callable[[nnx.State, View], Array]:
    """(the network's state, the input of a pass) -> dithers; compiled once for each size of frame."""

    @jax.jit
    def one_pass(state: nnx.State, view: View) -> Array:
        energy = energy_on((view.frame.shape[1], view.frame.shape[2]))
        return step(nnx.merge(graph, state), view, energy)

    return one_pass


def _cpu() -> jax.Device | None:
    """JAX's CPU; None, its default device, where it was told to leave the CPU out."""
    try:
        return jax.devices("cpu")[0]
    except RuntimeError:
        return None
