"""The doors over HTTP: webhook, staff pages, health."""
