"""The search as a ditherer: the dial, the closed loop, both engines side by side, and what is imported."""

import subprocess
import sys

import numpy as np
import pytest

from tests.trainer.search_cases import PRICE, TWO_EYES, moving_scene, random_case
from trainer.dithers.diffusion import Hysteresis
from trainer.dithers.engines import ENGINES
from trainer.dithers.eye import EYES, energy, hvs_psnr
from trainer.dithers.search.ditherer import FrameSearch
from trainer.dithers.search.energy import cost, price_of
from trainer.errors import OptionError


@pytest.fixture(scope="module", params=ENGINES)
def ditherer(request):
    return FrameSearch(engine=request.param)


def test_the_dial_is_geometric():
    assert [price_of(dial) for dial in (0, 0.25, 0.5, 0.75, 1)] == pytest.approx([0.05, 0.1, 0.2, 0.4, 0.8])
    assert FrameSearch().price == pytest.approx(0.2)


def test_the_cost_is_worked_out_by_hand():
    """Two neighbours wrong by 1/2 and -1/2, one flip: .25 + .25 - 2 * .25 * c(1), and the price."""
    frame, dither = np.full((1, 2), 0.5, np.float32), np.array([[1, 0]], np.uint8)
    beside = TWO_EYES[30, 31]
    expected = 0.5 - 0.5 * beside + 0.3
    assert cost(frame, dither, np.array([[0, 0]], np.uint8), 0.3, TWO_EYES) == pytest.approx(expected)


def test_the_first_frame_is_better_than_the_error_diffusion_it_starts_from(ditherer):
    frame = moving_scene(1)[0]
    start, dither = Hysteresis().dither(frame, None), ditherer.dither(frame, None)
    assert dither.mean() == pytest.approx(frame.mean(), abs=0.003)
    assert energy(frame, dither, TWO_EYES) < 0.8 * energy(frame, start, TWO_EYES)
    for eye in EYES:
        assert hvs_psnr(frame, dither, eye) > hvs_psnr(frame, start, eye)


def test_flips_fall_as_the_dial_rises():
    before, after = moving_scene(6)[[0, 5]]
    shown = FrameSearch().dither(before, None)
    flips = [int((FrameSearch(dial).dither(after, shown) != shown).sum()) for dial in (0, 0.25, 0.5, 0.75, 1)]
    assert flips == sorted(flips, reverse=True)
    assert flips[0] > flips[2] > flips[4]


def test_a_noisy_still_picture_stays_still(ditherer):
    still = moving_scene(1)[0]
    shown = ditherer.dither(still, None)
    rng = np.random.default_rng(6)
    for _ in range(3):
        noisy = (still + rng.normal(0, 2 / 255, still.shape)).astype(np.float32)
        dither = ditherer.dither(noisy, shown)
        assert (dither != shown).mean() < 0.001
        shown = dither


@pytest.mark.parametrize("colour", [0, 1])
@pytest.mark.parametrize("engine", ENGINES)
def test_pure_black_and_white_are_reached_at_every_dial(colour, engine):
    shown = random_case((64, 96), seed=3)[1]
    frame = np.full(shown.shape, colour, np.float32)
    for dial in (0, 0.5, 1):
        assert (FrameSearch(dial, engine).dither(frame, shown) == colour).all()


def test_the_engines_are_equally_good_in_closed_loop():
    scene = moving_scene()
    figures = {}
    for engine in ENGINES:
        ditherer = FrameSearch(engine=engine)
        shown = FrameSearch(engine="sequential").dither(scene[0], None)
        rows = []
        for frame in scene[1:]:
            dither = ditherer.dither(frame, shown)
            scores = [hvs_psnr(frame, dither, eye) for eye in EYES]
            rows.append([*scores, (dither != shown).mean(), cost(frame, dither, shown, PRICE, TWO_EYES)])
            shown = dither
        figures[engine] = np.mean(rows, axis=0)
    near, far, flips, costs = figures["parallel"] - figures["sequential"]
    assert abs(near) < 0.3
    assert abs(far) < 0.3
    assert abs(flips) < 0.05 * figures["sequential"][2]
    assert abs(costs) < 0.02 * figures["sequential"][3]


@pytest.mark.parametrize("dial", [-0.1, 1.1, float("nan")])
def test_a_dial_out_of_range_is_refused(dial):
    with pytest.raises(OptionError, match="0 \\(liveliest\\) to 1 \\(calmest\\)"):
        FrameSearch(dial)


def test_an_unknown_engine_is_refused():
    with pytest.raises(OptionError, match="choose sequential or parallel"):
        FrameSearch(engine="quantum")


def test_the_sequential_engine_imports_no_jax():
    code = (
        "import sys; from trainer.dithers.search.ditherer import make_search\n"
        "make_search(engine='sequential'); print('jax' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "False", done.stderr
