"""A simulated population meets a real instance: mail is sent, requests come in over HTTP, and the truth is known."""
