"""The command interpreter of the simulated IT8951: words in, words out, glass moved.

It knows nothing of preambles and chip select (driver/simulator.py does) and takes command words, data and reads as
they come. All numbers are in driver/simulated_tables.py, all complaints in driver/simulated_errors.py.

Power states: running after power-up, reset and SYS_RUN; STANDBY still hears everything; in SLEEP everything but SYS_RUN
falls on deaf ears and reads return 0. Image memory survives STANDBY and SLEEP. A reset loses image memory, registers
and VCOM, but the controller still knows what it showed; a power cut loses that too.
"""

import math
from collections import deque
from dataclasses import dataclass

from driver.glass import Glass
from driver.simulated_errors import (
    AreaOutsidePanel,
    BadArgument,
    DisplayWhileDisplaying,
    FormatChangeWhileDisplaying,
    HurriedTalk,
    LoadNotBegun,
    LoadNotEnded,
    LoadOverrun,
    LoadWhileDisplaying,
    ModeOutOfRange,
    PowerDownWhileDisplaying,
    ProtocolError,
    ShortLoad,
    SurplusRows,
    TalkWhileAsleep,
    TalkWhileBusy,
    TooFewArguments,
    TooManyArguments,
    UnalignedBitmap,
    UnexpectedData,
    UnexpectedRead,
    UnknownCommand,
    UnpackedLoad,
    VcomOutOfRange,
)
from driver.simulated_faults import Faults
from driver.simulated_memory import ImageMemory, Load
from driver.simulated_tables import (
    ALIGNED_LUTS,
    BGVR,
    BITMAP_BIT,
    COMMAND_BUSY,
    COMMANDS,
    DURATIONS,
    FIRMWARE,
    FORMAT_REGISTERS,
    I80CPCR,
    LISAR_HIGH,
    LISAR_LOW,
    LUTAFSR,
    PITCH,
    PITCH_BIT,
    PIXEL_FORMATS,
    ROOM_TEMPERATURE,
    UP1SR_HIGH,
    VCOM_HIGHEST,
    VCOM_LOWEST,
    WAKE_BUSY,
    modes,
)
from driver.simulated_time import VirtualTime


@dataclass(slots=True)
class Command:
    """One command as the controller understood it.

    name: as in COMMANDS; args: the argument words; time: virtual seconds at the command word; bytes: all that it cost on
    the wire, preambles and payload included; repeats: how often it came in a row (polls of one register are folded).
    """

    name: str
    args: tuple[int, ...]
    time: float
    bytes: int = 0
    repeats: int = 1
