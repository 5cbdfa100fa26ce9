"""The film-maker's own networks and objectives, v1 to v3: history, in a room of its own."""

UPSAMPLINGS = ("nearest", "transposed")
"""How a U-Net may upsample."""
