"""The work behind `trainer export`, alone or in several processes."""
