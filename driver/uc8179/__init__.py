"""The UC8179 controller, also sold as GD7965, from the bottom up: wire, controller, panel."""
