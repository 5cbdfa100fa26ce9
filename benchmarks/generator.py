"""What the generator is worth: on frames alone, and on stretches beside the searches and hysteresis.

**Frames alone.** Every --every-th frame of each film, dithered by itself: HVS-PSNR for two eyes, and JS, the
distance of the 3x3 patterns to those of a settled dither (`trainer/evaluate/patterns.py`). Flips are those
between the dithers of such a frame and the next one, which know nothing of each other. --run adds a fit of
any objective: runs with other weights of the critic are the front of tone against dots.

**--stretch N.** The first N frames from each FILM[:START] on as one stretch, on a glass whose ghost is known.
E is what the searches lower, visible error and the price of flips, per pixel and frame; dB and JS are those
of the glass and of the dithers, for half a metre. Each dither's dB is read beside the lines of hysteresis
(with tones that make up for ghosts) and of `search` through several dials, at equal flips, in their
logarithm, level beyond the ends. Rounds are those of the parallel search, from the anchor (no network) or
after the network. Seconds are of processor time, everything compiled: other work on the machine does not
lengthen them. At the first --dial there is every row, at the others only what is quick. Last the medians.

**--picture OUT.png** draws, at 1:1, a row for each FILM:START+X+Y: that frame and its dithers by themselves;
with --stretch the N-th frame from START on, and what the glass shows of it.
"""

import time
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
from command import begin, machine, usage
from PIL import Image, ImageDraw

from trainer.commands.film import parse_size
from trainer.dithers import table
from trainer.dithers.eye import EYES, energy, hvs_psnr, two_eye_kernel
from trainer.dithers.generator.ditherer import GeneratorDitherer
from trainer.dithers.generator.weights import load
from trainer.dithers.glass import glass
from trainer.dithers.levels import Levels
from trainer.dithers.search.ditherer import FrameSearch, ParallelSearch, Search
from trainer.dithers.search.energy import price_of
from trainer.evaluate.patterns import distance
from trainer.films.film import Film
from trainer.films.selection import Selection
from trainer.films.times import FrameNumber
from trainer.films.tones import Tones
from trainer.sweep import over_line

HYSTERESIS, SEARCH, SETTLED = "hysteresis", "search, sequential", "search, parallel, to its end"
LINES = {HYSTERESIS: (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1), SEARCH: (0, 0.2, 0.5, 0.8, 1)}
"""The dials of the dithers that the others are held against."""
ROUNDS = (1, 2, 4)
TILE, GAP, LABEL = (150, 112), 6, 16


def frames_from(place, count, size):
    """So many frames from FILM[:START] on."""
    path, _, start = place.partition(":")
    selection = Selection(start=FrameNumber(int(start or 0)), count=count)
    return [selected.frame for selected in selection.frames(Film(path), Tones(size=size))]


# Frames alone.


def by_itself(run=None):
    """What the network of a run makes of a frame alone."""
    ditherer = table.make("generator", weights=run)
    return getattr(ditherer, "alone", lambda frame: ditherer.dither(frame, None))


def alone(runs):
    """Functions from a frame to its dither, by name."""
    search = FrameSearch(engine="sequential")
    others = {name: table.make(name) for name in ("floyd-steinberg", "mask")}
    return {
        "settled search": partial(search.dither, shown=None),
        **{name: partial(each.dither, shown=None) for name, each in others.items()},
        "generator": by_itself(),
        **{str(run): by_itself(run) for run in runs},
    }


def pairs(path, every, size):
    """Pairs of consecutive frames of one shot; black ones are left out."""
    before = None
    for number, selected in enumerate(Selection().frames(Film(path), Tones(size=size))):
        if number % every == 1 and not selected.cut and before.std() > 0.02:
            yield before, selected.frame
        before = selected.frame


