"""In the manner of the USB drivers, said over SPI: rows of 1 bit per pixel padded to 32 pixels and written as
plain memory, a pitch of their own in register 0x124C with bits 17 and 18 of UP1SR, so that any width can be
shown."""

import numpy as np


def show(wire, dither):
    height, width = dither.shape
    pitch = (width + 31) // 32 * 4

    def command(code, *words):
        wire.exchange(bytes([0x60, 0, code >> 8, code & 255]))
        for word in words:
            wire.exchange(bytes([0, 0, word >> 8, word & 255]))

    def read(count):
        return wire.exchange(b"\x10\x00\x00\x00" + bytes(2 * count))[4:]

    def register(address):
        command(0x10, address)
        return int.from_bytes(read(1), "big")

    command(0x01)
    command(0x302)
    info = read(20)
    address = int.from_bytes(info[6:8] + info[4:6], "big")
    command(0x11, 0x113A, register(0x113A) | 0x0006)
    command(0x11, 0x124C, pitch // 4)
    command(0x11, 0x1250, 0x00F0)
    padded = np.zeros((height, pitch * 8), np.uint8)
    padded[:, :width] = dither
    memory = np.packbits(padded, axis=1, bitorder="little").reshape(-1)
    count = len(memory) // 2
    command(0x14, address & 0xFFFF, address >> 16, count & 0xFFFF, count >> 16)
    words = memory.reshape(-1, 2)[:, ::-1].tobytes()
    for start in range(0, len(words), 126):
        wire.exchange(b"\x00\x00" + words[start : start + 126])
    command(0x15)
    command(0x34, 0, 0, width, height, 1)
    while register(0x1224):
        pass
