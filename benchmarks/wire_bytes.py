"""Bytes on the wire per partial update, as a ratio to the load of a whole frame with four bits per pixel.

The peer is what drivers without a 1-bit path send for every frame: 1448 x 1072 pixels at 4 bits, 776,128
bytes. All numbers are counted on the simulator's wire while the real driver draws, preambles, commands and
polls of the engine included; they are the same on every run. Aim: at most a quarter, less when few rows
changed.

    python benchmarks/wire_bytes.py
"""

import argparse
from collections.abc import Callable

import numpy as np
from command import begin

from driver.it8951.panel import IT8951Panel, PanelSettings, open_on
from driver.simulator.it8951 import SimulatedWire

WIDTH, HEIGHT = 1448, 1072
PEER_BYTES = WIDTH * HEIGHT // 2
BANDS = (HEIGHT, HEIGHT // 2, HEIGHT // 4, HEIGHT // 16, 1)


def opened(settings: PanelSettings) -> tuple[IT8951Panel, SimulatedWire]:
    """A panel in the middle of a film: redrawn, updated once, asleep."""
    wire = SimulatedWire(WIDTH, HEIGHT)
    panel = open_on(wire, settings, wire.clock, wire.sleep)
    panel.redraw(dither(0))
    panel.show(dither(0), slice(0, HEIGHT), dither(0))
    panel.sleep()
    return panel, wire


def dither(seed: int) -> np.ndarray:
    """uint8[HEIGHT, WIDTH] of noise."""
    return np.random.default_rng(seed).integers(0, 2, (HEIGHT, WIDTH), np.uint8)


def count(wire: SimulatedWire, call: Callable[[], None]) -> int:
    """Bytes that `call` puts on the wire."""
    before = wire.bytes_on_wire
    call()
    return wire.bytes_on_wire - before


def measure(settings: PanelSettings, rows: int) -> int:
    """Bytes of one frame of which `rows` rows in the middle changed: wake, partial update, sleep."""
    panel, wire = opened(settings)
    start = (HEIGHT - rows) // 2
    after, band = dither(0), slice(start, start + rows)
    after[band] ^= 1

    def frame() -> None:
        panel.show(after, band, dither(0))
        panel.sleep()

    return count(wire, frame)


def main() -> None:
    """Prints the table."""
    argparse.ArgumentParser(
        description="Print the bytes on the wire per partial update, as ratios to 4-bit full frames."
    ).parse_args()
    four, one, every = (
        PanelSettings(vcom=-1.5, bits=4),
        PanelSettings(vcom=-1.5),
        PanelSettings(vcom=-1.5, columns="whole"),
    )
    peer = measure(four, HEIGHT)
    print(f"peer: one 4-bit full frame, {PEER_BYTES:,} bytes of pixels, {peer:,} on the wire")
    print("  rows   1440 columns   ratio   1448 columns   ratio")
    for rows in BANDS:
        ours, wide = measure(one, rows), measure(every, rows)
        print(f"{rows:>6} {ours:>14,} {ours / peer:>7.4f} {wide:>14,} {wide / peer:>7.4f}")
    ratio = measure(one, HEIGHT) / PEER_BYTES
    print(f"worst of the default, all counted, against the peer's pixels alone: {ratio:.4f} (aim: 0.25)")


if __name__ == "__main__":
    begin(main)
