"""Jobs: what an entry may touch, the queue, the result cache."""
