"""One update: its precision, what is real to a critic, and the learning rates."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from trainer.dithers.diffusion import FloydSteinberg
from trainer.dithers.eye import two_eye_kernel
from trainer.dithers.generator.step import View
from trainer.dithers.search.parallel import convolution
from trainer.fit.data import LENGTH
from trainer.fit.loss import energy_per_pixel
from trainer.fit.settings import Settings, hyper_of, settings_class
from trainer.fit.train import REAL_SWEEPS, abstract_state, objective_of, rates, real_dithers


@pytest.mark.parametrize("objective", ["counterfactual", "v1"])
def test_precision_is_that_of_the_network_and_weights_stay_as_they_are(objective):
    clips = jax.ShapeDtypeStruct((2, LENGTH, 32, 32), jnp.uint8)
    for precision in ("float32", "bfloat16"):
        own = {"sweeps": 0} if objective == "counterfactual" else {}
        settings = settings_class(objective)(channels=8, patch=16, batch=2, precision=precision, **own)
        state = abstract_state(settings, clips.shape)
        update = objective_of(settings).update(settings, None)
        given = (hyper_of(settings), state, clips, 1e-3)
        program, (after, metrics) = jax.make_jaxpr(update, return_shape=True)(*given)
        assert ("bf16" in str(program)) == (precision == "bfloat16")
        learned = jax.tree.leaves((after.params, after.optimiser, metrics))
        assert {leaf.dtype for leaf in learned} <= {jnp.dtype("float32"), jnp.dtype("int32")}


def test_what_is_real_is_pillows_dither_or_a_better_one():
    rng = np.random.default_rng(1)
    frame = np.repeat(rng.random((2, 4, 4), dtype=np.float32), 4, 1).repeat(4, 2)
    dither, previous = ((rng.random(frame.shape) < 0.5).astype(np.float32) for _ in range(2))
    price = jnp.full(2, 0.2)
    scene = View(
        jnp.asarray(frame), jnp.asarray(dither), jnp.asarray(previous), price, jnp.zeros(frame.shape)
    )
    assert REAL_SWEEPS > 4
    made = {kind: real_dithers(kind, jax.random.key(0), scene) for kind in ("floyd-steinberg", "search")}
    np.testing.assert_array_equal(made["floyd-steinberg"][1], FloydSteinberg().dither(frame[1], None))
    convolve = convolution(two_eye_kernel(), frame.shape[1:])
    start, best = (
        energy_per_pixel(each, scene.frame, scene.previous, price, convolve)
        for each in (dither, made["search"])
    )
    assert (best < 0.2 * start).all()


def test_rates_rise_then_fall():
    settings = Settings(rate=0.01)
    np.testing.assert_allclose(rates(settings, 0, np.zeros(2)), [0.0001, 0.0002], rtol=1e-5)
    np.testing.assert_allclose(rates(settings, 500, np.array([0, 0.5, 1])), [0.01, 0.0051, 0.0002], rtol=1e-5)
