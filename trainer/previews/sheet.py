"""The contact sheet, a PNG: some frames, what each dither makes of them, and which pixels it changed.

Each frame has two lines, both pixel for pixel: the frame and its dithers, and under each dither its flips,
darkened pixels red and lightened ones blue on light grey; a redraw has none. Under the frame itself lies the
whole of it at a smaller scale, with the part that is shown framed. Figures are of the whole frame.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from trainer.evaluate.metrics import Summary
from trainer.evaluate.score import Comparison, Moment, Shown
from trainer.previews.captions import (
    INK,
    PALE,
    PAPER,
    flips_of,
    percent,
    place_of,
    quality_of,
    what_is_shown,
    write,
)
from trainer.previews.glass import PanelGlass
from trainer.previews.view import Crop, View

ROWS = 3
"""Frames on a sheet."""
DARKENED, LIGHTENED, UNCHANGED = (200, 30, 40), (25, 90, 220), (232, 232, 232)
"""Colours of the flips."""
MARGIN, GAP, HEAD, TITLE, LINE = 16, 8, 46, 50, 24
"""Pixels: around the sheet, between tiles, above the columns, above all, under each tile for its caption."""

_TOTAL = 13


@dataclass(frozen=True)
class Tile:
    """One picture of the sheet, uint8[h, w] or uint8[h, w, 3], and the text under it."""

    picture: NDArray[np.uint8]
    text: str


@dataclass(frozen=True)
class Row:
    """One frame of the sheet: the line of dithers and the line of flips, the tile of the frame first."""

    above: list[Tile]
    below: list[Tile]


def sheet(comparison: Comparison, view: View) -> bytes:
    """The PNG. Its frames are spread evenly over those expected; the last one is always there."""
    wanted = spread(comparison.expected, ROWS)
    glasses = {label: PanelGlass(view.levels) for label in comparison.labels} if view.glass else {}
    rows: list[Row] = []
    for moment in comparison:
        shown = moment.shown
        seen = {
            label: glass.show(shown[label].dither, shown[label].score.action)
            for label, glass in glasses.items()
        }
        if moment.index in wanted:
            rows.append(row(moment, view, seen))
    if moment.index not in wanted:
        rows = [*rows[: ROWS - 1], row(moment, view, seen)]
    return _png(_compose(rows, comparison, view))


def spread(frames: int | None, count: int) -> set[int]:
    """The indices of `count` of the frames, at the ends of equal parts: the first frame has no flips."""
    return set() if frames is None else {frames * (part + 1) // count - 1 for part in range(count)}


def row(moment: Moment, view: View, glass: dict[str, NDArray[np.uint8]]) -> Row:
    """The tiles of one frame; `glass` is what each panel shows, empty for the bare dithers."""
    frame = tones_of(moment.seen.picture)
    cut = " · cut" if moment.selected.cut else ""
    above = [Tile(view.crop(frame).copy(), place_of(moment) + cut)]
    below = [whole(frame, view.crop)]
    for label, shown in moment.shown.items():
        seen = glass.get(label, shown.dither * np.uint8(255))
        above.append(Tile(view.crop(seen).copy(), f"{flips_of(shown)} · {quality_of(shown)}"))
        below.append(Tile(changes(shown, view.crop), _directions(shown)))
    return Row(above, below)


def tones_of(frame: NDArray[np.float32]) -> NDArray[np.uint8]:
    """A frame, float32[H, W] in [0, 1], as grey levels uint8[H, W]."""
    return (frame * 255 + 0.5).astype(np.uint8)


def changes(shown: Shown, crop: Crop) -> NDArray[np.uint8]:
    """Which pixels flipped, uint8[h, w, 3]; none at a redraw."""
    dither = crop(shown.dither)
    before = dither if shown.before is None or shown.score.change is None else crop(shown.before)
    picture = np.full((*dither.shape, 3), UNCHANGED, np.uint8)
    picture[before > dither] = DARKENED
    picture[before < dither] = LIGHTENED
    return picture


def whole(frame: NDArray[np.uint8], crop: Crop) -> Tile:
    """A whole frame, resampled to fit into a tile, with the crop framed. (No dither, so no moire.)"""
    height, width = frame.shape
    scale = min(crop.width / width, crop.height / height, 1)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = Image.fromarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA))
    left, top = round(crop.x * scale), round(crop.y * scale)
    right, bottom = round((crop.x + crop.width) * scale) - 1, round((crop.y + crop.height) * scale) - 1
    draw = ImageDraw.Draw(small)
    if (crop.width, crop.height) != (width, height):
        draw.rectangle((left, top, max(left, right), max(top, bottom)), outline=255)
        draw.rectangle((left - 1, top - 1, right + 1, bottom + 1), outline=0)
    words = "the whole frame" if scale == 1 else f"the whole frame, resampled to {100 * scale:.0f} %"
    return Tile(np.asarray(small), words)


def _directions(shown: Shown) -> str:
    change = shown.score.change
    if change is None:
        return "redrawn"
    return f"darkened {percent(change.darkened)} · lightened {percent(change.lightened)}"


def _compose(rows: Sequence[Row], comparison: Comparison, view: View) -> Image.Image:
    """Title, heads of the columns and all tiles on one picture."""
    columns = 1 + len(comparison.labels)
    tile_width, tile_height = view.crop.width + GAP, view.crop.height + LINE
    width = 2 * MARGIN + columns * tile_width - GAP
    height = TITLE + HEAD + len(rows) * (2 * tile_height + GAP) + MARGIN
    picture = Image.new("RGB", (width, height), (PAPER, PAPER, PAPER))
    summaries = comparison.summaries()
    frames = next(iter(summaries.values())).frames
    step = f", one of {view.every}" if view.every > 1 else ""
    title = f"{view.film} · {frames} frames{step} · redraws after the first: {comparison.redraws}"
    write(picture, MARGIN, 12, title, 16, width=width - 2 * MARGIN)
    write(
        picture, MARGIN, 33,
        f"{what_is_shown(view)} 1:1, {view.crop} of {view.size[0]}x{view.size[1]} · what changed: red "
        "darkened, blue lightened · figures of the whole panel",
        12, PALE, width - 2 * MARGIN,
    )  # fmt: skip
    heads = [
        ("frame", "what is dithered"),
        *((label, _figures(summaries[label])) for label in comparison.labels),
    ]
    for column, (head, figures) in enumerate(heads):
        x = MARGIN + column * tile_width
        write(picture, x, TITLE + 8, head, 16, width=view.crop.width)
        write(picture, x, TITLE + 28, figures, _TOTAL, PALE, view.crop.width)
        for number, entry in enumerate(rows):
            y = TITLE + HEAD + number * (2 * tile_height + GAP)
            _paste(picture, x, y, entry.above[column], view.crop)
            _paste(picture, x, y + tile_height, entry.below[column], view.crop)
    return picture


def _figures(summary: Summary) -> str:
    """What a dither comes to over all the frames, in one line."""
    flips = "" if summary.change is None else f"{percent(summary.change.flips)} flips per frame · "
    return f"{flips}{summary.psnr[max(summary.psnr)]:.1f} dB"


def _paste(picture: Image.Image, x: int, y: int, tile: Tile, crop: Crop) -> None:
    picture.paste(Image.fromarray(tile.picture), (x, y))
    write(picture, x, y + crop.height + 3, tile.text, _TOTAL, INK, crop.width)


def _png(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    return file.getvalue()
