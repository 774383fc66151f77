"""Whether Apple's Metal backend of PyTorch is here: it is not."""


def is_built() -> bool:
    """False."""
    return False


def is_available() -> bool:
    """False."""
    return False
