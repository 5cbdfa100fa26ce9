"""How fast is the whole of `trainer export`, against Pillow's Floyd-Steinberg dithering alone?

    python benchmarks/export_speed.py FILM [FRAMES]

Prints frames per second of the export (decode, scale, dither, compress, write) at 1448x1072 with
`hysteresis`, of Pillow's `convert("1")` on the same frames, and their ratio, in rounds that alternate;
then what each stage costs on one core. Aim: at least half of Pillow's dithering alone.
"""

import statistics
import sys
import tempfile
import time
from itertools import islice, pairwise
from pathlib import Path

from machine import machine
from PIL import Image

from player.packing import deflate, pack
from trainer.dithers import make
from trainer.export import export
from trainer.films import Film
from trainer.selection import Selection
from trainer.tones import Tones

ROUNDS = 5


def timed(work):
    """Seconds of wall clock that `work()` takes, and what it returns."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def main() -> None:
    film = Film(sys.argv[1])
    frames = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    selection, tones = Selection(count=frames), Tones()
    pictures = [
        Image.fromarray((selected.frame * 255 + 0.5).astype("uint8"))
        for selected in selection.frames(film, tones)
    ]
    frames = len(pictures)
    print(machine("numpy", "numba", "opencv-python-headless", "pillow"))
    print(f"{film.name}: {frames} frames, {film.width}x{film.height} -> 1448x1072")

    ratios, whole_seconds, pillow_seconds = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(ROUNDS + 1):
            reel = Path(folder) / f"{number}.reel"
            pillow, _ = timed(lambda: [picture.convert("1") for picture in pictures])
            whole, _ = timed(
                lambda reel=reel: export(film, reel, selection=selection, tones=tones, dither="hysteresis")
            )
            if number:  # the first round warms up
                ratios.append(pillow / whole)
                whole_seconds.append(whole)
                pillow_seconds.append(pillow)
    print(f"export          {frames / statistics.median(whole_seconds):7.1f} frames/s")
    print(f"Pillow alone    {frames / statistics.median(pillow_seconds):7.1f} frames/s")
    print(
        f"export / Pillow {statistics.median(ratios):7.2f} ({min(ratios):.2f} to {max(ratios):.2f}; aim 0.50)"
    )

    decode, images = timed(lambda: [frame.image for frame in islice(film.frames(), frames)])
    scale, toned = timed(lambda: [tones(image, film.pixel_aspect) for image in images])
    ditherer = make("hysteresis")
    dithers = []
    dither, _ = timed(
        lambda: [dithers.append(ditherer(frame, dithers[-1] if dithers else None)) for frame in toned]
    )
    packed = [pack(each) for each in dithers]
    compress, _ = timed(lambda: [deflate(a ^ b) for a, b in pairwise(packed)])
    for name, seconds in (("decode", decode), ("tone", scale), ("dither", dither), ("compress", compress)):
        print(f"  {name:9} {1000 * seconds / frames:6.1f} ms a frame")


if __name__ == "__main__":
    main()
