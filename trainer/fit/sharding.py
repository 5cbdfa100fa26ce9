"""A fit on many devices and in many processes: data parallel by `jit` and `shard_map`.

Each device has its part of the pool (`data.py`) and computes the update for it; parameters and optimiser are
on all devices. Patches are independent of each other, so devices send each other nothing but means of
gradients and metrics. An update of batch B on D devices equals one of B patches on one device, but for the
order of sums. Clips are whole on every device, or in parts, one or more to a device (`placement.py`).

Every process runs the same command and makes the same updates, for the patches of its own devices. What must
be the same in all but is not by itself, like the time, comes from process 0, which alone writes, prints and
draws. Every wait is bounded: when a process ends, so do the others.
"""

import hashlib
import json
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.experimental.multihost_utils import broadcast_one_to_all, process_allgather
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from trainer.errors import OptionError, TrainerError

AXIS = "data"
"""The one axis of the mesh: P(AXIS) cuts an array's first axis into a piece for each device."""

START_TIMEOUT = 60
"""Seconds within which all processes must have been started."""
HEARTBEAT_TIMEOUT = 30
"""Seconds without a sign of life after which JAX counts a process as lost."""
_LOST = ("Gloo", "NCCL", "UNAVAILABLE", "DEADLINE", "coordination", "heartbeat", "closed by peer")
"""What JAX's errors say where another process has gone."""

_ON_CPU = {"xla_cpu_use_fusion_emitters": False}
"""XLA's older way to compile fusions. With it a generator's update takes three quarters of the time, and it
compiles sooner (benchmarks/training_torch.py). jaxlib 0.10 has both ways, later ones only the newer.
"""

Tree = TypeVar("Tree")
Made = TypeVar("Made")


@cache
def compiler_options() -> dict[str, bool]:
    """The options of `jax.jit` for this machine, without those that its XLA does not know."""
    if jax.default_backend() != "cpu":
        return {}
    try:
        jax.jit(lambda: jnp.zeros(()), compiler_options=_ON_CPU)()
    except jax.errors.JaxRuntimeError:
        return {}
    return _ON_CPU


def enough_threads() -> None:
    """Give XLA enough threads for the virtual devices of a CPU; to be called before JAX is first used.

    XLA has as many threads as there are cores or devices. One that waits for another device's gradients is
    missing from that device's, and on a few cores both waited for ever.
    """
    if count := re.search(r"--xla_force_host_platform_device_count=(\d+)", os.environ.get("XLA_FLAGS", "")):
        os.environ.setdefault("NPROC", str((os.cpu_count() or 1) + 8 * int(count[1])))


def make_mesh(batch: int, most: int | None = None) -> Mesh:
    """All devices of all processes, or the first so many, along AXIS. OptionError where they cannot share a
    batch of that size evenly.
    """
    devices = jax.devices()[:most]
    if batch % len(devices):
        raise OptionError(
            f"--batch {batch} cannot be shared evenly by {len(devices)} devices; "
            f"choose a multiple of {len(devices)}"
        )
    return Mesh(np.array(devices), (AXIS,))


def sharded_jit(
    mesh: Mesh | None, function: Callable[..., Any], in_specs: Any, out_specs: Any
) -> Callable[..., Any]:
    """Jit `function` under `shard_map` with these specs; without a mesh, just jit it."""
    if mesh is None:
        return jax.jit(function, compiler_options=compiler_options())
    # Replicated outputs need no check: every device computes them from the same inputs.
    each = jax.shard_map(function, mesh=mesh, in_specs=in_specs, out_specs=out_specs, check_vma=False)
    return jax.jit(each, compiler_options=compiler_options())


def mean_over(axis: str | None, tree: Tree) -> Tree:
    """The mean over the devices of an axis; None: there is one device."""
    return tree if axis is None else lax.pmean(tree, axis)


def device_put(mesh: Mesh, tree: Tree, specs: Any) -> Tree:
    """Put NumPy arrays, the same in all processes, on the devices; a process reads only its own parts."""

    def one(array: Any, spec: P) -> jax.Array:
        return jax.make_array_from_callback(array.shape, NamedSharding(mesh, spec), array.__getitem__)

    return jax.tree.map(lambda spec, part: jax.tree.map(lambda a: one(a, spec), part), specs, tree)


def all_gather(tree: Tree) -> Tree:
    """The whole arrays as NumPy's, in every process; all processes must call this together."""
    if jax.process_count() == 1:
        return jax.device_get(tree)
    return jax.tree.map(lambda array: np.asarray(process_allgather(array, tiled=True)), tree)


class Cluster(NamedTuple):
    """How a process finds the others: by the cluster's own environment, all None, or as given."""

    coordinator: str | None = None
    processes: int | None = None
    process: int | None = None


