"""The threshold mask that ships, and how it was made."""
