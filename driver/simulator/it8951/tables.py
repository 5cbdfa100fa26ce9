"""The numbers of the simulated IT8951: commands, registers, waveform tables, durations; its faults.

Written from the project's page of hardware facts and from public IT8951 drivers. Only the simulator imports
it: a table shared with the driver would hide the same mistake on both sides.
"""

from dataclasses import dataclass
from typing import Literal

from driver.simulator.glass import Waveform

COMMAND, WRITE_DATA, READ_DATA = 0x6000, 0x0000, 0x1000

# Command word: name and number of arguments. VCOM and TEMPERATURE take a second one when the first is not 0.
COMMANDS: dict[int, tuple[str, int]] = {
    0x0001: ("SYS_RUN", 0),
    0x0002: ("STANDBY", 0),
    0x0003: ("SLEEP", 0),
    0x0010: ("REG_RD", 1),
    0x0011: ("REG_WR", 2),
    0x0012: ("MEM_BST_RD_T", 4),
    0x0013: ("MEM_BST_RD_S", 0),
    0x0014: ("MEM_BST_WR", 4),
    0x0015: ("MEM_BST_END", 0),
    0x0020: ("LD_IMG", 1),
    0x0021: ("LD_IMG_AREA", 5),
    0x0022: ("LD_IMG_END", 0),
    0x0034: ("DPY_AREA", 5),
    0x0037: ("DPY_BUF_AREA", 7),
    0x0038: ("EPD_POWER", 1),
    0x0039: ("VCOM", 1),
    0x0040: ("TEMPERATURE", 1),
    0x0302: ("GET_DEV_INFO", 0),
}

I80CPCR = 0x0004
LISAR_LOW, LISAR_HIGH = 0x0208, 0x020A
UP1SR_HIGH = 0x113A
PITCH_BIT, BITMAP_BIT = 1 << 1, 1 << 2  # bits 17 and 18 of UP1SR, seen in its high half
LUTAFSR = 0x1224
PITCH = 0x124C
BGVR = 0x1250
# What decides how the display engine reads image memory: not to be touched while it does.
FORMAT_REGISTERS = frozenset({UP1SR_HIGH, PITCH, BGVR})

# Bits per pixel of each pixel format code, and how many pixels one 16-bit word carries: 3 bits travel in a
# nibble.
PIXEL_FORMATS: dict[int, tuple[int, int]] = {0: (2, 8), 1: (3, 4), 2: (4, 4), 3: (8, 2)}

_SIX_MODES: tuple[Waveform, ...] = ("INIT", "DU", "GC16", "GL16", "A2", "DU4")
_EIGHT_MODES: tuple[Waveform, ...] = ("INIT", "DU", "GC16", "GL16", "GLR16", "GLD16", "A2", "DU4")
# LUT strings whose 1 bit per pixel mode works in 32-pixel columns only.
ALIGNED_LUTS = frozenset({"M641", "M841_TFAB512"})
# The panels of 9.7, and of 7.8 and 10.3 inches; those of 6 inches, 800x600 and 1448x1072, say M641.
LUT_BY_SIZE = {(1200, 825): "M841", (1872, 1404): "M841_TFA2812"}
# Seconds that LUTAFSR is not 0.
DURATIONS: dict[Waveform, float] = {
    "INIT": 2.0,
    "DU": 0.26,
    "GC16": 0.45,
    "GL16": 0.45,
    "GLR16": 0.45,
    "GLD16": 0.45,
    "A2": 0.12,
    "DU4": 0.29,
}

FIRMWARE = "SWv_0.6."
IMAGE_ADDRESS = 0x0012_2480  # as published for 1448x1072 panels
MEMORY_BYTES = 8 * 1024 * 1024
VCOM_LOWEST, VCOM_HIGHEST = 500, 3000  # magnitude in mV
ROOM_TEMPERATURE = 25  # degrees Celsius

COMMAND_BUSY = 10e-6  # s that HRDY is low after a command or argument
WAKE_BUSY = 5e-3  # ... after SYS_RUN in SLEEP
RESET_BUSY = 0.5  # ... after a reset
POWER_UP_BUSY = 1.0  # ... after power-up


@dataclass(frozen=True)
class Hardware:
    """One controller with its panel.

    width, height: in pixels. lut: the LUT string. address: where the image lies in memory. vcom: the
    magnitude in mV that the flash holds. noise: whether memory holds noise at power-up, in place of white.
    """

    width: int
    height: int
    lut: str
    address: int
    vcom: int
    noise: bool

    @property
    def modes(self) -> tuple[Waveform, ...]:
        """The waveforms, in the order of their mode numbers."""
        return _SIX_MODES if self.lut == "M641" else _EIGHT_MODES

    def size(self, rotate: int) -> tuple[int, int]:
        """Width and height as a host sees them that loads with rotation 0..3 (0, 90, 180, 270 degrees)."""
        return (self.height, self.width) if rotate % 2 else (self.width, self.height)


DeviceInfo = Literal["true", "rubbish", "zeros", "ones", "garbage"]


@dataclass
class Faults:
    """What is broken now. All off at first; set an attribute at any time.

    hrdy_stuck       HRDY stays low; a host that talks all the same gets TalkWhileBusy
    lut_stuck        LUTAFSR never returns to 0
    reset_cures      reset() ends hrdy_stuck and lut_stuck, as users report of panels that hang after days
    info             what GET_DEV_INFO answers; wiring, switch and clock faults look like "zeros" or "ones".
                     "rubbish" is a healthy board whose names end with a NUL and leftovers
    vcom_readback    millivolts that VCOM reads return, whatever was set; None: the truth
    idle_after_wake  after SLEEP and SYS_RUN displays draw nothing and LUTAFSR stays 0, until a reset
    bitmap_ignored   1 bit per pixel displays come out white, as with some firmware
    spi_error_after  after that many more bytes the transfer fails once with OSError (EIO); None: never
    power_cut_after  after that many more bytes the power fails once, within the transfer, and PowerCut is
                     raised; the power is back at once and the controller boots. None: never
    """

    hrdy_stuck: bool = False
    lut_stuck: bool = False
    reset_cures: bool = False
    info: DeviceInfo = "true"
    vcom_readback: int | None = None
    idle_after_wake: bool = False
    bitmap_ignored: bool = False
    spi_error_after: int | None = None
    power_cut_after: int | None = None
