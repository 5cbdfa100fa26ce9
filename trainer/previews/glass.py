"""The glass in a preview: what a person sees on the panel, ghosts included, by the simulator's model."""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class GlassTones:
    """Reflectances, 0 to 255: of a white pixel, a black one, and one that a partial update darkened."""

    white: int
    black: int
    ghost: int

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


class PanelGlass:
    """The glass behind one dither."""

    def __init__(self, width: int, height: int) -> None:
        from driver.simulator.glass import Glass

        self._glass = Glass(width, height)

    def show(self, dither: NDArray[np.uint8], action: str) -> NDArray[np.uint8]:
        """Carry out a score's `action` with the dither; returns what can be seen, uint8[H, W]."""
        if action == "redraw":
            self._glass.update(0, 0, dither * np.uint8(15), "GC16")
        elif action == "partial":
            self._glass.update(0, 0, dither * np.uint8(15), "DU")
        return self._glass.reflectance


def glass_tones() -> GlassTones:
    """The tones of the model, read from a glass of two pixels."""
    glass = PanelGlass(2, 1)
    black, white = glass.show(np.array([[0, 1]], np.uint8), "redraw")[0]
    ghost = glass.show(np.array([[0, 0]], np.uint8), "partial")[0, 1]
    return GlassTones(int(white), int(black), int(ghost))


def flash(dither: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What a redraw looks like halfway: the negative of the picture, uint8[H, W] of reflectances."""
    return PanelGlass(dither.shape[1], dither.shape[0]).show(1 - dither, "redraw")
