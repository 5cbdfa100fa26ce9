"""What does each objective teach? v1, v2, v3 and counterfactual, trained for the same time, side by side.

    python benchmarks/objectives.py OUT (--minutes 4 | --steps 1000) --train FILM... --test FILM:START...
        [--frames 60] [--channels 16] [--fit WORDS] [--crop NAME=FILM:FRAME+X+Y]...

Trains, one after another, the runs of `RUNS` on the films of --train, with --fit's options of `trainer fit`
too (a run that is in OUT already is taken as it is; one that its guards end counts as far as it came), then
dithers --frames frames of every film of --test from its START on, at 384x216 in closed loop:
by each network alone, and with rounds of the search after it, the one that ships included, and by the
classical dithers. Prints Markdown: for each film flips, HVS-PSNR for both eyes, how much better or worse than
a fresh dither the frames after cuts are (all frames are one stretch), and seconds a frame; then texture on
flat greys. v3 is trained the film-maker's way, by teacher forcing, and runs in closed loop like all others.

--crop writes OUT/NAME.png: 1:1 crops of one frame under every dither, in closed loop for the 8 frames before.
"""

import argparse
import json
import statistics
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
from command import begin, machine
from PIL import Image, ImageDraw

from trainer.dithers import table as dithers
from trainer.dithers.eye import EYES, hvs_psnr
from trainer.dithers.generator.weights import load
from trainer.evaluate.score import evaluate
from trainer.evaluate.texture import GREYS, texture
from trainer.films.film import Film
from trainer.films.selection import Selection
from trainer.films.stretches import Stretch
from trainer.films.times import FrameNumber
from trainer.films.tones import Tones

SIZE = (384, 216)
CROP = (150, 112)
BEFORE = 8
DIAL, POLISH = 0.5, 3

RUNS = {
    "v1": ["--objective", "v1"],
    "v2": ["--objective", "v2"],
    "v3": ["--objective", "v3"],
    "gan": ["--objective", "gan"],
    "counterfactual": ["--from", "nothing"],
    "counterfactual + critic": ["--from", "nothing", "--critic-weight", "0.01"],
}
"""What is trained, and by which options of `trainer fit`."""
CLASSICAL = {
    "floyd-steinberg": ("floyd-steinberg", None),
    "mask": ("mask", None),
    "hysteresis:0.5": ("hysteresis", 0.5),
    "search:0.5": ("search", 0.5),
}


def train(out: Path, films: list[str], more: list[str], channels: int) -> dict[str, Path]:
    """The folders of the runs, by name."""
    runs = {}
    for name, options in RUNS.items():
        folder = runs[name] = out / name.replace(" + ", "-")
        if (folder / "weights.npz").exists():
            continue
        size = ["--channels", str(channels)] if name.startswith("v") else []
        words = ["fit", *films, "--out", str(folder), *more, *options, *size]
        done = subprocess.run([sys.executable, "-m", "trainer", *words], stdout=sys.stderr)
        if not (folder / "weights.npz").exists():
            raise SystemExit(f"{name}: no weights; the fit ended with exit code {done.returncode}")
    return runs


def learned(runs: dict[str, Path]) -> None:
    """What was trained, for how long, and what its losses came to."""
    print("\nTraining\n")
    row("run", ["numbers", "updates", "minutes", "first loss", "last loss", "last loss of the critic"])
    row("---", ["---:"] * 6)
    for name, folder in runs.items():
        about = load(folder).about
        rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
        first, last = rows[0], rows[-1]
        losses = f"{first['loss']:.3f}", f"{last['loss']:.3f}", f"{last['critic']:.3f}"
        row(
            name,
            [f"{about['parameters']:,}", f"{about['updates']:,}", f"{last['seconds'] / 60:.1f}", *losses],
        )


def ditherers(runs: dict[str, Path]) -> dict[str, partial]:
    """How to make each ditherer, by label."""
    made = {label: partial(dithers.make, *chosen) for label, chosen in CLASSICAL.items()}
    for name, folder in {**runs, "shipped weights": None}.items():
        alone = DIAL if name.startswith(("counterfactual", "shipped")) else None
        made[name] = partial(dithers.make, "generator", alone, weights=folder, polish=0)
        made[f"{name}, polish {POLISH}"] = partial(
            dithers.make, "generator", DIAL, weights=folder, polish=POLISH
        )
    return made


def frames_of(name: str, count: int):
    """The selected frames of FILM:START."""
    path, _, start = name.partition(":")
    selection = Selection(start=FrameNumber(int(start or 0)), count=count)
    return list(selection.frames(Film(path), Tones(size=SIZE)))


def row(label: str, cells: list[str]) -> None:
    print(f"| {label} | {' | '.join(cells)} |", flush=True)


