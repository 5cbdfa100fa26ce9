"""In the manner of the Linux kernel driver: one window per row pair of 4 bits per pixel little-endian,
STANDBY at once after the display command, while the panel still updates, and SYS_RUN before the next
picture."""

import numpy as np


def show(wire, dither):
    height, width = dither.shape

    def window(preamble, payload):
        waited = 0
        while not wire.ready() and waited < 1_000_000:
            waited += 100
        return wire.exchange(preamble + payload)

    def command(code, *arguments):
        window(b"\x60\x00", bytes([code >> 8, code & 255]))
        for argument in arguments:
            window(b"\x00\x00", bytes([argument >> 8, argument & 255]))

    def words(count):
        back = window(b"\x10\x00", bytes(2 + 2 * count))[4:]
        return np.frombuffer(back, ">u2").tolist()

    def idle():
        while True:
            command(0x10, 0x1224)
            if words(1) == [0]:
                return

    wire.reset()
    command(0x302)
    info = words(20)
    command(0x11, 4, 1)
    command(0x39, 0)
    assert words(1)[0] > 0
    command(0x02)

    for picture, mode in ((np.ones_like(dither), 0), (dither, 2)):
        levels = picture.astype(np.uint16) * 15
        packed = levels[:, 0::4] | levels[:, 1::4] << 4 | levels[:, 2::4] << 8 | levels[:, 3::4] << 12
        stream = packed.astype(">u2").tobytes()
        command(0x01)
        idle()
        command(0x11, 0x20A, info[3])
        command(0x11, 0x208, info[2])
        command(0x20, 2 << 4)
        for pair in range(height // 2):
            window(b"\x00\x00", stream[pair * width : (pair + 1) * width])
        command(0x22)
        command(0x34, 0, 0, width, height, mode)
        command(0x02)
