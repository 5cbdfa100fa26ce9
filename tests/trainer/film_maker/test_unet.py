"""The film-maker's U-Net: its size, its shapes, and what it sees."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from trainer.dithers.generator.model import count_parameters
from trainer.errors import OptionError
from trainer.film_maker import unet
from trainer.film_maker.settings import UPSAMPLINGS
from trainer.film_maker.unet import UNetSize


def test_the_u_net_has_the_film_makers_size():
    """About 1.56 million numbers, whatever it sees; a learned upsampling comes on top."""
    for size in (UNetSize(), UNetSize(colours=3), UNetSize(previous=True)):
        assert round(count_parameters(unet.outline(size)) / 1e6, 2) in (1.56, 1.57)
    learned = sum(4 * c * c + c for c in (128, 128, 64, 32))
    assert (
        count_parameters(unet.outline(UNetSize(upsampling="transposed")))
        == count_parameters(unet.outline(UNetSize())) + learned
    )


def test_channels_and_kernels_are_the_film_makers():
    network = unet.outline(UNetSize(colours=3))
    kernels = [block.first.kernel.shape for block in network.encoders]
    assert kernels == [(7, 7, 3, 32), (3, 3, 32, 64), (3, 3, 64, 128), (3, 3, 128, 128)]
    assert [block.second.kernel.shape[-1] for block in network.decoders] == [128, 64, 32, 16]
    assert network.logit.kernel.shape == (1, 1, 16, 1)


@pytest.mark.parametrize("upsampling", UPSAMPLINGS)
def test_there_is_a_logit_for_every_pixel_of_a_frame_of_any_size(upsampling):
    network = unet.create(UNetSize(2, 3, True, upsampling), 0)
    found = jax.eval_shape(network, jnp.zeros((2, 17, 30, 3)), jnp.zeros((2, 17, 30)))
    assert found.shape == (2, 17, 30)


def test_it_sees_far_and_it_sees_the_shown_dither():
    """The logit of a pixel answers to frame and shown dither, near and 20 pixels away."""
    graph, state = nnx.split(unet.create(UNetSize(4, previous=True), 0))
    logit = jax.jit(lambda *seen: nnx.merge(graph, state)(*seen)[0, 24, 24])
    seen = [np.full((1, 48, 48, 1), 0.4, np.float32), np.zeros((1, 48, 48), np.float32)]
    before = logit(*seen)
    assert np.isfinite(before)
    for which in range(2):
        for x in (24, 4):
            changed = [plane.copy() for plane in seen]
            changed[which][0, 24, x] = 1
            assert logit(*changed) != before


def test_a_frame_has_no_border_that_it_could_see():
    """A flat frame gets one logit everywhere, at any size, so that patches teach what holds for frames."""
    network = unet.create(UNetSize(2), 0)
    small, large = (np.asarray(network(jnp.full((1, side, side, 1), 0.3)))[0] for side in (16, 48))
    np.testing.assert_allclose(large, small[0, 0], atol=1e-5)
    np.testing.assert_allclose(small, small[0, 0], atol=1e-5)


@pytest.mark.parametrize(("given", "words"), [
    ({"channels": 3}, "channels"), ({"colours": 2}, "luma"), ({"upsampling": "bicubic"}, "nearest"),
])  # fmt: skip
def test_a_u_net_out_of_range_is_refused(given, words):
    with pytest.raises(OptionError, match=words):
        UNetSize(**given)
