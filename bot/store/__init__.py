"""Rows: one noun, one file."""
