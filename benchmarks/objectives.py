"""What do the film-maker's networks learn? v1, v2, and v3 with its whole pull to the shown dither and a fifth
of it; beside them the project's own GAN, which is the network of `generator` alone, and `search`.

    python benchmarks/objectives.py OUT --train FILM... [--fit WORDS] [--frames 30] [--test FILM:START...]
        [--row FILM:FRAME+X+Y...]

Trains one after another on the films of --train, by the defaults of `trainer fit` and --fit's options, and
keeps the runs in OUT. A run that is there already is taken as it is.

Prints Markdown. For each --test: --frames frames from START on at 384x216, as one stretch in closed loop,
even over cuts. Flips; HVS-PSNR for both eyes; JS, the distance of the 3x3 patterns to those of a settled
search of each frame by itself (`trainer/evaluate/patterns.py`), 0 for the same dots; and what frames after
cuts have over a fresh dither of them, in dB.

Writes OUT/objectives.png: a row for each --row, 1:1, after the 8 frames before it in closed loop.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
from command import begin, machine, usage
from PIL import Image, ImageDraw

from trainer.dithers import table
from trainer.dithers.ditherer import Ditherer
from trainer.dithers.eye import EYES, hvs_psnr
from trainer.dithers.generator.weights import load
from trainer.dithers.search.ditherer import FrameSearch
from trainer.evaluate.patterns import distance
from trainer.films.film import Film
from trainer.films.selection import Selection
from trainer.films.times import FrameNumber
from trainer.films.tones import Tones

SIZE = (384, 216)
TILE, GAP, LABEL = (132, 112), 6, 16
BEFORE = 8
DIAL = 0.5
RUNS = {
    "v1": ["--objective", "v1"],
    "v2": ["--objective", "v2"],
    "v3": ["--objective", "v3"],
    "v3, 0.2": ["--objective", "v3", "--previous-weight", "0.2"],
}
"""What is trained, and by which options of `trainer fit`."""

Makers = dict[str, Callable[[], Ditherer]]


def train(out: Path, films: list[str], more: list[str]) -> dict[str, Path]:
    """The folders of the runs, by name; what they learned is printed."""
    runs = {name: out / name.replace(", ", "-") for name in RUNS}
    for name, folder in runs.items():
        if not (folder / "weights.npz").exists():
            words = ["fit", *films, "--out", str(folder), *RUNS[name], *more]
            done = subprocess.run([sys.executable, "-m", "trainer", *words], stdout=sys.stderr)
            if done.returncode:
                raise SystemExit(f"{name}: the fit ended with exit code {done.returncode}")
    print("\n| run | numbers | updates | minutes | first loss | last loss |\n| --- |" + " ---: |" * 5)
    for name, folder in runs.items():
        about = load(folder).about
        first, *_, last = map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
        print(f"| {name} | {about['parameters']:,} | {about['updates']:,} | {last['seconds'] / 60:.1f} "
              f"| {first['loss']:.3f} | {last['loss']:.3f} |")  # fmt: skip
    return runs


def frames_of(path: str, first: int, count: int):
    """So many selected frames of a film."""
    return list(Selection(start=FrameNumber(first), count=count).frames(Film(path), Tones(size=SIZE)))


def score(text: str, count: int, makers: Makers) -> None:
    """The table of one film."""
    path, _, start = text.partition(":")
    selected = frames_of(path, int(start or 0), count)
    frames = [each.frame for each in selected]
    cuts = [number for number, each in enumerate(selected) if each.cut and number]
    settled = [fresh(FrameSearch(engine="sequential"), frame) for frame in frames]
    eyes = [f"S {eye}, dB" for eye in EYES]
    print(f"\n{Path(path).name}, {len(frames)} frames from {selected[0].number}, cuts: {len(cuts)}\n")
    print(f"| dither | {' | '.join(eyes)} | JS | flips, % | after a cut, S {EYES[1]} over fresh |")
    print("| --- |" + " ---: |" * 5)
    for label, make in makers.items():
        shown = list(make()(frames))
        psnr = [np.mean([hvs_psnr(*pair, eye) for pair in zip(frames, shown, strict=True)]) for eye in EYES]
        js = np.mean([distance(*pair) for pair in zip(shown, settled, strict=True)])
        flips = 100 * np.mean([np.mean(a != b) for a, b in pairwise(shown)])
        stale = [
            hvs_psnr(frames[cut], shown[cut], EYES[1])
            - hvs_psnr(frames[cut], fresh(make(), frames[cut]), EYES[1])
            for cut in cuts
        ]
        print(f"| {label} | {psnr[0]:.1f} | {psnr[1]:.1f} | {js:.3f} | {flips:.2f} "
              f"| {f'{np.mean(stale):+.1f}' if stale else ''} |", flush=True)  # fmt: skip


def fresh(ditherer: Ditherer, frame):
    """The dither of a frame by itself."""
    return next(iter(ditherer([frame])))


def picture(out: Path, rows: list[str], makers: Makers) -> None:
    """A row of tiles for each place, a column for each dither."""
    wide, high = TILE[0] + GAP, TILE[1] + GAP
    size = (1 + len(makers)) * wide - GAP, LABEL + len(rows) * high - GAP
    page = Image.new("L", size, 255)
    for column, label in enumerate(["frame", *makers]):
        ImageDraw.Draw(page).text((column * wide, 2), label, fill=0)
    for number, text in enumerate(rows):
        place, x, y = text.split("+")
        path, _, last = place.rpartition(":")
        begun = max(0, int(last) - BEFORE)
        frames = [each.frame for each in frames_of(path, begun, int(last) - begun + 1)]
        tiles = [frames[-1], *([*make()(frames)][-1] for make in makers.values())]
        for column, tile in enumerate(tiles):
            cut = (255 * tile[int(y) :, int(x) :][: TILE[1], : TILE[0]]).astype(np.uint8)
            page.paste(Image.fromarray(cut), (column * wide, LABEL + number * high))
    page.save(out, optimize=True)


def main() -> None:
    parser = usage(__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--train", nargs="+", required=True, metavar="FILM")
    parser.add_argument("--fit", default="", metavar="WORDS", help="options of the fits: '--minutes 4'")
    parser.add_argument("--frames", type=int, default=30)
    parser.add_argument("--test", nargs="+", default=[], metavar="FILM:START")
    parser.add_argument("--row", nargs="+", default=[], metavar="FILM:FRAME+X+Y")
    words = parser.parse_args()
    words.out.mkdir(parents=True, exist_ok=True)
    print(machine("numpy", "numba", "jax", "flax"))
    runs = train(words.out, words.train, words.fit.split())
    makers: Makers = {
        name: partial(table.make, "generator", weights=folder, polish=0) for name, folder in runs.items()
    }
    makers["gan"] = partial(table.make, "generator", DIAL, polish=0)
    makers["search"] = partial(table.make, "search", DIAL)
    for text in words.test:
        score(text, words.frames, {**makers, "floyd-steinberg": partial(table.make, "floyd-steinberg")})
    if words.row:
        picture(words.out / "objectives.png", words.row, makers)


if __name__ == "__main__":
    begin(main)
