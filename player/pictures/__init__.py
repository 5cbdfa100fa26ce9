"""What the player draws itself: captions, cards, PNG files."""
