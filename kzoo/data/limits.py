"""The most that is read or brought, so that a wrong number fills neither the memory nor the disk."""

MAX_SIDE = 4_096
"""The greatest height or width that images are resized to, in pixels."""

MAX_DOWNLOAD = 16 * 2**30
"""The most bytes of a file whose size is not published; the largest of the sets, LJ Speech, has 2.7 GB."""
