"""What is exported and how: plain data that goes to the workers, and the words that a reel says of itself."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from trainer.dithers import table as dithers
from trainer.dithers.ditherer import Ditherer
from trainer.dithers.engines import has_accelerator
from trainer.films.film import Film
from trainer.films.parts import PART_FRAMES
from trainer.films.selection import Selection
from trainer.films.tones import Tones


@dataclass(frozen=True)
class Task:
    """The selected frames of a film in their tones, and the dither with its dial and its own settings
    (`dithers.make`); those that are paths go into the reel by their content. OptionError.
    """

    film: Path
    selection: Selection
    tones: Tones
    dither: str
    dial: float | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        dithers.check(self.dither, self.dial, **self.settings)

    def ditherer(self) -> Ditherer:
        """The ditherer. OptionError, TrainerError."""
        return dithers.make(self.dither, self.dial, **self.settings)

    def shares_device(self) -> bool:
        """Whether threads that dither at the same time are quicker than processes: on an accelerator."""
        return self._engine() == "parallel" and has_accelerator()

    def description(self, film: Film) -> dict[str, str]:
        """What the reel says of itself, and what must be the same for an interrupted export to go on."""
        selected = self.selection.as_dict()
        subtitles = {"subtitles": selected.pop("subtitles")} if self.selection.subtitles else {}
        return {
            "film": film.name,
            "film_bytes": str(film.size),
            "film_duration_ms": "unknown" if film.duration_ms is None else str(film.duration_ms),
            "film_rate": f"{film.rate:g}",
            "selection": json.dumps(selected),
            **subtitles,
            "tones": json.dumps(self.tones.as_dict()),
            "dither": self.dither,
            "dial": "default" if self.dial is None else f"{self.dial:g}",
            **({"engine": engine} if (engine := self._engine()) else {}),
            **self._own_settings(),
            "part_frames": str(PART_FRAMES),
            "tool": f"longtake {version('longtake')}",
        }

    def _engine(self) -> str | None:
        return dithers.engine(self.dither, self.settings.get("engine"))

    def _own_settings(self) -> dict[str, str]:
        own = {name: value for name, value in self.settings.items() if name != "engine"}
        if "weights" in dithers.DITHERS[self.dither].settings:
            own.setdefault("weights", None)  # those that ship, which another version of the tool may exchange
        return {"dither_settings": json.dumps(plain(own), sort_keys=True)} if own else {}


def plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as plain values: for the weights, wherever they lie, their hash.

    TrainerError for weights that cannot be read.
    """
    from trainer.dithers.generator.weights import digest

    return {key: digest(value) if key == "weights" else value for key, value in settings.items()}
