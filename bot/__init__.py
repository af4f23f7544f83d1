"""The bot: what it knows and what it can do."""
