"""Makes driver/greys.png: the flat greys of the chart, as `search` dithers them.

    python benchmarks/chart_greys.py

A 1-bit PNG of square tiles side by side, one for each of SHARES. A tile is the middle of a larger picture,
where the search does not feel the edge.
"""

from pathlib import Path

import numpy as np
from PIL import Image

from driver.chart import GREYS, TILE
from trainer.dithers.table import DEFAULT, make

MARGIN = 48


def tile(share: float) -> np.ndarray:
    """The dither of a flat grey, uint8[TILE, TILE]: the crop whose share of white is nearest to `share`."""
    frame = np.full((TILE + 2 * MARGIN,) * 2, share, np.float32)
    [dither] = make(DEFAULT, None)([frame])
    crops = (
        dither[y : y + TILE, x : x + TILE]
        for y in range(24, 2 * MARGIN - 24)
        for x in range(24, 2 * MARGIN - 24)
    )
    return min(crops, key=lambda crop: abs(float(crop.mean()) - share))


if __name__ == "__main__":
    tiles = np.hstack([tile(share) for share in GREYS])
    path = Path(__file__).parent.parent / "driver" / "greys.png"
    Image.fromarray(tiles * np.uint8(255)).convert("1").save(path, optimize=True)
    print(f"{path.name}: {path.stat().st_size} bytes")
