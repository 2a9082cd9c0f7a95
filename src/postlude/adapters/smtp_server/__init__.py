"""SMTP from clients and other servers: the session that relay and inbound share."""
