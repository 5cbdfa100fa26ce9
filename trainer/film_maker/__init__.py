"""The film-maker's own networks and objectives, v1 to v3: history, in a room of its own."""
