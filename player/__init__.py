"""The on-device daemon: shows a reel, one frame every few minutes, with numpy and pillow alone."""
