"""What commands need of a stopped or running instance."""
