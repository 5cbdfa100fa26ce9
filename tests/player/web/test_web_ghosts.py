"""The believed glass against the simulated one, which is written from other sources."""

import numpy as np
import pytest

from driver.simulator.glass import Glass
from player.web import images
from tests.player.conftest import HEIGHT, WIDTH, film


@pytest.fixture
def panel():
    """Redraws and partial updates on a simulated glass: (draw(dither, waveform), look())."""
    glass = Glass(WIDTH, HEIGHT)

    def draw(dither, waveform):
        glass.update(0, 0, dither * np.uint8(15), waveform)

    return draw, lambda: glass.reflectance


def test_after_a_redraw_there_are_no_ghosts(panel):
    draw, look = panel
    (dither,) = film(1)
    draw(dither, "GC16")
    np.testing.assert_array_equal(images.believed_glass(dither, dither), look())


def test_after_partial_updates_it_is_the_simulated_glass(panel):
    """The same greys, at the same pixels, as long as none comes back that went."""
    draw, look = panel
    first, *later = film(6, flips=0.03)
    draw(first, "GC16")
    settled = np.zeros_like(first)
    for dither in later:
        dither = np.where(settled, look() >= 128, dither).astype(np.uint8)  # each pixel flips once at most
        settled |= dither != first
        draw(dither, "DU")
        seen = images.believed_glass(dither, first)
        np.testing.assert_array_equal(seen, look())
    assert set(np.unique(seen)) == {images.BLACK, images.GHOST, images.WHITE}
    draw(dither, "GC16")
    np.testing.assert_array_equal(images.believed_glass(dither, dither), look())


def test_it_is_wrong_only_where_a_black_pixel_went_and_came_back(panel):
    draw, look = panel
    dithers = film(40, flips=0.05)
    draw(dithers[0], "GC16")
    for dither in dithers[1:]:
        draw(dither, "DU")
    differs = images.believed_glass(dithers[-1], dithers[0]) != look()
    assert differs.any()
    assert not (dithers[0] | dithers[-1])[differs].any(), "black at the redraw, black now"
    assert (look()[differs] == images.GHOST).all()
