"""Many generators trained at once by one compiled program, and scored on frames that none was trained on.

The settings of a sweep's members differ only in what a sweep may vary (`fit/settings.py`): numbers that are
arguments of the compiled update, and the schedule of the learning rates. Weights, optimisers, pools and
numbers of all members have a leading axis [members]; the clips are the same for all. Each member makes the
updates of a fit of its own with its settings on those clips. One that is lost does not affect the others.

On an accelerator `vmap` makes one update of all members at once. On a CPU that takes longer than one member
after another (`benchmarks/sweep.py`), so there the update, compiled once, is called for each.

Each member is scored at a few dials, the network alone in closed loop. Quality at equal flips is its dB over
Floyd-Steinberg with hysteresis at as many flips: over the line through that one's own dials, in the logarithm
of the flips, level beyond its ends; the mean over the member's dials. The front holds the points that no
other point beats in flips and dB.

A sweep's folder:
    settings.json          films, held-out frames, budget, and all settings of each member
    metrics.jsonl          a line per report and member: member, update, seconds, rate, losses
    members/NN/weights.npz the generator of member NN as last saved, for `--weights DIR/members/NN`; none of
                           a member that is lost
    scores.json            what the members are worth, once all updates are made
    front.png              the same as a picture
"""

import json
import math
import os
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from trainer.dithers.ditherer import Ditherer
from trainer.dithers.eye import EYES
from trainer.dithers.generator.weights import NAME, Weights, save
from trainer.dithers.table import make
from trainer.errors import OptionError, TrainerError
from trainer.evaluate.charts import COLOURS, MARKERS, PALE, STYLE, Label, Series, draw_front, place
from trainer.evaluate.metrics import figures, median_figures
from trainer.evaluate.score import evaluate
from trainer.files import check_unused, make_folder, write_whole
from trainer.films.film import BEGINNING, Film, FilmFrame
from trainer.films.selection import Selected
from trainer.films.stretches import stretches
from trainer.films.times import Place
from trainer.fit.data import LENGTH, Clips
from trainer.fit.metrics import Metrics, trouble
from trainer.fit.settings import CommonSettings, Hyper, shape_of, stacked_hyper
from trainer.fit.train import CHECKPOINT_SECONDS, State, objective_of, one_update, rates, start, weights_of

Tree = TypeVar("Tree")

Together = Callable[[Hyper, State, Array, NDArray[np.float32]], tuple[State, Metrics]]
"""(numbers, states, clips, rates [n, members]) -> the states after n updates, mean metrics [members]."""

# Many updates of many members.


def starts(members: Sequence[CommonSettings], clips: Array) -> State:
    """The states of all members before the first update."""
    by_seed = {settings.seed: settings for settings in members}
    begun = {seed: start(settings, clips) for seed, settings in by_seed.items()}
    return stacked([begun[settings.seed] for settings in members])


def stacked(trees: list[Tree]) -> Tree:
    """One tree of all, the members along a new first axis; by NumPy, which need not compile for a shape."""
    return jax.tree.map(lambda *leaves: np.stack(leaves), *jax.device_get(trees))


def member(tree: Tree, number: int) -> Tree:
    """One member's part of a stacked tree; no copy."""
    return jax.tree.map(lambda leaf: leaf[number], jax.device_get(tree))


