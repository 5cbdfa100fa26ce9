"""What the members of a sweep are worth: quality against flips on frames they were not trained on. Pure.

Each member is measured at a few dials, the network alone in closed loop. Quality at equal flips is its dB
over Floyd-Steinberg with hysteresis at as many flips: over the line through that one's own dials, in the
logarithm of the flips, held at its ends; the mean over the member's dials. The front holds the points than
which no other has as few flips and as many dB.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainer.dithers.eye import EYES
from trainer.dithers.generator.weights import Weights
from trainer.dithers.table import (
    Ditherer,
    make,
)
from trainer.evaluate.metrics import figures, median_figures
from trainer.evaluate.score import evaluate
from trainer.film_maker.unet import UNetSize
from trainer.films.selection import Selected
from trainer.films.stretches import stretches

SIZE = (384, 216)
"""Width and height of the frames that are scored."""
DIALS = (0.2, 0.5, 0.8)
BASELINE_DIALS = (0, 0.1, 0.2, 0.3, 0.5, 0.7, 1)
EYE = 6000
"""The eye by which members are ranked and the front is taken: half a metre away."""
_FEWEST = 1e-6
"""Flips are taken to be this share of the pixels at least, where a logarithm is taken."""


@dataclass(frozen=True)
class Point:
    """Where a dither stands: who made it (a member; None: hysteresis), its dial (None: it has none), flips as
    a share of the pixels, HVS-PSNR in dB by eye; the median over the films.
    """

    member: int | None
    dial: float | None
    flips: float
    psnr: dict[int, float]

    def as_dict(self) -> dict[str, Any]:
        """For a file: `member`, `dial`, `flips_share`, `psnr_s{eye}_db`."""
        decibels = {f"psnr_s{eye}_db": value for eye, value in self.psnr.items()}
        return {"member": self.member, "dial": self.dial, "flips_share": self.flips, **decibels}

    def beaten_by(self, other: "Point") -> bool:
        """Whether the other has as few flips and as many dB, and more of one of them."""
        here, there = (-self.flips, self.psnr[EYE]), (-other.flips, other.psnr[EYE])
        return there != here and all(b >= a for a, b in zip(here, there, strict=True))


def score(
    films: Sequence[Sequence[Selected]], weights: Mapping[int, Weights], report: Callable[[int], None]
) -> list[Point]:
    """The points of hysteresis and of every member, by number, on the frames of the films.

    `report` gets the number of frames done. OptionError where a film has no frame.
    """
    dithers: dict[str, tuple[int | None, float | None, Ditherer]] = {
        f"hysteresis:{dial}": (None, dial, make("hysteresis", dial)) for dial in BASELINE_DIALS
    }
    for number, own in weights.items():
        # A U-Net alone has no dial.
        dials: tuple[float | None, ...] = (None,) if isinstance(own.size, UNetSize) else DIALS
        for dial in dials:
            dithers[f"{number}:{dial}"] = number, dial, make("generator", dial, weights=own, polish=0)
    ditherers = {label: ditherer for label, (_, _, ditherer) in dithers.items()}
    scored, done = [], 0
    for frames in films:
        film = evaluate(stretches(frames), ditherers, report=_beyond(done, report))
        scored.append({label: figures(of.summary) for label, of in film.dithers.items()})
        done += len(frames)
    points = []
    for label, (member, dial, _) in dithers.items():
        found = median_figures([film[label] for film in scored])
        psnr = {eye: found[f"psnr_s{eye}_db"] or 0.0 for eye in EYES}
        points.append(Point(member, dial, found["flips_share"] or 0.0, psnr))
    return points


def over_hysteresis(points: Sequence[Point], member: int, eye: int) -> float:
    """The member's dB over hysteresis at equal flips, the mean over its dials."""
    line = [(point.flips, point.psnr[eye]) for point in points if point.member is None]
    own = [point for point in points if point.member == member]
    return float(np.mean([over_line(line, point.flips, point.psnr[eye]) for point in own]))


def over_line(line: Iterable[tuple[float, float]], flips: float, decibels: float) -> float:
    """dB over the line through points of (flips as a share, dB) at the same flips."""
    shares, levels = zip(*sorted(line, key=lambda point: point[0]), strict=True)
    return decibels - float(np.interp(_log(flips), [_log(share) for share in shares], levels))


def front(points: Sequence[Point]) -> list[Point]:
    """The members' points that no other member's beats, by rising flips."""
    members = [point for point in points if point.member is not None]
    best = [point for point in members if not any(point.beaten_by(other) for other in members)]
    return sorted(best, key=lambda point: (point.flips, point.member))


def _beyond(before: int, report: Callable[[int], None]) -> Callable[[int], None]:
    """A report of what is done beyond what was done before."""
    return lambda done: report(before + done)


def _log(flips: float) -> float:
    return float(np.log(max(flips, _FEWEST)))
