"""What a network is trained on: clips read from films, and patches of them.

**Clips** are short runs of consecutive frames from all over the films. A clip is a square window of a film,
the same in all of its frames, at a scale of its own: a dither meets film both shrunk, sharp and quick, and
magnified to a panel, smooth and slow. (The film-maker's way is one scale for all, half the film's
resolution.) Clips may cross a cut. They are read once, in the film's order, and kept as bytes,
uint8[clips, LENGTH, side, side], luma, in a nameless file in the folder for temporary files, which vanishes
with the process.

**Crops** say which patch of a clip an update sees, and what is done to it: some patches stand still, some are
flat greys with a drift, some have other contrast, grain, are mirrored, turned by quarters or negative. What a
pool of patches holds beside them is the objective's (`patches.py`, `trainer/film_maker/patches.py`). These
are pure functions of state and key, for use inside `jit` and `scan`.

A patch is independent of all others and draws from the key by its own number. So the same key gives the same
patches on any number of devices, and each device handles its own (`sharding.py`).
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from itertools import chain, islice
from math import exp, log
from tempfile import TemporaryFile, gettempdir
from typing import NamedTuple

import cv2
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike
from numpy.typing import NDArray

from trainer.dithers.mask import thresholds
from trainer.errors import OptionError, TrainerError
from trainer.films.film import Film
from trainer.films.times import Place
from trainer.fit.settings import LEAST_PATCH

LENGTH = 17
"""Frames of a clip: enough for five at every fourth frame."""
WIDTHS = (320, 2000)
"""The width in pixels of a whole film at the smallest and the largest scale; all between as likely."""
HALF = 0.5
"""The scale of half resolution."""

PRICES = (0.035, 1.2)
"""Prices of a flip, all between as likely on a logarithmic scale: beyond both ends of the dial."""
_MOST_FRAMES = 5
_STRIDES = (1, 1, 1, 2, 4)
_FLAT, _FROZEN, _CONTRAST = 0.12, 0.2, 0.4  # cumulated shares of patches
_GRAIN, _MOST_GRAIN = 0.3, 0.02

Clips = NDArray[np.uint8]


def read_clips(
    films: list[Film],
    side: int,
    count: int,
    rng: np.random.Generator,
    report: Callable[[int], None] = lambda done: None,
    scale: float | None = None,
) -> Clips:
    """About `count` clips of side x side pixels, spread evenly over all films; `report` gets their number.

    `scale`, in pixels of a clip per pixel of its film, is that of all clips; None: each has its own. A clip
    that the film's end cuts short stands still from there on. OptionError for a film that is too small for a
    window even at the largest scale, FilmError, and TrainerError for a full disk.
    """
    lengths = [film.estimate() or 1 for film in films]
    step = max(1, sum(lengths) // count)
    every = chain.from_iterable(_of_film(film, side, step, rng, scale) for film in films)
    with TemporaryFile() as file:
        number = 0
        for clip in islice(every, 2 * count):  # headers may promise fewer frames than there are
            try:
                file.write(clip.tobytes())
            except OSError as error:
                raise TrainerError(
                    f"the clips find no room in {gettempdir()}: {(error.strerror or str(error)).lower()}; "
                    "free space, let TMPDIR name another folder, or take fewer --clips"
                ) from None
            number += 1
            report(number)
        file.flush()
        return np.memmap(file, np.uint8, "r", shape=(number, LENGTH, side, side))


def overfit_clip(film: Film, place: Place, side: int, scale: float | None = None) -> Clips:
    """One frame as the only clip, uint8[1, LENGTH, side, side]: a window in its middle, standing still.

    `scale` as for `read_clips`; None: the film's own. OptionError where the frame is too small for the
    window, and FilmError.
    """
    extent = round(side / (scale or 1))
    if extent > min(film.width, film.height):
        raise _too_small(film, side, (scale or 1) * min(film.width, film.height), scale)
    with closing(film.frames(place)) as frames:
        frame = next(frames)
    y, x = (film.height - extent) // 2, (film.width - extent) // 2
    return np.broadcast_to(
        _scaled(frame.image[y : y + extent, x : x + extent], side), (1, LENGTH, side, side)
    )


def _of_film(
    film: Film, side: int, step: int, rng: np.random.Generator, scale: float | None
) -> Iterator[Clips]:
    """A clip from every `step`-th frame of a film."""
    least, largest = side / min(film.width, film.height), WIDTHS[1] / film.width if scale is None else scale
    if least > largest:
        raise _too_small(film, side // 2, largest * min(film.width, film.height) / 2, scale)
    begun: list[tuple[slice, slice, Clips]] = []
    number = 0
    for number, frame in enumerate(film.frames()):
        if number % step == 0:
            window = _window(film, side, least, rng, scale)
            begun.append((*window, np.empty((0, side, side), np.uint8)))
        grown = []
        for rows, columns, clip in begun:
            picture = _scaled(frame.image[rows, columns], side)
            clip = np.concatenate([clip, picture[None]])
            if len(clip) == LENGTH:
                yield clip
            else:
                grown.append((rows, columns, clip))
        begun = grown
    for _, _, clip in begun:
        yield np.concatenate([clip, np.repeat(clip[-1:], LENGTH - len(clip), 0)])


def _too_small(film: Film, patch: int, room: float, scale: float | None) -> OptionError:
    """The error that names a patch for a film that has room for one of so many pixels, if it may be one."""
    if room >= LEAST_PATCH:
        remedy = f"choose --patch {int(room) // 4 * 4} or less"
    else:
        remedy = "name a larger film" if scale is None else "add --no-half-resolution, or name a larger film"
    return OptionError(f"{film.name} is too small for patches of {patch} pixels; {remedy}")


def _window(
    film: Film, side: int, least: float, rng: np.random.Generator, scale: float | None
) -> tuple[slice, slice]:
    """Rows and columns of a random window of a film's image, at a random scale where none is given."""
    if scale is None:
        smallest = max(least, WIDTHS[0] / film.width)
        scale = exp(rng.uniform(log(smallest), log(max(smallest, WIDTHS[1] / film.width))))
    extent = min(round(side / scale), film.width, film.height)
    y, x = rng.integers(film.height - extent + 1), rng.integers(film.width - extent + 1)
    return slice(y, y + extent), slice(x, x + extent)


