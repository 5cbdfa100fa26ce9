"""In the manner of the Arduino e-paper library: chip select by hand, device info one word per window, the
load address never written, 8 bits per pixel big-endian in one endless window, no look at LUTAFSR, STANDBY
when done."""


def show(wire, dither):
    height, width = dither.shape

    def until_ready():
        while not wire.ready():
            wire.sleep(0.001)

    def transfer16(value):
        back = wire.transfer([value >> 8, value & 0xFF])
        return back[0] << 8 | back[1]

    def write_command(code):
        until_ready()
        wire.select()
        transfer16(0x6000)
        until_ready()
        transfer16(code)
        wire.deselect()

    def write_data(word):
        until_ready()
        wire.select()
        transfer16(0x0000)
        until_ready()
        transfer16(word)
        wire.deselect()

    def read_data():
        until_ready()
        wire.select()
        transfer16(0x1000)
        until_ready()
        transfer16(0)
        until_ready()
        word = transfer16(0)
        wire.deselect()
        return word

    wire.reset()
    write_command(0x0302)
    until_ready()
    info = [read_data() for _ in range(20)]
    assert info[:2] == [width, height]
    write_command(0x0011)
    write_data(0x0004)
    write_data(0x0001)
    write_command(0x0039)
    write_data(0)
    if read_data() != 1500:
        write_command(0x0039)
        write_data(1)
        write_data(1500)
    write_command(0x0001)
    write_command(0x0021)
    for word in (1 << 8 | 3 << 4, 0, 0, width, height):
        write_data(word)
    until_ready()
    wire.select()
    transfer16(0x0000)
    for pixel in dither.reshape(-1).tolist():
        wire.transfer([0xFF if pixel else 0x00])
    wire.deselect()
    write_command(0x0022)
    write_command(0x0034)
    for word in (0, 0, width, height, 2):
        write_data(word)
    write_command(0x0002)
