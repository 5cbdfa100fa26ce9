"""What does `player run --once` cost a battery? Seconds from wake to sleep, bytes on the wire, CPU.

    python benchmarks/wake.py [RUNS]

A 1448x1072 reel of noise in which 0.8 % of the pixels flip from frame to frame. The panel's part is the
simulated controller's time from the first byte to SLEEP, with the times that published drivers give for its
waveforms, at the default SPI clock; it is counted over RUNS runs on one panel, once with the power cut
between them (every run a redraw) and once with `--keeps-power`. The computer's part is measured on this
machine: a process of its own per run, on a wire that answers like a controller and draws nothing, from the
start of the process to its end. Booting the computer is not in it.
"""

import contextlib
import io
import statistics
import sys
import tempfile
import time
from pathlib import Path
from unittest import mock

from command import begin, machine, usage
from player_cost import HEIGHT, NULL_WIRE, WIDTH, make_reel, measured

from driver.simulator.it8951 import SimulatedWire
from player.__main__ import main as player

ROUNDS = 5
SLOW_HZ, FAST_HZ = 1e6, 12e6  # of commands and of pictures, as the driver sets them


class Wire(SimulatedWire):
    """Where SPI would be; `close` ends a process and not the panel. Commands go at the slow clock."""

    def exchange(self, tx: bytes) -> bytes:  # type: ignore[override]
        self._spi_hz = FAST_HZ if len(tx) > 64 else SLOW_HZ
        return super().exchange(tx)

    def close(self) -> None:
        """Leave the panel as it is."""


def on_the_panel(reel: Path, state: Path, runs: int, keeps_power: bool) -> tuple[list[float], list[int]]:
    """Seconds and bytes of each run on one simulated panel."""
    wire = Wire(WIDTH, HEIGHT, strict=True)
    seconds, sent = [], []
    with (
        mock.patch("driver.it8951.panel.SpiWire", return_value=wire),
        mock.patch("driver.it8951.panel.time.monotonic", wire.clock),
        mock.patch("driver.it8951.panel.time.sleep", wire.sleep),
    ):
        for _ in range(runs):
            begun, before = wire.clock(), wire.bytes_on_wire
            options = ["--keeps-power"] if keeps_power else []
            with contextlib.redirect_stdout(io.StringIO()):
                code = player(["run", str(reel), "--once", "--vcom", "-1.5", "--state", str(state), *options])
            if code or wire.log[-1].name != "SLEEP":
                sys.exit("the run failed, or the panel does not sleep")
            seconds.append(wire.log[-1].time - begun)
            sent.append(wire.bytes_on_wire - before)
            if not keeps_power:
                wire.power_cut()
    return seconds, sent


def main() -> None:
    words = usage(__doc__)
    words.add_argument("runs", type=int, nargs="?", default=10)
    runs = words.parse_args().runs
    print(machine("numpy"))
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        reel = directory / "noise.reel"
        make_reel(reel, runs + 1)
        for keeps_power in (False, True):
            place = directory / f"{keeps_power}.json"
            seconds, sent = on_the_panel(reel, place, runs, keeps_power)
            which = "controller keeps its power, partial updates" if keeps_power else "power cut, redraws"
            later = slice(1, None)  # the first run is a redraw in any case
            print(
                f"panel, {which}: {statistics.median(seconds[later]):.2f} s from wake to sleep, "
                f"{statistics.median(sent[later]):,.0f} bytes on the wire"
            )
        walls, cpus = [], []
        for number in range(ROUNDS + 1):
            state = directory / "computer.json"
            begun = time.time()
            cost = measured(NULL_WIRE, begun, "run", reel, "--once", "--vcom", -1.5, "--state", state)
            if number:  # the first round warms up
                walls.append(time.time() - begun)
                cpus.append(cost["cpu"])
    print(
        f"computer: {statistics.median(walls):.2f} s from the start of the process to its end, "
        f"{statistics.median(cpus):.2f} s of them CPU; median of {ROUNDS}"
    )


if __name__ == "__main__":
    begin(main)
