"""A simulated UC8179 where the wires would be: windows and the level of DC in, a picture on glass out."""

from driver.simulator.uc8179.chip import Command
from driver.simulator.uc8179.tables import Faults
from driver.simulator.uc8179.wire import SimulatedWire

__all__ = ["Command", "Faults", "SimulatedWire"]
