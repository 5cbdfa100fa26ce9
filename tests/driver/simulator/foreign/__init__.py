"""Tiny IT8951 drivers in the manner of published ones, each on its own: they share neither code nor
constants.

Every module has `show(wire, dither)`: start the controller as that family of drivers does and draw `dither`
(uint8[H, W], 1 = white) on the whole panel. What is imitated is how they talk (chip select, words per window,
pixel formats, order of commands, waiting or not); the code is not theirs.
"""
