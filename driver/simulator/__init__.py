"""Simulated controllers, one folder or file for each, and one model of the glass.

Nothing here imports the driver: the numbers are the simulator's own.
"""
