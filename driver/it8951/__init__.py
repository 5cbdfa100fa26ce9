"""The IT8951 controller, from the bottom up: wire, transport, controller, formats, panel."""
