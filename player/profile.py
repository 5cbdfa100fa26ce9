"""The panel profile: what was measured of a panel, in a small TOML file.

`trainer calibrate` writes it; `trainer export --panel`, `preview` and `evaluate` read it, and the player does
for its idea of the glass. Numbers are shares from the panel's own black (0) to its own white (1), unless
stated otherwise.
"""

import math
import tomllib
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeGuard

from player.errors import FileError, PlayerError
from player.files import why

LARGEST_GHOST = 0.3
_TOO_LARGE = 65536


class ProfileError(PlayerError, ValueError):
    """A file that is no panel profile."""


@dataclass(frozen=True)
class Profile:
    """What is known of a panel.

    panel: its name in the driver's table, or empty. size: (width, height) in pixels. measured: the day.
    ghost, ghost_white: how far a pixel that a partial update darkened stays from black, and a lightened one
    from white; ghost_spread, ghost_white_spread: their standard deviations. dot_gain: how far black spreads
    at an edge, in pixels; negative where white does. tones: (share of white pixels in a dither, what it
    shows), from (0, 0) to (1, 1), both rising. contrast: white's reflectance over black's, where it is known.
    """

    panel: str
    size: tuple[int, int]
    measured: date
    ghost: float
    ghost_spread: float
    ghost_white: float
    ghost_white_spread: float
    dot_gain: float
    tones: tuple[tuple[float, float], ...]
    contrast: float | None = None

    def as_toml(self) -> str:
        """The file."""
        contrast = [] if self.contrast is None else [f"contrast = {self.contrast:g}  # white over black"]
        return "\n".join(
            [
                "# What a photograph of the chart says of one panel; written by `trainer calibrate`.",
                "# Shares from the panel's black (0) to its white (1).",
                f'panel = "{self.panel}"',
                f"size = [{self.size[0]}, {self.size[1]}]",
                f"measured = {self.measured}",
                "# What partial updates leave until the next redraw: how far a darkened pixel stays from",
                "# black, a lightened one from white, each with its standard deviation.",
                f"ghost = {self.ghost:.4f}",
                f"ghost_spread = {self.ghost_spread:.4f}",
                f"ghost_white = {self.ghost_white:.4f}",
                f"ghost_white_spread = {self.ghost_white_spread:.4f}",
                f"dot_gain = {round(self.dot_gain, 3) + 0.0:.3f}  # pixels by which black spreads at an edge",
                *contrast,
                "# Share of white pixels in a dither, and what it shows.",
                "tones = [",
                *(f"    [{share:.4f}, {shown:.4f}]," for share, shown in self.tones),
                "]",
                "",
            ]
        )


def read_profile(path: Path) -> Profile:
    """The profile in a file. FileError, ProfileError, in one line."""
    try:
        with path.open("rb") as file:
            data = file.read(_TOO_LARGE + 1)
        if len(data) > _TOO_LARGE:
            raise ValueError("too large")
        found = tomllib.loads(data.decode())
    except OSError as error:
        raise FileError(f"{path}: cannot be read: {why(error)}; give a file of `trainer calibrate`") from None
    except (ValueError, RecursionError):
        raise ProfileError(f"{path}: is not TOML; give a file of `trainer calibrate`") from None
    try:
        return _checked(found)
    except ValueError as error:
        raise ProfileError(f"{path}: {error}; give a file of `trainer calibrate`") from None


def _checked(found: dict[str, Any]) -> Profile:
    """ValueError with what is wrong."""
    unknown = found.keys() - Profile.__dataclass_fields__.keys()
    if unknown:
        raise ValueError(f"{min(unknown)} is not known in a panel profile")
    panel, measured = found.get("panel", ""), found.get("measured")
    if not isinstance(panel, str):
        raise ValueError("panel must be a name")
    if type(measured) is not date:
        raise ValueError("measured must be a date like 2026-01-31")
    size = found.get("size")
    if not (isinstance(size, list) and len(size) == 2 and all(type(n) is int and n > 0 for n in size)):
        raise ValueError("size must be [width, height] in pixels")
    contrast = None if found.get("contrast") is None else _number(found, "contrast", 2, 1000)
    return Profile(
        panel,
        (size[0], size[1]),
        measured,
        _number(found, "ghost", 0, LARGEST_GHOST),
        _number(found, "ghost_spread", 0, LARGEST_GHOST),
        _number(found, "ghost_white", 0, LARGEST_GHOST),
        _number(found, "ghost_white_spread", 0, LARGEST_GHOST),
        _number(found, "dot_gain", -1, 1),
        _tones(found.get("tones")),
        contrast,
    )


def _number(found: dict[str, Any], name: str, low: float, high: float) -> float:
    value = found.get(name)
    if not _is_number(value) or not low <= value <= high:
        raise ValueError(f"{name} must be a number from {low:g} to {high:g}")
    return float(value)


def _tones(points: Any) -> tuple[tuple[float, float], ...]:
    pairs = isinstance(points, list) and all(
        isinstance(point, list) and len(point) == 2 and all(map(_is_number, point)) for point in points
    )
    if not pairs:
        raise ValueError("tones must be pairs of numbers")
    tones = tuple((float(share), float(shown)) for share, shown in points)
    rises = all(a[0] < b[0] and a[1] < b[1] for a, b in pairwise(tones))
    if len(tones) < 2 or tones[0] != (0, 0) or tones[-1] != (1, 1) or not rises:
        raise ValueError("tones must rise from [0, 0] to [1, 1]")
    return tones


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
