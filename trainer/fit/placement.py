"""Where the clips of a fit are: whole on every device, in parts, or a chunk at a time.

Whole on every device where they fit; else in as many parts as there are devices, and each patch comes from
its own device's part. Clips that do not fit on all devices together stay in a file and take turns in chunks,
each from all over the films: while updates are made with one chunk, a thread reads the next and puts it on
the devices beside it. Which chunk an update sees follows from its number alone.
"""

import math
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import NamedTuple

import jax
import numpy as np
from jax import Array
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P
from numpy.typing import NDArray

from trainer.errors import OptionError
from trainer.fit.data import Clips
from trainer.fit.sharding import AXIS

LIFE = 8
"""Updates that a patch lives for, about: a chunk stays until one patch per clip is drawn on average."""
_SHARE = 0.5
"""Share of a device's memory that clips may take by default."""


class Placement(NamedTuple):
    """How many clips there are, in how many equal parts and chunks, and for how many updates a chunk stays;
    with one chunk, 0.
    """

    clips: int
    parts: int = 1
    chunks: int = 1
    updates: int = 0

    @property
    def size(self) -> int:
        """Clips in a chunk, equally many in each part; a few may be there twice."""
        return self.parts * math.ceil(self.clips / (self.chunks * self.parts))

    def chunk(self, step: int) -> int:
        """The number of the chunk that the update after `step` others sees."""
        return step // self.updates % self.chunks if self.chunks > 1 else 0

    def exchanges(self, step: int) -> bool:
        """Whether another chunk comes after `step` updates."""
        return self.chunks > 1 and step > 0 and step % self.updates == 0

    def left(self, step: int, count: int) -> int:
        """`count` updates, but no more than remain until the next exchange."""
        return count if self.chunks == 1 else min(count, self.updates - step % self.updates)

    def members(self, chunk: int) -> NDArray[np.int64]:
        """The clips of a chunk in their order on the devices; each part is from all over the films."""
        places = np.arange(self.size).reshape(-1, self.parts).T.ravel()
        return (chunk + self.chunks * places) % self.clips

    def is_sharded(self, mesh: Mesh | None) -> bool:
        """Whether each device of the mesh has clips of its own."""
        return self.parts > 1 and mesh is not None and mesh.size > 1


def room(resident: float | None) -> float:
    """Bytes of clips that a device may hold: `resident` GB, or half of its memory; infinite where the device
    does not say how much that is. OptionError for no room at all.
    """
    if resident is not None:
        if not 0 < resident < math.inf:
            raise OptionError(f"--resident {resident:g}: choose gigabytes above 0")
        return resident * 1e9
    said = jax.local_devices()[0].memory_stats() or {}
    return _SHARE * said.get("bytes_limit", math.inf)


def place(clips: Clips, devices: int, room: float, batch: int, together: int) -> Placement:
    """Place these clips on so many devices; `together`: updates that are made in one go.

    OptionError where two chunks of one clip for each device have no room.
    """
    count, size = len(clips), clips[0].nbytes
    if count * size <= room:
        return Placement(count)
    if devices > 1 and math.ceil(count / devices) * size <= room:
        return Placement(count, devices)
    each = int(room / 2 // size)
    if not each:
        raise OptionError(
            f"--resident {room / 1e9:g} is too little for clips of {size / 1e6:.1f} MB, "
            f"two to a device; choose {2.1 * size / 1e9:.1g} or more, or a smaller --patch"
        )
    chunks = math.ceil(count / (each * devices))
    held = Placement(count, devices, chunks).size
    return Placement(count, devices, chunks, together * math.ceil(LIFE * held / batch / together))


def check_devices(placement: Placement, devices: int) -> None:
    """OptionError where so many devices cannot share the parts of a run that was begun on others."""
    if placement.parts > 1 and placement.parts % devices:
        raise OptionError(
            f"--resume: the clips of this run lie in {placement.parts} parts, "
            f"which {devices} devices cannot share; use as many devices, or half as many"
        )


class PlacedClips:
    """The clips on the devices. Close it, or its thread stays."""

    def __init__(self, clips: Clips, placement: Placement, mesh: Mesh) -> None:
        self._clips, self._placement, self._mesh = clips, placement, mesh
        self._reader = ThreadPoolExecutor(1, "next clips")
        self._chunk = -1
        self._next: tuple[int, Future[Array]] | None = None

    def __enter__(self) -> "PlacedClips":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.shutdown(cancel_futures=True)

    def at(self, step: int) -> Array:
        """The clips for the update after `step` others; meanwhile the next ones are read."""
        placement, chunk = self._placement, self._placement.chunk(step)
        if chunk != self._chunk:
            number, future = self._next or (-1, None)
            here = future.result() if future and number == chunk else self._put(chunk)
            self._chunk, self._here, self._next = chunk, here, None
            if placement.chunks > 1:
                following = (chunk + 1) % placement.chunks
                self._next = following, self._reader.submit(self._put, following)
        return self._here

    def _put(self, chunk: int) -> Array:
        members = self._placement.members(chunk)
        spec = P(AXIS) if self._placement.parts > 1 else P()

        def piece(place: tuple[slice, ...] | None) -> Clips:
            return self._clips[members if place is None else members[place[0]]]

        shape = (len(members), *self._clips.shape[1:])
        there = jax.make_array_from_callback(shape, NamedSharding(self._mesh, spec), piece)
        return jax.block_until_ready(there)
