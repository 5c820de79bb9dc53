"""Programs for those who work on aup; nothing of it is installed."""
