"""In the manner of the M5Paper library: the picture is loaded in portrait and turned by the controller, each
word in a four-byte window of its own that waits for nothing, big-endian, LUTAFSR looked at before the display
only."""

import numpy as np


def show(wire, dither):
    panel_height, panel_width = dither.shape
    portrait = np.rot90(dither, -1)  # rotation 1 of the controller turns it back
    height, width = portrait.shape

    def poll():
        for _ in range(3000):
            if wire.ready():
                return
        raise TimeoutError("busy")

    def write(preamble, word):
        poll()
        wire.select()
        wire.transfer(preamble.to_bytes(2, "big"))
        poll()
        wire.transfer(word.to_bytes(2, "big"))
        wire.deselect()

    def command(code, *arguments):
        write(0x6000, code)
        for argument in arguments:
            write(0x0000, argument)

    def engine_free():
        command(0x10, 0x1224)
        poll()
        wire.select()
        wire.transfer(b"\x10\x00")
        poll()
        wire.transfer(b"\x00\x00")
        poll()
        busy = wire.transfer(b"\x00\x00")
        wire.deselect()
        return busy == b"\x00\x00"

    wire.reset()
    command(0x01)
    command(0x11, 0x04, 1)
    command(0x39, 1, 2300)
    command(0x11, 0x20A, 0x0012)
    command(0x11, 0x208, 0x2480)
    command(0x21, 1 << 8 | 2 << 4 | 1, 0, 0, width, height)
    levels = (portrait.astype(int) * 15).reshape(-1, 4)
    for a, b, c, d in levels.tolist():
        wire.exchange(bytes([0, 0, a << 4 | b, c << 4 | d]))
    command(0x22)
    while not engine_free():
        pass
    command(0x37, 0, 0, panel_width, panel_height, 2, 0x2480, 0x0012)
