"""Cards: what the panel shows when there is no frame to show. Pure.

Every card is a dither, uint8[H, W], 1 = white, of `size` (width, height): black words on white in a thin
frame, in the largest letters that fit. Words that do not fit even in the smallest letters are cut short.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from player.pictures.lettering import HEIGHTS, drawn, plain, wrap

Dither = NDArray[np.uint8]
Modules = Sequence[Sequence[bool]] | NDArray[np.bool_]

QUIET = 4
"""White modules that a QR code needs on every side (ISO/IEC 18004)."""


class _Words(NamedTuple):
    """Words of a card. `loud` words have larger letters than the others."""

    text: str
    loud: bool = False


def end_card(size: tuple[int, int], title: str) -> Dither:
    """After the last frame: "The End", and the title."""
    return _card(size, [_Words("The End", loud=True), _Words(title)])


def no_film_card(size: tuple[int, int], where: str, address: str | None, qr: Modules | None = None) -> Dither:
    """No reel was found at `where`. `address` of the web page, None when there is no page. `qr`: the code of
    the link that signs in, as in `address_card`: the card of a first start, which says what to do.
    """
    if address is not None and qr is not None:
        words = [_Words("Scan to send the first film, or open"), _Words(address, loud=True)]
        return _card(size, words, np.asarray(qr, bool))
    words = [_Words("No film found", loud=True), _Words(f"The player looked in {where}")]
    if address is None:
        return _card(size, [*words, _Words("Copy a reel there, and it begins by itself.")])
    return _card(size, [*words, _Words("Copy a reel there, or send one from"), _Words(address, loud=True)])


def address_card(size: tuple[int, int], url: str, qr: Modules | None) -> Dither:
    """The address of the web page, in words and as a QR code.

    `qr`: rows of modules, True = dark, without the white margin; None for words only. It is left out when the
    panel is too small for it.
    """
    if qr is None:
        return _card(size, [_Words("To control this picture, open"), _Words(url, loud=True)])
    words = [_Words("To control this picture, scan or open"), _Words(url, loud=True)]
    return _card(size, words, np.asarray(qr, bool))


def _card(size: tuple[int, int], words: Sequence[_Words], code: NDArray[np.bool_] | None = None) -> Dither:
    """Lines of words in the middle, below the code if there is one."""
    width, height = size
    margin = max(3, min(size) // 24)
    room = width - 4 * margin, height - 4 * margin
    card = np.ones((height, width), np.uint8)
    _frame(card, margin)
    inks = _inks(room, words, code)
    top = (height - sum(ink.shape[0] for ink in inks)) // 2
    for ink in inks:
        if top + ink.shape[0] <= height - 2 * margin and ink.shape[1] <= room[0]:
            left = (width - ink.shape[1]) // 2
            card[top : top + ink.shape[0], left : left + ink.shape[1]] ^= ink
        top += ink.shape[0]
    return card


def _inks(
    room: tuple[int, int], words: Sequence[_Words], code: NDArray[np.bool_] | None
) -> list[NDArray[np.uint8]]:
    """The code, if it fits, and the lines, in the largest letters with which everything fits into `room`.

    The code gets half of the height if smaller letters make that possible.
    """
    lines: list[NDArray[np.uint8]] = []
    scale = 0
    for quiet in [height for height in reversed(HEIGHTS) if height <= max(min(room) // 11, HEIGHTS[0])]:
        lines = _lines(words, quiet, room[0])
        left = room[1] - sum(line.shape[0] for line in lines)
        if code is None:
            if left >= 0:
                break
        else:
            scale = min(left // (code.shape[0] + 2 * QUIET), room[0] // (code.shape[1] + 2 * QUIET))
            if 2 * scale * (code.shape[0] + 2 * QUIET) >= min(room):
                break
    if code is not None and scale > 0:
        padded = np.pad(code, QUIET).astype(np.uint8)
        return [padded.repeat(scale, 0).repeat(scale, 1), *lines]
    return _within(lines, room[1])


def _lines(words: Sequence[_Words], quiet: int, room: int) -> list[NDArray[np.uint8]]:
    """The ink of every line, with half an empty line between one `_Words` and the next.

    Loud words stay on one line if possible: between half and twice the height of the others.
    """
    lines: list[NDArray[np.uint8]] = []
    for text, loud in words:
        text, height = plain(text), quiet
        if loud:
            sizes = [size for size in HEIGHTS if quiet <= 2 * size <= 4 * quiet]
            height = max((size for size in sizes if len(text) * (size // 2) <= room), default=quiet)
        broken = wrap(text, max(room // (height // 2), 1))
        if broken and lines:
            lines.append(np.zeros((quiet // 2, 1), np.uint8))
        lines += [drawn(line, height) for line in broken]
    return lines


def _within(lines: list[NDArray[np.uint8]], room: int) -> list[NDArray[np.uint8]]:
    """As many of the first lines as there is room for."""
    while len(lines) > 1 and sum(line.shape[0] for line in lines) > room:
        lines = lines[:-1]
    return lines


def _frame(card: Dither, margin: int) -> None:
    """A thin black frame, `margin` pixels from the edges."""
    stroke = max(1, margin // 12)
    card[margin:-margin, margin:-margin] = 0
    card[margin + stroke : -margin - stroke, margin + stroke : -margin - stroke] = 1
