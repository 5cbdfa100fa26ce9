"""The IT8951 controller and the e-ink panel behind it; knows nothing of films."""
