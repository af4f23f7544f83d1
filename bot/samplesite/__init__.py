"""A small Z-Blog-like site with articles of our own, so that a fresh checkout has something to answer with.

    python -m bot.samplesite        # SAMPLE_PORT (8200), articles published here are kept in DATA_DIR

It stands alone: it imports nothing of the bot, and the bot reads it as it reads any site.
"""
