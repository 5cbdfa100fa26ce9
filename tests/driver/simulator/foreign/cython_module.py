"""In the manner of the Python package with a compiled SPI core: no SYS_RUN, hardware chip select, LD_IMG for
the whole frame, 4 bits per pixel big-endian, cut into transfers of 4096 bytes with a preamble each."""

LIMIT = 4096


def show(wire, dither):
    def wait_ready():
        for _ in range(5000):
            if wire.ready():
                return
            wire.sleep(0.001)
        raise TimeoutError("HRDY")

    def write(preamble, words):
        wait_ready()
        wire.exchange(b"".join(word.to_bytes(2, "big") for word in [preamble, *words]))

    def write_cmd(code, *arguments):
        write(0x6000, [code])
        for argument in arguments:
            write(0x0000, [argument])

    def read(count):
        wait_ready()
        back = wire.exchange(b"\x10\x00" + b"\x00" * (2 * count + 2))
        return [back[i] << 8 | back[i + 1] for i in range(4, len(back), 2)]

    def read_register(address):
        write_cmd(0x10, address)
        return read(1)[0]

    wire.reset()
    write_cmd(0x302)
    info = read(20)
    write_cmd(0x11, 0x20A)
    write(0x0000, [info[3]])
    write_cmd(0x11, 0x208)
    write(0x0000, [info[2]])
    write_cmd(0x11, 0x04)
    write(0x0000, [1])
    write_cmd(0x39, 1, 2060)

    pixels = bytes(255 if white else 0 for white in dither.reshape(-1).tolist())
    while read_register(0x1224):
        wire.sleep(0.01)
    write_cmd(0x20, 1 << 8 | 2 << 4)
    per_block = (LIMIT - 2) * 2
    for start in range(0, len(pixels), per_block):
        block = pixels[start : start + per_block]
        packed = bytes(block[i] & 0xF0 | block[i + 1] >> 4 for i in range(0, len(block), 2))
        wait_ready()
        wire.exchange(b"\x00\x00" + packed)
    write_cmd(0x22)
    write_cmd(0x34, 0, 0, info[0], info[1], 1)
    while read_register(0x1224):
        wire.sleep(0.01)
