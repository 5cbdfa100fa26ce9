"""The compiled network: the logits of the one in flax, for any size of frame and network, in any bands."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from trainer.dithers.generator.model import (
    PLANES,
    Generator,
    Size,
    outline,
    space_to_depth,
)
from trainer.dithers.generator.weights import arrays_of
from trainer.generating.compiled.network import VARYING, CompiledNetwork

DIAL = -0.7


def drawn(size: Size) -> Generator:
    """A network with numbers that no layer can hide behind: a new one's last layer says almost nothing."""
    rng, network = np.random.default_rng(3), outline(size)
    for layer in (network.first, *network.blocks, network.down, network.low, network.up, network.last):
        for value in (layer.kernel, layer.bias):
            value.set_value(jnp.asarray(rng.normal(0, 0.2, value.shape), jnp.float32))
    return network


def shown(planes: np.ndarray, network: CompiledNetwork) -> None:
    """Show the network planes float32[H, W, PLANES], the way it wants them."""
    height, width = planes.shape[:2]
    padded = np.pad(planes, ((0, -height % 4), (0, -width % 4), (0, 0)), mode="edge")
    deep = np.asarray(space_to_depth(jnp.asarray(padded[None, ..., :VARYING])))[0].transpose(2, 0, 1)
    for band in network.bands:
        band.work.shown[:, 1:-1, 1:-1] = deep[:, band.top : band.bottom]


def answers(planes: np.ndarray, mask: np.ndarray, network: Generator, size: Size, bands: int) -> np.ndarray:
    compiled = CompiledNetwork(arrays_of(network), size, mask, bands)
    for _ in range(2):  # what a call leaves behind must not matter to the next
        shown(planes, compiled)
        for band in compiled.bands:
            compiled.run(band, DIAL)
    return compiled.logits[: mask.shape[0], : mask.shape[1]]


@pytest.mark.parametrize(
    ("size", "shape"),
    [(Size(8, 2), (1, 1)), (Size(8, 2), (38, 23)), (Size(6, 3), (5, 2)), (Size(3, 5), (17, 30))],
    ids=str,
)
def test_the_logits_are_those_of_the_network_in_flax(size, shape):
    network = drawn(size)
    planes = np.random.default_rng(7).normal(size=(*shape, PLANES)).astype(np.float32)
    mask = np.random.default_rng(8).uniform(size=shape).astype(np.float32)
    planes[..., VARYING], planes[..., VARYING + 1] = 2 * mask - 1, DIAL
    expected = np.asarray(jax.jit(network)(jnp.asarray(planes[None])))[0]
    result = answers(planes, mask, network, size, 1)
    np.testing.assert_allclose(result, expected, atol=2e-4, rtol=1e-4)


@pytest.mark.parametrize("size", [Size(8, 2), Size(4, 5)], ids=str)
def test_bands_give_the_same_logits_to_the_last_bit(size):
    network, shape = drawn(size), (150, 20)
    planes = np.random.default_rng(9).normal(size=(*shape, PLANES)).astype(np.float32)
    mask = np.random.default_rng(10).uniform(size=shape).astype(np.float32)
    whole = answers(planes, mask, network, size, 1)
    for bands in (2, 3, 4):
        np.testing.assert_array_equal(answers(planes, mask, network, size, bands), whole)


def test_small_frames_are_one_band_and_large_ones_no_more_than_asked_for():
    arrays, size = arrays_of(drawn(Size(4, 2))), Size(4, 2)
    for rows, most, expected in ((20, 8, 1), (400, 3, 3), (400, 1, 1)):
        network = CompiledNetwork(arrays, size, np.zeros((rows, 8), np.float32), most)
        assert len(network.bands) == expected
        edges = [(band.first, band.end) for band in network.bands]
        assert [row for edge in edges for row in range(*edge)] == list(range(rows // 2))
