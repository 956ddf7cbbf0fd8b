"""Vector tiles of what a reader sees: what they are made of, where they are kept, and what is said of them."""
