"""Options of XLA are taken where XLA has them, and left out where it has not."""

import jax
import jax.numpy as jnp
import pytest

from trainer.fit import compiling


@pytest.fixture(autouse=True)
def unknown_yet():
    compiling.options.cache_clear()
    yield
    compiling.options.cache_clear()


def test_an_option_that_xla_does_not_know_is_left_out(monkeypatch):
    monkeypatch.setattr(compiling, "_ON_CPU", {"xla_cpu_no_such_option": False})
    assert compiling.options() == {}


def test_an_option_that_it_knows_is_taken(monkeypatch):
    known = {"xla_cpu_enable_fast_math": False}
    monkeypatch.setattr(compiling, "_ON_CPU", known)
    assert compiling.options() == known


def test_what_is_compiled_with_them_is_right():
    doubled = jax.jit(lambda x: 2 * x, compiler_options=compiling.options())
    assert doubled(jnp.float32(3)) == 6
