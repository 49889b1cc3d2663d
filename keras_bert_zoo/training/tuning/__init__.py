"""The course of a fine-tuning run, and what is reported of it."""
