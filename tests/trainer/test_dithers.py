"""The table of ditherers: every entry keeps the one interface."""

import numpy as np
import pytest

from trainer.dithers.table import (
    DEFAULT,
    DITHERS,
    make,
    parse,
)
from trainer.errors import OptionError


@pytest.mark.parametrize("name", DITHERS)
@pytest.mark.parametrize("shape", [(24, 40), (17, 23)])
def test_every_dither_keeps_the_interface(name, shape):
    frame = np.random.default_rng(1).random(shape, dtype=np.float32)
    ditherer = make(name)
    first = ditherer.dither(frame, None)
    second = ditherer.dither(1 - frame, first)
    for dither in (first, second):
        assert dither.dtype == np.uint8
        assert dither.shape == shape
        assert set(np.unique(dither)) <= {0, 1}
    assert (first != second).any()


@pytest.mark.parametrize("name", DITHERS)
def test_every_dither_leaves_its_arguments_alone(name):
    frame = np.random.default_rng(2).random((16, 24), dtype=np.float32)
    shown = make(name)(frame, None)
    frame_before, shown_before = frame.copy(), shown.copy()
    make(name)(frame, shown)
    np.testing.assert_array_equal(frame, frame_before)
    np.testing.assert_array_equal(shown, shown_before)


@pytest.mark.parametrize("name", [name for name in DITHERS if not DITHERS[name].has_dial])
def test_a_dial_for_a_dither_without_one_is_refused(name):
    with pytest.raises(OptionError, match="has no dial"):
        make(name, 0.5)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(OptionError, match="hysteresis"):
        make("floyd")


def test_the_default_is_in_the_table():
    assert DEFAULT in DITHERS


def test_parse():
    assert parse("hysteresis") == ("hysteresis", None)
    assert parse("hysteresis:.3") == ("hysteresis", 0.3)
    with pytest.raises(OptionError, match=r"hysteresis:0\.3"):
        parse("hysteresis:calm")
