"""The sending process: takes queued copies, hands them over, records every answer."""
