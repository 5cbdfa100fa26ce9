"""What does a player cost? CPU per frame, peak memory, time from start to the first byte on the wire.

    python benchmarks/player_cost.py [FRAMES]

Makes a 1448x1072 reel of its own (.8 % of the pixels flip from frame to frame) and runs `player run` on it
at full speed, in processes of their own: on the simulated panel, and on a wire that answers like a
controller and draws nothing (glass and image memory are not the player's). Peers, in the same rounds: a
process that only imports numpy, and for CPU Pillow's decoding of one 1-bit PNG per frame of the same
dithers, which a player of PNG files would need at least. Medians of alternating rounds. Aims: 45 MB, half a
second.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from command import begin, machine, usage

from player.pictures.png import save_dither
from player.reel import Reel, ReelWriter

ROOT = Path(__file__).parent.parent
WIDTH, HEIGHT = 1448, 1072
ROUNDS = 5

# The peak is the kernel's for this program alone: getrusage's also counts the parent it was forked from.
MEASURE = """
import json, re, sys, time
def report(**more):
    peak = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
    print(json.dumps({"cpu": time.process_time(), "peak_kb": peak, **more}), file=sys.stderr)
"""

NUMPY = MEASURE + "import numpy\nreport()"

PNG = (
    MEASURE
    + """
from pathlib import Path
from PIL import Image
import numpy
for path in sorted(Path(sys.argv[1]).glob("frame-*.png")):
    with Image.open(path) as image:
        numpy.asarray(image)
report()
"""
)

# In place of the driver's wire with spidev and GPIO: always ready, it answers reads with what a 6 inch HD
# panel says of itself (20 words, see GET_DEV_INFO), with the VCOM that was set, with registers that are 0.
NULL_WIRE = (
    MEASURE
    + """
import time
first = []
class NullWire:
    def __init__(self, settings):
        self.command, self.arguments, self.vcom = 0, 0, 0
    def exchange(self, tx):
        if not first:
            first.append(time.time())
        head = tx[:2]
        if head == b"\\x60\\x00":
            self.command, self.arguments = int.from_bytes(tx[2:4], "big"), 0
        elif head == b"\\x00\\x00" and self.command == 0x39:
            self.arguments += 1
            if self.arguments == 2:
                self.vcom = int.from_bytes(tx[2:4], "big")
        if head != b"\\x10\\x00":
            return bytes(len(tx))
        words = [0] * ((len(tx) - 4) // 2)
        if self.command == 0x302:
            words = [1448, 1072, 0x36E0, 0x12] + [0] * 8 + [0x364D, 0x3134] + [0] * 6
        elif self.command == 0x39:
            words = [self.vcom]
        return (bytes(4) + b"".join(word.to_bytes(2, "big") for word in words)).ljust(len(tx), b"\\0")
    def ready(self):
        return True
    def reset(self):
        pass
    def close(self):
        pass
import driver.it8951.panel
driver.it8951.panel.SpiWire = NullWire
from player.__main__ import main
begun = float(sys.argv[1])
code = main(sys.argv[2:])
report(first_byte=first[0] - begun, code=code)
"""
)

SIMULATED = (
    MEASURE
    + """
from player.__main__ import main
code = main(sys.argv[2:])
report(code=code)
"""
)


def make_reel(path: Path, frames: int) -> None:
    """A reel of noise in which few pixels flip: no real film, but as many bytes and flips as one."""
    rng = np.random.default_rng(0)
    dither = (rng.random((HEIGHT, WIDTH)) < 0.4).astype(np.uint8)
    with ReelWriter(path, {"film": "noise"}, WIDTH, HEIGHT) as writer:
        for number in range(frames):
            writer.append(dither, number * 40, number, False)
            dither = dither ^ (rng.random((HEIGHT, WIDTH), dtype=np.float32) < 0.008).astype(np.uint8)
        writer.finish()


def measured(program: str, *arguments: object) -> dict[str, float]:
    """Run it in a process of its own; what it reports."""
    result = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    if result.returncode:
        sys.exit(result.stderr)
    report: dict[str, float] = json.loads(result.stderr.splitlines()[-1])
    if report.get("code"):
        sys.exit(f"player failed: {result.stderr}")
    return report


def wall(program: str) -> float:
    """Seconds from start to end of a process."""
    begun = time.perf_counter()
    measured(program)
    return time.perf_counter() - begun


def main() -> None:
    words = usage(__doc__)
    words.add_argument("frames", type=int, nargs="?", default=100)
    frames = words.parse_args().frames
    print(machine("numpy", "pillow"))
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        path = directory / "noise.reel"
        make_reel(path, frames)
        with Reel(path) as reel:
            for number in range(frames):
                save_dither(directory / f"frame-{number:06}.png", reel.packed(number), WIDTH)
        run = ["run", path, "--interval", 0, "--start", 1]
        cpu, png_cpu, null_kb, sim_kb, numpy_kb, first, numpy_wall = ([] for _ in range(7))
        for number in range(ROUNDS + 1):
            state = directory / "state.json"
            one = measured(NULL_WIRE, time.time(), *run, "--count", 1, "--vcom", -1.5, "--state", state)
            numpy_seconds = wall(NUMPY)
            many = measured(NULL_WIRE, time.time(), *run, "--vcom", -1.5, "--state", state)
            png = measured(PNG, directory)
            bare = measured(NUMPY)
            simulated = measured(SIMULATED, 0, *run, "--count", 5, "--simulated", directory / "sim")
            if not number:  # the first round warms up
                continue
            first.append(one["first_byte"])
            numpy_wall.append(numpy_seconds)
            cpu.append((many["cpu"] - one["cpu"]) / (frames - 1))
            png_cpu.append((png["cpu"] - bare["cpu"]) / frames)
            null_kb.append(many["peak_kb"])
            numpy_kb.append(bare["peak_kb"])
            sim_kb.append(simulated["peak_kb"])
        size = path.stat().st_size / frames

    def line(name: str, values: list[float], peer: str, peers: list[float], scale: float, unit: str) -> None:
        ratio = statistics.median(a / b for a, b in zip(values, peers, strict=True))
        mine, other = statistics.median(values) * scale, statistics.median(peers) * scale
        print(f"{name:34} {mine:8.2f} {unit}   {peer:24} {other:8.2f} {unit}   ratio {ratio:.2f}")

    print(f"{frames} frames of {WIDTH}x{HEIGHT}, {size:,.0f} bytes each; medians of {ROUNDS} rounds")
    line("CPU per frame", cpu, "decoding a 1-bit PNG", png_cpu, 1e3, "ms")
    line("peak memory", null_kb, "import numpy", numpy_kb, 1 / 1000, "MB")
    line("peak memory with the simulator", sim_kb, "import numpy", numpy_kb, 1 / 1000, "MB")
    line("start to first byte on the wire", first, "import numpy and leave", numpy_wall, 1, "s ")


if __name__ == "__main__":
    begin(main)
