"""Going on with a panel that another process left, and leaving it asleep however badly things went."""

from collections.abc import Callable

import numpy as np
import pytest
from panel_fakes import UNUSED

from driver.errors import BusyTimeout, DisplayTimeout, DriverError, WiringError
from driver.it8951.panel import IT8951Panel, PanelSettings, open_on
from driver.simulator.it8951 import SimulatedWire

WIDTH, HEIGHT = 72, 41
REACHED = 64
WHOLE = slice(0, HEIGHT)


def random_dither(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2, (HEIGHT, WIDTH), np.uint8)


def noisy_wire() -> SimulatedWire:
    glass = np.random.default_rng(99).integers(0, 256, (HEIGHT, WIDTH), np.uint8)
    return SimulatedWire(WIDTH, HEIGHT, strict=True, noise=True, glass=glass)


def opened(wire: SimulatedWire, attach: bool = False, **changes: object) -> IT8951Panel:
    settings = PanelSettings(vcom=-1.5, **changes)
    return open_on(wire, settings, wire.clock, wire.sleep, attach=attach)


def shown(wire: SimulatedWire) -> np.ndarray:
    return (wire.glass >= 128).astype(np.uint8)[:, :REACHED]


def names(wire: SimulatedWire) -> list[str]:
    return [command.name for command in wire.log]


@pytest.mark.parametrize("waveform", ["DU", "A2"])
def test_the_next_process_goes_on_with_a_partial_update(waveform: str) -> None:
    wire = noisy_wire()
    panel = opened(wire)
    panel.redraw(random_dither(0))
    panel.sleep()
    resets: list[float] = []
    wire.reset = lambda: resets.append(wire.clock())  # type: ignore[method-assign]
    wire.log.clear()
    panel = opened(wire, attach=True, waveform=waveform)
    panel.show(random_dither(1), WHOLE, UNUSED)
    panel.sleep()
    np.testing.assert_array_equal(shown(wire), random_dither(1)[:, :REACHED])
    assert (wire.glass[:, REACHED:] >= 128).all()
    assert resets == []
    updates = [command.args[4] for command in wire.log if command.name == "DPY_AREA"]
    assert updates == [1 if waveform == "DU" else 4]
    assert names(wire)[0] == "SYS_RUN"
    assert names(wire)[-1] == "SLEEP"


@pytest.mark.parametrize("attach", [False, True])
def test_a_board_that_draws_nothing_after_a_wake_is_noticed_and_a_reset_helps(attach: bool) -> None:
    wire = noisy_wire()
    panel = opened(wire)
    panel.redraw(random_dither(0))
    panel.sleep()
    wire.faults.idle_after_wake = True
    if attach:
        panel = opened(wire, attach=True)
    with pytest.raises(DisplayTimeout, match=r"drew nothing after it woke.*rest to standby"):
        panel.show(random_dither(1), WHOLE, UNUSED)
    panel = opened(wire)
    panel.redraw(random_dither(1))
    np.testing.assert_array_equal(shown(wire), random_dither(1)[:, :REACHED])


def test_what_does_not_answer_cannot_be_attached_to() -> None:
    wire = noisy_wire()
    wire.faults.info = "zeros"
    with pytest.raises(WiringError):
        opened(wire, attach=True)


@pytest.mark.parametrize("rest", ["sleep", "standby", "run"])
def test_in_the_end_it_sleeps_whatever_it_does_between_frames(rest: str) -> None:
    wire = noisy_wire()
    panel = opened(wire, rest=rest)
    panel.redraw(random_dither(0))
    panel.sleep()
    panel.shut_down()
    assert names(wire)[-1] == "SLEEP"
    count = len(wire.log)
    panel.shut_down()
    assert len(wire.log) == count, "it slept already"
    panel.show(random_dither(1), WHOLE, UNUSED)
    np.testing.assert_array_equal(shown(wire), random_dither(1)[:, :REACHED])


def _stick_engine(wire: SimulatedWire) -> None:
    wire.faults.lut_stuck = True


def _fail_transfer(wire: SimulatedWire) -> None:
    wire.faults.spi_error_after = 200


def _stick_hrdy(wire: SimulatedWire) -> None:
    wire.faults.hrdy_stuck = wire.faults.reset_cures = True


@pytest.mark.parametrize("fail", [_stick_engine, _fail_transfer, _stick_hrdy])
def test_after_a_draw_that_failed_it_is_reset_and_sleeps(fail: Callable[[SimulatedWire], None]) -> None:
    wire = noisy_wire()
    panel = opened(wire)
    panel.redraw(random_dither(0))
    fail(wire)
    with pytest.raises((DriverError, OSError)):
        panel.show(random_dither(1), WHOLE, UNUSED)
    begun = wire.clock()
    panel.shut_down()
    assert names(wire)[-2:] == ["SYS_RUN", "SLEEP"]
    assert wire.clock() - begun < 2, "an engine that is stuck is not awaited again"


def test_a_controller_that_does_not_hear_is_reset_first() -> None:
    wire = noisy_wire()
    panel = opened(wire)
    panel.redraw(random_dither(0))
    wire.faults.hrdy_stuck = wire.faults.reset_cures = True
    begun = wire.clock()
    panel.shut_down()
    assert names(wire)[-1] == "SLEEP"
    assert wire.clock() - begun < 7
    wire.faults.hrdy_stuck, wire.faults.reset_cures = True, False
    begun = wire.clock()
    with pytest.raises(BusyTimeout):
        opened(wire)
    assert wire.clock() - begun < 12


@pytest.mark.parametrize(
    ("fault", "value"), [("info", "zeros"), ("info", "garbage"), ("vcom_readback", 2800)]
)
def test_a_panel_that_does_not_start_is_left_asleep(fault: str, value: object) -> None:
    wire = noisy_wire()
    setattr(wire.faults, fault, value)
    with pytest.raises(DriverError):
        opened(wire)
    assert names(wire)[-1] == "SLEEP"