def score(name: str, count: int, makers: dict[str, partial]) -> None:
    """The table of one film."""
    frames = frames_of(name, count)
    cuts = [index for index, selected in enumerate(frames) if selected.cut]
    print(f"\n{Path(name.partition(':')[0]).name}, {len(frames)} frames from {frames[0].number}, "
          f"cuts: {len(cuts)}\n")  # fmt: skip
    eyes = [f"S {eye}, dB" for eye in EYES]
    row(
        "dither",
        ["flips, %", *eyes, *(f"after a cut, {eye} over fresh" for eye in eyes), "s a frame"],
    )
    row("---", ["---:"] * 6)
    for label, make in makers.items():
        ditherer = make()
        # One stretch, so that the closed loop goes on after a cut.
        found = evaluate([Stretch(tuple(frames))], {label: ditherer}).dithers[label]
        summary, trace = found.summary, found.trace
        stale = []
        for eye in EYES:
            fresh = [
                hvs_psnr(frames[cut].frame, ditherer.dither(frames[cut].frame, None), eye) for cut in cuts
            ]
            losses = [trace.psnr[eye][cut] - psnr for cut, psnr in zip(cuts, fresh, strict=True)]
            stale.append(f"{np.mean(losses):+.1f}" if losses else "")
        scores = [f"{summary.psnr[eye]:.1f}" for eye in EYES]
        seconds = statistics.median(list(trace.seconds)[1:])
        row(
            label,
            [f"{100 * summary.change.flips:.2f}", *scores, *stale, f"{seconds:.3f}"],
        )


def greys(makers: dict[str, partial]) -> None:
    """White share and low-frequency leak on flat greys."""
    print("\nTexture: leak on flat greys (white noise 1, good blue noise .02), and the share of white\n")
    row("dither", [f"{grey:g}" for grey in GREYS])
    row("---", ["---:"] * len(GREYS))
    for label, make in makers.items():
        ditherer = make()
        found = [texture(ditherer, grey) for grey in GREYS]
        row(label, ["-" if t.leak is None else f"{t.leak:.3f} ({t.white:.3f})" for t in found])


def crop(out: Path, name: str, where: str, makers: dict[str, partial]) -> None:
    """OUT/NAME.png: a tile for the frame and for each dither."""
    place, x, y = where.split("+")
    film, _, number = place.rpartition(":")
    begin = max(0, int(number) - BEFORE)
    frames = [selected.frame for selected in frames_of(f"{film}:{begin}", int(number) - begin + 1)]
    window = np.s_[int(y) : int(y) + CROP[1], int(x) : int(x) + CROP[0]]
    tiles = {"frame": (255 * frames[-1][window]).astype(np.uint8)}
    for label, make in makers.items():
        *_, shown = make()(frames)
        tiles[label] = 255 * shown[window]
    columns, step = 4, (CROP[0] + 8, CROP[1] + 20)
    rows = -(-len(tiles) // columns)
    page = Image.new("L", (columns * step[0] - 8, rows * step[1]), 255)
    draw = ImageDraw.Draw(page)
    for index, (label, tile) in enumerate(tiles.items()):
        at = (index % columns * step[0], index // columns * step[1])
        draw.text((at[0], at[1] + 3), label, fill=0)
        page.paste(Image.fromarray(tile), (at[0], at[1] + 18))
    page.save(out / f"{name}.png", optimize=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("out", type=Path)
    limits = parser.add_mutually_exclusive_group(required=True)
    limits.add_argument("--minutes")
    limits.add_argument("--steps", help="updates: for a machine that has other work to do")
    parser.add_argument("--train", nargs="+", required=True, metavar="FILM")
    parser.add_argument("--test", nargs="+", default=[], metavar="FILM:START")
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--channels", type=int, default=16, help="of the U-Nets; the film-maker's have 32")
    parser.add_argument("--fit", default="", metavar="WORDS", help="more options of the fits: '--batch 32'")
    parser.add_argument("--crop", action="append", default=[], metavar="NAME=FILM:FRAME+X+Y")
    words = parser.parse_args()
    words.out.mkdir(parents=True, exist_ok=True)
    print(machine("numpy", "numba", "jax", "flax"))
    budget = ["--steps", words.steps] if words.steps else ["--minutes", words.minutes]
    runs = train(words.out, words.train, [*budget, *words.fit.split()], words.channels)
    learned(runs)
    makers = ditherers(runs)
    for name in words.test:
        score(name, words.frames, makers)
    if words.test:
        greys(makers)
    for text in words.crop:
        name, _, where = text.partition("=")
        crop(words.out, name, where, makers)


if __name__ == "__main__":
    begin(main)
