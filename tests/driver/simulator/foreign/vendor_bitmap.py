"""In the manner of the vendor's fast refresh: 1 bit per pixel through an 8 bits per pixel load,
little-endian, all data in one window held by hand, UP1SR read, changed and written back, A2 by the LUT
string, from an explicit buffer."""

import numpy as np


def show(wire, dither):
    height, width = dither.shape

    def wait():
        while not wire.ready():
            pass

    def talk(preamble, data, count=0):
        wait()
        wire.select()
        wire.transfer(preamble)
        wait()
        if count:
            wire.transfer(bytes(2))
            wait()
        back = wire.transfer(data + bytes(count))
        wire.deselect()
        return back

    def command(code, *words):
        talk(b"\x60\x00", code.to_bytes(2, "big"))
        for word in words:
            talk(b"\x00\x00", word.to_bytes(2, "big"))

    def register(address):
        command(0x10, address)
        return int.from_bytes(talk(b"\x10\x00", b"", 2), "big")

    wire.reset()
    command(0x01)
    command(0x302)
    info = talk(b"\x10\x00", b"", 40)
    low, high = info[4:6], info[6:8]
    lut = bytes(info[i ^ 1] for i in range(24, 40)).rstrip(b"\x00")
    a2 = 4 if lut == b"M641" else 6
    command(0x11, 0x0004, 1)

    def refresh(picture, mode):
        while register(0x1224):
            pass
        command(0x11, 0x020A, int.from_bytes(high, "big"))
        command(0x11, 0x0208, int.from_bytes(low, "big"))
        command(0x21, 3 << 4, 0, 0, width // 8, height)
        packed = np.packbits(picture, axis=1, bitorder="little")
        talk(b"\x00\x00", packed.reshape(-1).view(np.uint16).byteswap().tobytes())
        command(0x22)
        command(0x11, 0x113A, register(0x113A) | 0x0004)
        command(0x11, 0x1250, 0x00 << 8 | 0xF0)
        low_word, high_word = int.from_bytes(low, "big"), int.from_bytes(high, "big")
        command(0x37, 0, 0, width, height, mode, low_word, high_word)
        while register(0x1224):
            pass
        command(0x11, 0x113A, register(0x113A) & ~0x0004)

    refresh(np.ones_like(dither), 0)
    refresh(dither, a2)
