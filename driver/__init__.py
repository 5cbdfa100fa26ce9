"""E-ink panels and their controllers; knows nothing of films."""
