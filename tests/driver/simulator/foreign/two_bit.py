"""In the manner of the Node.js bindings: 2 bits per pixel big-endian turned by 180 degrees, the low half of
the load address written first, polls by real pauses, sleep at once after the display command."""

import numpy as np


def show(wire, dither):
    height, width = dither.shape

    def ready():
        while not wire.ready():
            wire.sleep(0.1)

    def send(code, *words):
        ready()
        wire.exchange([0x60, 0x00, code >> 8, code & 0xFF])
        for word in words:
            ready()
            wire.exchange([0x00, 0x00, word >> 8, word & 0xFF])

    def receive(count):
        ready()
        return wire.exchange([0x10, 0x00, *[0] * (2 * count + 2)])[4:]

    send(0x0001)
    send(0x0302)
    info = receive(20)
    send(0x0011, 0x0004, 0x0001)
    send(0x0011, 0x0208, info[4] << 8 | info[5])
    send(0x0011, 0x020A, info[6] << 8 | info[7])
    turned = dither[::-1, ::-1].reshape(height, -1, 4) * np.array([0xC0, 0x30, 0x0C, 0x03])
    send(0x0021, 1 << 8 | 0 << 4 | 2, 0, 0, width, height)
    ready()
    wire.exchange([0, 0, *turned.sum(axis=2).reshape(-1).tolist()])
    send(0x0022)
    send(0x0034, 0, 0, width, height, 1)
    send(0x0003)
