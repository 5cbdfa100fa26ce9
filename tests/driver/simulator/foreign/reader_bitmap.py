"""In the manner of an e-reader's driver: 1 bit per pixel big-endian, the bits of each byte turned round from
a frame with the leftmost pixel in the top bit, the bitmap bit set once and left on, bands of 16 rows."""

import numpy as np

TURNED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))


def show(wire, dither):
    height, width = dither.shape

    def tell(preamble, *words):
        while not wire.ready():
            pass
        return wire.exchange(np.array([preamble, *words], ">u2").tobytes())

    def command(code, *words):
        tell(0x6000, code)
        for word in words:
            tell(0x0000, word)

    def ask(count):
        return np.frombuffer(tell(0x1000, *[0] * (count + 1)), ">u2")[2:].tolist()

    command(0x0001)
    command(0x0302)
    info = ask(20)
    command(0x0011, 0x0004, 0x0001)
    command(0x0010, 0x113A)
    (before,) = ask(1)
    command(0x0011, 0x113A, before | 1 << 2)
    command(0x0011, 0x1250, 0x00F0)
    frame = np.packbits(dither, axis=1)
    for top in range(0, height, 16):
        band = frame[top : top + 16]
        command(0x0011, 0x020A, info[3])
        command(0x0011, 0x0208, info[2])
        command(0x0021, 1 << 8 | 3 << 4, 0, top, width // 8, len(band))
        while not wire.ready():
            pass
        wire.select()
        wire.transfer(b"\x00\x00")
        for row in band:
            wire.transfer(row.tobytes().translate(TURNED))
        wire.deselect()
        command(0x0022)
    command(0x0034, 0, 0, width, height, 2)
    while True:
        command(0x0010, 0x1224)
        if ask(1) == [0]:
            break
