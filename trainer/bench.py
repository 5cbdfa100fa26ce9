"""What this machine does in a second: a fit's updates, and an export's frames with each ditherer.

**Training.** Updates of the project's own objective, and the share of the peak that they reach. An update's
operations are those that XLA counts in its program (the cost analysis), with one each for a multiplication
and an addition. The searches, which make the dithers that the critic takes for real, take time and count for
none. No machine tells its peak, so that is measured too, in turn with the updates: one large matrix product,
in float32 as JAX multiplies by default (on some accelerators that is TF32 or bfloat16 inside).

**Exports.** Twice over the same frames, in closed loop. First stage by stage, one after the other in one
thread, so that each has seconds of its own; then the export itself, in which the stages overlap:
    decode    the film's next frame, as luma
    tone      scale and tone it, and compare it with the one before for a cut
    dither    what the ditherer takes
    compress  pack the dither, compare it with the one before, and deflate what changed
    write     the reel's transaction, spread over its frames
The first frame, which compiles and starts the stretch, counts by itself.

Without a film of the user's, one is made of NumPy arrays: moving tones in a few shots. The same size and
numbers give the same film. Pictures are luma, uint8[height, width].
"""

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from player.reel import FrameInfo, ReelWriter
from trainer.dithers import table as dithers
from trainer.dithers.ditherer import Ditherer
from trainer.dithers.eye import Frame
from trainer.dithers.table import DITHERS
from trainer.errors import FilmError, OptionError, TrainerError
from trainer.export.export import export
from trainer.export.task import Task
from trainer.films.cuts import is_cut
from trainer.films.film import Film, FilmFrame
from trainer.films.selection import Selection
from trainer.films.times import Place
from trainer.films.tones import Tones
from trainer.fit.data import LENGTH, Clips
from trainer.fit.gan import train_step
from trainer.fit.patches import FRAMES
from trainer.fit.settings import Settings, hyper_of
from trainer.fit.train import start, updates

Clock = Callable[[], float]
Work = Callable[[], object]
Picture = NDArray[np.uint8]

# Timing.

LEAST = 3
"""The fewest runs of a median, even if they outlast the time for them."""
FILM_FRAMES = 160_000
"""Frames of a film: not quite two hours at 24 per second."""


@dataclass(frozen=True)
class Timing:
    """Seconds of the first run, which warms up and may compile, and of each later run."""

    first: float
    each: tuple[float, ...]

    @property
    def median(self) -> float:
        """Seconds of a run, without the first."""
        return median(self.each)


def in_turn(works: Sequence[Work], seconds: float, clock: Clock = time.perf_counter) -> list[Timing]:
    """Run all works once, then in turn for `seconds` in all, but at least `LEAST` times each.

    In turn, so that whatever else the machine does slows all of them down.
    """
    spent: list[list[float]] = [[] for _ in works]
    begun = clock()
    while len(spent[0]) <= LEAST or clock() - begun < seconds:
        for work, its in zip(works, spent, strict=True):
            before = clock()
            work()
            its.append(clock() - before)
        if len(spent[0]) == 1:
            begun = clock()
    return [Timing(first, tuple(each)) for first, *each in spent]


# A made film.

SIZE = (1920, 1080)
RATE = 24.0
SHOT = 40
"""Frames from one cut to the next."""

_WAVES = np.geomspace(6, 600, 9)
"""Wavelengths in pixels."""
_FAR, _NEAR, _DISC = 1, 3, 5
"""Pixels per frame."""


def shot(size: tuple[int, int], seed: int) -> Iterator[Picture]:
    """The pictures of one shot, `SHOT` or `LENGTH` of them, whichever is more; size is (width, height).

    A far and a near layer are sums of waves as coarse as clouds and as fine as gravel, the finer the fainter;
    the camera pans, so that the near one goes by faster. A bright disc crosses the picture in front of them.
    """
    width, height = size
    frames = max(SHOT, LENGTH)
    rng = np.random.default_rng(seed)
    far, near = (_layer(height, width + frames * speed, rng) for speed in (_FAR, _NEAR))
    horizon, radius = height // 2, max(1, height // 6)
    y, x = np.ogrid[:height, :width]
    for number in range(frames):
        picture = far[:, number * _FAR :][:, :width].copy()
        picture[horizon:] = near[horizon:, number * _NEAR :][:, :width]
        centre = width // 4 + number * _DISC
        picture[(x - centre) ** 2 + (y - horizon) ** 2 < radius**2] = 220
        yield picture


def pictures(size: tuple[int, int], count: int) -> Iterator[Picture]:
    """A film of so many pictures, with a cut after every `SHOT`."""
    for number in range(-(-count // SHOT)):
        yield from islice(shot(size, number), min(SHOT, count - number * SHOT))


def made_clips(count: int, side: int) -> Clips:
    """What a fit reads from films, uint8[count, LENGTH, side, side]."""
    return np.stack([np.stack(list(islice(shot((side, side), n), LENGTH))) for n in range(count)])


def write_film(path: Path, count: int, size: tuple[int, int] = SIZE) -> None:
    """Write so many pictures as MPEG-4. TrainerError where OpenCV cannot."""
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"mp4v"), RATE, size, False)
    if not writer.isOpened():
        raise TrainerError(
            "OpenCV has no coder for a made film here; measure on one of your own: --film FILM"
        )
    try:
        for picture in pictures(size, count):
            writer.write(picture)
    finally:
        writer.release()


