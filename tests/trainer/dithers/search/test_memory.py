"""How many frames the joint search takes together in so much memory."""

import pytest

from trainer.dithers.search.memory import FEWEST, WINDOW, window_within
from trainer.errors import OptionError

M = 2**20


def test_less_memory_takes_fewer_frames():
    windows = [window_within(memory * M, (1448, 1072)) for memory in (340, 380, 420, 460, 2000)]
    assert windows == sorted(windows)
    assert (windows[0], windows[-1]) == (FEWEST, WINDOW)
    assert window_within(250 * M, (800, 480)) == WINDOW


def test_too_little_is_one_line_with_the_least_and_the_way_out():
    with pytest.raises(
        OptionError, match="1448x1072 pixels: give it 336M for each worker, or choose --dither hyst"
    ):
        window_within(250 * M, (1448, 1072))
    assert window_within(336 * M, (1448, 1072)) == FEWEST
