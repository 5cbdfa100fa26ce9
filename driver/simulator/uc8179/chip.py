"""The command interpreter of the simulated UC8179: commands and data in, updates of the glass out.

Two pictures, OLD and NEW, choose each pixel's waveform: KK, KW, WK or WW. The glass's own waveforms come in
sets, chosen by the temperature, which a host may force; those in registers are carried out as they stand,
frame by frame. Commands act when they come; BUSY is low for their time all the same.

The pictures survive RST, as the vendor's samples count on, but neither deep sleep nor a power cut: they then
hold noise. RST resets the registers and switches the high voltage off.
"""

from collections import deque
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from driver.simulator.errors import (
    BadArgument,
    ProtocolError,
    TooFewArguments,
    TooManyArguments,
    UnknownCommand,
)
from driver.simulator.glass import MIDDLE, WHITE_LEVEL, Glass
from driver.simulator.time import VirtualTime
from driver.simulator.uc8179 import errors, tables

Bits = npt.NDArray[np.uint8]
Sort = Literal["KK", "KW", "WK", "WW"]
LUT_OF: dict[Sort, str] = {"KK": "LUTKK", "KW": "LUTKW", "WK": "LUTWK", "WW": "LUTWW"}
GREYS: dict[Sort, int] = {"KK": 0, "WK": 5, "KW": 10, "WW": WHITE_LEVEL}
"""Levels of the four-grey set."""


@dataclass(slots=True)
class Command:
    """One command in the log. name: as in tables.py. data: its bytes; of a picture only how many, `count`.
    time: virtual seconds at the command.
    """

    name: str
    data: bytes
    time: float
    count: int = 0


