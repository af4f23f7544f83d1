"""The article index."""
