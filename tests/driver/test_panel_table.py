"""Every panel of the table, on its simulated controller: it is a Panel, and it opens by its name."""

import subprocess
import sys
from dataclasses import fields

import numpy as np
import pytest

from driver.errors import DitherError
from driver.panel import DEFAULT_PANEL, PANELS


@pytest.fixture(params=PANELS)
def name(request):
    return request.param


@pytest.fixture
def panel_type(name):
    return PANELS[name]


@pytest.fixture
def opened(name, panel_type):
    """(panel, wire) of a simulated one, strict, at its own size or a small one."""
    driver = panel_type.module()
    wire = panel_type.simulated_wire((64, 48), strict=True)
    settings = driver.PanelSettings.of({"panel": name}, simulated=True)
    return driver.open_on(wire, settings, wire.clock, wire.sleep), wire


def test_the_default_is_in_the_table():
    assert DEFAULT_PANEL in PANELS


def test_it_shows_what_it_is_given(opened, panel_type):
    panel, wire = opened
    width, height = panel.size
    assert (width, height) == (panel_type.size or (64, 48))
    first, second = np.random.default_rng(1).integers(0, 2, (2, height, width), np.uint8)

    def glass():
        return (wire.glass >= 128).astype(np.uint8)

    panel.redraw(first)
    np.testing.assert_array_equal(glass(), first)
    rows = slice(8, 24)
    after = first.copy()
    after[rows] = second[rows]
    for _ in range(2):
        panel.sleep()
        panel.show(after, rows, first)
        np.testing.assert_array_equal(glass(), after)
        first, after = after, first
    panel.show(first, slice(0, 0), first)
    panel.clear()
    assert glass().all()
    panel.shut_down()
    panel.shut_down()
    panel.close()


def test_another_size_is_refused(opened):
    panel, _ = opened
    wrong = np.ones((panel.size[1] + 1, panel.size[0]), np.uint8)
    with pytest.raises(DitherError, match="does not fit"):
        panel.redraw(wrong)
    with pytest.raises(DitherError, match="does not fit"):
        panel.show(wrong, slice(0, 8), wrong)


def test_it_describes_itself_and_its_settings(opened, panel_type):
    driver = panel_type.module()
    lines = dict(driver.describe(opened[0]))
    assert lines["panel"] == "{} x {}".format(*opened[0].size)
    for field in fields(driver.PanelSettings):
        assert field.metadata["help"], field.name


def test_the_table_loads_neither_drivers_nor_simulators():
    code = "import sys, driver.panel; print(*[n for n in sys.modules if n.startswith('driver.')])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == ["driver.panel"]
