# SPDX-License-Identifier: MIT
base_TESTS := tests/base/test_regfile.c tests/base/test_eventq.c tests/base/test_snapshot.c \
              tests/base/test_opts.c tests/base/test_png.c
