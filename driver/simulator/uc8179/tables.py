"""The numbers of the simulated UC8179: commands, their data, durations; its faults.

Written from the project's page of hardware facts and from published drivers (the vendor's, GxEPD2). Only the
simulator imports it: a table shared with the driver would hide the same mistake on both sides.
"""

from dataclasses import dataclass

# Command byte: name, fewest and most bytes of data. The two pictures are counted by the chip.
COMMANDS: dict[int, tuple[str, int, int]] = {
    0x00: ("PSR", 1, 1),
    0x01: ("PWR", 4, 5),
    0x02: ("POF", 0, 0),
    0x03: ("PFS", 1, 1),
    0x04: ("PON", 0, 0),
    0x06: ("BTST", 3, 4),
    0x07: ("DSLP", 1, 1),
    0x10: ("DTM1", 0, 1 << 30),
    0x11: ("DSP", 0, 0),
    0x12: ("DRF", 0, 0),
    0x13: ("DTM2", 0, 1 << 30),
    0x15: ("DUSPI", 1, 1),
    0x20: ("LUTC", 42, 60),
    0x21: ("LUTWW", 42, 60),
    0x22: ("LUTKW", 42, 60),
    0x23: ("LUTWK", 42, 60),
    0x24: ("LUTKK", 42, 60),
    0x25: ("LUTBD", 42, 60),
    0x30: ("PLL", 1, 1),
    0x41: ("TSE", 1, 1),
    0x50: ("CDI", 1, 2),
    0x52: ("EVS", 1, 1),
    0x60: ("TCON", 1, 1),
    0x61: ("TRES", 4, 4),
    0x65: ("GSST", 4, 4),
    0x71: ("FLG", 0, 0),
    0x82: ("VDCS", 1, 1),
    0x90: ("PTL", 9, 9),
    0x91: ("PTIN", 0, 0),
    0x92: ("PTOUT", 0, 0),
    0xE0: ("CCSET", 1, 1),
    0xE3: ("PWS", 1, 1),
    0xE5: ("TSSET", 1, 1),
}
PLANES = {"DTM1": "OLD", "DTM2": "NEW"}

# PSR
REGISTERS, BLACK_AND_WHITE, SCAN_UP, SHIFT_RIGHT, BOOSTER_ON, NO_SOFT_RESET = 32, 16, 8, 4, 2, 1
# CDI
COPY_NEW_TO_OLD, NEW_ALONE, ONE_IS_WHITE = 8, 2, 1
CDI_AT_RESET = 0x31
FORCE_TEMPERATURE = 2  # of CCSET
SLEEP_CODE = 0xA5

# Which waveforms the glass's memory holds for a temperature that is forced; for any other it is the full set.
FAST_SET, GREY_SET, PARTIAL_SET = 90, 95, 110

POWER_ON_SECONDS = 0.13
POWER_OFF_SECONDS = 0.04
RESET_SECONDS = 0.001
FULL_SECONDS, FAST_SECONDS, PARTIAL_SECONDS = 4.1, 1.17, 0.435
GREY_SECONDS = 2.0  # a guess: nobody has published it
FRAME_SECONDS = 0.02
FRAMES_ACROSS = 12  # at 15 V from black to white: a guess of the model, nobody has measured it


@dataclass
class Faults:
    """What is broken now. All off at first; set an attribute at any time.

    busy_stuck       BUSY stays low
    unplugged        the panel's cable is out: BUSY is always high, and nothing is drawn
    reset_cures      reset() ends busy_stuck
    spi_error_after  after that many more bytes the transfer fails once with OSError (EIO); None: never
    power_cut_after  after that many more bytes the power fails once, within the transfer, and PowerCut is
                     raised; the power is back at once. None: never
    """

    busy_stuck: bool = False
    unplugged: bool = False
    reset_cures: bool = False
    spi_error_after: int | None = None
    power_cut_after: int | None = None
