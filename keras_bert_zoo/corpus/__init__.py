"""Raw text to batches for pretraining: documents, shards of token ids, texts of an epoch, rows, masks."""
