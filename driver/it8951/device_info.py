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

A2_BY_LUT = {"M641": 4, "M841": 6}
"""By the first four characters of the LUT name. M641 has six modes, so 6 would be out of range."""


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
    """The first character of each word is in its low byte; NULs and blanks fill the end."""
    text = b"".join(word.to_bytes(2, "little") for word in words)
    return text.decode("latin-1").replace("\0", "").strip()


def a2_mode(lut: str) -> int | None:
    """The number of A2 in this LUT; None when its name is not known.

    Some drivers print the name with the letters of each pair swapped ("8M14"); both spellings work.
    """
    swapped = "".join(lut[i + 1 : i + 2] + lut[i] for i in range(0, len(lut), 2))
    for name in (lut, swapped):
        if name[:4] in A2_BY_LUT:
            return A2_BY_LUT[name[:4]]
    return None


def partial_mode(waveform: str, lut: str, a2_setting: int | None) -> int:
    """The number of the waveform for partial updates, "DU" or "A2".

    A2 with neither a setting nor a known LUT is DU: right on every panel, only slower.
    """
    if waveform == "DU":
        return DU
    known = a2_setting if a2_setting is not None else a2_mode(lut)
    return DU if known is None else known
