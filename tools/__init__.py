"""What developers run: the package, its checks. Never deployed."""

from local.early import end_in_a_line

end_in_a_line()
