"""Temporal direct binary search, in reading order: `ditherer` (the closed loop), `energy` (what it minimises),
`start`, and two engines: `sequential` for a CPU; `moves`, `parallel`, `accelerated` for an accelerator.
"""
