"""How many bytes does a reel take per frame?

    python benchmarks/reel_bytes.py FILM [FRAMES] [DIAL]

Exports `hysteresis` at 1448x1072 and prints the bytes per frame of the reel (the whole file, key frames
included) and of its deltas, against 1-bit PNGs of the same dithers, 1-bit PNGs of Floyd-Steinberg's, and
the entropy of the flips: N h2(p) bits for N pixels of which the share p flips, what independent flips
would need at least. Aim: deltas within 1.3 times the entropy.
"""

import io
import math
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import numpy as np
from command import begin, machine, usage
from PIL import Image

from player.reel import Reel
from trainer.dithers.diffusion import FloydSteinberg
from trainer.export.export import export
from trainer.export.task import Task
from trainer.films.film import Film
from trainer.films.selection import Selection
from trainer.films.tones import Tones


def png_bytes(dither: np.ndarray) -> int:
    """The size of the dither as a 1-bit PNG, as Pillow writes it with its best compression."""
    file = io.BytesIO()
    Image.fromarray(dither * 255).convert("1", dither=Image.Dither.NONE).save(file, "png", optimize=True)
    return file.tell()


def entropy_bytes(flips: int, pixels: int) -> float:
    """N h2(flips / N) in bytes."""
    p = flips / pixels
    return 0.0 if p in (0, 1) else -pixels * (p * math.log2(p) + (1 - p) * math.log2(1 - p)) / 8


def main() -> None:
    words = usage(__doc__)
    words.add_argument("film")
    words.add_argument("frames", type=int, nargs="?", default=150)
    words.add_argument("dial", type=float, nargs="?", default=0.5)
    given = words.parse_args()
    film, selection, dial = Film(given.film), Selection(count=given.frames), given.dial
    tones, floyd_steinberg = Tones(), FloydSteinberg()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.reel"
        export(Task(film.path, selection, tones, "hysteresis", dial), path)
        with Reel(path) as reel:
            infos = [reel.info(number) for number in range(reel.frames)]
            own_png = np.mean([png_bytes(reel.dither(number)) for number in range(reel.frames)])
            deltas = [info for info in infos if not info.key]
            pixels = reel.width * reel.height
            entropy = np.mean([entropy_bytes(info.flips, pixels) for info in deltas])
        with closing(sqlite3.connect(path)) as table:
            query = "SELECT avg(length(payload)) FROM frames WHERE kind = 'delta'"
            (delta_bytes,) = table.execute(query).fetchone()
        whole = path.stat().st_size / len(infos)
    other_png = np.mean(
        [
            png_bytes(floyd_steinberg.dither(selected.frame, None))
            for selected in selection.frames(film, tones)
        ]
    )
    flips = np.mean([info.flips for info in deltas]) / pixels
    print(machine("numpy", "pillow"))
    print(f"{film.name}: {len(infos)} frames, {len(deltas)} deltas, {100 * flips:.2f} % flips, dial {dial:g}")
    print(f"deltas                        {delta_bytes:9.0f} bytes a frame")
    print(
        f"entropy of their flips        {entropy:9.0f}   deltas / entropy       "
        f"{delta_bytes / entropy:.2f} (aim 1.3)"
    )
    print(f"whole reel                    {whole:9.0f}   reel / entropy         {whole / entropy:.2f}")
    print(f"1-bit PNG, same dithers       {own_png:9.0f}   reel / PNG             {whole / own_png:.2f}")
    print(f"1-bit PNG, Floyd-Steinberg    {other_png:9.0f}   reel / PNG             {whole / other_png:.2f}")


if __name__ == "__main__":
    begin(main)
