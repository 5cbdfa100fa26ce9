"""What is drawn by the player itself: captions, cards, ghosts, PNG files."""
