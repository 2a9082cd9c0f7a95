"""Users, their preferences, and the addresses they may send as."""
