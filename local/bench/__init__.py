"""What docs/performance.md tells, measured again: `make bench`."""
