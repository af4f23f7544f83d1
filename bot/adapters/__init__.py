"""The world outside; one thing, one file or folder."""
