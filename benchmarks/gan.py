"""What one shot of the GAN is worth on fresh frames: tone, dots, and flips.

Every --every-th frame of each film is dithered by itself: HVS-PSNR for two eyes, and JS, the distance of the
3x3 patterns to those of a settled dither (`trainer/evaluate/patterns.py`). Flips are those between the
dithers of such a frame and the next one, which know nothing of each other. --run adds a fit of `--objective
gan`: runs with other weights of the critic are the front of tone against dots.
"""

from pathlib import Path

import numpy as np
from command import begin, machine, usage

from trainer.dithers import table
from trainer.dithers.eye import EYES, hvs_psnr
from trainer.dithers.search.ditherer import FrameSearch
from trainer.evaluate.patterns import distance
from trainer.films.film import Film
from trainer.films.selection import Selection
from trainer.films.tones import Tones

SIZE = (384, 208)


def pairs(path, every):
    """Pairs of consecutive frames of one shot; black ones are left out."""
    before = None
    for number, selected in enumerate(Selection().frames(Film(path), Tones(size=SIZE))):
        if number % every == 1 and not selected.cut and before.std() > 0.02:
            yield before, selected.frame
        before = selected.frame


def fresh(ditherer, frame):
    return next(iter(ditherer([frame])))


def main() -> None:
    parser = usage(__doc__)
    parser.add_argument("films", nargs="+", metavar="FILM")
    parser.add_argument("--every", type=int, default=9)
    parser.add_argument("--run", action="append", default=[], type=Path, metavar="RUN")
    words = parser.parse_args()
    print(machine("numpy", "numba", "jax", "flax"))
    ditherers = {
        "settled search": FrameSearch(engine="sequential"),
        **{name: table.make(name) for name in ("floyd-steinberg", "mask", "gan")},
        **{str(run): table.make("generator", weights=run, polish=0) for run in words.run},
    }
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
