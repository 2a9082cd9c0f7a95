"""What recipients may decide and ask about what is stored of them."""
