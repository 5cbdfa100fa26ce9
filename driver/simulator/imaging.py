"""Loads and displays of the simulated controller: payload bytes to image memory, image memory to glass.

It checks what the IT8951 or its panel cannot do (areas outside the panel, modes the LUT table lacks,
unaligned bitmaps) and keeps the time that an update takes. The glass is moved when the display command comes;
LUTAFSR is busy for the time of the waveform all the same.
"""

from collections.abc import Callable

from driver.simulator import errors, tables
from driver.simulator.faults import Faults
from driver.simulator.glass import (
    WHITE_LEVEL,
    Glass,
)
from driver.simulator.memory import (
    ImageMemory,
    Load,
)
from driver.simulator.time import VirtualTime


class Imaging:
    """Image memory, glass and display engine of one panel.

    registers: the controller's register file, shared. object_to: takes a breach, raises it or lets it pass.
    """

    def __init__(
        self,
        hardware: tables.Hardware,
        glass: Glass,
        registers: dict[int, int],
        time: VirtualTime,
        faults: Faults,
        object_to: Callable[[errors.ProtocolError], None],
    ) -> None:
        self._hardware = hardware
        self._glass = glass
        self._registers = registers
        self._time = time
        self._faults = faults
        self._object_to = object_to
        self._memory = ImageMemory(hardware)
        self._load: Load | None = None
        self._filled_now = False
        self._displaying_until = 0.0

    @property
    def memory(self) -> ImageMemory:
        return self._memory

    @property
    def loading(self) -> bool:
        return self._load is not None

    @property
    def displaying_for(self) -> float:
        """Seconds until LUTAFSR is 0; 0 when it is."""
        return max(0.0, self._displaying_until - self._time.now)

    def restart(self) -> None:
        """Image memory, a load and a running update are lost."""
        self._memory = ImageMemory(self._hardware)
        self._load = None
        self._filled_now = False
        self._displaying_until = 0.0

    def begin_load(self, kind: int, x: int, y: int, width: int, height: int) -> None:
        """LD_IMG_AREA; kind = endianness << 8 | pixel format << 4 | rotation."""
        endianness, pixel_format, rotate = kind >> 8, kind >> 4 & 0xF, kind & 0xF
        if endianness > 1 or pixel_format > 3 or rotate > 3:
            raise errors.BadArgument(
                f"load argument 0x{kind:04X}: endianness 0-1, pixel format 0-3, rotation 0-3, none else"
            )
        self._check_area("load", x, y, width, height, rotate)
        if self.displaying_for:
            self._object_to(errors.LoadWhileDisplaying("a load began while LUTAFSR was not 0"))
        if self._registers.get(tables.I80CPCR, 0) & 1 == 0:
            self._object_to(errors.UnpackedLoad("a load without packed mode: I80CPCR was not set to 1"))
        target = self._registers[tables.LISAR_HIGH] << 16 | self._registers[tables.LISAR_LOW]
        self._load = Load(target, self._pitch(), endianness == 1, pixel_format, rotate, x, y, width, height)

    def begin_whole_load(self, kind: int) -> None:
        """LD_IMG: a load of the whole panel, as the host sees it after rotation."""
        self.begin_load(kind, 0, 0, *self._hardware.size(kind & 0xF))

    def load_data(self, data: bytes) -> None:
        """Payload of the load in progress."""
        load = self._load
        assert load is not None
        if load.missing <= 0 and not self._filled_now:
            raise errors.LoadOverrun(f"{len(data)} more bytes than the {load.received} that fill the area")
        load.add(data)
        if load.missing <= 0:
            self._filled_now = True

    def window_begins(self) -> None:
        """A chip-select window begins."""
        self._filled_now = False

    def window_ended(self) -> None:
        """The chip-select window is over: judge what came after the area was full."""
        if self._load is None or self._load.missing >= 0:
            return
        load, surplus = self._load, -self._load.missing
        load.received -= surplus  # dropped, whatever the verdict
        message = f"{surplus} more bytes than the {load.received} that fill the area"
        if surplus % load.row_bytes:
            raise errors.LoadOverrun(message)
        self._object_to(errors.SurplusRows(message))

    def end_load(self) -> None:
        """LD_IMG_END: what came goes to memory."""
        load, self._load = self._load, None
        if load is None:
            raise errors.LoadNotBegun("LD_IMG_END without a load")
        self._memory.store(load)
        if load.missing > 0:
            self._object_to(errors.ShortLoad(f"LD_IMG_END {load.missing} bytes before the area was full"))

    def drop_load(self) -> None:
        """Forget a load that was never ended."""
        self._load = None

    def display(self, x: int, y: int, width: int, height: int, mode: int, address: int | None = None) -> None:
        """DPY_AREA, or with an address DPY_BUF_AREA."""
        self._check_area("display", x, y, width, height, 0)
        if mode >= len(self._hardware.modes):
            raise errors.ModeOutOfRange(
                f"waveform mode {mode}: the {self._hardware.lut} table has 0-{len(self._hardware.modes) - 1}"
            )
        if self.displaying_for:
            self._object_to(errors.DisplayWhileDisplaying("a display command while LUTAFSR was not 0"))
        start, pitch = self._hardware.address if address is None else address, self._pitch()
        if self._registers.get(tables.UP1SR_HIGH, 0) & tables.BITMAP_BIT:
            self._check_alignment(x, width, pitch)
            colours = self._registers.get(tables.BGVR, 0)
            levels = self._memory.bitmap(start, pitch, x, y, width, height, colours)
            if self._faults.bitmap_ignored:
                levels[:] = WHITE_LEVEL
        else:
            levels = self._memory.levels(start, pitch, x, y, width, height)
        waveform = self._hardware.modes[mode]
        self._glass.update(x, y, levels, waveform)
        begin = max(self._time.now, self._displaying_until)
        self._displaying_until = begin + tables.DURATIONS[waveform]

    def _own_pitch(self) -> bool:
        return bool(self._registers.get(tables.UP1SR_HIGH, 0) & tables.PITCH_BIT)

    def _pitch(self) -> int:
        """Bytes between rows of image memory: the panel's width, or with bit 17 of UP1SR 4 x register 0x124C.

        That the register holds for loads as for displays is an assumption; nobody has published it for SPI.
        """
        if not self._own_pitch():
            return self._hardware.width
        pitch = 4 * self._registers.get(tables.PITCH, 0)
        if pitch == 0:
            raise errors.BadArgument("UP1SR asks for a pitch of its own, but register 0x124C is 0")
        return pitch

    def _check_alignment(self, x: int, width: int, pitch: int) -> None:
        if self._hardware.lut not in tables.ALIGNED_LUTS or (x % 32 == 0 and width % 32 == 0):
            return
        if self._own_pitch() and x % 32 == 0 and x + width <= 8 * pitch:
            return
        raise errors.UnalignedBitmap(
            f"1 bit per pixel display at x {x}, width {width}: {self._hardware.lut} firmware needs multiples "
            "of 32, or a pitch of its own that holds the row"
        )

    def _check_area(self, what: str, x: int, y: int, width: int, height: int, rotate: int) -> None:
        limit_x, limit_y = self._hardware.size(rotate)
        if width < 1 or height < 1 or x + width > limit_x or y + height > limit_y:
            raise errors.AreaOutsidePanel(
                f"{what} of {width}x{height} at ({x}, {y}) on a panel of {limit_x}x{limit_y}"
            )