def fresh(films, every, size, runs) -> None:
    dithers = alone(runs)
    for film in films:
        rows = {name: [] for name in dithers}
        for frame, after in pairs(film, every, size):
            settled = dithers["settled search"](frame)
            for name, dither in dithers.items():
                made = dither(frame)
                scores = [hvs_psnr(frame, made, eye) for eye in EYES]
                rows[name].append([*scores, distance(made, settled), 100 * np.mean(made != dither(after))])
        print(f"\n{Path(film).name}, {len(rows['mask'])} frames\n")
        print(f"| dither | {' | '.join(f'S {eye}, dB' for eye in EYES)} | JS | flips, % |")
        print("| --- | ---: | ---: | ---: | ---: |")
        for name, found in rows.items():
            near, far, js, flips = np.mean(found, 0)
            print(f"| {name} | {near:.1f} | {far:.1f} | {js:.3f} | {flips:.1f} |", flush=True)


# Stretches.


def is_quick(name):
    """Whether a row is there at every dial."""
    return name != SETTLED and not name.startswith("anchor,") and not name.endswith((" 1 round", " 4 rounds"))


def after(rounds):
    """What a row says of so many rounds."""
    return f", {rounds} round{'s' * (rounds > 1)}" if rounds else ""


def makers(runs):
    """What makes a ditherer of a stretch for (dial, levels), by name."""
    networks = {"network": load()} | {str(run): load(run) for run in runs}
    return {
        HYSTERESIS: lambda dial, levels: table.make(HYSTERESIS, dial, levels),
        SEARCH: Search,
        SETTLED: ParallelSearch,
        "anchor": partial(ParallelSearch, rounds=0),
        **{f"anchor{after(n)}": partial(ParallelSearch, rounds=n) for n in ROUNDS},
        **{
            f"{name}{after(n)}": partial(GeneratorDitherer, weights=weights, polish=n)
            for name, weights in networks.items()
            for n in (0, *ROUNDS)
        },
    }


def scored(frames, dithers, price, levels):
    """E, mean and least dB, flips as a share."""
    shown = list(glass(dithers, levels))
    flips = [np.count_nonzero(one != other) for one, other in pairwise(dithers)]
    scores = [hvs_psnr(frame, seen, 6000) for frame, seen in zip(frames, shown, strict=True)]
    visible = sum(energy(frame, seen, two_eye_kernel()) for frame, seen in zip(frames, shown, strict=True))
    pixels = frames[0].size
    cost = (visible + price * sum(flips)) / pixels / len(frames)
    return cost, np.mean(scores), min(scores), np.mean(flips) / pixels


def dithered(make, dial, levels, frames):
    """The dithers, and the seconds that they took."""
    ditherer = make(dial, levels)
    began = time.process_time()
    return list(ditherer(frames)), time.process_time() - began


def stretches(places, count, size, levels, dials, runs) -> None:
    ways, found = makers(runs), {}
    for number, place in enumerate(places):
        frames = frames_from(place, count, size)
        if not number:
            for name in ways:  # compiles; the number of rounds makes no difference
                if name in LINES or name.endswith(" 1 round"):
                    dithered(ways[name], dials[0], levels, frames)
        line, settled = {}, {}
        for name, its_dials in LINES.items():
            line[name] = []
            for dial in its_dials:
                dithers, _ = dithered(ways[name], dial, levels, frames)
                _, score, _, flips = scored(frames, dithers, price_of(dial), levels)
                line[name].append((flips, score))
                settled[dial] = dithers  # at last those of the search
        for dial in dials:
            where = f"{Path(place).name}, {len(frames)} frames, ghost {levels.black:g} known, dial {dial:g}"
            print(f"\n{where}\n")
            print("| dither | E | dB | least dB | flips, % | JS | over hysteresis | over search | s |")
            print(f"| --- |{' ---: |' * 8}")
            for name, make in ways.items():
                if dial != dials[0] and not is_quick(name):
                    continue
                dithers, seconds = dithered(make, dial, levels, frames)
                cost, score, least, flips = scored(frames, dithers, price_of(dial), levels)
                over = [over_line(line[its], flips, score) for its in LINES]
                alike = settled.get(dial) or dithered(Search, dial, levels, frames)[0]
                js = np.mean([distance(one, other) for one, other in zip(dithers, alike, strict=True)])
                found.setdefault(name, []).append([*over, js, seconds])
                print(
                    f"| {name} | {cost:.4f} | {score:.1f} | {least:.1f} | {100 * flips:.2f} | {js:.3f} | "
                    f"{over[0]:+.1f} | {over[1]:+.2f} | {seconds:.2f} |",
                    flush=True,
                )
    print("\nMedians; time as a share of the parallel search to its end, at the first dial\n")
    print("| dither | of | over hysteresis, dB | over search, dB | least | JS | share of time |")
    print(f"| --- |{' ---: |' * 6}")
    longest = np.array(found[SETTLED])[:, -1]
    for name, rows in found.items():
        over, under, js, seconds = np.array(rows).T
        share = np.median(seconds[:: len(dials) if is_quick(name) else 1] / longest)
        gains = f"{np.median(over):+.2f} | {np.median(under):+.2f} | {min(under):+.2f}"
        print(f"| {name} | {len(rows)} | {gains} | {np.median(js):.3f} | {share:.3f} |")


