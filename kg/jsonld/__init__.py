"""JSON-LD in the vocabulary: the context that gives plain names their IRIs, and documents that use it."""
