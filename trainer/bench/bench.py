"""What this machine does in a second: a fit's updates, and an export's frames with each ditherer.

`bench` measures one after the other and says which it is at; `Bench.as_dict` is all of it as plain values.
The parts are in `benching/`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from trainer import machine
from trainer.bench.exporting import (
    Exported,
    Source,
    exported,
    stages,
)
from trainer.bench.timing import FILM_FRAMES
from trainer.bench.training import (
    Training,
    training,
)
from trainer.dithers import table as dithers
from trainer.dithers.table import DITHERS
from trainer.fit.train import Settings

__all__ = ["Bench", "Source", "bench"]

DEFINITIONS = {
    "update_seconds": "of one update: a pass over every patch, gradient, Adam, polishing, the next patches; "
    "median",
    "patch_pixels_per_second": "batch x patch x patch pixels per update",
    "operations_per_update": "multiplications and additions, by XLA's cost analysis of its program",
    "matmul_operations_per_second": "of a product of two float32 matrices of matmul_side, measured in turn "
    "with the updates; median",
    "share_of_matmul": "operations of the updates per second over those of the product",
    "stages_seconds": "per frame, each stage by itself in one thread; medians but for write, a mean",
    "dither_frames_per_second": "of the dithering alone, closed loop, by the median",
    "export_frames_per_second": "of `trainer export`, whose stages overlap",
    "film_seconds": f"what the export of a film of {FILM_FRAMES} frames would take at that rate",
    "first_frame_seconds": "the dither of the first frame, compiling included",
}
"""What the figures mean, by key."""


@dataclass(frozen=True)
class Bench:
    """All that was measured; `exports` by the ditherer's label."""

    preset: str
    training: Training
    source: Source
    exports: dict[str, Exported]
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """Plain values, the machine and versions too."""
        trained, film = self.training, self.source.film
        return {
            "machine": {**machine.describe(), "longtake": version("longtake")},
            "seconds_per_measurement": self.seconds,
            "training": {
                "preset": self.preset,
                "settings": trained.settings.as_dict(),
                "compile_seconds": trained.compiling,
                "update_seconds": trained.seconds,
                "updates_measured": trained.updates * len(trained.timing.each),
                "patch_pixels_per_second": trained.patch_pixels_per_second,
                "operations_per_update": trained.operations,
                "matmul_side": trained.side,
                "matmul_operations_per_second": trained.peak,
                "share_of_matmul": trained.share,
            },
            "film": {"name": film.name, "size": [film.width, film.height], "frames": FILM_FRAMES},
            "panel": list(self.source.tones.size),
            "dithers": {label: _exported(each) for label, each in self.exports.items()},
            "definitions": DEFINITIONS,
        }


def _exported(each: Exported) -> dict[str, Any]:
    return {
        "stages_seconds": each.stages.seconds,
        "stages_frames": each.stages.frames,
        "first_frame_seconds": each.stages.first,
        "flips_share": each.stages.flips,
        "dither_frames_per_second": each.stages.dithers_per_second,
        "export_frames_per_second": each.frames_per_second,
        "export_frames": each.frames,
        "film_seconds": each.film_seconds,
    }


def bench(
    preset: str,
    settings: Settings,
    source: Source,
    chosen: Mapping[str, tuple[str, float | None]],
    own: Mapping[str, Any],
    folder: Path,
    seconds: float,
    report: Callable[[str], None] = lambda what: None,
) -> Bench:
    """Measure everything, about `seconds` each; `report` is told what comes next.

    `settings` are those of the fit by the name of `preset`; `chosen` holds name and dial of each ditherer by
    label, `own` the settings that some have (`dithers.make`); reels are written into `folder`. OptionError
    and FilmError.
    """
    report("training")
    trained = training(settings, seconds)
    exports = {}
    for number, (label, (name, dial)) in enumerate(chosen.items()):
        its_own = {key: value for key, value in own.items() if key in DITHERS[name].settings}
        report(f"{label}, stage by stage")
        ditherer = dithers.make(name, dial, **its_own)
        by_stage = stages(source, ditherer, folder / f"{number}-stages.reel", seconds)
        report(f"{label}, export")
        reel = folder / f"{number}.reel"
        exports[label] = exported(source, by_stage, reel, seconds, dither=name, dial=dial, settings=its_own)
    return Bench(preset, trained, source, exports, seconds)