def _scaled(image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    how = cv2.INTER_AREA if image.shape[0] > side else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, (side, side), interpolation=how), np.uint8)


class Crops(NamedTuple):
    """Where each patch comes from, and what is done to its frames; every field [B]."""

    clip: Array
    y: Array
    x: Array
    mask_y: Array
    mask_x: Array
    stride: Array
    frames: Array  # how many it lives through
    price: Array
    first: Array  # bool: it began as a first frame
    gain: Array  # contrast about 1/2, then `level` added; 0 for a flat grey
    level: Array
    drift: Array  # added per frame
    grain: Array  # standard deviation of noise, fresh for each frame
    mirrored: Array
    turned: Array  # quarter turns
    negative: Array
    seed: Array  # uint32


class Slots(NamedTuple):
    """The places of the pool, int32[B]: each one's number, and the clips that its patches come from."""

    number: Array
    first: Array
    clips: Array  # how many, from `first` on


def slots(batch: int, clips: int, parts: int = 1) -> Slots:
    """For a pool of `batch` patches, with as many from each of the equal parts of the clips."""
    number, each = np.arange(batch, dtype=np.int32), clips // parts
    first = number * parts // batch * each
    return Slots(*(jnp.asarray(array, jnp.int32) for array in (number, first, np.full(batch, each))))


def patch_keys(key: Array, slots: Slots) -> Array:
    """A key for each patch by its number, [B], so that its draws do not depend on the devices."""
    return jax.vmap(jax.random.fold_in, (None, 0))(key, slots.number)


