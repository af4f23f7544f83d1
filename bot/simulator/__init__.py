"""A stand-in for the WeChat platform, over real HTTP."""
