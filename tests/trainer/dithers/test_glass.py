"""The model of the glass, against the simulated panel's, the player's idea of it, and by hand."""

import cv2
import numpy as np
import pytest

from driver.simulator.glass import BLACK, WHITE
from driver.simulator.glass import Glass as SimulatedGlass
from player.web.images import believed_glass
from trainer.dithers.diffusion import FloydSteinberg
from trainer.dithers.eye import psf
from trainer.dithers.glass import Forecast, Glass, aim, glass
from trainer.dithers.levels import ASSUMED, CLEAN, Levels, levels_of
from trainer.dithers.table import make
from trainer.errors import OptionError

SIMULATED = Levels(black=1 / 12)


def stretch(count=9, shape=(31, 45)):
    """Dithers of which each flips some pixels, and some pixels flip back."""
    rng = np.random.default_rng(4)
    dithers = [rng.integers(0, 2, shape, np.uint8)]
    for _ in range(count - 1):
        dithers.append(dithers[-1] ^ (rng.random(shape) < 0.15).astype(np.uint8))
    return dithers


def test_it_is_the_glass_of_the_simulated_panel_over_two_stretches():
    panel = SimulatedGlass(45, 31)
    for dithers in (stretch(), stretch()[::-1]):
        for number, (dither, seen) in enumerate(zip(dithers, glass(dithers, SIMULATED), strict=True)):
            panel.update(0, 0, dither * np.uint8(15), "DU" if number else "GC16")
            np.testing.assert_array_equal(np.rint(BLACK + seen * (WHITE - BLACK)), panel.reflectance)


def test_it_is_what_the_player_believes_of_its_glass():
    dithers = stretch()
    seen = list(glass(dithers, SIMULATED))
    for number in (1, 8):
        believed = believed_glass(dithers[number], dithers[0])
        black = dithers[number] == 0
        # The player knows the last redraw and what stands, and not what came and went between them.
        ghosts = black & (dithers[0] == 1)
        assert (seen[number][ghosts] == np.float32(1 / 12)).all()
        assert len(np.unique(believed[ghosts])) == 1
        assert believed[ghosts][0] > believed[black & ~ghosts].max()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("000", "000"), ("111", "111"), ("100", "1gg"), ("110", "11g"), ("010", "0wg"), ("0110", "0wwg"),
        ("1011", "1gww"), ("1010", "1gwg"),
    ],
)  # fmt: skip
def test_a_pixel_is_clean_until_it_flips_and_dirty_ever_after(line, expected):
    dithers = [np.array([[int(colour)]], np.uint8) for colour in line]
    worth = {"0": 0.0, "1": 1.0, "g": 0.1, "w": 0.9}
    seen = [float(one[0, 0]) for one in glass(dithers, Levels(0.1, 0.9))]
    assert seen == pytest.approx([worth[letter] for letter in expected])


def test_what_a_dither_aims_at_makes_the_glass_right():
    frame = np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4)
    dirty = np.arange(12).reshape(3, 4) % 2 == 0
    goal = aim(frame, dirty, Levels(0.1, 0.9))
    np.testing.assert_array_equal(goal[~dirty], frame[~dirty])
    shown = 0.1 + goal[dirty] * 0.8
    np.testing.assert_allclose(shown, np.clip(frame[dirty], 0.1, 0.9), atol=1e-6)
    assert aim(frame, None, SIMULATED) is frame
    assert aim(frame, dirty, CLEAN) is frame


def test_error_diffusion_frame_by_frame_makes_up_for_ghosts():
    """A grey that was lighter at the redraw: on the glass its mean is nearer to the frame than without."""
    frames = [np.full((64, 64), tone, np.float32) for tone in (0.9, 0.5, 0.5, 0.5)]
    means, ditherer = {}, FloydSteinberg()
    for levels in (CLEAN, SIMULATED):
        ditherer.levels = levels
        means[levels] = [seen.mean() for seen in glass(ditherer(frames), SIMULATED)]
    assert abs(means[SIMULATED][-1] - 0.5) < abs(means[CLEAN][-1] - 0.5) / 2


def test_the_redraw_makes_all_clean():
    state = Glass(SIMULATED)
    state.draw(np.ones((2, 2), np.uint8))
    assert state.draw(np.zeros((2, 2), np.uint8)).all()
    assert not Glass(SIMULATED).draw(np.zeros((2, 2), np.uint8)).any()


def test_levels_are_as_measured_or_assumed():
    assert levels_of() == ASSUMED
    assert levels_of(0.083) == Levels(0.083, 1.0)
    assert levels_of(0.0, 0.02) == Levels(0.0, 0.98)
    with pytest.raises(OptionError, match=r"--ghost 2: give a share from black to white, 0 to 0\.3"):
        levels_of(2)
    with pytest.raises(OptionError, match="--ghost-white -1: "):
        levels_of(0.1, -1)


def moving(frames, shape=(96, 128)):
    """A blurred picture that drifts, and gets darker."""
    rng = np.random.default_rng(8)
    picture = cv2.GaussianBlur(rng.random(shape).astype(np.float32), (0, 0), 6)
    picture = (picture - picture.min()) / (picture.max() - picture.min())
    return [np.roll(picture, 2 * t, 1) * np.float32(1 - 0.01 * t) for t in range(frames)]


@pytest.mark.parametrize("name", ["search", "hysteresis", "mask"])
def test_the_forecast_of_an_uncertain_ghost_is_about_what_the_glass_shows(name):
    """What a ghost that is off by the spread adds to the visible error, mean squares apart."""
    frames = moving(16)
    forecast = Forecast(Levels(0.03, spread=0.03))
    expected = [
        forecast(cv2.resize(frame, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)) for frame in frames
    ]
    assert expected[0] == 0
    dithers = list(make(name, levels=Levels(0.03))(frames))
    planned, more = (glass(dithers, Levels(ghost)) for ghost in (0.03, 0.06))
    off = [np.sqrt(np.mean(psf_of(b - a) ** 2)) for a, b in zip(planned, more, strict=True)]
    for number in (5, 10, 15):
        assert 0.7 * expected[number] < off[number] < 1.7 * expected[number]


def psf_of(picture):
    """As an eye at S 6000 sees it."""
    return cv2.filter2D(picture, -1, psf(6000), borderType=cv2.BORDER_CONSTANT)


def test_the_forecast_of_black_that_was_white():
    """Half of it black after white: a known ghost of .1 shows .1 there, on a tone that cannot bear it."""
    white, half = np.ones((8, 8), np.float32), np.ones((8, 8), np.float32)
    half[:, :4] = 0
    forecast = Forecast(Levels(0.1))
    assert [forecast(white), forecast(half)] == [0, pytest.approx(0.1 / 2**0.5)]
    grey = np.full((8, 8), 0.2, np.float32)
    assert forecast(grey) == 0, "a grey of .2 has room for .08"
    lightened = Forecast(Levels(0, 0.9))
    assert [lightened(1 - white), lightened(1 - half)] == [0, pytest.approx(0.1 / 2**0.5)]
