"""The door for what comes back by mail: bounces, complaints, replies."""
