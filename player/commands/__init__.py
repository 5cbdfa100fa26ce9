"""The commands of `player`, each loaded only when it is asked for."""
