"""Error diffusion of many small frames at once, in JAX."""
