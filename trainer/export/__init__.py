"""The work behind `trainer export`: a film becomes a reel, dithered here or by workers."""
