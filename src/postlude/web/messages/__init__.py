"""Pages: single messages, composed and sent."""
