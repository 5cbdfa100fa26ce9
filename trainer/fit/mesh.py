"""All devices of all processes in one row, and a fit spread over them: data parallel.

Each device has its part of the pool (`patches.py`) and makes the update for it; parameters and optimiser are
on all of them. A patch has nothing to do with any other, so the one thing that the devices say to one another
is the mean of the gradients, and of the metrics. With batch B on D devices an update is that of B patches on
one device, but for the order of sums. Bursts are whole on every device, or in parts, one or more to a device.

Everything is `jit` and `shard_map` with the shardings named; what is here knows nothing of processes but that
an array may lie with others.
"""

import os
import re
from collections.abc import Callable
from typing import Any, TypeVar

import jax
import numpy as np
from jax import lax
from jax.experimental.multihost_utils import process_allgather
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from trainer.errors import OptionError
from trainer.fit.compiling import options

AXIS = "devices"
EVERYWHERE, APART = PartitionSpec(), PartitionSpec(AXIS)
"""The whole array on every device; its first axis cut into as many pieces as there are devices."""

Tree = TypeVar("Tree")


def enough_threads() -> None:
    """See to it, before JAX is first used, that the virtual devices of a CPU do not run out of threads.

    XLA has as many as there are cores or devices. One that waits for the gradients of another device is
    taken from those that the other needs, and on a few cores both waited for ever.
    """
    if count := re.search(r"--xla_force_host_platform_device_count=(\d+)", os.environ.get("XLA_FLAGS", "")):
        os.environ.setdefault("NPROC", str((os.cpu_count() or 1) + 8 * int(count[1])))


def row_of_devices(batch: int, most: int | None = None) -> Mesh:
    """All devices of all processes, or the first so many. OptionError where they cannot share a batch of that
    size evenly.
    """
    devices = jax.devices()[:most]
    if batch % len(devices):
        raise OptionError(
            f"--batch {batch} cannot be shared evenly by {len(devices)} devices; "
            f"choose a multiple of {len(devices)}"
        )
    return Mesh(np.array(devices), (AXIS,))


def mean(tree: Tree, axis: str | None) -> Tree:
    """The mean over the devices of an axis; of one device alone, None, what it has."""
    return tree if axis is None else lax.pmean(tree, axis)


def on_each(mesh: Mesh | None, function: Callable[..., Any], given: Any, made: Any) -> Callable[..., Any]:
    """The compiled function, each device on its own part: what it is given and makes lie as is said."""
    if mesh is None:
        return jax.jit(function, compiler_options=options())
    # What is said to be everywhere is made alike by every device, of what it was given alike.
    each = jax.shard_map(function, mesh=mesh, in_specs=given, out_specs=made, check_vma=False)
    return jax.jit(each, compiler_options=options())


def put(mesh: Mesh, tree: Tree, lies: Any) -> Tree:
    """Arrays of NumPy, alike in all processes, on the devices; a process reads its own parts alone."""

    def one(array: Any, how: PartitionSpec) -> jax.Array:
        return jax.make_array_from_callback(array.shape, NamedSharding(mesh, how), array.__getitem__)

    return jax.tree.map(lambda how, part: jax.tree.map(lambda a: one(a, how), part), lies, tree)


def collected(tree: Tree) -> Tree:
    """The whole arrays in NumPy, in every process; all processes must ask for them together."""
    if jax.process_count() == 1:
        return jax.device_get(tree)
    return jax.tree.map(lambda array: np.asarray(process_allgather(array, tiled=True)), tree)
