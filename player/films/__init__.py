"""Films on their way to reels: the queue, what may be asked of an export, the exporter."""
