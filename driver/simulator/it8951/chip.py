"""The command interpreter of the simulated IT8951: command words, data and reads in, answers out.

It knows nothing of preambles and chip select (wire.py does) nor of pixels (imaging.py does).

Power states: running after power-up, reset and SYS_RUN. In STANDBY it still hears everything; in SLEEP it
hears only SYS_RUN, and reads return 0. Image memory survives STANDBY and SLEEP. A reset loses image memory,
registers and VCOM, but the controller still knows what it showed; a power cut loses that too.
"""

import math
from collections import deque
from dataclasses import dataclass
from typing import Literal

from driver.simulator import errors
from driver.simulator.glass import Glass
from driver.simulator.it8951 import tables
from driver.simulator.it8951.imaging import Imaging
from driver.simulator.time import VirtualTime


@dataclass(slots=True)
class Command:
    """One command in the log, as the controller understood it.

    name: as in tables.py. args: the argument words so far. time: virtual seconds at the command word. bytes:
    its cost on the wire so far, preambles and payload included. repeats: how often it came in a row; only
    register reads are folded like this, so that the log of a long run stays small, and time is the first's.
    """

    name: str
    args: tuple[int, ...]
    time: float
    bytes: int = 0
    repeats: int = 1


def fold_poll(log: list[Command]) -> Command:
    """Fold the last record into the one before it if both are equal; returns the last record of the log."""
    if len(log) > 1 and (log[-2].name, log[-2].args) == (log[-1].name, log[-1].args):
        poll = log.pop()
        log[-1].repeats += 1
        log[-1].bytes += poll.bytes
    return log[-1]


