"""Pure understanding: what one Chinese message means."""
