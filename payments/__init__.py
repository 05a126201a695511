"""Payment types and payments."""
