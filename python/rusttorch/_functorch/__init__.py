"""What `rusttorch.func` is made of."""
