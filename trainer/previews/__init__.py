"""Previews: dithers of the same frames side by side, as a page, an animation, a video or a sheet."""