class Chip:
    """The controller of one panel.

    strict: raise even what real controllers tolerate. poll_step: seconds that pass at each poll that finds
    the display engine busy, in place of the host's own pause.
    """

    def __init__(
        self,
        hardware: tables.Hardware,
        glass: Glass,
        time: VirtualTime,
        faults: tables.Faults,
        *,
        strict: bool,
        poll_step: float,
    ) -> None:
        self._hardware = hardware
        self._glass = glass
        self._time = time
        self._faults = faults
        self._strict = strict
        self._poll_step = poll_step
        self.log: list[Command] = []
        self.tolerated: deque[errors.ProtocolError] = deque(maxlen=1000)
        self._registers: dict[int, int] = {}
        self._supply = Supply(hardware.vcom, faults)
        self._imaging = Imaging(hardware, glass, self._registers, time, faults, self.object_to)
        self._restart(0.0)

    def _restart(self, boot: float) -> None:
        self._registers.clear()
        self._registers[tables.LISAR_LOW] = self._hardware.address & 0xFFFF
        self._registers[tables.LISAR_HIGH] = self._hardware.address >> 16
        self._imaging.restart()
        self._supply.restart()
        self._power: Literal["run", "standby", "sleep"] = "run"
        self._command: Command | None = None
        self._needed = 0  # arguments that the command takes
        self._answer: bytes | None = None
        self._answered = 0
        self._last_word = b"\xff\xff"
        self._burst: int | None = None  # address for MEM_BST_WR data, or set by MEM_BST_RD_T
        self._burst_words = 0
        self._booted_at = self._ready_at = self._time.now + boot

    def reset(self) -> None:
        """RST was pulled: start again; the controller still knows what the glass shows."""
        if self._faults.reset_cures:
            self._faults.hrdy_stuck = self._faults.lut_stuck = False
        self._restart(tables.RESET_BUSY)

    def power_cut(self) -> None:
        """Power went and came back: start again without knowing what the glass shows."""
        self._glass.forget()
        self._restart(tables.POWER_UP_BUSY)

    @property
    def busy_for(self) -> float:
        """Seconds that HRDY will still be low: 0 when ready, infinite when stuck."""
        return math.inf if self._faults.hrdy_stuck else max(0.0, self._ready_at - self._time.now)

    def window_begins(self) -> None:
        """A chip-select window begins: object if HRDY is low."""
        self._imaging.window_begins()
        if self._faults.hrdy_stuck or self._time.now < self._booted_at:
            raise errors.TalkWhileBusy("the host talks while HRDY is low; it has to wait for HRDY first")
        if self.busy_for:
            self.object_to(errors.HurriedTalk("the host did not wait for HRDY after a command"))

    def object_to(self, breach: errors.ProtocolError) -> None:
        """Raise a breach, or note one that real controllers tolerate."""
        if self._strict or not breach.tolerable:
            raise breach
        self.tolerated.append(breach)

    def window_ended(self, length: int) -> None:
        """A chip-select window of `length` bytes is over."""
        if self._command is not None:
            self._command.bytes += length
        self._imaging.window_ended()

    def command(self, word: int) -> None:
        """A command word. Raises what is wrong with it or with the command before it."""
        name, needed = tables.COMMANDS.get(word, ("", 0))
        if self._power == "sleep" and name != "SYS_RUN":
            self.object_to(errors.TalkWhileAsleep(f"command 0x{word:04X} in SLEEP; only SYS_RUN is heard"))
            return
        if not name:
            raise errors.UnknownCommand(f"command 0x{word:04X}")
        self._leave_previous(name)
        self._command = Command(name, (), self._time.now)
        self.log.append(self._command)
        self._needed = needed
        self._answer = None
        if needed == 0:
            self._execute(self._command)

    def write(self, data: bytes) -> None:
        """Data words, as an even number of bytes: arguments first, then payload."""
        if self._power == "sleep":
            self.object_to(errors.TalkWhileAsleep("data in SLEEP; only SYS_RUN is heard"))
            return
        command = self._command
        while data and command is not None and len(command.args) < self._needed:
            command.args += (int.from_bytes(data[:2], "big"),)
            data = data[2:]
            if command.name in ("VCOM", "TEMPERATURE") and len(command.args) == 1 and command.args[0]:
                self._needed = 2
            if len(command.args) == self._needed:
                self._execute(command)
        if not data:
            return
        if self._imaging.loading:
            self._imaging.load_data(data)
        elif command is not None and command.name == "MEM_BST_WR" and self._burst is not None:
            self._imaging.memory.write(self._burst, data)
            self._burst += len(data)
        elif command is None or command.name == "LD_IMG_END":
            raise errors.UnexpectedData(f"{len(data)} bytes of data without a load")
        else:
            raise errors.TooManyArguments(f"{command.name} takes {self._needed} argument(s)")

    def read(self, count: int) -> bytes:
        """The next `count` bytes of the answer; after its end, its last word again and again."""
        if self._power == "sleep":
            self.object_to(errors.TalkWhileAsleep("a read in SLEEP; only SYS_RUN is heard"))
            return bytes(count)
        if self._answer is None:
            if self._command is not None and len(self._command.args) < self._needed:
                got = f"{len(self._command.args)} of {self._needed} argument(s)"
                raise errors.TooFewArguments(f"a read after {got} of {self._command.name}")
            asked = self._command.name if self._command else "nothing"
            raise errors.UnexpectedRead(f"a read, but {asked} has no answer")
        piece = self._answer[self._answered : self._answered + count]
        missing = count - len(piece)
        if missing:
            odd = (self._answered + len(piece)) % 2
            piece += (self._answer[-2:] * (missing // 2 + 2))[odd : odd + missing]
        self._answered += count
        self._last_word = piece[-2:] if len(piece) > 1 else self._last_word
        return piece

    @property
    def dummy(self) -> bytes:
        """The word before the answer to a read: what was last shifted out."""
        return bytes(2) if self._power == "sleep" else self._last_word

    def _leave_previous(self, following: str) -> None:
        """Check that the command before this one is complete."""
        before = self._command
        if before is not None and len(before.args) < self._needed:
            self._command, self._needed = None, 0
            raise errors.TooFewArguments(
                f"{before.name} got {len(before.args)} argument(s), then {following} came"
            )
        if self._imaging.loading and following != "LD_IMG_END":
            self._imaging.drop_load()
            raise errors.LoadNotEnded(f"{following} came before LD_IMG_END")

    def _execute(self, command: Command) -> None:
        """All arguments are there."""
        args = command.args
        busy = tables.COMMAND_BUSY
        match command.name:
            case "SYS_RUN":
                if self._power == "sleep":
                    busy = tables.WAKE_BUSY
                    self._imaging.wake()
                self._power = "run"
            case "STANDBY":
                self._power_down("standby")
            case "SLEEP":
                self._power_down("sleep")
            case "REG_RD":
                self._read_register(command)
            case "REG_WR":
                self._write_register(*args)
            case "MEM_BST_RD_T" | "MEM_BST_WR":
                self._burst, self._burst_words = args[1] << 16 | args[0], args[3] << 16 | args[2]
            case "MEM_BST_RD_S":
                if self._burst is None:
                    raise errors.UnexpectedRead("MEM_BST_RD_S without MEM_BST_RD_T")
                self._reply(self._imaging.memory.read(self._burst, self._burst_words))
            case "MEM_BST_END":
                self._burst = None
            case "LD_IMG":
                self._imaging.begin_whole_load(*args)
            case "LD_IMG_AREA":
                self._imaging.begin_load(*args)
            case "LD_IMG_END":
                self._imaging.end_load()
            case "DPY_AREA":
                self._imaging.display(*args)
            case "DPY_BUF_AREA":
                x, y, width, height, mode, low, high = args
                self._imaging.display(x, y, width, height, mode, high << 16 | low)
            case "VCOM":
                self._reply(self._supply.vcom(*args))
            case "TEMPERATURE":
                self._reply(self._supply.temperature(*args))
            case "GET_DEV_INFO":
                self._reply(device_info(self._hardware, self._faults))
            case "EPD_POWER":
                pass  # seen in published drivers; the panel's power has no part in this simulation
        self._ready_at = self._time.now + busy

    def _reply(self, answer: bytes | None) -> None:
        self._answer, self._answered = answer, 0

    def _power_down(self, state: Literal["standby", "sleep"]) -> None:
        if self._imaging.displaying_for:
            self.object_to(errors.PowerDownWhileDisplaying(f"{state} while LUTAFSR was not 0"))
        self._power = state

    def _read_register(self, command: Command) -> None:
        (address,) = command.args
        if address % 2:
            raise errors.BadArgument(f"register address 0x{address:04X} is odd")
        if address == tables.LUTAFSR:
            remaining = self._poll_step if self._faults.lut_stuck else self._imaging.displaying_for
            self._reply(in_words(1 if remaining else 0))
            self._time.advance(min(self._poll_step, remaining))
        else:
            self._reply(in_words(self._registers.get(address, 0)))
        self._command = fold_poll(self.log)

    def _write_register(self, address: int, value: int) -> None:
        if address % 2:
            raise errors.BadArgument(f"register address 0x{address:04X} is odd")
        changes = self._registers.get(address, 0) != value
        if address in tables.FORMAT_REGISTERS and changes and self._imaging.displaying_for:
            raise errors.FormatChangeWhileDisplaying(
                f"register 0x{address:04X} was changed to 0x{value:04X} while LUTAFSR was not 0"
            )
        self._registers[address] = value


def in_words(*words: int) -> bytes:
    """16-bit words, most significant byte first."""
    return b"".join(word.to_bytes(2, "big") for word in words)


RUBBISH = b"\0T\xb7\x03\xff\n"
"""Real boards end their names with a NUL and leave what was in the memory behind it."""


def device_info(hardware: tables.Hardware, faults: tables.Faults) -> bytes:
    """The 20 words of GET_DEV_INFO. In each word of a string the first character is in the low byte."""
    match faults.info:
        case "zeros":
            return bytes(40)
        case "ones":
            return b"\xff" * 40
        case "garbage":
            return bytes((index * 73 + 41) % 256 for index in range(40))
    address = hardware.address
    words = [hardware.width, hardware.height, address & 0xFFFF, address >> 16]
    for text in (tables.FIRMWARE, hardware.lut):
        letters = (text.encode("ascii") + (RUBBISH if faults.info == "rubbish" else b"")).ljust(16, b"\0")[
            :16
        ]
        words += [letters[index] | letters[index + 1] << 8 for index in range(0, 16, 2)]
    return in_words(*words)


class Supply:
    """VCOM (as a magnitude in mV) and temperature (degrees Celsius). `vcom` is what the flash holds."""

    def __init__(self, vcom: int, faults: tables.Faults) -> None:
        self._stored_vcom = vcom
        self._faults = faults
        self.restart()

    def restart(self) -> None:
        """Everything that is not in the flash is lost."""
        self._vcom = self._stored_vcom
        self._forced_temperature = tables.ROOM_TEMPERATURE

    def vcom(self, action: int, millivolts: int = 0) -> bytes | None:
        """0 reads (and answers), 1 sets until the next reset, 2 stores in the flash as well."""
        if action == 0:
            readback = self._faults.vcom_readback
            return in_words(self._vcom if readback is None else readback)
        if action > 2:
            raise errors.BadArgument(f"VCOM 0x{action:04X}: 0 reads, 1 sets, 2 stores")
        if not tables.VCOM_LOWEST <= millivolts <= tables.VCOM_HIGHEST:
            raise errors.VcomOutOfRange(
                f"VCOM of -{millivolts} mV; panels take -{tables.VCOM_LOWEST} to -{tables.VCOM_HIGHEST} mV"
            )
        self._vcom = millivolts
        if action == 2:
            self._stored_vcom = millivolts
        return None

    def temperature(self, action: int, degrees: int = 0) -> bytes | None:
        """0 reads the real and the forced temperature, 1 forces one."""
        if action == 0:
            return in_words(tables.ROOM_TEMPERATURE, self._forced_temperature)
        if action > 1:
            raise errors.BadArgument(f"TEMPERATURE 0x{action:04X}: 0 reads, 1 forces")
        self._forced_temperature = degrees
        return None
