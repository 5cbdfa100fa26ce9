"""Which of the bursts lie on the devices: all of them, whole or in parts, or a chunk at a time.

Whole on every device where they fit; else shared out in as many parts as there are devices, where each patch
comes from its own device's bursts. What does not fit on all of the devices together stays in a file, and lies
there in chunks, each from all over the films: while updates are made with one, a thread reads the next and
puts it on the devices beside it. Which chunk an update sees follows from its number alone.
"""

import math
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import NamedTuple

import jax
import numpy as np
from jax import Array
from jax.sharding import Mesh, NamedSharding
from numpy.typing import NDArray

from trainer.errors import OptionError
from trainer.fit.bursts import Bursts
from trainer.fit.mesh import (
    APART,
    EVERYWHERE,
)

LIFE = 8
"""Updates that a patch lives for, about: a chunk stays for as many updates as draw a patch for each burst."""
_SHARE = 0.5
"""Share of a device's memory that bursts may take where nothing else is said."""


class Plan(NamedTuple):
    """How `bursts` lie: equal parts, chunks, and the updates that each chunk stays for; with one chunk, 0."""

    bursts: int
    parts: int = 1
    chunks: int = 1
    updates: int = 0

    @property
    def size(self) -> int:
        """Bursts in a chunk, of which each part holds as many; a few may be there twice."""
        return self.parts * math.ceil(self.bursts / (self.chunks * self.parts))

    def chunk(self, step: int) -> int:
        """The number of the chunk that the update after `step` others sees."""
        return step // self.updates % self.chunks if self.chunks > 1 else 0

    def exchanges(self, step: int) -> bool:
        """Whether another chunk comes after `step` updates."""
        return self.chunks > 1 and step > 0 and step % self.updates == 0

    def left(self, step: int, count: int) -> int:
        """`count` updates, or as many as there are until the next exchange."""
        return count if self.chunks == 1 else min(count, self.updates - step % self.updates)

    def members(self, chunk: int) -> NDArray[np.int64]:
        """The bursts of a chunk in their order on the devices; each part is from all over the films."""
        places = np.arange(self.size).reshape(-1, self.parts).T.ravel()
        return (chunk + self.chunks * places) % self.bursts


def room(resident: float | None) -> float:
    """Bytes of bursts that a device may hold: so many GB, or its own share; infinite where it does not say.

    OptionError for no room at all.
    """
    if resident is not None:
        if not 0 < resident < math.inf:
            raise OptionError(f"--resident {resident:g}: choose gigabytes above 0")
        return resident * 1e9
    said = jax.local_devices()[0].memory_stats() or {}
    return _SHARE * said.get("bytes_limit", math.inf)


def plan(bursts: Bursts, devices: int, room: float, batch: int, together: int) -> Plan:
    """How these bursts are to lie on so many devices; `together`: updates that are made in one go.

    OptionError where not even two chunks of one burst for each device have room.
    """
    count, size = len(bursts), bursts[0].nbytes
    if count * size <= room:
        return Plan(count)
    if devices > 1 and math.ceil(count / devices) * size <= room:
        return Plan(count, devices)
    each = int(room / 2 // size)
    if not each:
        raise OptionError(
            f"--resident {room / 1e9:g} is too little for bursts of {size / 1e6:.1f} MB, "
            f"two to a device; choose {2.1 * size / 1e9:.1g} or more, or a smaller --patch"
        )
    chunks = math.ceil(count / (each * devices))
    held = Plan(count, devices, chunks).size
    return Plan(count, devices, chunks, together * math.ceil(LIFE * held / batch / together))


def check_devices(plan: Plan, devices: int) -> None:
    """OptionError where so many devices cannot hold the parts of a run that was begun on others."""
    if plan.parts > 1 and plan.parts % devices:
        raise OptionError(
            f"--resume: the bursts of this run lie in {plan.parts} parts, "
            f"which {devices} devices cannot share; use as many devices, or half as many"
        )


class Residence:
    """The bursts on the devices, as planned. Close it, or its thread stays."""

    def __init__(self, bursts: Bursts, plan: Plan, mesh: Mesh) -> None:
        self._bursts, self._plan, self._mesh = bursts, plan, mesh
        self._reader = ThreadPoolExecutor(1, "next bursts")
        self._chunk = -1
        self._next: tuple[int, Future[Array]] | None = None

    def __enter__(self) -> "Residence":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.shutdown(cancel_futures=True)

    def at(self, step: int) -> Array:
        """The bursts for the update after `step` others; the next ones are read in the meantime."""
        plan, chunk = self._plan, self._plan.chunk(step)
        if chunk != self._chunk:
            number, future = self._next or (-1, None)
            here = future.result() if future and number == chunk else self._put(chunk)
            self._chunk, self._here, self._next = chunk, here, None
            if plan.chunks > 1:
                following = (chunk + 1) % plan.chunks
                self._next = following, self._reader.submit(self._put, following)
        return self._here

    def _put(self, chunk: int) -> Array:
        members = self._plan.members(chunk)
        lies = APART if self._plan.parts > 1 else EVERYWHERE

        def piece(place: tuple[slice, ...] | None) -> Bursts:
            return self._bursts[members if place is None else members[place[0]]]

        shape = (len(members), *self._bursts.shape[1:])
        there = jax.make_array_from_callback(shape, NamedSharding(self._mesh, lies), piece)
        return jax.block_until_ready(there)
