"""Fitting a generator: `train.py` holds state, update and loop; `settings.py` is the table of settings."""
