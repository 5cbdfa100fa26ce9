"""The table of dithers: every entry keeps the one interface."""

import numpy as np
import pytest

from trainer.dithers import table
from trainer.dithers.table import DEFAULT, DITHERS, check, make, parse
from trainer.errors import OptionError

pytestmark = pytest.mark.usefixtures("quickly_compiled")

SHAPE = (17, 23)


@pytest.mark.parametrize("name", DITHERS)
def test_every_dither_keeps_the_interface(name):
    frame = np.random.default_rng(1).random(SHAPE, dtype=np.float32)
    first, second = make(name)([frame, 1 - frame])
    for dither in (first, second):
        assert dither.dtype == np.uint8
        assert dither.shape == SHAPE
        assert set(np.unique(dither)) <= {0, 1}
    assert (first != second).any()


@pytest.mark.parametrize("name", DITHERS)
def test_every_dither_leaves_its_arguments_alone(name):
    frame = np.random.default_rng(2).random(SHAPE, dtype=np.float32)
    frame_before = frame.copy()
    dithers = make(name)([frame, frame])
    shown = next(dithers)
    shown_before = shown.copy()
    next(dithers)
    np.testing.assert_array_equal(frame, frame_before)
    np.testing.assert_array_equal(shown, shown_before)


@pytest.mark.parametrize("name", DITHERS)
def test_a_stretch_depends_on_nothing_before_it(name):
    frames = np.random.default_rng(3).random((3, *SHAPE), dtype=np.float32)
    ditherer = make(name)
    first = list(ditherer(frames))
    list(ditherer(1 - frames))
    np.testing.assert_array_equal(list(ditherer(frames)), first)


@pytest.mark.parametrize("name", DITHERS)
def test_its_options_are_arguments_of_its_maker_and_checked_without_it(name):
    for option in DITHERS[name].options:
        assert option.name in DITHERS[name].settings
        assert option.help
        assert option.metavar
    with pytest.raises(OptionError, match="has no colour; leave --colour out"):
        check(name, colour=1)


@pytest.mark.parametrize(
    ("name", "settings", "says"),
    [
        ("search", {"engine": "quantum"}, "choose sequential or parallel"),
        ("generator", {"window": 3}, "--window 3: choose 4 to 64"),
        ("generator", {"engine": "parallel"}, "generator has no engine; .* or add --dither search"),
        ("generator", {"polish": 1001}, "--polish 1001: choose 0"),
        ("mask", {"polish": 1}, "mask has no polish; leave --polish out, or add --dither generator"),
        ("mask", {"engine": "parallel"}, "leave --engine out, or add --dither search"),
    ],
)
def test_a_value_out_of_range_and_an_option_of_another_dither_are_refused(name, settings, says):
    for attempt in (check, make):
        with pytest.raises(OptionError, match=says):
            attempt(name, **settings)


@pytest.mark.parametrize("name", [name for name in DITHERS if not DITHERS[name].has_dial])
def test_a_dial_for_a_dither_without_one_is_refused(name):
    with pytest.raises(OptionError, match="has no dial"):
        make(name, 0.5)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(OptionError, match="hysteresis"):
        make("floyd")


@pytest.mark.parametrize(
    ("accelerator", "options", "name"),
    [
        (True, [], "generator"),
        (False, [], "search"),
        (True, ["window"], "generator"),
        (True, ["engine"], "search"),
        (False, ["weights"], "generator"),
        (False, ["engine", "weights"], "search"),
    ],
)
def test_auto_suits_the_machine_and_the_options(monkeypatch, accelerator, options, name):
    """Options that no dither has all of are refused by the one that suits the machine."""
    monkeypatch.setattr(table, "has_accelerator", lambda: accelerator)
    assert table.automatic(options) == name


def test_the_default_is_in_the_table():
    assert DEFAULT in DITHERS


def test_parse():
    assert parse("hysteresis") == ("hysteresis", None)
    assert parse("hysteresis:.3") == ("hysteresis", 0.3)
    with pytest.raises(OptionError, match=r"hysteresis:0\.3"):
        parse("hysteresis:calm")
