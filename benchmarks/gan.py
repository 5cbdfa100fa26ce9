"""What one shot of the GAN is worth: on fresh frames, and as the start of the joint search.

Every --every-th frame of each film is dithered by itself: HVS-PSNR for two eyes, and JS, the distance of the
3x3 patterns to those of a settled dither (`trainer/evaluate/patterns.py`). Flips are those between the
dithers of such a frame and the next one, which know nothing of each other. --run adds a fit of `--objective
gan`: runs with other weights of the critic are the front of tone against dots.

--joint N takes the first N frames of each FILM[:START] as one stretch instead, on a glass whose ghost is
known: several starts, and each after 1, 2 and 4 passes of the joint search (`search/joint.py`), or rounds of
the parallel one (`search/volume.py`). Seconds are those of start and passes together.

--picture OUT.png draws, at 1:1, a row for each FILM:START+X+Y: that frame and its dithers, each by itself.
"""

import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from command import begin, machine, usage
from PIL import Image, ImageDraw
from trainer.dithers.generator.one_shot import OneShotDitherer

from trainer.commands.film import parse_size
from trainer.dithers import table
from trainer.dithers.diffusion import FloydSteinberg, Hysteresis
from trainer.dithers.ditherer import Dither, Ditherer, Frame, FrameByFrame
from trainer.dithers.engines import ENGINES
from trainer.dithers.eye import EYES, energy, hvs_psnr, two_eye_kernel
from trainer.dithers.glass import glass
from trainer.dithers.levels import Levels
from trainer.dithers.mask import Mask
from trainer.dithers.search import volume
from trainer.dithers.search.ditherer import CALMER, FrameSearch
from trainer.dithers.search.energy import price_of
from trainer.dithers.search.joint import Window
from trainer.dithers.search.start import start_dial
from trainer.evaluate.patterns import distance
from trainer.films.film import Film
from trainer.films.selection import Selection
from trainer.films.times import FrameNumber
from trainer.films.tones import Tones

SIZE = (384, 208)
LEVELS, DIAL = Levels(0.083), 0.5
TILE, GAP, LABEL = (150, 112), 6, 16

Start = Callable[[list[Frame]], list[Dither]]
"""The frames of a stretch -> dithers to start from."""
Search = Callable[[list[Frame], list[Dither], int], list[Dither]]
"""The frames, their dithers so far, passes -> their dithers."""


def pairs(path, every):
    """Pairs of consecutive frames of one shot; black ones are left out."""
    before = None
    for number, selected in enumerate(Selection().frames(Film(path), Tones(size=SIZE))):
        if number % every == 1 and not selected.cut and before.std() > 0.02:
            yield before, selected.frame
        before = selected.frame


def fresh(ditherer, frame):
    return next(iter(ditherer([frame])))


def still(frames: list[Frame]) -> list[Dither]:
    """One dither for all frames, of their mean: where the parallel engine starts."""
    mean = np.asarray(np.mean(frames, axis=0, dtype=np.float32))
    return [Hysteresis(start_dial(min(1.0, DIAL + CALMER))).dither(mean, None)] * len(frames)


def in_turn(ditherer: FrameByFrame) -> Start:
    """Each frame after the dither before it, ghosts made up for."""
    ditherer.levels = LEVELS
    return lambda frames: list(ditherer(frames))


def alone(ditherer: FrameByFrame) -> Start:
    """Each frame by itself, so that all can be made at once."""
    return lambda frames: [ditherer.dither(frame, None) for frame in frames]


def sequential(frames: list[Frame], start: list[Dither], passes: int) -> list[Dither]:
    """After so many passes of the joint search."""
    window = Window(frames[0].shape, len(frames), price_of(DIAL), two_eye_kernel(), LEVELS)
    for pair in zip(frames, start, strict=True):
        window.append(*pair)
    window.settle(passes, settled=0.0)
    return window.take(len(frames))


def parallel(frames: list[Frame], start: list[Dither], rounds: int) -> list[Dither]:
    """After so many rounds of sweeps at each of its two prices."""
    if not rounds:
        return start
    scene = volume.Scene(
        jnp.asarray(np.stack(frames))[:, None],
        jnp.full((1, *frames[0].shape), volume.OPENS, jnp.int8),
        jnp.full(1, len(frames), jnp.int32),
        jnp.full(1, price_of(DIAL), jnp.float32),
        jnp.asarray(volume.looks(LEVELS)),
    )
    found = _rounds(scene, jnp.asarray(np.stack(start) > 0)[:, None], jnp.int32(rounds))
    return list(np.asarray(found[:, 0]).astype(np.uint8))


@jax.jit
def _rounds(scene: volume.Scene, start: jax.Array, rounds: jax.Array) -> jax.Array:
    return volume.settle(scene, start, key=jax.random.key(0), kernel=two_eye_kernel(), limit=rounds)


