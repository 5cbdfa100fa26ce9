"""What a dither is worth: figures over a film, texture on greys, and the report of both."""
