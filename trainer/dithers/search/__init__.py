"""The parts of the search: energy, moves, the start, and the engines for a CPU and for accelerators."""
