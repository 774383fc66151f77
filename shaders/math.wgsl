// Functions that WGSL lacks, or defines too loosely; a kernel has those that its expression names.
