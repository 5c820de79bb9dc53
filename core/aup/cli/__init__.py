"""The command `aup`: what people run on their own machine. It may use all of the core, and nothing there uses it."""
