"""The WeChat platform."""
