"""What `rusttorch._C._fft` holds: made from the op table by `make stub`."""

# mypy: disable-error-code="overload-overlap, overload-cannot-match, misc, override"

