"""The generator network: its shapes, what it is shown, and how it begins."""

import jax.numpy as jnp
import numpy as np
import pytest

from trainer.errors import OptionError
from trainer.eye import two_eye_kernel
from trainer.networks import (
    PLANES,
    Size,
    create,
    depth_to_space,
    parameter_count,
    planes,
    space_to_depth,
)
from trainer.search import cost
from trainer.search_parallel import convolution


@pytest.fixture(scope="module")
def generator():
    return create(Size(4, 2), 0)


def pictures(shape, seed=0):
    """A frame, a dither and a shown dither."""
    rng = np.random.default_rng(seed)
    frame = rng.random(shape, dtype=np.float32)
    return frame, *((rng.random(shape) < 0.5).astype(np.float32) for _ in range(2))


@pytest.mark.parametrize("shape", [(1, 8, 12), (2, 7, 9)])
def test_there_is_a_logit_for_every_pixel_of_a_frame_of_any_size(generator, shape):
    logits = generator(jnp.zeros((*shape, PLANES)))
    assert logits.shape == shape
    assert np.isfinite(logits).all()


def test_a_new_generator_toggles_little(generator):
    """It starts from what is shown: the logit of toggling begins around -2."""
    frame, dither, shown = map(jnp.asarray, pictures((2, 7, 9)))
    logits = generator(planes(frame, dither, shown, jnp.full(2, 0.2), jnp.full((7, 9), 0.5), 0 * frame))
    assert -3.5 < float(logits.mean()) < -0.5


def test_the_price_of_every_toggle_is_shown_exactly():
    """The plane of dE against the energy of `search.py`, toggling pixel by pixel."""
    frame, dither, shown = pictures((5, 6))
    kernel, price = two_eye_kernel(), 0.37
    convolve = convolution(kernel, frame.shape)
    shown_planes = planes(
        jnp.asarray(frame)[None], jnp.asarray(dither)[None], jnp.asarray(shown)[None], jnp.full(1, price),
        jnp.full(frame.shape, 0.5), convolve(jnp.asarray(dither - frame))[None],
    )  # fmt: skip
    squashed = np.asarray(shown_planes)[0, ..., 4]
    dearer = squashed / (1 - np.abs(squashed) / 4)
    before = cost(frame, dither, shown, price, kernel)
    for y, x in np.ndindex(frame.shape):
        toggled = dither.copy()
        toggled[y, x] = 1 - toggled[y, x]
        assert dearer[y, x] == pytest.approx(cost(frame, toggled, shown, price, kernel) - before, abs=1e-3)


def test_space_to_depth_stacks_the_pixels_of_a_square_and_back():
    x = jnp.arange(2 * 4 * 6 * 3, dtype=jnp.float32).reshape(2, 4, 6, 3)
    deep = space_to_depth(x)
    assert deep.shape == (2, 2, 3, 12)
    np.testing.assert_array_equal(deep[1, 1, 2], np.asarray(x)[1, 2:4, 4:6].reshape(-1))
    np.testing.assert_array_equal(depth_to_space(deep), x)


def test_the_small_generator_is_small():
    assert parameter_count(Size()) < 25_000


@pytest.mark.parametrize(("channels", "blocks"), [(0, 2), (16, 1)])
def test_a_size_out_of_range_is_refused(channels, blocks):
    with pytest.raises(OptionError, match="channels"):
        Size(channels, blocks)