class Chip:
    """The controller of a panel of `width` x `height` pixels. new_glass: whether it has a partial waveform.

    strict: raise even what real controllers tolerate.
    """

    def __init__(
        self, width: int, height: int, glass: Glass, time: VirtualTime, *, new_glass: bool, strict: bool
    ) -> None:
        self._width, self._height = width, height
        self._glass = glass
        self._time = time
        self._new_glass = new_glass
        self._strict = strict
        self.log: list[Command] = []
        self.tolerated: deque[ProtocolError] = deque(maxlen=1000)
        self._noise = np.random.default_rng(8179)
        self.power_up()

    def power_up(self) -> None:
        """Power came: nothing is known."""
        self._lose_pictures()
        self.reset()

    def _lose_pictures(self) -> None:
        shape = (2, self._height, self._width // 8)
        old, new = self._noise.integers(0, 256, shape, np.uint8)
        self._pictures = {"OLD": old, "NEW": new}
        self._written: set[str] = set()

    def reset(self) -> None:
        """RST: registers as at power-up, high voltage off."""
        self._registers: dict[str, bytes] = {"PSR": b"\x0f", "CDI": bytes([tables.CDI_AT_RESET, 7])}
        self._luts: dict[str, bytes] = {}
        self.powered = False
        self._asleep = False
        self._window: tuple[int, int, int, int] | None = None  # x, y in bytes and rows, and behind the last
        self._partial_mode = False
        self._command: Command | None = None
        self._fewest = self._most = 0  # bytes of data that it takes
        self._dropping = False
        self._busy_until = self._time.now + tables.RESET_SECONDS

    @property
    def busy_for(self) -> float:
        """Seconds that BUSY will still be low."""
        return max(0.0, self._busy_until - self._time.now)

    def _leave_previous(self) -> None:
        """Another command comes: judge the one before, which has all its data by now."""
        before, self._command = self._command, None
        if before is None:
            return
        if before.name in tables.PLANES:
            self._end_picture(before)
        elif len(before.data) < self._fewest:
            raise TooFewArguments(f"{before.name} got {len(before.data)} of {self._fewest} byte(s) of data")

    def command(self, code: int) -> None:
        """A byte with DC low."""
        self._dropping = False
        if self._asleep:
            self._drop(errors.TalkInDeepSleep(f"command 0x{code:02X} in deep sleep; only RST is heard"))
            return
        if code == 0x71:  # the flags may be asked for at any time
            return
        self._leave_previous()
        if code not in tables.COMMANDS:
            raise UnknownCommand(f"command 0x{code:02X}")
        name, self._fewest, self._most = tables.COMMANDS[code]
        if self.busy_for:
            self._drop(errors.WriteWhileBusy(f"{name} while BUSY was low"))
            return
        self._command = Command(name, b"", self._time.now)
        self.log.append(self._command)
        if name in tables.PLANES:
            self._received = bytearray()
        elif self._most == 0:
            self._execute(self._command)

    def data(self, data: bytes) -> None:
        """Bytes with DC high."""
        if self._asleep:
            self._drop(errors.TalkInDeepSleep(f"{len(data)} bytes in deep sleep; only RST is heard"))
            return
        if self._dropping:
            return
        command = self._command
        if command is None:
            raise errors.DataWithoutCommand(f"{len(data)} bytes of data without a command")
        if command.name in tables.PLANES:
            self._received += data
            command.count += len(data)
            return
        command.data += data
        if len(command.data) > self._most:
            raise TooManyArguments(f"{command.name} takes {self._most} byte(s) of data")
        if len(command.data) >= self._fewest:
            self._execute(command)

    def object_to(self, breach: ProtocolError) -> None:
        """Raise a breach, or note one that real controllers tolerate."""
        if self._strict or not breach.tolerable:
            raise breach
        self.tolerated.append(breach)

    def _drop(self, breach: ProtocolError) -> None:
        self._command, self._dropping = None, True
        self.object_to(breach)

    def _execute(self, command: Command) -> None:
        """All data are there; more bytes of the same command come here again."""
        name, data = command.name, command.data
        match name:
            case "PON":
                self.powered = True
                self._busy(tables.POWER_ON_SECONDS)
            case "POF":
                self.powered = False
                self._busy(tables.POWER_OFF_SECONDS)
            case "DSLP":
                self._sleep(data[0])
            case "DRF":
                self._refresh()
            case "PTL":
                self._window = self._checked_window(data)
            case "PTIN" | "PTOUT":
                self._partial_mode = name == "PTIN"
            case "PSR":
                self._set_panel(data[0])
            case "TRES":
                size = int.from_bytes(data[:2], "big"), int.from_bytes(data[2:], "big")
                if size != (self._width, self._height):
                    raise errors.WrongResolution(
                        "{}x{} on a glass of {}x{}".format(*size, self._width, self._height)
                    )
            case _ if name.startswith("LUT"):
                self._luts[name] = data
        self._registers[name] = data

    def _busy(self, seconds: float) -> None:
        self._busy_until = self._time.now + seconds

    def _sleep(self, code: int) -> None:
        if code != tables.SLEEP_CODE:
            raise BadArgument(f"deep sleep needs 0x{tables.SLEEP_CODE:02X}, not 0x{code:02X}")
        if self.powered:
            self.object_to(errors.SleepUnderPower("deep sleep before power off (0x02)"))
        self.powered = False
        self._asleep = True
        self._lose_pictures()

    def _set_panel(self, bits: int) -> None:
        if not bits & tables.BLACK_AND_WHITE:
            raise BadArgument(f"PSR 0x{bits:02X} asks for three colours, which the glass does not have")
        if not bits & tables.BOOSTER_ON:
            raise BadArgument(f"PSR 0x{bits:02X} leaves the booster off: nothing would be drawn")
        if not bits & tables.NO_SOFT_RESET:
            self.reset()

    def _checked_window(self, data: bytes) -> tuple[int, int, int, int]:
        left, right, top, bottom = (int.from_bytes(data[i : i + 2], "big") for i in range(0, 8, 2))
        inside = left < right < self._width and top <= bottom < self._height
        if left % 8 or right % 8 != 7 or not inside:
            raise errors.WindowOffGrid(f"columns {left} to {right}, rows {top} to {bottom}")
        return left // 8, top, (right + 1) // 8, bottom + 1

    def _area(self) -> tuple[slice, slice]:
        """Rows and byte columns that pictures and refreshes concern."""
        if not self._partial_mode or self._window is None:
            return slice(0, self._height), slice(0, self._width // 8)
        left, top, right, bottom = self._window
        return slice(top, bottom), slice(left, right)

    def _end_picture(self, command: Command) -> None:
        which = tables.PLANES[command.name]
        area = self._pictures[which][self._area()]
        if len(self._received) < area.size:
            raise errors.PlaneTooShort(f"{which} got {len(self._received)} of {area.size} bytes")
        if len(self._received) > area.size:
            surplus = len(self._received) - area.size
            self.object_to(errors.SurplusPixels(f"{which} got {surplus} bytes too many"))
        area[:] = np.frombuffer(self._received, np.uint8)[: area.size].reshape(area.shape)
        self._written.add(which)

    # Updates.

    def _refresh(self) -> None:
        if not self.powered:
            raise errors.RefreshWithoutPower("0x12 without 0x04")
        if "NEW" not in self._written:
            raise errors.PlaneNeverWritten("0x12, but NEW was never written")
        self._glass_area = self._on_glass(*self._area())
        sorts = self._sorts()
        if self._registers["PSR"][0] & tables.REGISTERS:
            self._drive_by_registers(sorts)
        else:
            self._drive_by_set(sorts)
        if self._registers["CDI"][0] & tables.COPY_NEW_TO_OLD:
            area = self._area()
            self._pictures["OLD"][area] = self._pictures["NEW"][area]
            self._written.add("OLD")

    def _on_glass(self, rows: slice, columns: slice) -> tuple[slice, slice]:
        """Where an area of the pictures lies on the glass, by the directions of PSR."""
        x = slice(8 * columns.start, 8 * columns.stop)
        if not self._registers["PSR"][0] & tables.SCAN_UP:
            rows = slice(self._height - rows.stop, self._height - rows.start)
        if not self._registers["PSR"][0] & tables.SHIFT_RIGHT:
            x = slice(self._width - x.stop, self._width - x.start)
        return rows, x

    def _turned(self, bits: Bits) -> Bits:
        if not self._registers["PSR"][0] & tables.SCAN_UP:
            bits = bits[::-1]
        if not self._registers["PSR"][0] & tables.SHIFT_RIGHT:
            bits = bits[:, ::-1]
        return bits

    def _sorts(self) -> dict[Sort, npt.NDArray[np.bool_]]:
        """Which pixels of the area, as they lie on the glass, are driven by which waveform."""
        setting = self._registers["CDI"][0]
        old, new = (np.unpackbits(self._pictures[which][self._area()], axis=1) for which in ("OLD", "NEW"))
        if not setting & tables.ONE_IS_WHITE:
            old, new = 1 - old, 1 - new
        if setting & tables.NEW_ALONE:
            old = 1 - new
        old, new = self._turned(old) == 1, self._turned(new) == 1
        return {"KK": ~old & ~new, "KW": ~old & new, "WK": old & ~new, "WW": old & new}

    def _forced(self) -> int | None:
        if self._registers.get("CCSET", b"\0")[0] & tables.FORCE_TEMPERATURE:
            return self._registers.get("TSSET", b"\0")[0]
        return None

    def _drive_by_set(self, sorts: dict[Sort, npt.NDArray[np.bool_]]) -> None:
        forced = self._forced()
        if forced == tables.PARTIAL_SET and self._new_glass:
            self._judge_old(sorts)
            self._push(sorts, {"KW": tables.FRAMES_ACROSS, "WK": -tables.FRAMES_ACROSS})
            self._busy(tables.PARTIAL_SECONDS)
            return
        if forced == tables.PARTIAL_SET:
            self.object_to(errors.NoPartialWaveform("forced temperature 110 on glass made before 2023"))
        levels = np.where(sorts["KW"] | sorts["WW"], np.uint8(WHITE_LEVEL), np.uint8(0))
        seconds = tables.FULL_SECONDS
        if forced == tables.FAST_SET and self._new_glass:
            seconds = tables.FAST_SECONDS
        elif forced == tables.GREY_SET and self._new_glass:
            seconds = tables.GREY_SECONDS
            levels = np.select([sorts[sort] for sort in GREYS], [np.uint8(level) for level in GREYS.values()])
        rows, x = self._glass_area
        self._glass.update(x.start, rows.start, levels, "GC16")
        self._busy(seconds)

    def _drive_by_registers(self, sorts: dict[Sort, npt.NDArray[np.bool_]]) -> None:
        missing = [name for name in ("LUTC", *LUT_OF.values()) if name not in self._luts]
        if missing:
            raise TooFewArguments(f"a refresh by registers without {', '.join(missing)}")
        steps = {sort: waveform(self._luts[name]) for sort, name in LUT_OF.items()}
        for sort, driven in steps.items():
            if sum(driven):
                self.object_to(errors.ChargeLeft(f"LUT{sort} leaves {sum(driven)} frames of charge"))
        if not any(steps["KK"]) and not any(steps["WW"]):
            self._judge_old(sorts)
        longest = max(map(len, steps.values()))
        last = {sort: sum(_last_run(driven)) for sort, driven in steps.items()}
        self._push(sorts, last)
        self._busy(longest * tables.FRAME_SECONDS + 0.1)

    def _push(self, sorts: dict[Sort, npt.NDArray[np.bool_]], frames: dict[Sort, int]) -> None:
        """Drive each sort of pixel so many frames towards white (> 0) or black."""
        rows, x = self._glass_area
        amount = np.zeros(sorts["KK"].shape, np.int16)
        for sort, count in frames.items():
            amount[sorts[sort]] = count
        self._glass.push(x.start, rows.start, amount / tables.FRAMES_ACROSS)

    def _judge_old(self, sorts: dict[Sort, npt.NDArray[np.bool_]]) -> None:
        """Object when OLD is not what can be seen."""
        if self._registers["CDI"][0] & tables.NEW_ALONE:
            return
        seen = self._glass.reflectance[self._glass_area] >= MIDDLE
        wrong = int(np.count_nonzero(seen != (sorts["WK"] | sorts["WW"])))
        if wrong:
            self.object_to(errors.OldPictureDiffers(f"{wrong} pixels of OLD are not what the glass shows"))


def waveform(lut: bytes) -> list[int]:
    """The frames of a waveform in registers: -1 drives to black, 1 to white, 0 does nothing.

    Groups of six bytes: four levels of two bits (01: to black, 10: to white), their frames, repetitions.
    """
    frames: list[int] = []
    for start in range(0, len(lut) - len(lut) % 6, 6):
        levels, *lengths, repeat = lut[start : start + 6]
        group: list[int] = []
        for phase, length in enumerate(lengths):
            level = levels >> (6 - 2 * phase) & 3
            group += [{1: -1, 2: 1}.get(level, 0)] * length
        frames += group * repeat
    return frames


def _last_run(frames: list[int]) -> list[int]:
    """The last frames that drive one way: what came before is undone by them, or cannot be seen."""
    driven = [frame for frame in frames if frame]
    run: list[int] = []
    while driven and (not run or driven[-1] == run[-1]):
        run.append(driven.pop())
    return run
