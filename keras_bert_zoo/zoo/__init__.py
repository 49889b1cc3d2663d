"""The zoo: names, shapes, weights, and the doors that put them together."""
