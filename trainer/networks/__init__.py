"""The networks, as flax modules, and the file that their weights are kept in."""
