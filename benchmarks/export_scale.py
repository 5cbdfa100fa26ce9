"""Is an export by several workers the same reel, and how much faster is it?

    python benchmarks/export_scale.py FILM [--dither NAME]... [--start PLACE] [--frames N] [--workers N]
                                      [--stretch N] [--size WxH] [--rounds N]

For each dither: frames per second of whole exports (decode, scale, dither, compress, write), at 1448x1072
unless told otherwise, by one worker and by N, in rounds that alternate, and their ratio; the processor time
per frame, which tells more where the machine is busy with other things; and whether both reels are the same
in every row. It needs several stretches for each worker: see their number in the output.
"""

import resource
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path

from command import begin, machine, usage

from player.reel import Reel
from trainer.commands.film import parse_size
from trainer.export.export import Workers, export
from trainer.export.task import Task
from trainer.films.plan import USUAL, Plan
from trainer.films.selection import Selection
from trainer.films.times import parse_place
from trainer.films.tones import Tones


def rows(reel: Path) -> tuple[list, list]:
    """Every row of both tables, but for when the reel was created."""
    connection = sqlite3.connect(reel)
    described = connection.execute("SELECT * FROM reel WHERE key != 'created' ORDER BY key").fetchall()
    frames = connection.execute("SELECT * FROM frames ORDER BY number").fetchall()
    connection.close()
    return described, frames


def processor() -> float:
    """Seconds of processor time of this process and of its workers that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def seconds(task: Task, reel: Path, workers: int) -> tuple[float, float]:
    """Of wall clock and of processor time for one export."""
    start, used = time.perf_counter(), processor()
    export(task, reel, workers=Workers(workers))
    return time.perf_counter() - start, processor() - used


def main() -> None:
    parser = usage(__doc__)
    parser.add_argument("film")
    parser.add_argument("--dither", action="append")
    parser.add_argument("--start", type=parse_place, default=parse_place("0"))
    parser.add_argument("--frames", type=int)
    parser.add_argument("--size", default="1448x1072")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--stretch", type=int, default=USUAL.longest)
    parser.add_argument("--rounds", type=int, default=3)
    words = parser.parse_args()
    print(machine("numpy", "numba", "opencv-python-headless"))
    selection = Selection(words.start, count=words.frames)
    for dither in words.dither or ["hysteresis", "search"]:
        task = Task(
            Path(words.film),
            selection,
            Tones(parse_size(words.size)),
            dither,
            plan=Plan(longest=words.stretch),
        )
        alone, together, ratios = [], [], []
        with tempfile.TemporaryDirectory() as folder:
            for number in range(words.rounds):
                one, many = Path(folder) / f"{number}-one.reel", Path(folder) / f"{number}-many.reel"
                alone.append(seconds(task, one, 1))
                together.append(seconds(task, many, words.workers))
                ratios.append(alone[-1][0] / together[-1][0])
                if rows(one) != rows(many):
                    raise SystemExit(f"{dither}: the reels differ")
            frames = len(rows(one)[1])
            with Reel(one) as reel:
                stretches = len(reel.redraws or ())
        print(f"{dither}: {frames} frames in {stretches} stretches, the same rows in all reels")
        for what, rounds in (("1 worker", alone), (f"{words.workers} workers", together)):
            clock, used = (statistics.median(column) for column in zip(*rounds, strict=True))
            print(
                f"  {what:11} {frames / clock:7.2f} frames/s, {1000 * used / frames:.1f} ms of processor each"
            )
        print(f"  ratio       {statistics.median(ratios):7.2f} ({min(ratios):.2f} to {max(ratios):.2f})")


if __name__ == "__main__":
    begin(main)
