"""Tables and queries of campaigns, their variants and copies."""
