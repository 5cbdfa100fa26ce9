"""The commands of `player`, each imported only when it is used."""
