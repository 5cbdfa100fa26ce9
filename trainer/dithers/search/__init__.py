"""Temporal direct binary search. In reading order: `ditherer` (frames in, dithers out), `energy` (what it
lowers), `start`; the engines for a CPU, `joint` over a stretch and `sequential` over a frame; those for an
accelerator, `volume` over a stretch, `moves` and `parallel` over a frame, `accelerated` for several at once.
"""
