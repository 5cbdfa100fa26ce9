"""The passes of the generator on a CPU, in code that numba compiles."""
