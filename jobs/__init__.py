"""What happens when the clock ticks."""
