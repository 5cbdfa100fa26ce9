"""The parts of a sweep: what is kept from training, its folder, scores and picture."""
