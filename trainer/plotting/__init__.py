"""Charts: of an evaluation, of one film, and the front of quality against flips."""
