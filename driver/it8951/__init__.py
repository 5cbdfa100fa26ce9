"""The IT8951: settings, wire, transport, controller, formats, device info and the panel behind it."""
