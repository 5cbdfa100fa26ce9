"""The searches on an accelerator, for several stretches at once.

One frame is too little work for an accelerator. So threads that dither different stretches share it: frames
(`Accelerated`) or windows (`Volumes`) that arrive while it is busy make up the next batch. A batch always has
room for the same number of them, however many are needed. So each goes through the same programs, and its
dithers do not depend on the others in its batch.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from threading import Lock
from typing import Generic, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from trainer.dithers.ditherer import Dither, Frame
from trainer.dithers.eye import two_eye_kernel
from trainer.dithers.levels import Levels
from trainer.dithers.search import volume
from trainer.dithers.search.parallel import LIMIT, SWEEPS, settle
from trainer.errors import TrainerError

FRAMES = 4
"""Frames in a batch on an accelerator; a CPU, where a second frame takes as long as the first, has 1."""
PIXELS = 2**27
"""Pixels of all frames in a batch of windows, at most, if it has more than one; a guess. A CPU has one."""


Item = TypeVar("Item")
Result = TypeVar("Result")


class Batcher(Generic[Item, Result]):
    """Collects the items of many threads into batches. Call it with an item, from any thread, for its result.

    `work` does up to `most` items at once, in the order in which they arrived, and is never called twice at
    the same time: whichever thread comes first calls it for all. No thread waits for others to join: an item
    that is alone is done alone. If `work` raises, every caller of that batch gets the exception.
    """

    def __init__(self, work: Callable[[Sequence[Item]], Sequence[Result]], most: int) -> None:
        self._work, self._most = work, most
        self._waiting: deque[tuple[Item, Future[Result]]] = deque()
        self._at_work = Lock()

    def __call__(self, item: Item) -> Result:
        """The result of the item."""
        result: Future[Result] = Future()
        self._waiting.append((item, result))
        while not result.done():
            with self._at_work:
                if not result.done():  # another thread may have done it in its batch
                    self._do_next()
        return result.result()

    def _do_next(self) -> None:
        batch = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
        try:
            done = self._work([item for item, _ in batch])
            for (_, result), its in zip(batch, done, strict=True):
                result.set_result(its)
        except BaseException as error:
            for _, result in batch:
                if not result.done():
                    result.set_exception(error)


class Scene(NamedTuple):
    """Frames, their dithers so far, the shown dithers, float32[B, H, W]; the prices of a flip, float32[B]."""

    frame: Array
    dither: Array
    shown: Array
    price: Array


class Job(NamedTuple):
    """A frame on the device, and the most sweeps that the search may make."""

    frame: Array
    start: Array
    shown: Array
    price: float
    limit: int


class Accelerated:
    """Dithers a frame when called, from any thread; frames that arrive together must have one shape.

    frames: in a batch; None: `FRAMES`, on a CPU 1.
    """

    def __init__(self, frames: int | None = None) -> None:
        self._frames = frames or (1 if jax.default_backend() == "cpu" else FRAMES)
        self._batcher = Batcher(self.dithers, self._frames)

    def __call__(
        self, frame: Frame, start: Dither, shown: Dither, price: float, rounds: int | None
    ) -> Dither:
        """The dither, uint8[H, W], after `rounds` of `SWEEPS` sweeps; None: until it is settled."""
        limit = LIMIT if rounds is None else SWEEPS * rounds
        tones, first, before = jax.device_put((np.asarray(frame, np.float32), start, shown))
        return np.array(self._batcher(Job(tones, first, before, price, limit)))

    def dithers(self, jobs: Sequence[Job]) -> tuple[Array, ...]:
        """The dithers of one batch, uint8[H, W], on the device; they are finished when it returns.

        TrainerError if the device's memory is too small.
        """
        height, width = jobs[0].frame.shape
        with _memory_for(f"{self._frames} frames of {width}x{height} at a time"):
            return self._dithers(jobs)

    def _dithers(self, jobs: Sequence[Job]) -> tuple[Array, ...]:
        idle = jobs[0]._replace(limit=0)
        frames, starts, shown, prices, limits = zip(*jobs, *[idle] * (self._frames - len(jobs)), strict=True)
        scene = _stacked(frames, starts, shown, np.array(prices, np.float32))
        return jax.block_until_ready(_searched(scene, np.array(limits, np.int32)))[: len(jobs)]


@jax.jit
def _stacked(
    frames: tuple[Array, ...], starts: tuple[Array, ...], shown: tuple[Array, ...], prices: Array
) -> Scene:
    frame, start, seen = (jnp.stack(pictures).astype(jnp.float32) for pictures in (frames, starts, shown))
    return Scene(frame, start, seen, prices)


@jax.jit
def _searched(scene: Scene, limits: Array) -> tuple[Array, ...]:
    """The dithers after the search, one array each, uint8[H, W]."""
    dithers, _ = settle(*scene, key=jax.random.key(0), kernel=two_eye_kernel(), limit=limits)
    return tuple(dithers.astype(jnp.uint8))


class Part(NamedTuple):
    """Frames of a stretch that are searched together, float32[T, H, W], and the dithers to start from,
    uint8[T, H, W].

    mask: the thresholds that the new ones began at, float32[H, W]. shown: the dither before them, uint8[H,
    W], or None where the redraw is. dirty: the pixels that were dirty then, bool[H, W]; None: none. price: of
    a flip.
    """

    frames: NDArray[np.float32]
    start: NDArray[np.uint8]
    mask: NDArray[np.float32]
    shown: Dither | None
    dirty: NDArray[np.bool_] | None
    price: float


Network = Callable[[volume.Scene, Array, Array], Array]
"""(scene, dithers bool[T, B, H, W], thresholds float32[B, H, W]) -> what a network makes of the dithers."""


class Volumes:
    """Searches a window of at most `longest` frames when called, from any thread; for frames [H, W].

    batch: how many windows at once; None: as many as `PIXELS` allows, on a CPU 1. rounds: of the search at
    each price; None: until it is settled. network: what comes before the search; None: nothing.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        longest: int,
        levels: Levels,
        *,
        batch: int | None = None,
        rounds: int | None = None,
        network: Network | None = None,
    ) -> None:
        self._rounds = volume.LIMIT if rounds is None else rounds
        self._network = network
        on_cpu = jax.default_backend() == "cpu"
        room = 1 if on_cpu else max(1, PIXELS // (longest * shape[0] * shape[1]))
        self._batch, self._longest, self._looks = batch or room, longest, volume.looks(levels)
        self._batcher = Batcher(self._settled, self._batch)

    def __call__(self, part: Part) -> NDArray[np.uint8]:
        """The dithers, uint8[T, H, W]. TrainerError if the device's memory is too small."""
        return self._batcher(part)

    def _settled(self, parts: Sequence[Part]) -> list[NDArray[np.uint8]]:
        height, width = parts[0].frames[0].shape
        frames = np.zeros((self._longest, self._batch, height, width), np.float32)
        start, mask = np.zeros(frames.shape, bool), np.zeros(frames.shape[1:], np.float32)
        before = np.full(frames.shape[1:], volume.OPENS, np.int8)
        length, price = np.zeros(self._batch, np.int32), np.ones(self._batch, np.float32)
        for place, part in enumerate(parts):
            length[place], price[place] = len(part.frames), part.price
            frames[: length[place], place], start[: length[place], place] = part.frames, part.start
            mask[place] = part.mask
            if part.shown is not None:
                before[place] = (
                    np.where(False if part.dirty is None else part.dirty, volume.DIRTY_BLACK, 0) + part.shown
                )
        with _memory_for(f"{self._batch} times {self._longest} frames of {width}x{height}"):
            scene = volume.Scene(*jax.device_put((frames, before, length, price, self._looks)))
            found = jax.device_put(start)
            if self._network:
                found = self._network(scene, found, jax.device_put(mask))
            if self._rounds:
                found = _settled(scene, found, jnp.int32(self._rounds))
            dithers = np.asarray(found).astype(np.uint8)
        return [np.array(dithers[: length[place], place]) for place in range(len(parts))]


@jax.jit
def _settled(scene: volume.Scene, start: Array, limit: Array) -> Array:
    return volume.settle(scene, start, key=jax.random.key(0), kernel=two_eye_kernel(), limit=limit)


@contextmanager
def _memory_for(work: str) -> Iterator[None]:
    """Makes a TrainerError of a device's lack of memory."""
    try:
        yield
    except jax.errors.JaxRuntimeError as error:
        if "RESOURCE_EXHAUSTED" not in str(error):
            raise
        raise TrainerError(
            f"the memory of {jax.devices()[0].device_kind} is too small for {work}; end other programs that "
            "use it, or set JAX_PLATFORMS=cpu"
        ) from None
