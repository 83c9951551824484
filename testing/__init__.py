"""For tests and bench: virtual time, one model of TRTC, one of the bucket, runs as data, laws that they keep."""
