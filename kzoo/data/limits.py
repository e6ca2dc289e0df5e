"""Upper limits on image sizes and downloads, so that a wrong number cannot fill the memory or the disk."""

MAX_SIDE = 4_096
"""The largest height or width, in pixels, to which images are resized."""

MAX_DOWNLOAD = 16 * 2**30
"""The most bytes to download if no size is published. The largest published set, LJ Speech, has 2.7 GB."""
