"""What the web page costs a small machine: milliseconds and megabytes of loading its libraries.

    python benchmarks/remote_cost.py

Each is loaded in a process that has loaded the player, seven times; the least counts. Other web libraries are
measured for comparison if they are installed: pip install flask starlette uvicorn aiohttp
"""

import subprocess
import sys

from command import begin, usage

RUNS = 7
PLAYER = "import json, sqlite3, zlib, numpy, player.playback.loop"
LIBRARIES = {
    "the standard library's": "import http.server, socketserver",
    "bottle and waitress": "import bottle, waitress",
    "the whole web page": "import player.web.app, player.web.server",
    "segno, for the QR code": "import segno",
    "Pillow, for a PNG": "import PIL.Image, PIL.PngImagePlugin",
    "flask and waitress": "import flask, waitress",
    "starlette and uvicorn": "import starlette.applications, uvicorn.server, uvicorn.protocols.http.h11_impl",
    "aiohttp": "import aiohttp.web",
}
PROGRAM = """
import os, time
{player}
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
before, begun = resident(), time.perf_counter()
{library}
print(time.perf_counter() - begun, resident() - before)
"""


def cost(library: str) -> tuple[float, float] | None:
    """Seconds and bytes; None where it is not installed."""
    program = PROGRAM.format(player=PLAYER, library=library)
    found = []
    for _ in range(RUNS):
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
        if "ModuleNotFoundError" in done.stderr:
            return None
        assert done.returncode == 0, done.stderr
        seconds, size = map(float, done.stdout.split())
        found.append((seconds, size))
    return min(seconds for seconds, _ in found), min(size for _, size in found)


def main() -> None:
    usage(__doc__).parse_args()
    print(f"{'':<24} {'ms':>6} {'MB':>6}")
    for name, library in LIBRARIES.items():
        measured = cost(library)
        if measured is None:
            print(f"{name:<24} not installed")
        else:
            print(f"{name:<24} {measured[0] * 1e3:6.0f} {measured[1] / 1e6:6.1f}")


if __name__ == "__main__":
    begin(main)
