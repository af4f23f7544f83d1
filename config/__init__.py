"""What differs from firm to firm."""
