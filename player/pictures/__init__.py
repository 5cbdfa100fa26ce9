"""What the player draws itself: captions, cards, ghosts, PNG files."""
