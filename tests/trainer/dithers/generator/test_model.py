"""The generator network: its shapes, its size, and how it begins."""

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
    space_to_depth,
)
from trainer.errors import OptionError


@pytest.mark.parametrize("shape", [(1, 8, 12), (2, 7, 9)])
def test_a_new_generator_adds_nothing_to_any_pixel_of_a_frame_of_any_size(shape):
    planes = np.random.default_rng(0).normal(0, 0.7, (*shape, PLANES)).astype(np.float32)
    np.testing.assert_array_equal(create(Size(4, 1), 0)(jnp.asarray(planes)), np.zeros(shape))


def test_space_to_depth_stacks_the_pixels_of_a_square_and_back():
    x = jnp.arange(2 * 4 * 6 * 3, dtype=jnp.float32).reshape(2, 4, 6, 3)
    deep = space_to_depth(x)
    assert deep.shape == (2, 2, 3, 12)
    np.testing.assert_array_equal(deep[1, 1, 2], np.asarray(x)[1, 2:4, 4:6].reshape(-1))
    np.testing.assert_array_equal(depth_to_space(deep), x)


def test_the_usual_generator_is_small():
    assert 50_000 < count_parameters(outline(Size())) < 70_000


@pytest.mark.parametrize(("channels", "blocks"), [(0, 2), (16, 0), (513, 2), (16, 65)])
def test_a_size_out_of_range_is_refused(channels, blocks):
    with pytest.raises(OptionError, match="channels"):
        Size(channels, blocks)
