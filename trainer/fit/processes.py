"""A fit in many processes, on one machine or many: how they join, agree, and end.

Every process runs the same command and makes the same updates, each for the patches of its own devices. What
must be the same in all and is not of itself, like the time, is told by the first, process 0, which alone
writes, prints and draws. Every wait is bounded: where a process ends, the others do too, in one line.
"""

import hashlib
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar

import jax
import numpy as np
from jax.experimental.multihost_utils import broadcast_one_to_all, process_allgather

from trainer.errors import OptionError, TrainerError
from trainer.fit.roll_call import roll_call

JOINING = 60.0
"""Seconds within which all processes must have been started."""
SILENT = 30
"""Seconds without a sign of life after which JAX counts a process as lost."""
_LOST = ("Gloo", "NCCL", "UNAVAILABLE", "DEADLINE", "coordination", "heartbeat", "closed by peer")
"""What JAX's errors say where another process has gone."""

Made = TypeVar("Made")


class Company(NamedTuple):
    """How a process is to find the others: by itself, None, from the cluster's own words, or as told."""

    coordinator: str | None = None
    processes: int | None = None
    process: int | None = None


def company(
    distributed: bool, coordinator: str | None, processes: int | None, process: int | None
) -> Company | None:
    """From the options; None for a process alone. OptionError where some are missing or make no sense."""
    told = Company(coordinator, processes, process)
    if told == Company():
        return told if distributed else None
    if coordinator is None or processes is None or process is None:
        raise OptionError("--coordinator, --processes and --process go together; give all three, or none")
    host, _, port = coordinator.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 2**16:
        raise OptionError(f"--coordinator {coordinator}: name a host and a port, as in host1:4321")
    if processes < 1:
        raise OptionError(f"--processes {processes}: choose 1 or more")
    if not 0 <= process < processes:
        raise OptionError(f"--process {process}: choose 0 to {processes - 1}, as --processes is {processes}")
    return told


@contextmanager
def together(company: Company | None) -> Iterator[None]:
    """Join the others, and leave them in the end; None: a process alone.

    An error ends this process at once, since a polite leave would wait for the others.
    """
    if company is None:
        yield
        return
    try:
        _join(company)
        yield
    except BaseException as error:
        _end(*_last_words(error))
    jax.distributed.shutdown()


def is_first() -> bool:
    """Whether this process is the one that writes, prints and draws."""
    return jax.process_index() == 0


def agreed(*values: float) -> tuple[float, ...]:
    """The first process's values, as float32 if there are others."""
    if jax.process_count() == 1:
        return values
    return tuple(broadcast_one_to_all(np.array(values, np.float32)).tolist())


def shared(tree: Made) -> Made:
    """The first process's arrays; every process gives a tree of the same shapes."""
    return tree if jax.process_count() == 1 else broadcast_one_to_all(tree)


def by_the_first(do: Callable[[], Made]) -> Made | None:
    """What the first process made, there; None elsewhere. Its TrainerError is everyone's."""
    if jax.process_count() == 1:
        return do()
    made, error = None, b""
    if is_first():
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
    """TrainerError in every process unless all were given the same."""
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


def _join(company: Company) -> None:
    coordinator, processes, process = company
    if coordinator is not None and processes is not None and process is not None:
        host, _, port = coordinator.rpartition(":")
        roll_call(host, int(port), processes, process, JOINING)
    # JAX ends a process that it cannot join to others with a stack trace; this comes first.
    too_late = threading.Timer(
        JOINING, _end, (2, "the processes did not find each other in time; were all of them started?")
    )
    too_late.daemon = True
    too_late.start()
    try:
        jax.distributed.initialize(
            coordinator,
            processes,
            process,
            initialization_timeout=int(2 * JOINING),
            heartbeat_timeout_seconds=SILENT,
            shutdown_timeout_seconds=SILENT,
        )
    except (ValueError, RuntimeError) as error:
        raise OptionError(
            f"--distributed: JAX finds no cluster here ({error}); "
            "name it: --coordinator HOST:PORT --processes N --process K"
        ) from None
    finally:
        too_late.cancel()


def _last_words(error: BaseException) -> tuple[int, str]:
    """Exit code, and what to say."""
    if isinstance(error, TrainerError):
        return 2, str(error)
    if isinstance(error, KeyboardInterrupt):
        return 130, "stopped; the same command with --resume goes on from the last checkpoint"
    said = str(error)
    if any(word in said for word in _LOST):
        return 2, "another process of this fit has gone; start all of them again with --resume"
    raise error


def _end(code: int, words: str) -> None:
    print(f"trainer: {words}", file=sys.stderr)
    sys.stderr.flush()
    sys.stdout.flush()
    os._exit(code)
