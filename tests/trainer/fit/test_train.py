"""One update: its precision, and the learning rates; what an interrupt does."""

import os
import signal

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from trainer.fit.data import LENGTH
from trainer.fit.settings import Settings, hyper_of, settings_class
from trainer.fit.train import Interrupt, abstract_state, objective_of, rates

pytestmark = pytest.mark.usefixtures("quickly_compiled")


@pytest.mark.parametrize("objective", ["gan", "v1"])
def test_precision_is_that_of_the_network_and_weights_stay_as_they_are(objective):
    clips = jax.ShapeDtypeStruct((2, LENGTH, 32, 32), jnp.uint8)
    for precision in ("float32", "bfloat16"):
        settings = settings_class(objective)(channels=8, patch=16, batch=2, precision=precision)
        state = abstract_state(settings, clips.shape)
        update = objective_of(settings).update(settings, None)
        given = (hyper_of(settings), state, clips, 1e-3)
        program, (after, metrics) = jax.make_jaxpr(update, return_shape=True)(*given)
        assert ("bf16" in str(program)) == (precision == "bfloat16")
        learned = jax.tree.leaves((after.params, after.optimiser, metrics))
        assert {leaf.dtype for leaf in learned} <= {jnp.dtype("float32"), jnp.dtype("int32")}


def test_rates_rise_then_fall():
    settings = Settings(rate=0.01)
    np.testing.assert_allclose(rates(settings, 0, np.zeros(2)), [0.0001, 0.0002], rtol=1e-5)
    np.testing.assert_allclose(rates(settings, 500, np.array([0, 0.5, 1])), [0.01, 0.0051, 0.0002], rtol=1e-5)


def test_the_first_ctrl_c_is_noted_and_the_second_ends_the_fit():
    with Interrupt() as interrupt:
        assert not interrupt.asked
        os.kill(os.getpid(), signal.SIGINT)
        assert interrupt.asked
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
