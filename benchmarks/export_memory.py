"""The most memory that `trainer export` takes, for each size and each --memory.

Anonymous memory is what a limit like systemd's MemoryMax cannot take back; resident also counts the pages of
libraries that other programs share.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from command import begin, machine, usage


def peak(command: list[str]) -> tuple[float, float]:
    """Run it; the most anonymous and resident memory in MB. Linux only."""
    highest = {"RssAnon": 0, "VmHWM": 0}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while process.poll() is None:
        try:
            status = Path(f"/proc/{process.pid}/status").read_text()
        except OSError:
            break
        for line in status.splitlines():
            key, _, value = line.partition(":")
            if key in highest:
                highest[key] = max(highest[key], int(value.split()[0]))
        time.sleep(0.02)
    if process.wait():
        sys.exit(f"{' '.join(command)} failed")
    return highest["RssAnon"] / 1000, highest["VmHWM"] / 1000


def report(args: argparse.Namespace) -> None:
    print(machine("numpy", "numba", "av", "opencv-python-headless"))
    print(f"{'':40} {'anonymous':>10} {'resident':>10}")
    for dither in args.dither:
        for size in args.size:
            for memory in args.memory if dither == "search" else args.memory[:1]:
                with tempfile.TemporaryDirectory() as folder:
                    words = [args.film, f"{folder}/a.reel", "--dither", dither, "--size", size]
                    words += ["--memory", memory, "--start", args.start, "--count", str(args.count)]
                    anonymous, resident = peak([sys.executable, "-m", "trainer", "export", *words])
                print(
                    f"{dither} {size} --memory {memory:18} {anonymous:7.0f} MB {resident:7.0f} MB", flush=True
                )


def main() -> None:
    parser = usage(__doc__)
    parser.add_argument("film", metavar="FILM")
    parser.add_argument("--start", default="0")
    parser.add_argument("--count", type=int, default=24, help="frames; default 24")
    parser.add_argument("--dither", nargs="+", default=["hysteresis", "search"])
    parser.add_argument("--size", nargs="+", default=["800x480", "1448x1072"])
    parser.add_argument("--memory", nargs="+", default=["4G", "340M"])
    report(parser.parse_args())


if __name__ == "__main__":
    begin(main)
