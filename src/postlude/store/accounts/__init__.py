"""Tables and queries of users and app passwords."""
