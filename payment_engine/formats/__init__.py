"""How moments and days are written where Django writes them, by language."""
