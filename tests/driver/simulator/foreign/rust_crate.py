"""In the manner of the embedded Rust crates: one hardware chip-select window per transaction, no poll inside
it, the address set anew for every band of rows, 4 bits per pixel little-endian, sleep between pictures and
SYS_RUN to wake."""

import struct


class Interface:
    def __init__(self, wire):
        self.wire = wire

    def _transaction(self, payload):
        budget = 15.0
        while not self.wire.ready():
            budget -= 0.01
            assert budget > 0, "busy timeout"
        return self.wire.exchange(payload)

    def command(self, code, *arguments):
        self._transaction(struct.pack(">HH", 0x6000, code))
        for argument in arguments:
            self._transaction(struct.pack(">HH", 0x0000, argument))

    def data(self, payload):
        self._transaction(b"\x00\x00" + payload)

    def read(self, words):
        back = self._transaction(b"\x10\x00" + bytes(2 + 2 * words))
        return struct.unpack(f">{words}H", back[4:])

    def register(self, address):
        self.command(0x0010, address)
        return self.read(1)[0]

    def set_register(self, address, value):
        self.command(0x0011, address, value)


def nibbles(row):
    words = []
    for start in range(0, len(row), 4):
        word = 0
        for position, pixel in enumerate(row[start : start + 4]):
            word |= (15 if pixel else 0) << 4 * position
        words.append(word)
    return struct.pack(f">{len(words)}H", *words)


def show(wire, dither):
    chip = Interface(wire)
    wire.reset()
    chip.command(0x0001)
    chip.command(0x0302)
    width, height, low, high, *_ = chip.read(20)
    chip.set_register(0x0004, 0x0001)
    chip.command(0x0039, 0)
    if chip.read(1) != (2320,):
        chip.command(0x0039, 1, 2320)
    chip.command(0x0003)
    chip.command(0x0001)
    for top in range(0, height, 7):
        band = dither[top : top + 7].tolist()
        chip.set_register(0x020A, high)
        chip.set_register(0x0208, low)
        chip.command(0x0021, 0x0020, 0, top, width, len(band))
        chip.data(b"".join(nibbles(row) for row in band))
        chip.command(0x0022)
    while chip.register(0x1224) != 0:
        pass
    chip.command(0x0034, 0, 0, width, height, 2)
    while chip.register(0x1224) != 0:
        pass
    chip.command(0x0003)
