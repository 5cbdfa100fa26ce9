"""Where a shot ends: is there a cut between two images of a film? Pure; decided from the two images alone, so that an
interrupted export or one done in parallel decides the same."""
