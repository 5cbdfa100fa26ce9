"""What the simulator's tests share: windows written as hexadecimal words, and a few short dialogues."""

import numpy as np

from driver.simulator.it8951 import SimulatedWire


def send(wire, *windows):
    """Each window is a string of hexadecimal words. Returns what came back in the last one, as words."""
    back = b""
    for window in windows:
        back = wire.exchange(bytes.fromhex(window))
    return back.hex(" ", 2)


def command(wire, code, *arguments):
    """A command word in a window, each argument in a window of its own."""
    wire.exchange(np.array([0x6000, code], ">u2").tobytes())
    for argument in arguments:
        wire.exchange(np.array([0x0000, argument], ">u2").tobytes())


def data(wire, payload):
    """A data window."""
    wire.exchange(b"\x00\x00" + bytes(payload))


def read(wire, count):
    """`count` words of answer in one window, without the word of the preamble and the dummy."""
    back = wire.exchange(b"\x10\x00" + bytes(2 + 2 * count))
    return np.frombuffer(back, ">u2")[2:].tolist()


def register(wire, address):
    command(wire, 0x10, address)
    return read(wire, 1)[0]


def wait_idle(wire):
    while register(wire, 0x1224):
        pass


def load_grey(wire, levels, x=0, y=0):
    """Load an area of 4-bit levels, big-endian; x and width multiples of 4."""
    height, width = levels.shape
    command(wire, 0x21, 0x0120, x, y, width, height)
    data(wire, (levels[:, 0::2] << 4 | levels[:, 1::2]).astype(np.uint8).tobytes())
    command(wire, 0x22)


def show(wire, levels, mode, x=0, y=0):
    """Load an area and display it, then wait for the display engine."""
    load_grey(wire, levels, x, y)
    command(wire, 0x34, x, y, levels.shape[1], levels.shape[0], mode)
    wait_idle(wire)


def small(width=32, height=4, lut="M641", **options):
    """A small panel in packed mode."""
    wire = SimulatedWire(width, height, lut, **options)
    command(wire, 0x11, 0x0004, 1)
    return wire
