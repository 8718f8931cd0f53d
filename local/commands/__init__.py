"""The commands, one a file: `command(options)` runs it, `add_options(parser)` says what it takes."""
