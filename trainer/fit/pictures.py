"""Pictures of a run: samples of the network's work, curves of its figures, and TensorBoard's files.

The samples are what the network alone makes of the same four scenes every time: two consecutive frames each,
found in the clips that the fit is trained on (in up to 256, spread evenly), by a rule:
    cut     the two frames that differ most (`cuts.difference`), the second shown after the first
    light   the brightest frame
    dark    the darkest that is not all but black, mean 8 of 255 or more
    flat    the least varied frame with a mean in the middle half, or of all if there is none
A clip serves once, and earlier scenes in this list choose first.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jax import Array
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from trainer.errors import OptionError
from trainer.films.cuts import difference
from trainer.fit.data import Clips

_LOOK_AT = 256
_BLACK = 8
_GAP, _SCALE = 4, 2


class Scene(NamedTuple):
    """Two consecutive frames uint8[2, side, side], and where they were found: clip, number of the first."""

    name: str
    clip: int
    number: int
    frames: NDArray[np.uint8]


def choose_scenes(clips: Clips) -> list[Scene]:
    """The scenes, by the module's rule; fewer where there are fewer clips."""
    numbers = np.unique(np.linspace(0, len(clips) - 1, min(len(clips), _LOOK_AT)).astype(int))
    looked = clips[numbers]
    changes = np.array([[difference(a, b) for a, b in pairwise(clip)] for clip in looked])
    means, spreads = looked[:, 1].mean((1, 2)), looked[:, 1].std((1, 2))
    middle = (means >= 64) & (means <= 192)
    keys = {
        "cut": changes.max(1),
        "light": means,
        "dark": np.where(means >= _BLACK, -means, -np.inf),
        "flat": np.where(middle | (not middle.any()), -spreads, -np.inf),
    }
    taken: list[int] = []
    scenes = []
    for name, key in keys.items():
        if len(taken) == len(numbers):
            break
        best = max((number for number in range(len(numbers)) if number not in taken), key=key.__getitem__)
        taken.append(best)
        first = int(changes[best].argmax()) if name == "cut" else 0
        scenes.append(Scene(name, int(numbers[best]), first, looked[best, first : first + 2]))
    return scenes


Loop = Callable[[Any, Any], Array]
"""(generator's weights, frames float32[B, 2, H, W]) -> dithers, the second shown after the first."""


def sheet(scenes: list[Scene], dithers: NDArray[np.float32]) -> bytes:
    """A PNG: a row for each scene with first frame, its dither, second frame, its dither; twice their size.

    dithers: float32[scenes, 2, side, side] of 0 and 1.
    """
    side = scenes[0].frames.shape[-1]
    step = side + _GAP
    page = np.full((step * len(scenes) - _GAP, 4 * step - _GAP), 128, np.uint8)
    for row, scene in enumerate(scenes):
        for number in range(2):
            pair = scene.frames[number], (255 * dithers[row, number]).astype(np.uint8)
            for column, picture in enumerate(pair, 2 * number):
                page[row * step :, column * step :][:side, :side] = picture
    stream = io.BytesIO()
    Image.fromarray(page.repeat(_SCALE, 0).repeat(_SCALE, 1)).save(stream, "PNG")
    return stream.getvalue()


_CHARTS = (
    ("loss", ("loss",), 1),
    ("loss of the critic", ("critic",), 1),
    ("energy per pixel", ("energy",), 1),
    ("flips, %", ("flips",), 100),
    ("white and tone, %", ("white", "tone"), 100),
    ("unsure: pi (1 - pi)", ("unsure",), 1),
)


def curves(rows: Sequence[Mapping[str, float]]) -> bytes:
    """A PNG with a small chart for each figure over the updates; the same rows give the same bytes."""
    figure = Figure(figsize=(9, 5), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    steps = [row["step"] for row in rows]
    for number, (title, names, scale) in enumerate(_CHARTS, 1):
        axes = figure.add_subplot(2, 3, number)
        for name in names:
            axes.plot(steps, [scale * row[name] for row in rows], linewidth=1, label=name)
        axes.set_title(title, fontsize=9)
        axes.tick_params(labelsize=7)
        axes.set_xlabel("updates", fontsize=7)
        if len(names) > 1:
            axes.legend(fontsize=7, frameon=False)
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    return stream.getvalue()


class Events:
    """Writes TensorBoard's event files into a folder by the optional package tensorboardX. After a resume,
    events beyond `step` no longer count. Close it at the end. OptionError without tensorboardX.
    """

    def __init__(self, folder: Path, step: int) -> None:
        try:
            from tensorboardX import SummaryWriter
        except ImportError:
            raise OptionError(
                "--tensorboard needs the package tensorboardX: pip install 'longtake[tensorboard]'"
            ) from None
        self._writer: Any = SummaryWriter(str(folder), purge_step=step + 1 if step else None)

    def close(self) -> None:
        """Write what is left."""
        self._writer.close()

    def log(self, row: Mapping[str, float]) -> None:
        """Add a report, as it is in metrics.jsonl."""
        for name, value in row.items():
            if name not in ("step", "seconds"):
                self._writer.add_scalar(name, value, int(row["step"]))

    def picture(self, png: bytes, step: int) -> None:
        """Add a sheet of sample pictures."""
        with Image.open(io.BytesIO(png)) as image:
            self._writer.add_image("samples", np.asarray(image), step, dataformats="HW")
        self._writer.flush()
