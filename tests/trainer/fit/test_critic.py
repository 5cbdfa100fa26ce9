"""The critic: its size, what it sees, and what it learns."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from trainer.dithers.generator.model import count_parameters
from trainer.film_maker.settings import V2
from trainer.fit import critic
from trainer.fit.critic import Adversary, Kind
from trainer.fit.settings import Settings, hyper_of

pytestmark = pytest.mark.usefixtures("quickly_compiled")


@pytest.mark.parametrize("kind", [Kind(), Kind(2), Kind(1, True), Kind(2, True)])
def test_the_critic_has_the_film_makers_size(kind):
    network = critic.create(kind, 0)
    assert count_parameters(network) == pytest.approx(25_000, rel=0.02)
    assert jax.eval_shape(network, jnp.zeros((2, kind.pictures, 96, 64))).shape == (2, 3, 2)


def test_the_gans_critic_sees_three_dithers_and_the_frame_and_scores_finer_pieces():
    adversary = Adversary(Settings())
    params, _ = adversary.start()
    pictures = jnp.zeros((2, 3, 64, 32)), jnp.zeros((2, 64, 32))
    assert jax.eval_shape(adversary.score, params, *pictures).shape == (2, 4, 2)


@pytest.mark.parametrize("batch_norm", [False, True])
def test_only_a_critic_with_batch_norm_judges_a_picture_by_its_company(batch_norm):
    score = jax.jit(partial(_score, critic.create(Kind(1, batch_norm), 0)))
    pictures = np.random.default_rng(0).random((3, 1, 32, 32), dtype=np.float32)
    alone = score(pictures)[0]
    # A copy: JAX may still be reading the other.
    others = np.concatenate([pictures[:1], np.ones_like(pictures[1:])])
    assert np.allclose(score(others)[0], alone, atol=1e-5) is not batch_norm


def _score(network, pictures):
    return network(pictures)


@pytest.mark.parametrize("kind", ["wasserstein", "wasserstein-clip", "pix2pix", "r1"])
def test_a_critic_learns_to_tell_dots_from_grey(kind):
    settings = V2(critic_weight=1, adversary=kind, critic_rate=0.01, critic_steps=1, clip=0.1)
    adversary, hyper = Adversary(settings), hyper_of(settings)
    params, optimiser = adversary.start()
    rng = np.random.default_rng(0)
    dots, grey = (rng.random((4, 32, 32)) < 0.5).astype(np.float32), np.full((4, 32, 32), 0.5, np.float32)
    update = jax.jit(adversary.update)
    for number in range(40):
        keys = jax.random.split(jax.random.key(number), 4)
        params, optimiser, _ = update(keys, params, optimiser, dots, grey, grey, jnp.float32(3e-3), hyper)
    scores = [np.asarray(adversary.score(params, picture, grey)).mean() for picture in (dots, grey)]
    assert scores[0] > scores[1] + (0.001 if kind == "wasserstein-clip" else 0.1)
    largest = max(float(jnp.abs(leaf).max()) for leaf in jax.tree.leaves(params))
    assert (largest <= 0.1 + 1e-6) is (kind == "wasserstein-clip")
