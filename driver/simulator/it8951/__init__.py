"""A simulated IT8951 where the wires would be: chip-select windows of bytes in, a picture on glass out."""

from driver.simulator.it8951.chip import Command
from driver.simulator.it8951.tables import Faults
from driver.simulator.it8951.wire import SimulatedWire

__all__ = ["Command", "Faults", "SimulatedWire"]
