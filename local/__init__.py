"""A local cloud on 127.0.0.1: TRTC, COS, callbacks and SCF as documented. Never packaged."""

from local.early import end_in_a_line, look_for_no_garbage

end_in_a_line()
look_for_no_garbage()
