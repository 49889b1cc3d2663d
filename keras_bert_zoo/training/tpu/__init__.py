"""Whether pretraining fits a TPU that is not here."""
