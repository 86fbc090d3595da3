"""The ledger: appending to a tree of tiles, what it costs audit's record, and proofs of a large tree."""
