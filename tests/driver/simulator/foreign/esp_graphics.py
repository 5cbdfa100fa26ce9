"""In the manner of the ESP32 graphics library: all arguments in one window, a window with nothing but the
preamble, each row a window, a last column drawn again on its own (neither x nor width a multiple of 4), the
display from an explicit buffer while the last one still runs, SLEEP at the end."""


def show(wire, dither):
    height, width = dither.shape
    address = 0x0012_2480

    def window(*words):
        while not wire.ready():
            pass
        wire.exchange(b"".join(word.to_bytes(2, "big") for word in words))

    def command(code, *arguments):
        window(0x6000, code)
        if arguments:
            window(0x0000, *arguments)

    def load(x, y, block):
        command(0x21, 0x0120, x, y, len(block[0]), len(block))
        window(0x0000)
        for row in block:
            words, word, shift = [], 0, (3 - (x & 3)) * 4
            for pixel in row:
                word |= (15 if pixel else 0) << shift
                shift -= 4
                if shift < 0:
                    words.append(word)
                    word, shift = 0, 12
            if shift != 12:
                words.append(word)
            window(0x0000, *words)
        command(0x22)

    def display(x, w, mode):
        command(0x37, x, 0, w, height, mode, address & 0xFFFF, address >> 16)

    command(0x01)
    command(0x11, 0x0004, 0x0001)
    command(0x39, 0x0001, 2300)
    command(0x11, 0x020A, address >> 16)
    command(0x11, 0x0208, address & 0xFFFF)
    load(0, 0, [[1] * width] * height)
    display(0, width, 2)
    load(0, 0, dither[:, : width - 3].tolist())
    load(width - 3, 0, dither[:, width - 3 :].tolist())
    display(0, width, 2)
    command(0x03)
