"""The command line: one thin file a command. Heavy imports happen inside functions."""
