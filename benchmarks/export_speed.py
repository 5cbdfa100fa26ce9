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
from pathlib import Path

from machine import machine
from PIL import Image

from player.reel_format.packing import deflate, pack
from trainer.cuts import is_cut
from trainer.dithers import make
from trainer.export import Task, export
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
            whole, _ = timed(lambda reel=reel: export(Task(film.path, selection, tones, "hysteresis"), reel))
            if number:  # the first round warms up
                ratios.append(pillow / whole)
                whole_seconds.append(whole)
                pillow_seconds.append(pillow)
    print(f"export          {frames / statistics.median(whole_seconds):7.1f} frames/s")
    print(f"Pillow alone    {frames / statistics.median(pillow_seconds):7.1f} frames/s")
    print(
        f"export / Pillow {statistics.median(ratios):7.2f} ({min(ratios):.2f} to {max(ratios):.2f}; aim 0.50)"
    )

    stages = {"decode": 0.0, "tone": 0.0, "cut": 0.0, "dither": 0.0, "compress": 0.0}

    def stage(name, work):
        seconds, result = timed(work)
        stages[name] += seconds / frames
        return result

    ditherer, image, dither, packed = make("hysteresis"), None, None, None
    film_frames = film.frames()
    for _ in range(frames):
        before, image = image, stage("decode", lambda: next(film_frames).image)
        frame = stage("tone", lambda image=image: tones(image, film.pixel_aspect))
        if before is not None:
            stage("cut", lambda before=before, image=image: is_cut(before, image))
        dither = stage("dither", lambda frame=frame, shown=dither: ditherer(frame, shown))
        packed_before, packed = packed, pack(dither)
        if packed_before is not None:
            stage("compress", lambda before=packed_before, now=packed: deflate(before ^ now))
    for name, seconds in stages.items():
        print(f"  {name:9} {1000 * seconds:6.1f} ms a frame, one after the other")


if __name__ == "__main__":
    main()
