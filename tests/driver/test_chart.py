"""The chart: its patches hold what they say, whatever the panel's size, and it is drawn as it says."""

import numpy as np
import pytest

from driver.chart import CODES, MARKER_BITS, SMALLEST, UPDATES, chart, code, draw, payloads, size_of


class Drawn:
    """A panel that knows how often each pixel was flipped, and what the redraw drew."""

    def __init__(self, size):
        self.size, self.calls = size, []

    def redraw(self, dither):
        self.redrawn, self.shown, self.flips = dither, dither, np.zeros(dither.shape, int)
        self.calls.append("redraw")

    def show(self, dither, rows, shown):
        np.testing.assert_array_equal(shown, self.shown)
        assert rows == slice(0, self.size[1])
        self.flips += dither != shown
        self.shown = dither
        self.calls.append("show")


@pytest.mark.parametrize("size", [SMALLEST, (1448, 1072), (480, 800)])
def test_every_patch_holds_what_it_says(size):
    panel = Drawn(size)
    draw(panel)
    assert panel.calls == ["redraw"] + ["show"] * UPDATES
    seen = np.zeros(size[::-1], int)
    for patch in chart(*size).patches:
        x, y, width, height = patch.box
        area = np.s_[y : y + height, x : x + width]
        seen[area] += 1
        shown, flips = panel.shown[area], panel.flips[area]
        assert shown.mean() == pytest.approx(patch.share, abs=0.09), patch  # a period may be cut off
        ends = 1 - patch.darkened
        changed = (
            shown == ends if patch.updates and not patch.solid else np.full_like(shown, bool(patch.updates))
        )
        np.testing.assert_array_equal(flips, np.where(changed, patch.updates, 0))
        assert not patch.solid or (shown == patch.share).all()
    assert seen.max() == 1
    for x, y, width, height in chart(*size).markers:
        assert not seen[y : y + height, x : x + width].any()
        assert panel.shown[y : y + height, x : x + width].mean() < 0.6
    border = np.ones(size[::-1], bool)
    border[8:-8, 8:-8] = False
    assert panel.shown[border].all()


def test_whole_periods_have_exactly_the_share_and_the_edges_that_they_say():
    found = chart(1448, 1072)
    for patch in found.patches:
        if patch.what in ("lines", "dots", "checkerboard"):
            x, y = patch.box[:2]
            period = next(p for p in (16, 15, 9) if p * patch.share % 1 < 1e-9 or p == 9)
            side = {16: 48, 15: 45, 9: 45}[period]
            area = found.final[y : y + 60, x : x + 60].astype(int)
            sides = [n for n in (side, 50, 48, 45) if abs(area[:n, :n].mean() - patch.share) < 1e-9]
            assert sides, patch
            n = sides[0]
            edges = (area[:n, :n] != area[1 : n + 1, :n]).mean() + (
                area[:n, :n] != area[:n, 1 : n + 1]
            ).mean()
            assert edges == pytest.approx(patch.edges), patch


def test_the_markers_tell_the_size_and_none_is_taken_for_another():
    for size in (SMALLEST, (1448, 1072), (1872, 1404)):
        assert size_of(payloads(*size)) == size
    assert size_of((1, 2, 3, 4)) is None
    codes = np.array(
        [
            np.rot90(code(corner, payload), turns).ravel()
            for corner in range(4)
            for payload in range(CODES)
            for turns in range(4)
        ],
        np.int16,
    )
    signs = 2 * codes - 1
    distance = (MARKER_BITS**2 - signs @ signs.T) // 2
    np.fill_diagonal(distance, MARKER_BITS**2)
    assert distance.min() >= 2


@pytest.mark.parametrize(("size", "says"), [((640, 480), "too small"), ((5000, 3000), "too large")])
def test_a_panel_it_does_not_fit_is_refused(size, says):
    with pytest.raises(ValueError, match=says):
        chart(*size)
