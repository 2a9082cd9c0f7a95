"""Recipients' choices about tracking, and their requests about stored data."""
