"""The glass as the player believes it to be: the dither on the panel, with its ghosts. Pure.

A pixel drawn black over white by a partial update stays slightly grey until the next redraw. The player knows
the dither now on the panel and the one of the last redraw, so it can tell which pixels went from white to
black in between. A pixel that was black at the redraw, went white and came back is a ghost too, but the two
dithers do not show it. Such pixels are rare, and the picture shows them black.

The greys are a model, chosen to be visible; nobody has measured them.
"""

import numpy as np
from numpy.typing import NDArray

BLACK, GHOST, WHITE = 32, 48, 224  # reflectance, 0 to 255


def glass(dither: NDArray[np.uint8], redrawn: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Reflectance uint8[H, W] of BLACK, GHOST and WHITE, from the dither now on the panel and the one of
    the last redraw, both uint8[H, W] of 0 and 1.
    """
    seen = np.where(dither, np.uint8(WHITE), np.uint8(BLACK))
    seen[dither < redrawn] = GHOST
    return seen
