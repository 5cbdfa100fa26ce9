"""TensorBoard's event files of a fit, written on request by the package tensorboardX, which is optional."""

import io
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from PIL import Image

from trainer.errors import OptionError


class Events:
    """Writes figures and sample pictures into a folder; after a resume, what lies beyond `step` counts as
    struck out. Close it at the end. OptionError without tensorboardX.
    """

    def __init__(self, folder: Path, step: int) -> None:
        try:
            from tensorboardX import SummaryWriter
        except ImportError:
            raise OptionError(
                "--tensorboard needs the package tensorboardX: pip install 'longtake[tensorboard]'"
            ) from None
        self._writer: Any = SummaryWriter(str(folder), purge_step=step + 1 if step else None)

    def __enter__(self) -> "Events":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
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