# The picture.


def picture(out, places, columns) -> None:
    """A row of tiles for each place; `columns` makes the pictures by name, float[H, W], of FILM:START."""
    rows = []
    for place in places:
        film, x, y = place.split("+")
        window = np.s_[int(y) : int(y) + TILE[1], int(x) : int(x) + TILE[0]]
        rows.append({name: 255 * whole[window] for name, whole in columns(film).items()})
    wide, high = TILE[0] + GAP, TILE[1] + GAP
    page = Image.new("L", (len(rows[0]) * wide - GAP, LABEL + len(rows) * high - GAP), 255)
    for column, label in enumerate(rows[0]):
        ImageDraw.Draw(page).text((column * wide, 2), label, fill=0)
        for row, tiles in enumerate(rows):
            tile = np.clip(tiles[label], 0, 255).astype(np.uint8)
            page.paste(Image.fromarray(tile), (column * wide, LABEL + row * high))
    page.save(out, optimize=True)


def alone_at(place, size, dithers):
    """The frame there, and its dithers."""
    [frame] = frames_from(place, 1, size)
    return {"frame": frame, **{name: dither(frame) for name, dither in dithers.items()}}


def on_glass_at(place, count, size, levels, dial, ways):
    """The last frame of the stretch, and what the glass shows of it."""
    frames = frames_from(place, count, size)
    shown = {
        name: list(glass(ways[name](dial, levels)(frames), levels))[-1]
        for name in (SEARCH, HYSTERESIS, "network", "network, 2 rounds")
    }
    return {"frame": frames[-1], **shown}


def main() -> None:
    parser = usage(__doc__)
    parser.add_argument("films", nargs="+", metavar="FILM[:START[+X+Y]]")
    parser.add_argument("--size", type=parse_size, default=(384, 208))
    parser.add_argument("--every", type=int, default=9)
    parser.add_argument("--run", action="append", default=[], type=Path, metavar="RUN")
    parser.add_argument("--stretch", type=int, metavar="N")
    parser.add_argument("--ghost", type=float, default=0.083)
    parser.add_argument("--dial", type=float, nargs="+", default=[0.5, 0.2, 0.8])
    parser.add_argument("--picture", type=Path, metavar="OUT.png")
    words = parser.parse_args()
    if words.stretch is not None and words.stretch < 2:
        parser.error(f"--stretch {words.stretch}: choose 2 or more, as flips lie between two frames")
    if not 0 <= words.ghost < 1:
        parser.error(f"--ghost {words.ghost:g}: choose 0 or more, below 1")
    if words.picture and (bad := [place for place in words.films if place.count("+") != 2]):
        parser.error(f"{bad[0]}: say which part of the frame is drawn, like film.mp4:60+100+50")
    levels = Levels(words.ghost)
    print(machine("numpy", "numba", "jax", "flax"))
    if words.picture and words.stretch:
        [dial, *_] = words.dial
        ways = makers([])
        at = partial(on_glass_at, count=words.stretch, size=words.size, levels=levels, dial=dial, ways=ways)
        picture(words.picture, words.films, at)
    elif words.picture:
        picture(
            words.picture,
            words.films,
            partial(alone_at, size=words.size, dithers=alone(words.run)),
        )
    elif words.stretch:
        stretches(words.films, words.stretch, words.size, levels, words.dial, words.run)
    else:
        fresh(words.films, words.every, words.size, words.run)


if __name__ == "__main__":
    begin(main)
