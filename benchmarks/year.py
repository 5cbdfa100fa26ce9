"""A year on the wall in virtual time: 160,000 frames at 200 s, with faults. Does it end on the right frame?

    python benchmarks/year.py [FRAMES] [SEED]

The real playback, recovery, driver and reel run against the simulated controller; only time is not real. At
random, seeded moments: the controller hangs (HRDY, display engine), reads back a wrong VCOM or garbage, a
transfer fails, the panel loses power in a transfer, the process is killed at any instant, also in the middle
of a write, the machine's clock is wrong by years and its time zone changes, the disk is full, the films are
unmounted for up to two hours, the configuration is read again; and frames of the reel are damaged. A player
that ends with an error is started again after ten seconds, as systemd does it.

Checked at every frame: it is the one after the last (or, after a kill, that one again), the glass shows its
dither, and the panel sleeps when the player waits. What a small panel and a small reel cannot tell (time,
memory of the real size) is in player_cost.py. Prints what it found and exits with 1 if anything was wrong.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

from command import begin, usage
from year_faults import HEIGHT, WIDTH, Killed
from year_world import BLOCK, DAY, INTERVAL, MEAN_FRAMES, World, Wrong

from player import panel as panels
from player.errors import PlayerError
from player.playback.dependencies import Dependencies
from player.playback.loop import Playback

__all__ = ["DAY", "INTERVAL", "MEAN_FRAMES", "World", "Wrong", "live"]

RESTART = 10.0  # seconds until systemd starts it again


def live(world: World, tick: Callable[[], None] = lambda: None) -> None:
    """Play until the last frame is shown, starting the player again whenever it ends. Raises Wrong."""
    wire = world.wire
    with (
        mock.patch("driver.simulator.it8951.SimulatedWire", lambda *size, strict: wire),  # noqa: PT008 (keeps no calls)
        mock.patch("player.progress.write_whole", world.write),
        mock.patch(
            "driver.it8951.controller.POLL_SECONDS", 0.1
        ),  # a tenth of the polls, as they cost most of the time
        mock.patch.dict(os.environ),
    ):
        while world.last < world.frames - 1:
            tick()
            try:
                with panels.opened(
                    world.config, (WIDTH, HEIGHT), world.log, clock=world.clock, wait=wire.sleep
                ) as (panel, _, _):
                    deps = Dependencies(
                        open_reel=world.open_reel,
                        store=world,
                        inbox=world,
                        log=world.log,
                        reload=lambda: world.effective,
                        seen=world.seen,
                        alive=tick,
                        clock=world.clock,
                        wall=world.wall,
                    )
                    Playback(world.effective, panel, deps).run(world.store.load())
                world.happened["(ended well)"] += 1
            except Killed:
                wire.dead = False
                world.happened["(died)"] += 1
            except PlayerError as error:
                world.happened["(ended with an error)"] += 1
                world.log(f"player: {error}")
                if not wire.asleep:
                    raise Wrong("the player ended and the panel does not sleep") from error
            world.restart()
            wire.sleep(RESTART)


class Watch:
    """Memory, open files and progress at the 5 % marks."""

    def __init__(self, world: World) -> None:
        self._world, self._begun = world, time.perf_counter()
        self.marks: list[tuple[float, float, int]] = []  # share of the frames, MB, open files

    def __call__(self) -> None:
        share = (self._world.last + 1) / self._world.frames
        if share >= 0.05 * (len(self.marks) + 1):
            self.marks.append((share, resident() / 1e6, len(os.listdir("/proc/self/fd"))))
            print(
                f"{share:4.0%} of the frames, {self._world.clock() / DAY:5.1f} days, "
                f"{time.perf_counter() - self._begun:5.0f} s: {self.marks[-1][1]:.1f} MB, "
                f"{self.marks[-1][2]} open files",
                flush=True,
            )


def resident() -> int:
    """Bytes of memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def report(world: World, watch: Watch, wall: float) -> None:
    """What the year was like."""
    days = world.clock() / DAY
    damaged = int((~world.playable).sum())
    print(f"{world.frames:,} frames at {INTERVAL:g} s: {days:.1f} days of virtual time, {wall:.0f} s of real")
    print(
        f"last frame on the glass: {world.last}; passed over: {damaged} damaged, "
        f"{int(world.unseen.sum())} others; went up: {world.shown:,}"
    )
    print(
        "what went wrong: " + ", ".join(f"{kind} {count}" for kind, count in sorted(world.happened.items()))
    )
    print(
        f"redraws: {world.redraws} ({world.redraws / days:.1f} a day), "
        f"at most {world.most_in_an_hour} in an hour"
    )
    print(
        f"writes of the place: {world.writes / days:,.0f} a day, "
        f"{world.bytes / days / 1e3:,.0f} kB a day, "
        f"{world.blocks * BLOCK / days / 1e6:.1f} MB a day in blocks of {BLOCK} bytes; "
        f"log: {world.logged / days / 1e3:,.0f} kB a day"
    )
    first, last = watch.marks[1], watch.marks[-1]
    print(
        f"memory: {first[1]:.1f} MB after {first[0]:.0%} of the frames, {last[1]:.1f} MB at the end; "
        f"open files: {first[2]} and {last[2]}"
    )


def main() -> None:
    words = usage(__doc__)
    words.add_argument("frames", type=int, nargs="?", default=160_000)
    words.add_argument("seed", type=int, nargs="?", default=1)
    given = words.parse_args()
    frames, seed = given.frames, given.seed
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as directory:
        world = World(Path(directory), frames, seed)
        watch = Watch(world)
        begun = time.perf_counter()
        try:
            live(world, watch)
        except Wrong as wrong:
            print("\n".join(world.lines))
            sys.exit(f"after frame {world.last}, {world.clock() / DAY:.2f} days: {wrong}")
        watch()
        report(world, watch, time.perf_counter() - begun)


if __name__ == "__main__":
    begin(main)
