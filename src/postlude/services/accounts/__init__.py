"""Users, their preferences and their right to send as somebody."""
