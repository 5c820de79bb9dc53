"""Builds the two images as OCI archives with buildah, on a base made from Debian packages: no engine, no registry.

`packages` lists the base's packages, `rootfs` makes file systems of them, `buildah` calls it, `archive` looks at what
came out, `start` runs it, and `finish` is the part that runs inside the build.
"""
