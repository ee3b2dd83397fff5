"""The doctor: every invariant of the data, recomputed from the ledgers. It reads and never mends."""
