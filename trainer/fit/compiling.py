"""How XLA is to compile a fit's programs."""

from functools import cache

import jax
import jax.numpy as jnp

_ON_CPU = {"xla_cpu_use_fusion_emitters": False}
"""XLA's older way to compile what it fuses. A generator's update takes three quarters of the time with it and
compiles sooner (benchmarks/training_torch.py). jaxlib 0.10 has both ways, later ones have not.
"""


@cache
def options() -> dict[str, bool]:
    """The options of `jax.jit` for this machine, without those that its XLA does not know."""
    if jax.default_backend() != "cpu":
        return {}
    try:
        jax.jit(lambda: jnp.zeros(()), compiler_options=_ON_CPU)()
    except jax.errors.JaxRuntimeError:
        return {}
    return _ON_CPU
