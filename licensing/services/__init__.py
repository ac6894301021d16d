"""Does: one use case a method, one transaction a use case, the clock read once. May import `core` and `storage`."""
