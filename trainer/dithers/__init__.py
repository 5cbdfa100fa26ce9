"""The dithers: one table, what is minimised, and each dither by itself."""