def draw(key: Array, slots: Slots, clips: Array, patch: int) -> Crops:
    """New patches at random places of random clips."""
    return jax.vmap(partial(_draw_one, side=clips.shape[-1], patch=patch))(patch_keys(key, slots), slots)


def _draw_one(key: Array, slot: Slots, side: int, patch: int) -> Crops:
    """One new patch."""
    keys = iter(jax.random.split(key, 21))

    def whole(low: ArrayLike, high: ArrayLike) -> Array:
        return jax.random.randint(next(keys), (), low, high)

    def real(low: float, high: float) -> Array:
        return jax.random.uniform(next(keys), (), minval=low, maxval=high)

    kind = real(0, 1)
    flat, frozen = kind < _FLAT, (kind >= _FLAT) & (kind < _FROZEN)
    contrast = (kind >= _FROZEN) & (kind < _CONTRAST)
    room, tile = side - patch + 1, thresholds().shape[0]
    stride = jnp.asarray(_STRIDES)[whole(0, len(_STRIDES))]
    return Crops(
        clip=whole(slot.first, slot.first + slot.clips), y=whole(0, room), x=whole(0, room),
        mask_y=whole(0, tile), mask_x=whole(0, tile),
        stride=jnp.where(frozen, 0, stride),
        frames=whole(2, _MOST_FRAMES + 1),
        price=jnp.exp(real(*(log(price) for price in PRICES))),
        first=real(0, 1) < 0.5,
        gain=jnp.where(flat, 0.0, jnp.where(contrast, real(0.4, 1.6), 1.0)),
        level=jnp.where(flat | contrast, real(0, 1), 0.5),
        drift=jnp.where(flat, 0.02 * jax.random.normal(next(keys)), 0.0),
        grain=jnp.where(real(0, 1) < _GRAIN, real(0, _MOST_GRAIN), 0.0),
        mirrored=real(0, 1) < 0.5, turned=whole(0, 4), negative=real(0, 1) < 0.5,
        seed=jax.random.bits(next(keys), (), jnp.uint32),
    )  # fmt: skip


def frame_at(clips: Array, crops: Crops, turn: Array, patch: int) -> Array:
    """The frame each patch is at, float32[B, P, P] in [0, 1]."""

    def one(crop: Crops, turn: Array) -> Array:
        number = jnp.minimum(turn * crop.stride, LENGTH - 1)
        # With clips in parts on several devices, a device counts from its own first clip.
        place = (crop.clip % clips.shape[0], number, crop.y, crop.x)
        tones = jax.lax.dynamic_slice(clips, place, (1, 1, patch, patch))[0, 0].astype(jnp.float32) / 255
        tones = (tones - 0.5) * crop.gain + crop.level + crop.drift * turn
        tones = tones + crop.grain * jax.random.normal(
            jax.random.fold_in(jax.random.key(crop.seed), turn), tones.shape
        )
        tones = jnp.clip(tones, 0, 1)
        tones = jnp.where(crop.mirrored, tones[:, ::-1], tones)
        tones = jnp.where(crop.turned % 2 == 1, jnp.rot90(tones), tones)
        tones = jnp.where(crop.turned >= 2, tones[::-1, ::-1], tones)
        return jnp.where(crop.negative, 1 - tones, tones)

    return jax.vmap(one)(crops, turn)


def frames_of(clips: Array, crops: Crops, count: int, patch: int) -> Array:
    """The first so many frames of each patch, float32[B, count, P, P] in [0, 1]."""
    turns = jnp.arange(count)[:, None] + jnp.zeros_like(crops.clip)
    return jnp.moveaxis(jax.vmap(lambda turn: frame_at(clips, crops, turn, patch))(turns), 0, 1)


def masks(crops: Crops, patch: int) -> Array:
    """The thresholds at the pixels of each patch, float32[B, P, P]."""
    mask = jnp.asarray(thresholds())
    along = jnp.arange(patch)
    rows, columns = ((start[:, None] + along) % mask.shape[0] for start in (crops.mask_y, crops.mask_x))
    return mask[rows[:, :, None], columns[:, None, :]]