def joint(frames: list[Frame], search: Search) -> Iterator[tuple[str, list[float]]]:
    """For each start and number of passes: energy, glass dB, its worst frame, flips %, seconds."""
    price, pixels = price_of(DIAL), frames[0].size
    starts = {
        "still": still,
        "frame search": in_turn(FrameSearch(min(1.0, DIAL + CALMER), "sequential")),
        "hysteresis": in_turn(Hysteresis(start_dial(DIAL))),
        "floyd-steinberg, alone": alone(FloydSteinberg()),
        "mask, alone": alone(Mask()),
        "gan, alone": alone(OneShotDitherer()),
        "gan": in_turn(OneShotDitherer()),
    }
    search(frames, still(frames), 1)  # compiles, as the next line does
    for start in starts.values():
        start(frames[:2])
    for name, make in starts.items():
        began = time.perf_counter()
        start = make(frames)
        first = time.perf_counter() - began
        for passes in (0, 1, 2, 4):
            began = time.perf_counter()
            dithers = search(frames, start, passes)
            seconds = first + time.perf_counter() - began
            shown = list(glass(dithers, LEVELS))
            flips = [np.count_nonzero(a != b) for a, b in pairwise(dithers)]
            scores = [hvs_psnr(f, r, 6000) for f, r in zip(frames, shown, strict=True)]
            visible = sum(energy(f, r, two_eye_kernel()) for f, r in zip(frames, shown, strict=True))
            cost = (visible + price * sum(flips)) / pixels / len(frames)
            flip = 100 * np.mean(flips) / pixels
            yield f"{name}, {passes}", [cost, np.mean(scores), min(scores), flip, seconds]


def stretch(text: str, count: int, size: tuple[int, int] = SIZE) -> list[Frame]:
    """The first frames from FILM[:START] on."""
    path, _, start = text.partition(":")
    selection = Selection(start=FrameNumber(int(start or 0)), count=count)
    return [selected.frame for selected in selection.frames(Film(path), Tones(size=size))]


def picture(out: Path, places: list[str], ditherers: dict[str, Ditherer]) -> None:
    """A row of tiles for each place, a column for each dither."""
    rows = []
    for place in places:
        film, x, y = place.split("+")
        [frame] = stretch(film, 1)
        window = np.s_[int(y) : int(y) + TILE[1], int(x) : int(x) + TILE[0]]
        rows.append([255 * frame[window], *(255 * fresh(each, frame)[window] for each in ditherers.values())])
    wide, high = TILE[0] + GAP, TILE[1] + GAP
    page = Image.new("L", (len(rows[0]) * wide - GAP, LABEL + len(rows) * high - GAP), 255)
    for column, label in enumerate(["frame", *ditherers]):
        ImageDraw.Draw(page).text((column * wide, 2), label, fill=0)
        for row, tiles in enumerate(rows):
            page.paste(Image.fromarray(tiles[column].astype(np.uint8)), (column * wide, LABEL + row * high))
    page.save(out, optimize=True)


def main() -> None:
    parser = usage(__doc__)
    parser.add_argument("films", nargs="+", metavar="FILM")
    parser.add_argument("--every", type=int, default=9)
    parser.add_argument("--run", action="append", default=[], type=Path, metavar="RUN")
    parser.add_argument("--joint", type=int, metavar="N")
    parser.add_argument("--engine", choices=ENGINES, default="sequential")
    parser.add_argument("--size", type=parse_size, default=SIZE)
    parser.add_argument("--picture", type=Path, metavar="OUT.png")
    words = parser.parse_args()
    print(machine("numpy", "numba", "jax", "flax"))
    if words.joint:
        engine = parallel if words.engine == "parallel" else sequential
        for text in words.films:
            frames = stretch(text, words.joint, words.size)
            print(f"\n{Path(text).name}, {words.joint} frames, ghost {LEVELS.black:g} known\n")
            print("| start | E per pixel | glass, dB | worst, dB | flips, % | s |")
            print("| --- | ---: | ---: | ---: | ---: | ---: |")
            for name, (cost, mean, worst, flips, seconds) in joint(frames, engine):
                print(
                    f"| {name} | {cost:.4f} | {mean:.1f} | {worst:.1f} | {flips:.2f} | {seconds:.1f} |",
                    flush=True,
                )
        return
    ditherers = {
        "settled search": FrameSearch(engine="sequential"),
        **{name: table.make(name) for name in ("floyd-steinberg", "mask", "gan")},
        **{str(run): table.make("generator", weights=run, polish=0) for run in words.run},
    }
    if words.picture:
        return picture(words.picture, words.films, ditherers)
    for film in words.films:
        rows = {name: [] for name in ditherers}
        for frame, after in pairs(film, words.every):
            settled = fresh(ditherers["settled search"], frame)
            for name, ditherer in ditherers.items():
                dither = fresh(ditherer, frame)
                scores = [hvs_psnr(frame, dither, eye) for eye in EYES]
                flips = np.mean(dither != fresh(ditherer, after))
                rows[name].append([*scores, distance(dither, settled), 100 * flips])
        print(f"\n{Path(film).name}, {len(rows['mask'])} frames\n")
        print(f"| dither | {' | '.join(f'S {eye}, dB' for eye in EYES)} | JS | flips, % |")
        print("| --- | ---: | ---: | ---: | ---: |")
        for name, found in rows.items():
            near, far, js, flips = np.mean(found, 0)
            print(f"| {name} | {near:.1f} | {far:.1f} | {js:.3f} | {flips:.1f} |", flush=True)


if __name__ == "__main__":
    begin(main)
