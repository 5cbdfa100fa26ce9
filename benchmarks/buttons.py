"""What polling four buttons costs: `python benchmarks/buttons.py [SECONDS]` (default 20).

Prints the share of one core that the player's thread takes, and that of the common way: a thread that polls
every 10 ms and waits for an event in between. The pins are stand-ins that answer at once; on a Pi each adds a
call of its GPIO module.
"""

import threading
import time

from command import begin, usage

from player.service.buttons import ACTIONS, listening

LEVELS = (False, False, False, False)


def common(over: threading.Event) -> None:
    """The common way."""
    while not over.wait(0.01):
        any(LEVELS)


def share(seconds: float) -> float:
    """The share of one core, in %, that this process takes during so many seconds."""
    before = time.process_time()
    time.sleep(seconds)
    return 100 * (time.process_time() - before) / seconds


def main() -> int:
    parser = usage(__doc__)
    parser.add_argument("seconds", type=float, nargs="?", default=20.0)
    seconds = parser.parse_args().seconds
    pins = dict(zip(ACTIONS, (5, 6, 13, 19), strict=True))
    with listening(pins, lambda _: lambda: LEVELS, print, bool, print):
        print(f"player/service/buttons.py  {share(seconds):.2f} % of a core")
    over = threading.Event()
    thread = threading.Thread(target=common, args=(over,))
    thread.start()
    print(f"every 10 ms with an event  {share(seconds):.2f} % of a core")
    over.set()
    thread.join()
    return 0


if __name__ == "__main__":
    begin(main)
