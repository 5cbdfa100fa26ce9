"""The two engines of the search, and the one that suits this machine.

`sequential` makes one move after the other, compiled for a CPU's cores; `parallel` makes many moves at once,
in JAX, for a GPU or TPU. A frame has many settled dithers, so theirs differ, but hardly in quality. An export
keeps to one engine.
"""

import os
from importlib.metadata import entry_points
from importlib.util import find_spec

from trainer.errors import OptionError

ENGINES = ("sequential", "parallel")


def engine_of(name: str | None) -> str:
    """The engine of that name; None: the one that suits this machine. OptionError for an unknown name."""
    if name is not None and name not in ENGINES:
        raise OptionError(f"there is no engine {name!r}: choose {' or '.join(ENGINES)}")
    return name or ("parallel" if has_accelerator() else "sequential")


def has_accelerator() -> bool:
    """Whether JAX has an accelerator; JAX is imported only if a plugin for one is installed.

    Unless told otherwise, JAX takes most of an accelerator's memory when it starts. A caller may only want to
    start the process that uses the accelerator, so JAX is told not to.
    """
    if not (entry_points(group="jax_plugins") or find_spec("jax_plugins") or find_spec("libtpu")):
        return False
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    import jax

    return jax.default_backend() != "cpu"
