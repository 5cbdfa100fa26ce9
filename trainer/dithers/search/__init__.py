"""Temporal direct binary search. In reading order: `ditherer` (the closed loop), `energy` (what it lowers),
`start`, and two engines: `sequential` for a CPU; `moves`, `parallel`, `accelerated` for an accelerator.
"""
