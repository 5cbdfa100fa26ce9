"""How the networks dither: a pass of the generator, compiled code for it, the U-Net as a ditherer."""
