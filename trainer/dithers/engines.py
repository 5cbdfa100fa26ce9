"""The two ways to compute the dithers `search` and `generator`, and which of them this machine takes.

`sequential`: one move after the other, compiled for a CPU's cores. `parallel`: many moves at once, in JAX,
for a GPU or TPU. Their dithers differ, since a frame has many settled dithers, but hardly in quality. An
export keeps to one of them.
"""

import os
from importlib.metadata import entry_points
from importlib.util import find_spec

from trainer.errors import OptionError

ENGINES = ("sequential", "parallel")


def engine_of(name: str | None) -> str:
    """The engine of that name; for None the one that suits this machine. OptionError for an unknown one."""
    if name is not None and name not in ENGINES:
        raise OptionError(f"there is no engine {name!r}: choose {' or '.join(ENGINES)}")
    return name or ("parallel" if has_accelerator() else "sequential")


def has_accelerator() -> bool:
    """Whether JAX runs on more than a CPU; it is imported only where a plugin for an accelerator is there.

    JAX takes most of an accelerator's memory at its start unless told otherwise, and who asks may only want
    to start the process that uses it: so it is told.
    """
    if not (entry_points(group="jax_plugins") or find_spec("jax_plugins") or find_spec("libtpu")):
        return False
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    import jax

    return jax.default_backend() != "cpu"
