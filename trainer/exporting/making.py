"""One part of a film is dithered into a reel.

Three stages overlap, the first two in threads of their own: decode and tone; dither; compress and write.
"""

from collections.abc import Callable, Generator
from contextlib import closing

import numpy as np
from numpy.typing import NDArray

from player.reel import FrameInfo, ReelWriter
from trainer.ahead import ahead
from trainer.dithers import Ditherer
from trainer.walk import Selected


def make(
    writer: ReelWriter,
    frames: Generator[Selected, None, None],
    ditherer: Ditherer,
    report: Callable[[FrameInfo], None],
) -> None:
    """Dither the frames in closed loop after the last dither of the reel, and add them.

    Stopped by Ctrl-C it stores every frame that is done.
    """
    try:
        with closing(ahead(_dithered(ahead(frames), ditherer, writer.last))) as dithered:
            for frame, shown in dithered:
                report(writer.append(shown, frame.time_ms, frame.number, frame.cut))
    except KeyboardInterrupt:
        writer.commit()
        raise


def _dithered(
    selected: Generator[Selected, None, None], ditherer: Ditherer, shown: NDArray[np.uint8] | None
) -> Generator[tuple[Selected, NDArray[np.uint8]], None, None]:
    """Each frame with its dither, the one before it being what is shown."""
    with closing(selected):
        for frame in selected:
            shown = frame.dithered(ditherer, shown)
            yield frame, shown