def _layer(height: int, width: int, rng: np.random.Generator) -> Picture:
    """Waves in all directions, each as strong as the square root of its length."""
    y, x = np.ogrid[:height, :width]
    tones = np.zeros((height, width), np.float32)
    for wave in _WAVES:
        angle, phase = rng.uniform(0, 2 * np.pi, 2)
        down, right = np.sin(angle) / wave, np.cos(angle) / wave
        # cos(a + b) from the cosines and sines of rows and columns, instead of one for every pixel.
        a, b = (2 * np.pi * down * y + phase), 2 * np.pi * right * x
        tones += np.sqrt(wave) * (np.cos(a) * np.cos(b) - np.sin(a) * np.sin(b)).astype(np.float32)
    spread = 3 * tones.std() or 1.0
    return np.clip(127.5 * (1 + tones / spread), 0, 255).astype(np.uint8)


# Training.

CLIPS = 8
"""Clips that the patches are cut from; a fit has hundreds, which makes no difference to an update."""
_LONG_ENOUGH = 0.05  # seconds
_SIDES = (1024, 2048, 4096, 8192, 16384)


@dataclass(frozen=True)
class Training:
    """`timing` is of calls of `updates` updates each, of so many operations each; `product` times the product
    of two matrices of `side`.
    """

    settings: Settings
    operations: float
    updates: int
    timing: Timing
    side: int
    product: Timing

    @property
    def compiling(self) -> float:
        """Seconds of the first call, which compiles the updates."""
        return self.timing.first

    @property
    def seconds(self) -> float:
        """Of an update."""
        return self.timing.median / self.updates

    @property
    def patch_pixels_per_second(self) -> float:
        """Pixels of all patches of an update, in all of their frames, over its time."""
        return self.settings.batch * FRAMES * self.settings.patch**2 / self.seconds

    @property
    def peak(self) -> float:
        """Operations per second of the matrix product."""
        return 2 * self.side**3 / self.product.median

    @property
    def share(self) -> float:
        """The share of the peak that the updates reach, 0 to 1."""
        return self.operations / self.seconds / self.peak


def training(settings: Settings, seconds: float) -> Training:
    """Measure updates as a fit makes them: on a CPU one by one, elsewhere many in one program."""
    films = jnp.asarray(made_clips(CLIPS, 2 * settings.patch))
    state = [start(settings, films)]
    count = 1 if jax.default_backend() == "cpu" else settings.chunk
    many, rates = updates(settings), np.full(count, settings.rate, np.float32)

    def update() -> None:
        state[0], means = many(state[0], films, rates)
        jax.block_until_ready((state[0], means))

    # Without the searches, whose operations are not those of training.
    learn = partial(train_step, settings, None, hyper_of(settings))
    counted = operations(learn, state[0], films, rates[0])
    side, product = long_product()
    timing, of_product = in_turn([update, product], 2 * seconds)
    return Training(settings, counted, count, timing, side, of_product)


def long_product() -> tuple[int, Work]:
    """The side of a matrix whose square takes a twentieth of a second or more here, and that product."""
    multiply = jax.jit(jnp.matmul)
    for side in _SIDES:
        matrix = jnp.full((side, side), 0.5, jnp.float32)

        def product(matrix: jax.Array = matrix) -> None:
            multiply(matrix, matrix).block_until_ready()

        if in_turn([product], 0)[0].median >= _LONG_ENOUGH:
            break
    return side, product


def operations(function: Callable[..., Any], *given: Any) -> float:
    """Those of a call, as XLA counts them in its program for a CPU: back ends for accelerators do not tell.

    OptionError where JAX is told to leave the CPU out.
    """
    shapes = jax.tree.map(lambda array: jax.ShapeDtypeStruct(array.shape, array.dtype), given)
    try:
        [cpu, *_] = jax.devices("cpu")
    except RuntimeError:
        raise OptionError("operations are counted on the CPU: add it to JAX_PLATFORMS: cuda,cpu") from None
    with jax.default_device(cpu):
        costs: Any = jax.jit(function).lower(*shapes).cost_analysis()
    # Some back ends have a count for every device.
    return float((costs[0] if isinstance(costs, list) else costs)["flops"])


# Exports.

STAGES = ("decode", "tone", "dither", "compress", "write")


@dataclass(frozen=True)
class Stages:
    """Of one ditherer: median seconds per frame by stage, over so many frames; seconds of the first frame's
    dither; and the mean share of the pixels that flip.
    """

    seconds: dict[str, float]
    frames: int
    first: float
    flips: float

    @property
    def dithers_per_second(self) -> float:
        """Frames per second of the dithering alone."""
        return 1 / self.seconds["dither"]


