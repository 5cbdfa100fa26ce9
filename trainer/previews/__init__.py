"""A preview of several dithers of the same frames: a page, an animation or a sheet, made from a `Comparison`."""
