"""The firm's own site."""
