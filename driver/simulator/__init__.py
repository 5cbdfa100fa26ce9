"""What the simulated IT8951 is made of: the chip, its memory and clock, and the glass behind it.

`driver.simulator.SimulatedWire` puts them together. Nothing here imports the driver: the numbers are its own.
"""
