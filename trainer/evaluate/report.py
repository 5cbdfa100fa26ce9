"""An evaluation as plain data: what `trainer evaluate --json` writes.

    format, format_version, tool    "longtake evaluation", 2, "longtake X.Y.Z"
    definitions   what each figure means, by key (`metrics.definitions`); the units are in the keys
    settings      size_px [width, height], eyes_px (the distances S), stretch_frames (the longest there may
                  be), redraw_limit (of the error that begins one), made_for and seen_on (levels of the
                  glass: {black, white, spread}), dither_options {what was given of the dithers' own; weights
                  as the SHA-256 of the file}
    dithers       a list of {label, name, dial (null: the dither's own), texture: a list, one for each grey}
    films         a list of {film, film_bytes, film_rate_hz, selection, tones, frames, cut_film_frames (the
                  first frame of each shot but the first), z_score_cut_film_frames (by the film-maker's rule),
                  redraw_film_frames (of the plan, without the one at the start),
                  per_frame {film_frame, time_ms, difference_tone, tone_change_tone}, dithers {label:
                  {figures, per_frame {psnr_s2000_db, psnr_s6000_db, flips_pixels and darkened_pixels (null at
                  a redraw), net_pixels}}}}; a per_frame holds lists with one entry per frame
    median_over_films    {label: figures} from two films on, else null
    machine       all that differs from one machine to the next: what `machine.describe` says, and
                  seconds_per_frame, a list as long as films of {label: {first, median, mean}}, the last two
                  without the first frame, which may compile or load

null stands for what cannot be measured. All but `machine` is the same whenever the same versions run.
"""

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from statistics import fmean, median
from typing import Any

from trainer.dithers.eye import EYES
from trainer.dithers.levels import CLEAN, Levels
from trainer.evaluate.metrics import Figures, definitions, figures, median_figures
from trainer.evaluate.score import Evaluation, Trace
from trainer.evaluate.texture import Texture
from trainer.films.film import Film
from trainer.films.plan import Plan
from trainer.films.selection import Selection
from trainer.films.tones import Tones
from trainer.machine import describe


@dataclass(frozen=True)
class FilmReport:
    """One film, what was selected of it, how it was toned, and its evaluation."""

    film: Film
    selection: Selection
    tones: Tones
    evaluation: Evaluation

    @property
    def figures(self) -> dict[str, Figures]:
        """The film's figures under each dither, by label."""
        return {label: figures(scored.summary) for label, scored in self.evaluation.dithers.items()}


@dataclass(frozen=True)
class Report:
    """All that one run of `trainer evaluate` found.

    `dithers` is name and dial by label, `textures` the greys of each; `films` at least one, all of one size;
    `plan` of the redraws, with the levels of the glass that the dithers are made for; `seen_on` those of the
    glass that shows them; `options` the dithers' own, as plain values.
    """

    dithers: Mapping[str, tuple[str, float | None]]
    textures: Mapping[str, Sequence[Texture]]
    films: Sequence[FilmReport]
    plan: Plan
    seen_on: Levels = CLEAN
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def median(self) -> dict[str, Figures]:
        """The median over the films, by label."""
        films = [film.figures for film in self.films]
        return {label: median_figures([film[label] for film in films]) for label in self.dithers}

    def as_dict(self) -> dict[str, Any]:
        """Everything, as described at the top of this module."""
        return {
            "format": "longtake evaluation",
            "format_version": 2,
            "tool": f"longtake {version('longtake')}",
            "definitions": definitions(),
            "settings": {
                "size_px": list(self.films[0].tones.size),
                "eyes_px": list(EYES),
                "stretch_frames": self.plan.longest,
                "redraw_limit": self.plan.limit,
                "made_for": self.plan.levels._asdict(),
                "seen_on": self.seen_on._asdict(),
                "dither_options": dict(self.options),
            },
            "dithers": [
                {
                    "label": label,
                    "name": name,
                    "dial": dial,
                    "texture": [_texture(texture) for texture in self.textures[label]],
                }
                for label, (name, dial) in self.dithers.items()
            ],
            "films": [_film(film) for film in self.films],
            "median_over_films": self.median if len(self.films) > 1 else None,
            "machine": {
                **describe(),
                "seconds_per_frame": [_seconds(film.evaluation) for film in self.films],
            },
        }


def _film(report: FilmReport) -> dict[str, Any]:
    evaluation = report.evaluation
    numbers = evaluation.numbers
    pixels = report.tones.size[0] * report.tones.size[1]
    return {
        "film": report.film.name,
        "film_bytes": report.film.size,
        "film_rate_hz": report.film.rate,
        "selection": report.selection.as_dict(),
        "tones": report.tones.as_dict(),
        "frames": len(numbers),
        "cut_film_frames": [numbers[index] for index in evaluation.cuts],
        "z_score_cut_film_frames": [numbers[index] for index in evaluation.cuts_by_z_score()],
        "redraw_film_frames": [numbers[index] for index in evaluation.redraws],
        "per_frame": {
            "film_frame": numbers.tolist(),
            "time_ms": evaluation.times_ms.tolist(),
            "difference_tone": _known(evaluation.difference),
            "tone_change_tone": _known(evaluation.tone_change),
        },
        "dithers": {
            label: {
                "figures": figures(scored.summary),
                "per_frame": _per_frame(scored.trace, pixels),
            }
            for label, scored in evaluation.dithers.items()
        },
    }


def _per_frame(trace: Trace, pixels: int) -> dict[str, Any]:
    return {
        **{f"psnr_s{eye}_db": _known(column) for eye, column in trace.psnr.items()},
        "flips_pixels": _counts(trace.flips, pixels),
        "darkened_pixels": _counts(trace.darkened, pixels),
        "net_pixels": _counts(trace.net, pixels),
    }


def _known(column: "array[float]") -> list[float | None]:
    return [None if math.isnan(value) else value for value in column]


def _counts(shares: "array[float]", pixels: int) -> list[int | None]:
    return [None if math.isnan(share) else round(share * pixels) for share in shares]


def _texture(texture: Texture) -> dict[str, Any]:
    return {
        "grey_tone": texture.grey,
        "white_share": texture.white,
        "principal_frequency_cycles_per_px": texture.principal,
        "leak_ratio": texture.leak,
        "anisotropy_db": texture.anisotropy,
        "rings": {
            "frequency_cycles_per_px": texture.frequency,
            "power_ratio": texture.power,
            "anisotropy_db": texture.ring_anisotropy,
        },
    }


def _seconds(evaluation: Evaluation) -> dict[str, dict[str, float | None]]:
    return {label: seconds_per_frame(scored.trace) for label, scored in evaluation.dithers.items()}


def seconds_per_frame(trace: Trace) -> dict[str, float | None]:
    """What a frame took the ditherer on this machine: the first one, and median and mean of the others.

    A ditherer that looks ahead works for many frames at once; then only the mean says much.
    """
    first, *others = trace.seconds
    return {
        "first": first,
        "median": median(others) if others else None,
        "mean": fmean(others) if others else None,
    }
