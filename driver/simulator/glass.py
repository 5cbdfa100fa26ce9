"""The e-ink glass of a simulated panel: waveforms change the reflectance of its pixels.

Reflectance is uint8[H, W], 0 would be perfect black and 255 perfect white; real e-ink reaches neither, so
black is BLACK and white is WHITE. They lie symmetrically about MIDDLE and no ghost or patch ever crosses it,
so `reflectance >= MIDDLE` is always the dither that was shown. Levels are uint8 0 (black) .. 15 (white).

The behaviour (which waveform touches which pixels, what ghosts, what cleans) follows published drivers and
the maker of the original player. The amounts are a MODEL, chosen to be visible in a picture: nobody has
measured them.

The glass also keeps, for a controller that remembers, the level that each pixel was last driven to. A
waveform that touches only changed pixels compares with that level, not with what can be seen; after a power
cut the controller takes the glass for white, whatever it shows, until a redraw.
"""

import os
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

Waveform = Literal["INIT", "DU", "GC16", "GL16", "GLR16", "GLD16", "A2", "DU4"]
Levels = npt.NDArray[np.uint8]
Reflectance = npt.NDArray[np.uint8]

BLACK = 32
WHITE = 224
MIDDLE = 128
DU_GHOST = 16  # a pixel darkened by a partial update stays this much lighter than black, until a redraw
A2_GHOST = 32  # the same for A2 ...
A2_DIRT = 16  # ... which also leaves a whitened pixel this much darker than white
PATCH_STEP = 8  # strongest change by one DU pass over an unchanged dither
PATCH_LIMIT = 48  # and by any number of them

WHITE_LEVEL = 15
# Reflectance of each level after a redraw.
CLEAN = np.round(np.linspace(BLACK, WHITE, 16)).astype(np.uint8)


class Glass:
    """width x height pixels, at first white or `reflectance` (uint8[H, W]); ValueError for a wrong shape."""

    def __init__(self, width: int, height: int, reflectance: Reflectance | None = None) -> None:
        self._reflectance = np.full((height, width), WHITE, np.uint8)
        self._driven_to = np.full((height, width), WHITE_LEVEL, np.uint8)
        self._patch: npt.NDArray[np.int16] | None = None
        if reflectance is not None:
            if reflectance.shape != (height, width) or reflectance.dtype != np.uint8:
                raise ValueError(f"the glass needs uint8 of shape {height, width}, not {reflectance.shape}")
            self._reflectance[:] = reflectance

    @property
    def reflectance(self) -> Reflectance:
        """A copy of what can be seen now, uint8[H, W]."""
        return self._reflectance.copy()

    def forget(self) -> None:
        """The controller lost power: it takes the glass for white. What can be seen stays."""
        self._driven_to[:] = WHITE_LEVEL

    def update(self, x: int, y: int, levels: Levels, waveform: Waveform) -> None:
        """Drive the area at (x, y) to `levels` (uint8[h, w], 0..15), as far as the waveform can.

        INIT    white, whatever the levels; the controller believes the levels, so load white before it
        GC16    all levels, all pixels: the redraw that removes ghosts; GLD16 too
        GL16    the same, but pixels that stay white are not touched; GLR16 too
        DU      black or white, the nearer; changed pixels only
        A2      the same, but only from black or white, and dirtier
        DU4     the nearest of four levels; changed pixels only
        """
        height, width = levels.shape
        area = np.s_[y : y + height, x : x + width]
        seen, driven_to = self._reflectance[area], self._driven_to[area]
        match waveform:
            case "INIT":
                seen[:] = WHITE
                driven_to[:] = levels
            case "GC16" | "GLD16":
                seen[:] = CLEAN[levels]
                driven_to[:] = levels
            case "GL16" | "GLR16":
                drawn = (levels != WHITE_LEVEL) | (driven_to != WHITE_LEVEL)
                np.copyto(seen, CLEAN[levels], where=drawn)
                driven_to[:] = levels
            case "DU":
                two = np.where(levels >= 8, np.uint8(WHITE_LEVEL), np.uint8(0))
                changed = two != driven_to
                if not changed.any():
                    self._make_patchy(area)
                np.copyto(seen, np.where(two, np.uint8(WHITE), np.uint8(BLACK + DU_GHOST)), where=changed)
                driven_to[:] = two
            case "A2":
                two = np.where(levels >= 8, np.uint8(WHITE_LEVEL), np.uint8(0))
                changed = (two != driven_to) & ((driven_to == 0) | (driven_to == WHITE_LEVEL))
                dirty = np.where(two, np.uint8(WHITE - A2_DIRT), np.uint8(BLACK + A2_GHOST))
                np.copyto(seen, dirty, where=changed)
                np.copyto(driven_to, two, where=changed)
            case "DU4":
                four = ((levels.astype(np.uint16) + 2) // 5 * 5).astype(np.uint8)
                changed = four != driven_to
                ghost = np.where(four < driven_to, np.uint8(DU_GHOST), np.uint8(0))
                np.copyto(seen, CLEAN[four] + ghost, where=changed)
                driven_to[:] = four

    def push(self, x: int, y: int, share: npt.NDArray[np.floating]) -> None:
        """Drive the area at (x, y) without a flash, by `share` (float[h, w]) of the way from black to white,
        or if negative from white to black; 0 touches nothing. The controller chooses the pixels, right or
        wrong.

        A pixel that turns dark stays DU_GHOST lighter than black, until a redraw.
        """
        height, width = share.shape
        seen = self._reflectance[y : y + height, x : x + width]
        floor = np.minimum(seen, np.uint8(BLACK + DU_GHOST))
        moved = np.clip(np.round(seen + share * (WHITE - BLACK)), floor, WHITE)
        np.copyto(seen, moved.astype(np.uint8), where=share != 0)

    def save_png(self, path: str | os.PathLike[str]) -> None:
        """Write what can be seen as an 8-bit greyscale PNG, by a temporary file beside it."""
        target = Path(path)
        unfinished = target.with_name(target.name + ".tmp")
        with unfinished.open("wb") as file:
            Image.fromarray(self._reflectance).save(file, format="PNG")
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(target)

    def _make_patchy(self, area: tuple[slice, slice]) -> None:
        """A DU pass over an unchanged dither leaves blotches, which grow with each pass up to PATCH_LIMIT."""
        if self._patch is None:
            self._patch = _blotches(*self._reflectance.shape)
        seen = self._reflectance[area]
        dark = seen < MIDDLE
        moved = seen.astype(np.int16) + self._patch[area]
        lowest = np.where(dark, np.int16(BLACK), np.int16(WHITE - PATCH_LIMIT))
        highest = np.where(dark, np.int16(BLACK + PATCH_LIMIT), np.int16(WHITE))
        seen[:] = np.clip(moved, lowest, highest)


def _blotches(height: int, width: int) -> npt.NDArray[np.int16]:
    """Smooth noise int16[H, W] within +-PATCH_STEP, blotches about 24 pixels wide, the same on every run."""
    coarse = np.random.default_rng(8951).random((height // 24 + 2, width // 24 + 2), dtype=np.float32)
    smooth = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    return np.round((np.clip(np.asarray(smooth), 0, 1) - 0.5) * 2 * PATCH_STEP).astype(np.int16)