def rates_of(
    members: Sequence[CommonSettings], step: int, progress: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Learning rates of the updates from `step` on, float32[n, members]."""
    return np.stack([rates(settings, step, progress) for settings in members], 1)


def together(members: Sequence[CommonSettings]) -> Together:
    """The updates of these members, for the device at hand; compiled once for all that have the same shape.

    OptionError where the members differ in something that one program cannot vary.
    """
    shape, *others = {shape_of(settings) for settings in members}
    if others:
        differing = [
            name for name, value in shape.as_dict().items() if value != others[0].as_dict().get(name)
        ]
        raise OptionError(f"one program cannot vary {', '.join(differing)}; fit those members by themselves")
    return (in_turn if jax.default_backend() == "cpu" else at_once)(shape)


@cache
def at_once(settings: CommonSettings) -> Together:
    """Each update that of all members at once, and all updates one loop on the device."""
    each = jax.vmap(objective_of(settings).update(settings, None), (0, 0, None, 0))

    @jax.jit
    def many(hyper: Hyper, states: State, clips: Array, rates: NDArray[np.float32]) -> tuple[State, Metrics]:
        states, metrics = jax.lax.scan(lambda s, rate: each(hyper, s, clips, rate), states, rates)
        return states, jax.tree.map(lambda values: values.mean(0), metrics)

    return many


@cache
def in_turn(settings: CommonSettings) -> Together:
    """One compiled update, called for one member after another."""
    update = one_update(settings)

    def many(hyper: Hyper, states: State, clips: Array, rates: NDArray[np.float32]) -> tuple[State, Metrics]:
        after, means = [], []
        for number in range(rates.shape[1]):
            own, state, each = member(hyper, number), member(states, number), []
            for rate in rates[:, number]:
                state, metrics = update(own, state, clips, rate)
                each.append(metrics)
            after.append(state)
            means.append(jax.tree.map(lambda *values: np.mean(values), *jax.device_get(each)))
        return stacked(after), stacked(means)

    return many


@dataclass
class Trained:
    """The members after their updates, by number: weights of those that are well, what befell the others, and
    the last loss of each.
    """

    weights: dict[int, Weights] = field(default_factory=dict)
    lost: dict[int, str] = field(default_factory=dict)
    losses: dict[int, float] = field(default_factory=dict)

    def note(self) -> str:
        """The losses, for a progress bar."""
        losses = [loss for number, loss in self.losses.items() if number not in self.lost]
        lost = f", {len(self.lost)} lost" if self.lost else ""
        return (f"loss {min(losses):.3f} to {max(losses):.3f}" if losses else "") + lost


def train(
    members: Sequence[CommonSettings],
    clips: Clips,
    steps: int,
    folder: "SweepFolder",
    about: dict[str, Any],
    report: Callable[[int, str], None] = lambda done, note: None,
) -> Trained:
    """Make all updates of all members; the same call gives the same weights.

    Weights are kept every minute, and on Ctrl-C as they are after the last report. `about` is said of each;
    `report` gets the number of updates and a note.
    """
    on_device = jnp.asarray(clips)
    states, hyper, many = starts(members, on_device), stacked_hyper(members), together(members)
    trained = Trained()
    done, begun, saved = 0, time.monotonic(), time.monotonic()

    def keep() -> None:
        for number, settings in enumerate(members):
            if number in trained.lost:
                folder.drop(number)
                continue
            said = {**about, "settings": settings.as_dict()}
            trained.weights[number] = weights_of(settings, said, member(states, number))
            folder.save(number, trained.weights[number])

    try:
        while done < steps:
            count = min(members[0].chunk, steps - done)
            ahead = rates_of(members, done, (done + np.arange(count)) / steps)
            states, means = many(hyper, states, on_device, ahead)
            done += count
            seconds = round(time.monotonic() - begun, 1)
            rows = []
            for number in range(len(members)):
                if number not in trained.lost:
                    metrics = Metrics(*(float(value[number]) for value in means))
                    row = {"member": number, "step": done, "seconds": seconds}
                    rows.append({**row, "rate": float(ahead[-1, number]), **_plain(metrics)})
                    trained.losses[number] = metrics.loss
                    if found := trouble(metrics, members[number].imitates):
                        trained.lost[number] = f"{found[0]}, after {done} updates"
            folder.log(rows)
            report(done, trained.note())
            if time.monotonic() - saved > CHECKPOINT_SECONDS:
                keep()
                saved = time.monotonic()
    except KeyboardInterrupt:
        if done:
            keep()
        raise
    keep()
    trained.weights = {n: own for n, own in trained.weights.items() if n not in trained.lost}
    return trained


def _plain(metrics: Metrics) -> dict[str, float | None]:
    """As JSON, which has no nan."""
    return {name: value if math.isfinite(value) else None for name, value in metrics._asdict().items()}


class SweepFolder:
    """A new folder. OptionError where it is there already or cannot be made; TrainerError for the disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        check_unused(folder, ", and a sweep begins anew; name another")
        there = next(above for above in (folder, *folder.absolute().parents) if above.exists())
        if not there.is_dir() or not os.access(there, os.W_OK):
            raise OptionError(f"--out {folder} cannot be made in {there}; name another folder")

    def begin(self, about: dict[str, Any]) -> None:
        """Make it, and say what it will hold."""
        make_folder(self.folder)
        self.write("settings.json", about)

    def member(self, number: int) -> Path:
        """Where the weights of a member lie."""
        return self.folder / "members" / f"{number:02d}"

    def log(self, rows: list[dict[str, Any]]) -> None:
        """Add lines of figures, one for each member."""
        try:
            with (self.folder / "metrics.jsonl").open("a") as file:
                file.write("".join(json.dumps(row) + "\n" for row in rows))
        except OSError as error:
            raise _unwritten(self.folder, error) from None

    def save(self, number: int, weights: Weights) -> None:
        """Keep a member's weights in place of those before."""
        try:
            self.member(number).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritten(self.folder, error) from None
        save(self.member(number) / NAME, weights)

    def drop(self, number: int) -> None:
        """Leave no weights of a member that is lost."""
        (self.member(number) / NAME).unlink(missing_ok=True)

    def write(self, name: str, content: dict[str, Any] | bytes) -> None:
        """A whole file: bytes, or anything else as JSON."""
        data = content if isinstance(content, bytes) else (json.dumps(content, indent=1) + "\n").encode()
        write_whole(self.folder / name, data)


def _unwritten(folder: Path, error: OSError) -> TrainerError:
    reason = (error.strerror or str(error)).lower()
    return TrainerError(f"{folder} cannot be written to: {reason}; free space and sweep into another folder")


# Frames that are kept from training.

USUAL_START = 0.75
"""Where in a film the held-out frames begin by default: before the credits."""


def held_out_frames(film: Film, start: Place | None, count: int) -> range:
    """The numbers of the frames to hold out. OptionError where the film, by its header, has too few."""
    if count < 2:
        raise OptionError(f"--test-count {count}: score 2 frames or more, as flips lie between two")
    frames = film.estimate()
    if start is None and frames is None:
        raise OptionError(f"{film.name} does not say how long it is; give --test-start")
    first = int(USUAL_START * (frames or 0)) if start is None else film.about(start)
    if start is None and frames is not None:
        first = max(0, min(first, frames - count))
    if frames is not None and (first + count > frames or frames - count < LENGTH):
        raise OptionError(
            f"{film.name} has {frames} frames, too few to keep {count} from {first} on for the score and "
            f"train on {LENGTH} others; choose another --test-start, a smaller --test-count, or a longer film"
        )
    return range(first, first + count)


class WithoutHeldOut(Film):
    """A film without its held-out frames; what follows them comes like a cut."""

    def __init__(self, path: Path, held_out: range) -> None:
        super().__init__(path)
        self.held_out = held_out

    def frames(
        self,
        start: Place = BEGINNING,
        end: Place | None = None,
        every: int = 1,
        resume: int = 0,
        resume_ms: int | None = None,
    ) -> Generator[FilmFrame, None, None]:
        """As a film's, with their own numbers, but without those held out."""
        frames = super().frames(start, end, every, resume, resume_ms)
        return (frame for frame in frames if frame.number not in self.held_out)

    def estimate(self, start: Place = BEGINNING, end: Place | None = None, every: int = 1) -> int | None:
        """As a film's, without those held out if they all lie in between."""
        frames = super().estimate(start, end, every)
        inside = self.about(start) <= self.held_out.start and end is None
        return frames - len(self.held_out[::every]) if frames is not None and inside else frames


# What the members are worth.

SIZE = (384, 216)
"""Width and height of the scored frames."""
DIALS = (0.2, 0.5, 0.8)
BASELINE_DIALS = (0, 0.1, 0.2, 0.3, 0.5, 0.7, 1)
EYE = 6000
"""The eye that ranks the members and decides on the front: half a metre away."""
_FEWEST = 1e-6
"""The least share of flips in a logarithm."""


@dataclass(frozen=True)
class Point:
    """The score of a dither, the median over the films: its member (None: hysteresis), its dial (None: it has
    none), flips as a share of the pixels, and HVS-PSNR in dB by eye.
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
        """Whether the other is as good in flips and in dB, and better in one of them."""
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
        dials: tuple[float | None, ...] = DIALS if own.kind.has_dial else (None,)
        for dial in dials:
            dithers[f"{number}:{dial}"] = number, dial, make("generator", dial, weights=own, polish=0)
    ditherers = {label: ditherer for label, (_, _, ditherer) in dithers.items()}
    scored, done = [], 0
    for frames in films:
        film = evaluate(stretches(frames), ditherers, report=partial(_beyond, done, report))
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
    """The members' points that no other member's point beats, by rising flips."""
    members = [point for point in points if point.member is not None]
    best = [point for point in members if not any(point.beaten_by(other) for other in members)]
    return sorted(best, key=lambda point: (point.flips, point.member))


def _beyond(before: int, report: Callable[[int], None], done: int) -> None:
    """Report what is done beyond what was done before."""
    report(before + done)


def _log(flips: float) -> float:
    return float(np.log(max(flips, _FEWEST)))


# The picture.

_CHARTS = ((6000, "half a metre"), (2000, "17 cm"))
# In inches: the page's width, a chart, what is around it, and a line of the key below.
_WIDTH, _CHART, _LEFT, _RIGHT, _TOP, _BOTTOM, _LINE = 7.2, 2.8, 0.55, 0.1, 0.3, 0.5, 0.16
_OTHERS = "#CCCCCC"


def draw_sweep(points: Sequence[Point], names: Mapping[int, str]) -> bytes:
    """The PNG: quality against flips of all members by both eyes. The same points give the same bytes.

    `names`: what each member differs in, by number. Members on the front are drawn in colours of their own
    and named below, all others in grey, and hysteresis in dashed black.
    """
    best = list(dict.fromkeys(point.member for point in front(points)))
    height = _TOP + _CHART + _BOTTOM + _LINE * (len(best) + 2)
    with rc_context(STYLE):
        figure = Figure(figsize=(_WIDTH, height), dpi=200)
        renderer = FigureCanvasAgg(figure).get_renderer()
        for number, (eye, where) in enumerate(_CHARTS):
            x, wide = number * _WIDTH / 2 + _LEFT, _WIDTH / 2 - _LEFT - _RIGHT
            base = height - _TOP - _CHART
            axes = figure.add_axes((x / _WIDTH, base / height, wide / _WIDTH, _CHART / height))
            series = [
                *(_series(points, eye, m, _OTHERS, ".") for m in names if m not in best),
                *(_series(points, eye, m, *_look(n)) for n, m in enumerate(best)),
            ]
            series = [one for one in series if one.points]
            draw_front(axes, series, f"S = {eye} px: {where} at 300 ppi")
            lines = [_columns(one) for one in series]
            hysteresis = _series(points, eye, None, COLOURS[0], "")
            axes.plot(*_columns(hysteresis), color=COLOURS[0], linewidth=1, linestyle="--", zorder=1)
            labels = [
                Label(one.name, *max(one.everywhere), one.colour, 8)
                for one in series
                if one.colour != _OTHERS
            ]
            place(axes, labels, [*lines, _columns(hysteresis)], renderer)
            if not number:
                axes.set_ylabel("HVS-PSNR, dB")
        key = [(_look(n)[0], f"{m:02d}   {names[m]}") for n, m in enumerate(best) if m is not None]
        for line, (colour, text) in enumerate([*key, (PALE, "grey: the others; dashed: hysteresis")]):
            y = _LINE * (len(key) + 1.5 - line) / height
            figure.text(_LEFT / _WIDTH, y, text, color=colour, va="top", fontsize=8)
        file = BytesIO()
        figure.savefig(file, format="png")
    return file.getvalue()


def _series(points: Sequence[Point], eye: int, member: int | None, colour: str, marker: str) -> Series:
    """A member's points in the order of its dials, or those of hysteresis."""
    own = [(100 * p.flips, p.psnr[eye]) for p in points if p.member == member and p.flips]
    name = "" if member is None else f"{member:02d}"
    return Series(name, colour, marker, dict(enumerate(own)), None)


def _look(number: int) -> tuple[str, str]:
    """Colour and marker of the front's members, in order; black is for hysteresis."""
    return COLOURS[1 + number % (len(COLOURS) - 1)], MARKERS[number % len(MARKERS)]


def _columns(series: Series) -> tuple[list[float], list[float]]:
    return [x for x, _ in series.points.values()], [y for _, y in series.points.values()]
