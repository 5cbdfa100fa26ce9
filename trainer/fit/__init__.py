"""The parts of a fit: settings, state, one update for each family of objectives, and what is shown of it."""
