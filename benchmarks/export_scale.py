"""Is an export with several workers the same reel, and how much faster is it?

    python benchmarks/export_scale.py FILM [--dither NAME]... [--start PLACE] [--frames N] [--workers N] ...

For each dither: frames per second of whole exports (decode, scale, dither, compress, write, join) at
1448x1072 with one process and with N workers, in rounds that alternate, and their ratio; whether both reels
are the same in every row. Then what parts cost: the share of the pixels that flips at cuts where a part
begins, dithered as if nothing were shown, against the closed loop at the other cuts.
"""

import argparse
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path

from machine import machine

from player.reel import Reel
from trainer.export import Task, export
from trainer.parts import Parts
from trainer.selection import Selection
from trainer.times import parse_place
from trainer.tones import Tones


def rows(reel: Path) -> tuple[list, list]:
    """Every row of both tables, but for when the reel was created."""
    connection = sqlite3.connect(reel)
    described = connection.execute("SELECT * FROM reel WHERE key != 'created' ORDER BY key").fetchall()
    frames = connection.execute("SELECT * FROM frames ORDER BY number").fetchall()
    connection.close()
    return described, frames


def seconds(task: Task, reel: Path, workers: int) -> float:
    """Of wall clock for one export."""
    start = time.perf_counter()
    export(task, reel, workers=workers)
    return time.perf_counter() - start


def flips_at_cuts(path: Path) -> tuple[list[float], list[float]]:
    """The share of the pixels that flips at cuts where a part begins, and at the others."""
    fresh, closed, parts = [], [], Parts(whole=True)
    with Reel(path) as reel:
        for number in range(reel.frames):
            info = reel.info(number)
            begins = parts.begins(number, info.cut)
            if number and info.cut:
                (closed if begins is None else fresh).append(info.flips / (reel.width * reel.height))
    return fresh, closed


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("film")
    parser.add_argument("--dither", action="append")
    parser.add_argument("--start", type=parse_place, default=parse_place("0"))
    parser.add_argument("--frames", type=int)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    words = parser.parse_args()
    print(machine("numpy", "numba", "opencv-python-headless"))
    selection = Selection(words.start, count=words.frames)
    for dither in words.dither or ["hysteresis", "search"]:
        task = Task(Path(words.film), selection, Tones(), dither)
        alone, together, ratios = [], [], []
        with tempfile.TemporaryDirectory() as folder:
            for number in range(words.rounds):
                one, many = Path(folder) / f"{number}-one.reel", Path(folder) / f"{number}-many.reel"
                alone.append(seconds(task, one, 1))
                together.append(seconds(task, many, words.workers))
                ratios.append(alone[-1] / together[-1])
                if rows(one) != rows(many):
                    raise SystemExit(f"{dither}: the reels differ")
            frames = len(rows(one)[1])
            fresh, closed = flips_at_cuts(one)
        print(f"{dither}: {frames} frames, the same rows in all reels")
        print(f"  1 process   {frames / statistics.median(alone):7.2f} frames/s")
        print(f"  {words.workers} workers   {frames / statistics.median(together):7.2f} frames/s")
        print(f"  ratio       {statistics.median(ratios):7.2f} ({min(ratios):.2f} to {max(ratios):.2f})")
        for what, shares in (("where parts begin", fresh), ("elsewhere", closed)):
            if shares:
                print(
                    f"  {len(shares)} cuts {what}: {100 * statistics.mean(shares):.1f} % of the pixels flip"
                )


if __name__ == "__main__":
    main()
