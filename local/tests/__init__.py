"""Unit tests of the local platform's own code."""
