"""Tables and queries of messages, copies, links and the workers that send them."""
