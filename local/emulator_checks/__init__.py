"""Checks of the emulator itself: one for each thing that the project relies on.

A new version of MiniStack, or of one of our patches, is taken when all of them pass.
"""
