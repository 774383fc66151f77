"""Whether Intel's MKL is used: it is not."""


def is_available() -> bool:
    """False."""
    return False
