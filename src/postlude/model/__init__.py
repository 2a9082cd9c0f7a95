"""The frozen vocabulary: observations, events, verdicts, errors."""
