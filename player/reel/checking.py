"""Every frame of a reel read and recounted."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from player.errors import BadFrame
from player.reel import packing
from player.reel.file import FrameInfo

if TYPE_CHECKING:
    from player.reel.reader import Reel


def recount(reel: "Reel", step: Callable[[int], None]) -> Iterator[str]:
    """One line per frame that is damaged or not what the reel says of it. `step` hears how many are done."""
    number, before = 0, None
    while number < reel.frames:
        step(number)
        try:
            info, picture = reel.info(number), reel.packed(number)
        except BadFrame as error:
            after = reel.frames if error.next_key is None else error.next_key
            lost = "" if after == number + 1 else f"; frames {number} to {after - 1} cannot be shown"
            yield f"frame {number}: {error.reason}{lost}"
            number, before = after, None
            continue
        if info.cut and not info.key:
            yield f"frame {number}: a cut that is not a key frame"
        if before is not None or number == 0:
            yield from _compare(info, picture, before)
        number, before = number + 1, picture


def _compare(info: FrameInfo, picture: packing.Bits, before: packing.Bits | None) -> Iterator[str]:
    _, flips, darkened = packing.compared(picture, before)
    if (info.flips, info.darkened) != (flips, darkened):
        yield (
            f"frame {info.number}: says {info.flips} flips, {info.darkened} darkened; "
            f"counted {flips} and {darkened}"
        )
