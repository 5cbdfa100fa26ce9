"""Which eyes, and which dial, suit a panel of other dots than 300 to the inch?

The search minimises what two eyes see, S pixels away (`trainer/dithers/eye.py`); how many centimetres that is
depends on the panel's dots per inch. FILM[:PLACE], as in film.mp4:1:30, begins there. Every film is dithered
for each pair of `--eyes` (near,far in centimetres; the default first, S 2000 and 6000) at each `--dial`, and
what the glass shows is scored for eyes at each distance of `--seen`: HVS-PSNR in dB, the mean over all
frames; then the flips per frame, in percent. The lines are medians over the films.
"""

from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
from command import begin, machine, usage

import trainer.dithers.search.ditherer as search
from trainer.commands.film import parse_size
from trainer.dithers.eye import EYES, hvs_psnr, two_eye_kernel
from trainer.dithers.glass import glass
from trainer.dithers.levels import Levels
from trainer.films.film import BEGINNING, Film
from trainer.films.selection import Selection
from trainer.films.stretches import stretches
from trainer.films.times import parse_place
from trainer.films.tones import Tones

CM_PER_INCH = 2.54


def pair(text: str) -> tuple[float, float]:
    """`17,50` -> (17, 50)."""
    near, far = map(float, text.split(","))
    return near, far


def main() -> None:
    parser = usage(__doc__)
    parser.add_argument("films", nargs="+", metavar="FILM[:PLACE]")
    parser.add_argument("--size", default="800x480", type=parse_size)
    parser.add_argument("--dpi", default=125.0, type=float)
    parser.add_argument("--eyes", nargs="+", type=pair, default=[(17.0, 50.0), (33.0, 100.0)])
    parser.add_argument("--dial", nargs="+", type=float, default=[0.25, 0.5, 0.75])
    parser.add_argument("--seen", nargs="+", type=float, default=[17.0, 50.0, 100.0, 200.0])
    parser.add_argument("--ghost", type=float, default=0.083)
    parser.add_argument("--count", type=int, default=24, help="frames of each film; default 24")
    args = parser.parse_args()
    per_cm = args.dpi / CM_PER_INCH
    print(machine("numpy", "numba", "opencv-python-headless"))
    levels = Levels(args.ghost)
    films = []
    for text in args.films:
        path, _, place = text.partition(":")
        selection = Selection(start=parse_place(place) if place else BEGINNING, count=args.count)
        with Film(Path(path)) as film:
            frames = list(selection.frames(film, Tones(size=args.size)))
        films.append([[selected.frame for selected in stretch.frames] for stretch in stretches(frames)])
    print(f"{'eyes, cm':12} dial   " + "  ".join(f"{cm:g} cm" for cm in args.seen) + "   flips %")
    pairs = [(EYES[0] / per_cm, EYES[1] / per_cm), *args.eyes]
    for eyes in pairs:
        search.two_eye_kernel = partial(two_eye_kernel, (eyes[0] * per_cm, eyes[1] * per_cm))
        for dial in args.dial:
            rows = []
            for cut in films:
                scores, flips = [], []
                for frames in cut:
                    dithers = list(search.Search(dial, levels)(frames))
                    flips += [np.mean(a != b) for a, b in pairwise(dithers)]
                    shown = glass(dithers, levels)
                    scores += [
                        [hvs_psnr(frame, seen, cm * per_cm) for cm in args.seen]
                        for frame, seen in zip(frames, shown, strict=True)
                    ]
                rows.append([*np.mean(scores, axis=0), 100 * np.mean(flips)])
            *psnr, flipped = np.median(rows, axis=0)
            label = f"{eyes[0]:.0f},{eyes[1]:.0f}"
            print(
                f"{label:12} {dial:4g}   " + "  ".join(f"{db:5.1f}" for db in psnr) + f"   {flipped:5.2f}",
                flush=True,
            )


if __name__ == "__main__":
    begin(main)
