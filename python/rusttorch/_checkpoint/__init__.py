"""The files that `rusttorch.save` and `rusttorch.load` write and read, in PyTorch's formats."""
