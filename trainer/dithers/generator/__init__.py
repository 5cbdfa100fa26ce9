"""The generator: the network, a pass of it, its weights, the ditherer, in this order of reading."""
