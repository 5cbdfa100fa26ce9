"""A pass of the generator: exact proposals, a choice in which no pixel is used twice, and the check."""

import jax.numpy as jnp
import numpy as np
import pytest

from tests.trainer.search_cases import TWO_EYES, moving_scene, random_case, single_moves
from trainer.dithers.diffusion import Hysteresis
from trainer.dithers.generator.model import PLANES, Size, create
from trainer.dithers.generator.step import View, accept_moves, energy_on, planes_of, propose, step
from trainer.dithers.search.energy import cost
from trainer.dithers.search.moves import drop_conflicts, uses
from trainer.dithers.search.sequential import settle

PRICE = 0.3


def view(frame, dither, shown, price=PRICE):
    planes = (jnp.asarray(plane, jnp.float32)[None] for plane in (frame, dither, shown))
    return View(*planes, jnp.full(1, price), jnp.full(frame.shape, 0.5))


def test_a_proposal_is_the_best_single_move_at_its_exact_price():
    frame, shown = random_case((5, 6), seed=1)
    dither = random_case((5, 6), seed=2)[1]
    here = cost(frame, dither, shown, PRICE, TWO_EYES)
    least = np.full(frame.shape, np.inf)
    toggles = np.zeros(frame.shape)
    for pixels, moved in single_moves(dither):
        change = cost(frame, moved, shown, PRICE, TWO_EYES) - here
        least[pixels[0]] = min(least[pixels[0]], change)
        if len(pixels) == 1:
            toggles[pixels[0]] = change
    scene, energy = view(frame, dither, shown), energy_on(frame.shape)
    proposal = propose(scene, energy)
    np.testing.assert_allclose(proposal.change[0], least, atol=1e-4)
    np.testing.assert_allclose(1 + proposal.slope[0], toggles, atol=1e-4)
    planes = planes_of(scene, proposal)
    assert planes.shape == (1, 5, 6, PLANES)
    squashed = np.asarray(planes[0, ..., 3])
    np.testing.assert_allclose(squashed / (1 - np.abs(squashed) / 4), toggles, atol=1e-3)


@pytest.fixture(scope="module")
def scene():
    """A frame, error diffusion of it, and what was shown before: a scene that has moved on."""
    before, _, frame = moving_scene(3)
    shown = Hysteresis().dither(before, None)
    return frame, Hysteresis(0.5).dither(frame, shown), shown


def test_the_check_takes_back_moves_that_do_not_go_together(scene):
    """Whatever gains by itself is accepted: made unchecked, all of it together would raise the energy."""
    looked, energy = view(*scene), energy_on(scene[0].shape)
    proposal = propose(looked, energy)
    logits = -proposal.change
    change = np.asarray(accept_moves(proposal, logits, energy))[0]
    unchecked = np.asarray(
        proposal.sign * uses(drop_conflicts(jnp.where(logits > 0, proposal.move, 0), logits))
    )[0]
    assert set(np.unique(scene[1] + change)) == {0, 1}
    assert (change != 0).any()
    before, checked, all_of_them = (
        cost(scene[0], scene[1] + each, scene[2], PRICE, TWO_EYES) for each in (0, change, unchecked)
    )
    assert before < all_of_them
    assert checked - before < 0.1 * (all_of_them - before)


def test_nothing_is_made_where_nothing_is_accepted_and_a_settled_dither_stays(scene):
    frame, start, shown = scene
    energy = energy_on(frame.shape)
    proposal = propose(view(*scene), energy)
    assert not np.asarray(accept_moves(proposal, -jnp.ones_like(proposal.change), energy)).any()
    settled = settle(frame, start, shown, PRICE, TWO_EYES)
    proposal = propose(view(frame, settled, shown), energy)
    # What is left within the tolerance of the search may be made: all but nothing.
    flips = np.abs(accept_moves(proposal, jnp.ones_like(proposal.change), energy)).sum()
    assert flips < 1e-3 * frame.size


def test_a_new_network_leaves_the_dither_as_it_is(scene):
    energy = energy_on(scene[0].shape)
    dither = step(create(Size(4, 2), 0), view(*scene), energy)
    np.testing.assert_array_equal(dither[0], scene[1])
