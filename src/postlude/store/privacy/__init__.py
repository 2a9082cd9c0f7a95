"""Tables and queries of withdrawals, changed links and data requests."""
