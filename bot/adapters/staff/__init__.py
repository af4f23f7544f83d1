"""Channels that reach the staff."""
