"""What came back: what a person must look at, what waits for more, how long mail is kept."""
