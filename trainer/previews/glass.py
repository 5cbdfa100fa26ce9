"""The glass in a preview: what a person sees on the panel, ghosts included (`dithers/glass.py`), as grey."""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.dithers.glass import Glass
from trainer.dithers.levels import Levels

BLACK, WHITE = 32, 224
"""What a clean black and a clean white look like on a screen, 0 to 255: e-ink reaches neither end."""


@dataclass(frozen=True)
class GlassTones:
    """Greys, 0 to 255: of a clean white pixel, a clean black one, and one that a partial update darkened."""

    white: int
    black: int
    ghost: int

    @classmethod
    def of(cls, levels: Levels) -> "GlassTones":
        """Those of a glass of these levels."""
        return cls(WHITE, BLACK, int(_grey(np.float32(levels.black))))

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


class PanelGlass:
    """The glass behind one dither."""

    def __init__(self, levels: Levels) -> None:
        self._levels = levels
        self._glass = Glass(levels)

    def show(self, dither: NDArray[np.uint8], action: str) -> NDArray[np.uint8]:
        """Carry out a score's `action` with the dither; returns what can be seen, uint8[H, W]."""
        if action == "redraw":
            self._glass = Glass(self._levels)
        return _grey(self._glass.show(dither))


def flash(dither: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What a redraw looks like halfway: the negative of the picture, uint8[H, W] of greys."""
    return _grey(np.float32(1) - dither)


def _grey(reflectance: NDArray[np.float32] | np.float32) -> NDArray[np.uint8]:
    return np.rint(BLACK + reflectance * (WHITE - BLACK)).astype(np.uint8)
