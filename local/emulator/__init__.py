"""MiniStack, the emulator of AWS, with the holes closed that this project would fall into."""
