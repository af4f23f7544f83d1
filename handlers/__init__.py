"""What happens when a follower speaks."""