def cluster_of(
    distributed: bool, coordinator: str | None, processes: int | None, process: int | None
) -> Cluster | None:
    """From the options; None for a process alone. OptionError where some are missing or make no sense."""
    given = Cluster(coordinator, processes, process)
    if given == Cluster():
        return given if distributed else None
    if coordinator is None or processes is None or process is None:
        raise OptionError("--coordinator, --processes and --process go together; give all three, or none")
    host, _, port = coordinator.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 2**16:
        raise OptionError(f"--coordinator {coordinator}: name a host and a port, as in host1:4321")
    if processes < 1:
        raise OptionError(f"--processes {processes}: choose 1 or more")
    if not 0 <= process < processes:
        raise OptionError(f"--process {process}: choose 0 to {processes - 1}, as --processes is {processes}")
    return given


@contextmanager
def joined(cluster: Cluster | None) -> Iterator[None]:
    """Join the other processes, and leave them at the end; None: a process alone.

    An error ends this process at once: a polite leave would wait for the others.
    """
    if cluster is None:
        yield
        return
    try:
        _join(cluster)
        yield
    except BaseException as error:
        _end(*_last_words(error))
    jax.distributed.shutdown()


def _join(cluster: Cluster) -> None:
    advice = "start each of them once, by the same command, but for --process"
    # JAX ends a process that finds no others by a signal, with a stack trace; this comes first.
    too_late = threading.Timer(
        START_TIMEOUT,
        _end,
        (2, f"the processes did not find each other in {START_TIMEOUT} seconds; {advice}"),
    )
    too_late.daemon = True
    too_late.start()
    try:
        jax.distributed.initialize(
            *cluster,
            initialization_timeout=START_TIMEOUT + 30,
            heartbeat_timeout_seconds=HEARTBEAT_TIMEOUT,
            shutdown_timeout_seconds=HEARTBEAT_TIMEOUT,
        )
    except (ValueError, RuntimeError) as error:
        said = " ".join(str(error).split())[:200]
        if cluster == Cluster():
            raise OptionError(
                f"--distributed: JAX finds no cluster here ({said}); "
                "name it: --coordinator HOST:PORT --processes N --process K"
            ) from None
        raise TrainerError(f"the processes did not find each other ({said}); {advice}") from None
    finally:
        too_late.cancel()


def _end(code: int, words: str) -> None:
    print(f"trainer: {words}", file=sys.stderr)
    sys.stderr.flush()
    sys.stdout.flush()
    os._exit(code)


def _last_words(error: BaseException) -> tuple[int, str]:
    """Exit code, and what to say."""
    if isinstance(error, TrainerError):
        return 2, str(error)
    if isinstance(error, KeyboardInterrupt):
        return 130, str(error) or "stopped; the same command with --resume goes on from the last checkpoint"
    if any(word in str(error) for word in _LOST):
        return 2, "another process of this fit has gone; start all of them again with --resume"
    raise error


def is_process_zero() -> bool:
    """Whether this process is the one that writes, prints and draws."""
    return jax.process_index() == 0


def broadcast(tree: Tree) -> Tree:
    """The arrays of process 0; every process gives a tree of the same shapes."""
    return tree if jax.process_count() == 1 else broadcast_one_to_all(tree)


def broadcast_numbers(*values: float) -> tuple[float, ...]:
    """The numbers of process 0, as float32 where there are other processes."""
    if jax.process_count() == 1:
        return values
    return tuple(broadcast_one_to_all(np.array(values, np.float32)).tolist())


def any_process(value: bool) -> bool:
    """Whether it is true in any of the processes, the same in all."""
    return value if jax.process_count() == 1 else bool(process_allgather(np.array(value)).any())


def on_process_zero(do: Callable[[], Made]) -> Made | None:
    """Call `do` on process 0 alone, for its result there and None elsewhere. Its TrainerError is raised on
    all.
    """
    if jax.process_count() == 1:
        return do()
    made, error = None, b""
    if is_process_zero():
        try:
            made = do()
        except TrainerError as its:
            error = str(its).encode()
    length = int(broadcast_one_to_all(np.int32(len(error))))
    if length:
        told = broadcast_one_to_all(np.frombuffer(error.ljust(length, b"."), np.uint8))
        raise TrainerError(bytes(told).decode())
    return made


def check_same(about: dict[str, Any]) -> None:
    """TrainerError on every process unless all were given the same."""
    if jax.process_count() == 1:
        return
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).digest()
    all_of_them = process_allgather(np.frombuffer(digest, np.uint8))
    for number, other in enumerate(all_of_them):
        if (other != all_of_them[0]).any():
            raise TrainerError(
                f"process {number} was given other films or options than process 0; "
                "start all of them by the same command"
            )
