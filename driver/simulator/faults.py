"""Faults that the simulated controller shows on request. All off at first; set an attribute at any time."""

from dataclasses import dataclass
from typing import Literal

DeviceInfo = Literal["true", "zeros", "ones", "garbage"]


@dataclass
class Faults:
    """What is broken at the moment.

    hrdy_stuck: HRDY stays low; whoever talks nevertheless gets TalkWhileBusy.
    lut_stuck: LUTAFSR never returns to 0.
    reset_cures: reset() ends hrdy_stuck and lut_stuck, as users report of controllers that hang after days.
    info: what GET_DEV_INFO answers. "zeros" and "ones" are how a wiring, DIP switch or clock fault looks.
    vcom_readback: millivolts that VCOM reads return whatever was set, or None for the truth.
    bitmap_ignored: as some firmware does, 1 bit per pixel displays come out white.
    spi_error_after: after that many more bytes the transfer fails with OSError (EIO), once; None for never.
    power_cut_after: after that many more bytes the power fails in the middle of the transfer, once, and
    PowerCut
        is raised; the power is back at once and the controller boots. None for never.
    """

    hrdy_stuck: bool = False
    lut_stuck: bool = False
    reset_cures: bool = False
    info: DeviceInfo = "true"
    vcom_readback: int | None = None
    bitmap_ignored: bool = False
    spi_error_after: int | None = None
    power_cut_after: int | None = None
