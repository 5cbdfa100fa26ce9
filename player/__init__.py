"""The player on the device: shows a reel, one frame every few minutes, with numpy and Pillow alone."""
