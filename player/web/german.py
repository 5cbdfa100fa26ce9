"""The page in German, by the English text."""

GERMAN: dict[str, str] = {}
