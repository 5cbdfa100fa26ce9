"""The drift bounds what flips do to swaps: no swap changes by more than its cell is told."""

import numpy as np
import pytest

from tests.trainer.search_cases import TWO_EYES, small_kernel
from trainer.dithers.search.drift import (
    CELL,
    drift_table,
    margin,
)
from trainer.dithers.search.energy import (
    REACH,
    reaching,
)


@pytest.mark.parametrize("kernel", [small_kernel(), small_kernel(3), TWO_EYES])
def test_it_is_the_most_that_a_swap_in_the_cell_can_change(kernel):
    taps = reaching(kernel)
    radius = taps.shape[0] // 2
    around = margin(radius)
    table, rng = drift_table(taps.tobytes(), radius), np.random.default_rng(0)
    assert table.shape == (CELL, CELL, 2 * around + 1, 2 * around + 1)
    side = (2 * around + 3) * CELL
    for y, x in rng.integers(0, CELL, (12, 2)):
        flipped = np.zeros((side, side))
        top, left = (place + (around + 1) * CELL - radius for place in (y, x))
        flipped[top : top + taps.shape[0], left : left + taps.shape[0]] = taps
        change = np.zeros_like(flipped)
        for j in range(-REACH, REACH + 1):
            for i in range(-REACH, REACH + 1):
                change = np.maximum(change, 2 * abs(flipped - np.roll(flipped, (j, i), (0, 1))))
        cells = change.reshape(2 * around + 3, CELL, -1, CELL).max((1, 3))
        np.testing.assert_allclose(table[y, x], cells[1:-1, 1:-1], rtol=1e-5)
        assert (table[y, x] >= cells[1:-1, 1:-1]).all()
        cells[1:-1, 1:-1] = 0
        assert not cells.any()
