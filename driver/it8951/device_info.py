"""What the controller says of itself (GET_DEV_INFO), and the waveform numbers that follow from it. Pure.

Twenty words: width, height, image address low and high, eight words of firmware name, eight of LUT name. A
LUT is the table of waveforms; only its name tells which number A2 has.
"""

from collections.abc import Sequence
from typing import NamedTuple

from driver.errors import WiringError

WORDS = 20
LARGEST_SIDE = 2048
"""Pixels. The controller drives panels up to 2048 x 2048."""

INIT, DU, GC16 = 0, 1, 2
"""Waveforms with the same number on every firmware."""

NARROWEST, WIDEST = 16, 32
"""Pixels in the smallest group of columns that one bit per pixel can address: one word, or two where the
firmware asks for it."""


class DeviceInfo(NamedTuple):
    """width and height in pixels, the 32-bit address of the image memory, and two names."""

    width: int
    height: int
    address: int
    firmware: str
    lut: str


def parse(words: Sequence[int]) -> DeviceInfo:
    """Read the answer to GET_DEV_INFO. WiringError when it cannot come from a controller."""
    if all(word == 0x0000 for word in words) or all(word == 0xFFFF for word in words):
        raise WiringError(
            f"the controller's answer is all {words[0]:04X}: check that the HAT sits on all pins, its switch "
            "stands at SPI (I80 and USB off) and SPI is enabled; then try a lower spi_slow_hz"
        )
    width, height, low, high = words[:4]
    firmware, lut = _name(words[4:12]), _name(words[12:20])
    names = firmware + lut
    plausible = 0 < width <= LARGEST_SIDE and width % 4 == 0 and 0 < height <= LARGEST_SIDE
    if not (plausible and names.isascii() and names.isprintable()):
        raise WiringError(
            f"the controller's answer is garbage (a panel of {width}x{height}, LUT {lut!r}): try a lower "
            "spi_slow_hz and a shorter cable"
        )
    return DeviceInfo(width, height, high << 16 | low, firmware, lut)


def _name(words: Sequence[int]) -> str:
    """The first character of each word is in its low byte. Real boards leave rubbish behind the first NUL."""
    text = b"".join(word.to_bytes(2, "little") for word in words)
    return text.partition(b"\0")[0].decode("latin-1").strip()


def a2_mode(lut: str) -> int | None:
    """The number of A2 in this LUT; None when its name is not known.

    M641 has six modes, so that 6 would be out of range; it has relatives (M641_TDE90T72C) whose A2 nobody has
    published.
    """
    names = _spellings(lut)
    if "M641" in names:
        return 4
    return 6 if any(name.startswith("M841") for name in names) else None


def column_group(lut: str) -> int:
    """How many columns at a time one bit per pixel can address, 16 or 32.

    The vendor asks for 32 on M641 and M841_TFAB512 alone. That M641's relatives need it too is a guess.
    """
    wide = any(name.startswith("M641") or name == "M841_TFAB512" for name in _spellings(lut))
    return WIDEST if wide else NARROWEST


def _spellings(lut: str) -> tuple[str, str]:
    """The name, and the name with the letters of each pair swapped ("8M14"), as some drivers print it."""
    return lut, "".join(lut[i + 1 : i + 2] + lut[i] for i in range(0, len(lut), 2))


def partial_mode(waveform: str, lut: str, a2_setting: int | None) -> int:
    """The number of the waveform for partial updates, "DU" or "A2".

    A2 with neither a setting nor a known LUT is DU: right on every panel, only slower.
    """
    if waveform == "DU":
        return DU
    known = a2_setting if a2_setting is not None else a2_mode(lut)
    return DU if known is None else known
