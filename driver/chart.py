"""The chart that a panel shows to be measured by a photograph: its layout, and how it is drawn. Pure.

`python -m driver chart` and `player chart` draw it; `trainer calibrate` reads a photograph of it. Both sides
take the layout from here, and a photograph needs no more: the corner markers say for which size it was laid
out. It goes on the glass by one redraw and UPDATES partial updates.

A chart is white with a grid of patches and a marker in each corner. The patches:
  lines, dots    black and white areas of known share, coarse and fine. What dot gain does to them is known
                 too, so they are the reference for the response of the camera, and for dot gain itself
  black          the darkest the panel shows, here and there, to find glare
  grey           flat greys as `search` dithers them: the tone curve
  checkerboard   of 1 and 2 pixels
  ghost          two halves that should look the same. One was drawn by the redraw alone, the other was
                 darkened or lightened by a partial update, or by each of them. In solid black and white, and
                 in a checkerboard
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from driver.panel import Dither, Panel

VERSION = 1
UPDATES = 5
"""Partial updates after the redraw; an odd number."""
ADVICE = (
    "Photograph all of it, sharp, from the front, in even light without reflections, then:\n"
    "trainer calibrate PHOTO --out panel.toml"
)
SMALLEST = 648, 480
LARGEST = 4095
MARKER_BITS = 6
"""A marker is a black square of MARKER_BITS + 2 modules with a code in the middle."""
CODES = 128
"""Different codes for each corner."""
GREYS = (1 / 16, 1 / 8, 1 / 4, 3 / 8, 1 / 2, 5 / 8, 3 / 4, 7 / 8, 15 / 16)
TILE = 64
"""Side of the tiles in greys.png, one for each of GREYS (`benchmarks/chart_greys.py`)."""

_LINES = (
    *((16 - white, white) for white in (1, 2, 4, 6, 8, 10, 12, 14, 15)),
    *((8 - white, white) for white in (1, 2, 4, 6, 7)),
    (3, 1), (2, 2), (1, 3), (2, 1), (1, 2), (1, 1),
)  # fmt: skip
_DOTS = (5, 4, 3, 2)
_BLACKS = 5
_MARKER_CELLS = 2


class Box(NamedTuple):
    """A rectangle in pixels of the panel."""

    x: int
    y: int
    width: int
    height: int


class Patch(NamedTuple):
    """A part of the chart with one pattern.

    what: as in the module. share: of its pixels that are white in the end. edges: pixels of edge between
    black and white for each pixel of area. corners: corners that black surrounds for each pixel, less those
    that white surrounds. updates: how often each of its pixels that ends black (`darkened`) or white was
    drawn by partial updates: 0, 1 or UPDATES. solid: of one colour.
    """

    what: str
    box: Box
    share: float
    edges: float = 0.0
    corners: float = 0.0
    updates: int = 0
    darkened: bool = False
    solid: bool = False


@dataclass(frozen=True)
class Chart:
    """The chart of a panel. markers: their boxes at top left, top right, bottom right, bottom left.

    redrawn, final: what the redraw draws, and what is on the glass in the end, uint8[H, W], 1 = white.
    often: bool[H, W], the pixels that every partial update flips.
    """

    size: tuple[int, int]
    cell: int
    markers: tuple[Box, ...]
    patches: tuple[Patch, ...]
    redrawn: Dither
    final: Dither
    often: NDArray[np.bool_]

    def dithers(self) -> Iterator[Dither]:
        """What to draw: the first by a redraw, the others by partial updates, one after the other."""
        yield self.redrawn
        for number in range(1, UPDATES):
            yield np.where(self.often, self.final, self.redrawn) if number % 2 else self.redrawn
        yield self.final


def chart(width: int, height: int) -> Chart:
    """The chart for a panel of that size. ValueError for one that is too small or too large."""
    if min(width, height) < min(SMALLEST) or max(width, height) < max(SMALLEST):
        raise ValueError(
            f"a panel of {width}x{height} pixels is too small for the chart: "
            f"{SMALLEST[0]}x{SMALLEST[1]} is the least"
        )
    if max(width, height) > LARGEST:
        raise ValueError(f"a panel of {width}x{height} pixels is too large for the chart")
    return _Drawing(width, height).chart()


def draw(panel: Panel) -> Chart:
    """Draw the chart: one flash, then UPDATES partial updates. ValueError for the size of the panel."""
    drawn = chart(*panel.size)
    steps = drawn.dithers()
    shown = next(steps)
    panel.redraw(shown)
    for dither in steps:
        panel.show(dither, slice(0, dither.shape[0]), shown)
        shown = dither
    return drawn


def code(corner: int, payload: int) -> NDArray[np.uint8]:
    """The code of a marker, uint8[MARKER_BITS, MARKER_BITS], 1 = white.

    A hash: any two differ in so many of their bits that none is taken for another.
    """
    digest = hashlib.blake2b(f"longtake chart {corner} {payload}".encode(), digest_size=8).digest()
    bits = np.unpackbits(np.frombuffer(digest, np.uint8))
    return bits[: MARKER_BITS**2].reshape(MARKER_BITS, MARKER_BITS)


def payloads(width: int, height: int) -> tuple[int, ...]:
    """What the four markers say: version and size, 7 bits each."""
    bits = VERSION << 24 | width << 12 | height
    return tuple(bits >> shift & CODES - 1 for shift in (21, 14, 7, 0))


def size_of(payloads: tuple[int, ...]) -> tuple[int, int] | None:
    """(width, height) from what the markers say; None for a chart of another version."""
    bits = 0
    for payload in payloads:
        bits = bits << 7 | payload
    return (bits >> 12 & 0xFFF, bits & 0xFFF) if bits >> 24 == VERSION else None


class _Drawing:
    """A chart while it is laid out."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.redrawn = np.ones((height, width), np.uint8)
        self.final = np.ones((height, width), np.uint8)
        self.often = np.zeros((height, width), bool)
        self.patches: list[Patch] = []
        margin = max(8, min(width, height) // 60)
        title = max(16, min(width, height) // 24)
        inner = width - 2 * margin, height - 2 * margin - title
        wanted = _COUNT + 4 * _MARKER_CELLS**2
        self.cell, columns, rows = max(
            (min(inner[0] // columns, inner[1] // -(-wanted // columns)), columns, -(-wanted // columns))
            for columns in range(5, 30)
        )
        self.gap = max(8, self.cell // 6)
        left, top = (width - columns * self.cell) // 2, margin + (inner[1] - rows * self.cell) // 2
        self._text(height - margin - title, title)
        ends = range(_MARKER_CELLS), range(columns - _MARKER_CELLS, columns)
        cells = [
            (left + column * self.cell, top + row * self.cell)
            for row in range(rows)
            for column in range(columns)
            if not (
                (row < _MARKER_CELLS or row >= rows - _MARKER_CELLS)
                and (column in ends[0] or column in ends[1])
            )
        ]
        right, bottom = left + (columns - 2) * self.cell, top + (rows - 2) * self.cell
        self.markers = tuple(
            self._marker(corner, x, y)
            for corner, (x, y) in enumerate(((left, top), (right, top), (right, bottom), (left, bottom)))
        )
        half = self.gap // 2
        side = self.cell - self.gap
        self._boxes = iter([Box(x + half, y + half, side, side) for x, y in cells])

    def chart(self) -> Chart:
        self._fill()
        return Chart(
            (self.width, self.height), self.cell, self.markers, tuple(self.patches), self.redrawn, self.final,
            self.often,
        )  # fmt: skip

    def _fill(self) -> None:
        """All patches, in their order; the black ones and the ghosts lie far apart from their likes."""
        greys = _greys()
        parts: list[list[tuple[object, ...]]] = [
            [("black",)], self._ghosts(True), [("lines", n) for n in range(10)], [("black",)],
            [("lines", n) for n in range(10, len(_LINES))], [("black",)],
            [("dots", period, white) for white in (1, 0) for period in _DOTS],
            [("checkerboard", 1), ("checkerboard", 2)], [("black",)],
            [("grey", tile) for tile in greys], self._ghosts(False), [("black",)],
        ]  # fmt: skip
        for kind, *options in (patch for part in parts for patch in part):
            box = next(self._boxes)
            getattr(self, f"_{kind}")(box, *options)

    @staticmethod
    def _ghosts(first: bool) -> list[tuple[object, ...]]:
        found: list[tuple[object, ...]] = [
            ("ghost", darkened, updates, solid, first)
            for solid in (True, False)
            for updates in (1, UPDATES)
            for darkened in (True, False)
        ]
        return found if first else found[::-1]

    def _put(self, box: Box, pattern: NDArray[np.uint8], before: NDArray[np.uint8] | None = None) -> None:
        area = np.s_[box.y : box.y + box.height, box.x : box.x + box.width]
        self.final[area] = pattern
        self.redrawn[area] = pattern if before is None else before

    def _black(self, box: Box) -> None:
        self._put(box, np.zeros((box.height, box.width), np.uint8))
        self.patches.append(Patch("black", box, 0.0, solid=True))

    def _lines(self, box: Box, number: int) -> None:
        black, white = _LINES[number]
        rows, columns = np.indices((box.height, box.width))
        along = rows if number % 2 else columns
        period = black + white
        self._put(box, (along % period >= black).astype(np.uint8))
        self.patches.append(Patch("lines", box, white / period, 2 / period))

    def _dots(self, box: Box, period: int, white: int) -> None:
        rows, columns = np.indices((box.height, box.width))
        dot = (rows % period == period // 2) & (columns % period == period // 2)
        self._put(box, np.where(dot, white, 1 - white).astype(np.uint8))
        share, sign = 1 / period**2, 1 if white else -1
        self.patches.append(Patch("dots", box, share if white else 1 - share, 4 * share, 4 * sign * share))

    def _checkerboard(self, box: Box, side: int) -> None:
        self._put(box, _checks(box.height, box.width, side))
        self.patches.append(Patch("checkerboard", box, 0.5, 2 / side, 2 / side**2))

    def _grey(self, box: Box, tile: NDArray[np.uint8]) -> None:
        rows, columns = np.indices((box.height, box.width))
        pattern = tile[rows % TILE, columns % TILE]
        self._put(box, pattern)
        self.patches.append(Patch("grey", box, float(pattern.mean())))

    def _ghost(self, box: Box, darkened: bool, updates: int, solid: bool, first: bool) -> None:
        """`first`: the half that partial updates draw comes first."""
        half = box.width // 2
        final = np.full((box.height, half), 1 - darkened, np.uint8)
        if not solid:
            final = _checks(box.height, half, 1)
        before = np.full_like(final, int(darkened))
        boxes = Box(box.x, box.y, half, box.height), Box(box.x + half, box.y, half, box.height)
        share = 0.5 if not solid else 1.0 - darkened
        edges = 0.0 if solid else 2.0
        for number, part in enumerate(boxes):
            drawn = updates if (number == 0) == first else 0
            self._put(part, final, before if drawn else None)
            if drawn > 1:
                area = np.s_[part.y : part.y + part.height, part.x : part.x + part.width]
                self.often[area] = final != before
            self.patches.append(Patch("ghost", part, share, edges, 0.0, drawn, darkened, solid))

    def _marker(self, corner: int, x: int, y: int) -> Box:
        """Draw the marker of a corner, whose cells begin at (x, y), in their outer corner."""
        modules = MARKER_BITS + 2
        module = (_MARKER_CELLS * self.cell - self.gap) // modules
        bits = np.pad(code(corner, payloads(self.width, self.height)[corner]), 1)
        picture = np.kron(bits, np.ones((module, module), np.uint8)).astype(np.uint8)
        side, room = modules * module, _MARKER_CELLS * self.cell - self.gap // 2
        box = Box(
            x + (self.gap // 2 if corner in (0, 3) else room - side),
            y + (self.gap // 2 if corner in (0, 1) else room - side),
            side,
            side,
        )
        self._put(box, picture)
        return box

    def _text(self, top: int, height: int) -> None:
        text = (
            f"longtake panel chart {VERSION}   {self.width}x{self.height}   photograph all of it, sharp and "
            "without reflections"
        )
        image = Image.new("1", (8 * len(text), 12), 1)
        draw = ImageDraw.Draw(image)
        draw.text((0, 0), text, fill=0)
        image = image.crop((0, 0, int(draw.textlength(text)) + 1, 12))
        scale = max(1, min(height // 14, (self.width - 16) // image.width))
        image = image.resize((image.width * scale, image.height * scale), Image.Resampling.NEAREST)
        words = np.asarray(image, np.uint8)[:, : self.width]
        x, y = (self.width - words.shape[1]) // 2, top + (height - words.shape[0]) // 2
        self._put(Box(x, y, words.shape[1], words.shape[0]), words)


_COUNT = len(_LINES) + 2 * len(_DOTS) + _BLACKS + 2 + len(GREYS) + 16


def _checks(height: int, width: int, side: int) -> NDArray[np.uint8]:
    rows, columns = np.indices((height, width))
    return ((rows // side + columns // side) % 2).astype(np.uint8)


def _greys() -> list[NDArray[np.uint8]]:
    with files("driver").joinpath("greys.png").open("rb") as file, Image.open(file) as image:
        tiles = np.asarray(image, np.uint8)
    return list(np.split(tiles, len(GREYS), axis=1))
