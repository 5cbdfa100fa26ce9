"""The believed glass against the simulated one, which is written from other sources."""

import io

import numpy as np
import pytest
from PIL import Image

from driver.simulator.glass import Glass
from player.profile import read_profile
from player.web import images
from tests.player.conftest import HEIGHT, WIDTH, film
from tests.player.films.test_orders import PROFILE


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
    assert set(np.unique(seen)) == {images.BLACK, images.UNMEASURED[0], images.WHITE}
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
    assert (look()[differs] == images.UNMEASURED[0]).all()


def test_with_a_profile_ghosts_are_as_grey_as_was_measured(make_house, tmp_path):
    house = make_house(profile=tmp_path / "panel.toml")
    dither = house.show()
    assert greys(house.client().get("/api/glass.png")) == {32, 48, 224}
    (tmp_path / "panel.toml").write_text(
        PROFILE.replace("ghost = 0.08", "ghost = 0.2").replace("white = 0\n", "white = 0.1\n")
    )
    seen = greys(house.client().get("/api/glass.png"))
    profile = read_profile(tmp_path / "panel.toml")
    assert seen == {32, 32 + round(192 * 0.2), 224 - round(192 * profile.ghost_white), 224}
    assert len(seen) == 4
    (tmp_path / "panel.toml").write_text("nonsense")
    assert greys(house.client().get("/api/glass.png")) == {32, 48, 224}
    assert dither.any()


def greys(reply):
    return set(np.unique(np.asarray(Image.open(io.BytesIO(reply.body)).convert("L"))))
