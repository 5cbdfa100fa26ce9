"""In the manner of the vendor's C sample: chip select by hand, byte by byte, HRDY between any two words, each
pixel word in a window of its own, 4 bits per pixel little-endian, erase first, then GC16."""

import numpy as np


class Board:
    def __init__(self, wire):
        self.wire = wire

    def wait(self):
        while not self.wire.ready():
            pass

    def out(self, word):
        self.wire.transfer(bytes([word >> 8]))
        self.wire.transfer(bytes([word & 0xFF]))

    def get(self):
        high = self.wire.transfer(b"\x00")[0]
        return high << 8 | self.wire.transfer(b"\x00")[0]

    def window(self, preamble, word):
        self.wait()
        self.wire.select()
        self.out(preamble)
        self.wait()
        self.out(word)
        self.wire.deselect()

    def command(self, word, *arguments):
        self.window(0x6000, word)
        for argument in arguments:
            self.window(0x0000, argument)

    def read(self, count):
        self.wait()
        self.wire.select()
        self.out(0x1000)
        self.wait()
        self.get()
        self.wait()
        words = [self.get() for _ in range(count)]
        self.wire.deselect()
        return words

    def register(self, address):
        self.command(0x10, address)
        return self.read(1)[0]

    def draw(self, pixels, mode):
        height, width = pixels.shape
        while self.register(0x1224):
            pass
        self.command(0x11, 0x020A, self.image >> 16)
        self.command(0x11, 0x0208, self.image & 0xFFFF)
        self.command(0x21, 0 << 8 | 2 << 4 | 0, 0, 0, width, height)
        for row in pixels:
            for four in row.reshape(-1, 4).tolist():
                self.window(0x0000, four[0] | four[1] << 4 | four[2] << 8 | four[3] << 12)
        self.command(0x22)
        self.command(0x34, 0, 0, width, height, mode)


def show(wire, dither):
    board = Board(wire)
    wire.reset()
    board.command(0x01)
    board.command(0x302)
    info = board.read(20)
    assert (info[1], info[0]) == dither.shape
    board.image = info[2] | info[3] << 16
    board.command(0x11, 0x0004, 0x0001)
    board.command(0x39, 0)
    if board.read(1)[0] != 1530:
        board.command(0x39, 1, 1530)
        board.command(0x39, 0)
        assert board.read(1) == [1530]
    board.draw(np.full(dither.shape, 15), 0)
    board.draw(dither.astype(int) * 15, 2)
