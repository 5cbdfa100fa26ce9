"""The parts of a playback: requests, the place in the reels, the wait, the screen."""
