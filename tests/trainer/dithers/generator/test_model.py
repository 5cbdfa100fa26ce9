"""The generator network: its shapes, what it is shown, and how it begins."""

import jax.numpy as jnp
import numpy as np
import pytest

from trainer.dithers.generator.model import (
    PLANES,
    Size,
    count_parameters,
    create,
    depth_to_space,
    outline,
    planes,
    space_to_depth,
)
from trainer.errors import OptionError


@pytest.fixture(scope="module")
def generator():
    return create(Size(4, 2), 0)


@pytest.mark.parametrize("shape", [(1, 8, 12), (2, 7, 9)])
def test_there_is_a_logit_for_every_pixel_of_a_frame_of_any_size(generator, shape):
    logits = generator(jnp.zeros((*shape, PLANES)))
    assert logits.shape == shape
    assert np.isfinite(logits).all()


def test_a_new_generator_makes_few_moves(generator):
    """The logits begin around -2."""
    planes = np.random.default_rng(0).normal(0, 0.7, (2, 7, 9, PLANES)).astype(np.float32)
    assert -3.5 < float(generator(jnp.asarray(planes)).mean()) < -0.5


def test_the_planes_are_what_they_are_said_to_be():
    frame, dither, shown = (np.full((1, 2, 3), value, np.float32) for value in (0.25, 1, 0))
    move = np.array([[[1, 2, 7], [13, 1, 1]]], np.int8)  # toggle, (0, 1), (1, 1); (2, 2), toggles
    found = planes(
        jnp.asarray(frame), jnp.asarray(dither), jnp.asarray(shown), jnp.full(1, 0.2), jnp.full((2, 3), 0.75),
        jnp.full((1, 2, 3), 4.0), jnp.full((1, 2, 3), -4.0), jnp.asarray(move),
    )  # fmt: skip
    assert found.shape == (1, 2, 3, PLANES)
    np.testing.assert_allclose(found[0, 0, 0], [-0.5, 1, -1, 2, -2, 0, 0, 0.5, 0], atol=1e-6)
    np.testing.assert_allclose(found[0, 0, 1, 5:7], [0, 0.5])
    np.testing.assert_allclose(found[0, 0, 2, 5:7], [0.5, 0.5])
    np.testing.assert_allclose(found[0, 1, 0, 5:7], [1, 1])


def test_space_to_depth_stacks_the_pixels_of_a_square_and_back():
    x = jnp.arange(2 * 4 * 6 * 3, dtype=jnp.float32).reshape(2, 4, 6, 3)
    deep = space_to_depth(x)
    assert deep.shape == (2, 2, 3, 12)
    np.testing.assert_array_equal(deep[1, 1, 2], np.asarray(x)[1, 2:4, 4:6].reshape(-1))
    np.testing.assert_array_equal(depth_to_space(deep), x)


def test_the_small_generator_is_small():
    assert count_parameters(outline(Size())) < 25_000


@pytest.mark.parametrize(("channels", "blocks"), [(0, 2), (16, 1)])
def test_a_size_out_of_range_is_refused(channels, blocks):
    with pytest.raises(OptionError, match="channels"):
        Size(channels, blocks)
