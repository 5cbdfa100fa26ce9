"""What is exported and how, as plain data; and what a reel says of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from trainer.dithers import table as dithers
from trainer.dithers.ditherer import Ditherer
from trainer.dithers.engines import has_accelerator
from trainer.dithers.levels import Levels
from trainer.errors import TrainerError
from trainer.films.container import LONGEST_TITLE, tidy
from trainer.films.film import Film
from trainer.films.luma import CURVES
from trainer.films.plan import USUAL, Plan
from trainer.films.selection import Selection
from trainer.films.tones import Tones


@dataclass(frozen=True)
class DitherSpec:
    """Which ditherer to make. It can be sent to another machine: it holds weights, not their path.

    engine: the export's, or None for a dither without engines. content: the dither's own settings as the reel
    describes them, which stand for `settings` in comparisons. tool: this program with its version.
    """

    dither: str
    dial: float | None
    levels: Levels
    engine: str | None
    content: str
    tool: str
    settings: Mapping[str, Any] = field(compare=False)

    def ditherer(self) -> Ditherer:
        """The ditherer, which a process makes once. OptionError, TrainerError."""
        return _ditherer(self)

    def check(self) -> None:
        """Called in a worker of a cluster. TrainerError where its dithers would not be the export's."""
        if tool() != self.tool:
            raise TrainerError(
                f"a worker of the cluster has {tool()}, the export {self.tool}; install the same version on "
                "all machines"
            )
        own = dithers.engine(self.dither, self.settings.get("engine"))
        if own != self.engine:
            raise TrainerError(
                f"a worker of the cluster uses the engine {own}, the export {self.engine}, and their dithers "
                f"differ; add --engine {self.engine} for all to use it"
            )


@lru_cache(maxsize=1)
def _ditherer(spec: DitherSpec) -> Ditherer:
    return dithers.make(spec.dither, spec.dial, spec.levels, **spec.settings)


@dataclass(frozen=True)
class Task:
    """What is exported and how. OptionError.

    The selected frames of a film in their tones; the dither's name, its dial (None: its default) and its own
    settings by name (`dithers/table.py`). plan: of the redraws, with the levels of the glass. stream: the
    number of the film's video stream (`films/decoder.py`). title: instead of the film's own.
    """

    film: Path
    selection: Selection
    tones: Tones
    dither: str
    dial: float | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    plan: Plan = USUAL
    stream: int | None = None
    title: str | None = None

    def __post_init__(self) -> None:
        dithers.check(self.dither, self.dial, **self.settings)

    def spec(self) -> DitherSpec:
        """Which ditherer to make. TrainerError for weights that cannot be read."""
        settings = dict(self.settings)
        if "weights" in dithers.DITHERS[self.dither].settings:
            from trainer.dithers.generator.weights import load

            settings["weights"] = load(settings.get("weights"))
        return DitherSpec(
            self.dither,
            self.dial,
            self.plan.levels,
            self._engine(),
            json.dumps(self._own_settings()),
            tool(),
            settings,
        )

    def shares_device(self) -> bool:
        """Whether workers are threads that share an accelerator, not processes."""
        return self._engine() == "parallel" and has_accelerator()

    def description(self, film: Film) -> dict[str, str]:
        """What the reel says of itself. An interrupted export resumes only if all of it is the same."""
        selected, levels = self.selection.as_dict(), self.plan.levels
        subtitles = {"subtitles": selected.pop("subtitles")} if self.selection.subtitles else {}
        return {
            "film": film.name,
            "film_bytes": str(film.size),
            "film_duration_ms": "unknown" if film.duration_ms is None else str(film.duration_ms),
            "film_rate": f"{film.rate:g}",
            "film_stream": str(film.stream),
            **_told_by(film, self.title),
            "selection": json.dumps(selected),
            **subtitles,
            "tones": json.dumps(self.tones.as_dict()),
            "dither": self.dither,
            "dial": "default" if self.dial is None else f"{self.dial:g}",
            **({"engine": engine} if (engine := self._engine()) else {}),
            **self._own_settings(),
            "stretch": str(self.plan.longest),
            "redraw_limit": f"{self.plan.limit:g}",
            "ghost": f"{levels.black:g}",
            "ghost_spread": f"{levels.spread:g}",
            "ghost_white": f"{1 - levels.white:g}",
            "tool": tool(),
        }

    def _engine(self) -> str | None:
        return dithers.engine(self.dither, self.settings.get("engine"))

    def _own_settings(self) -> dict[str, str]:
        own = {name: value for name, value in self.settings.items() if name != "engine"}
        if "weights" in dithers.DITHERS[self.dither].settings:
            own.setdefault("weights", None)  # the shipped weights may differ in another version of the tool
        return {"dither_settings": json.dumps(plain(own), sort_keys=True)} if own else {}


def _told_by(film: Film, title: str | None) -> dict[str, str]:
    """Title, chapters and the curve for high dynamic range, where there are any."""
    title = film.title if title is None else tidy(title, LONGEST_TITLE)
    chapters = [{"time_ms": time_ms, "title": text} for time_ms, text in film.chapters]
    return {
        **({"title": title} if title else {}),
        **({"chapters": json.dumps(chapters, ensure_ascii=False)} if chapters else {}),
        **({"film_curve": CURVES[film.transfer]} if film.transfer in CURVES else {}),
    }


def tool() -> str:
    """This program and its version."""
    return f"longtake {version('longtake')}"


def plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as plain values; weights become the hash of their file, wherever it lies.

    TrainerError for weights that cannot be read.
    """
    from trainer.dithers.generator.weights import digest

    return {key: digest(value) if key == "weights" else value for key, value in settings.items()}
