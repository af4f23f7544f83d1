"""Pure conversation: messages, replies, turns and the inquiry form."""
