"""Following what happens: places among events that tell nothing, one look for all listeners, and streams."""