@dataclass(frozen=True)
class Exported:
    """The stages, and frames per second of the export itself, over so many frames."""

    stages: Stages
    frames_per_second: float
    frames: int

    @property
    def film_seconds(self) -> float:
        """What a film of `FILM_FRAMES` frames would take."""
        return FILM_FRAMES / self.frames_per_second


@dataclass(frozen=True)
class Source:
    """What is exported: a film from a place on, and its tones."""

    film: Film
    start: Place
    tones: Tones


def stages(
    source: Source, ditherer: Ditherer, reel: Path, seconds: float, clock: Clock = time.perf_counter
) -> Stages:
    """Measure each stage for about so long, or up to the film's end, on one stretch. FilmError if that comes
    too soon.
    """
    film, tones = source.film, source.tones
    spent: dict[str, list[float]] = {name: [] for name in STAGES[:-1]}
    taken: deque[tuple[FilmFrame, bool]] = deque()  # what the ditherer has taken: frame, is there a cut

    def toned(frames: Iterator[FilmFrame]) -> Iterator[Frame]:
        image = None
        while True:
            before = clock()
            found = next(frames, None)
            if found is None:
                return
            between = clock()
            frame = tones(found.image, film.pixel_aspect)
            cut = image is not None and is_cut(image, found.image)
            spent["decode"].append(between - before)
            spent["tone"].append(clock() - between)
            image = found.image
            taken.append((found, cut))
            yield frame

    flips = 0
    with (
        ReelWriter(reel, {}, *tones.size) as writer,
        closing(film.frames(source.start)) as frames,
    ):
        begun = clock()
        dithers = ditherer(toned(frames))
        while True:
            before, others = clock(), sum(spent["decode"]) + sum(spent["tone"])
            dither = next(dithers, None)
            if dither is None:
                break
            others = sum(spent["decode"]) + sum(spent["tone"]) - others
            between = clock()
            frame, cut = taken.popleft()
            info = writer.append(dither, frame.time_ms, frame.number, cut, not writer.frames)
            spent["dither"].append(between - before - others)
            spent["compress"].append(clock() - between)
            flips += info.flips
            if writer.frames == 1:
                begun = clock()  # the first frame is not measured
            elif writer.frames > LEAST and clock() - begun >= seconds:
                break
        if writer.frames <= LEAST:
            raise FilmError(
                f"{film.path}: {writer.frames} frames lie from {source.start} on; "
                f"measure where there are {LEAST + 1} or more"
            )
        before = clock()
        writer.commit()
        writing = (clock() - before) / writer.frames
        count = writer.frames - 1
    return Stages(
        {**{name: median(times[1:]) for name, times in spent.items()}, "write": writing},
        count,
        spent["dither"][0],
        flips / count / (tones.size[0] * tones.size[1]),
    )


def exported(
    source: Source,
    measured: Stages,
    reel: Path,
    seconds: float,
    *,
    dither: str,
    dial: float | None = None,
    settings: Mapping[str, Any] | None = None,
    clock: Clock = time.perf_counter,
) -> Exported:
    """Export about so many seconds' worth of frames, by the rates in `measured`, and see how fast that was.

    The time counts from the first frame: what comes before it is done once in an export.
    """
    slowest = max(measured.seconds.values())
    count = max(LEAST, min(measured.frames, round(seconds / slowest))) + 1
    done: list[float] = []

    def report(frames: int, info: FrameInfo) -> None:
        done.append(clock())

    selection = Selection(source.start, count=count)
    export(Task(source.film.path, selection, source.tones, dither, dial, settings or {}), reel, report=report)
    frames = len(done) - 1
    return Exported(measured, frames / (done[-1] - done[0]), frames)


# All of it.


@dataclass(frozen=True)
class Bench:
    """All that was measured; `exports` by the ditherer's label."""

    preset: str
    training: Training
    source: Source
    exports: dict[str, Exported]
    seconds: float


def bench(
    preset: str,
    settings: Settings,
    source: Source,
    chosen: Mapping[str, tuple[str, float | None]],
    own: Mapping[str, Any],
    folder: Path,
    seconds: float,
    report: Callable[[str], None] = lambda what: None,
) -> Bench:
    """Measure everything, about `seconds` each; `report` gets what comes next.

    `settings` are the fit's with that `preset`; `chosen` holds name and dial of each ditherer by label, `own`
    the options that some of them have; reels are written into `folder`. OptionError and FilmError.
    """
    report("training")
    trained = training(settings, seconds)
    exports = {}
    for number, (label, (name, dial)) in enumerate(chosen.items()):
        its_own = {key: value for key, value in own.items() if key in DITHERS[name].settings}
        report(f"{label}, stage by stage")
        ditherer = dithers.make(name, dial, **its_own)
        by_stage = stages(source, ditherer, folder / f"{number}-stages.reel", seconds)
        report(f"{label}, export")
        reel = folder / f"{number}.reel"
        exports[label] = exported(source, by_stage, reel, seconds, dither=name, dial=dial, settings=its_own)
    return Bench(preset, trained, source, exports, seconds)
