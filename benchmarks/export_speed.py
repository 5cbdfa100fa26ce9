"""How fast is the whole of `trainer export`, against Pillow's Floyd-Steinberg dithering alone?

    python benchmarks/export_speed.py FILM [FRAMES [NAME[:DIAL]...]]

Prints frames per second at 1448x1072 of Pillow's `convert("1")`, and of an export by one worker (decode,
scale, dither, compress, write) with each dither named (default: `hysteresis`), with its ratio to Pillow and
to the first dither. All take turns in rounds. Aims: `hysteresis` at least half as fast as Pillow alone,
`generator` five times as fast as `search`. `trainer bench --film FILM` tells where the time goes.
"""

import statistics
import tempfile
import time
from pathlib import Path

from command import begin, machine, usage
from PIL import Image

from trainer.dithers.table import parse
from trainer.export.export import export
from trainer.export.task import Task
from trainer.films.film import Film
from trainer.films.selection import Selection
from trainer.films.tones import Tones

ROUNDS = 5


def timed(work):
    """Seconds of wall clock that `work()` takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    words = usage(__doc__)
    words.add_argument("film")
    words.add_argument("frames", type=int, nargs="?", default=100)
    words.add_argument("dithers", nargs="*", default=["hysteresis"], metavar="NAME[:DIAL]")
    given = words.parse_args()
    film, dithers = Film(given.film), given.dithers
    selection, tones = Selection(count=given.frames), Tones()
    pictures = [
        Image.fromarray((selected.frame * 255 + 0.5).astype("uint8"))
        for selected in selection.frames(film, tones)
    ]
    frames = len(pictures)
    print(machine("numpy", "numba", "opencv-python-headless", "pillow", "jax"))
    print(f"{film.name}: {frames} frames, {film.width}x{film.height} -> 1448x1072")

    pillow, seconds = [], {dither: [] for dither in dithers}
    with tempfile.TemporaryDirectory() as folder:

        def whole(dither):
            name, dial = parse(dither)
            reel = Path(folder) / "film.reel"
            export(Task(film.path, selection, tones, name, dial), reel, overwrite=True)

        for number in range(ROUNDS + 1):
            alone = timed(lambda: [picture.convert("1") for picture in pictures])
            took = {dither: timed(lambda dither=dither: whole(dither)) for dither in dithers}
            if number:  # the first round warms up
                pillow.append(alone)
                for dither in dithers:
                    seconds[dither].append(took[dither])

    print(f"{'Pillow alone':16} {frames / statistics.median(pillow):7.1f} frames/s")
    for dither in dithers:
        ratios = [of_pillow / own for of_pillow, own in zip(pillow, seconds[dither], strict=True)]
        print(
            f"{dither:16} {frames / statistics.median(seconds[dither]):7.1f} frames/s, "
            f"{statistics.median(ratios):.2f} of Pillow ({min(ratios):.2f} to {max(ratios):.2f})",
            end="",
        )
        first = [of_first / own for of_first, own in zip(seconds[dithers[0]], seconds[dither], strict=True)]
        print("" if dither == dithers[0] else f", {statistics.median(first):.2f} of {dithers[0]}")


if __name__ == "__main__":
    begin(main)
