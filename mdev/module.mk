# SPDX-License-Identifier: MIT
mdev_SRCS := mdev/mdev.c mdev/types.c mdev/vgpu.c mdev/gmmu.c mdev/region.c mdev/ring.c \
             mdev/audit.c mdev/sched.c mdev/engine.c mdev/irq.c mdev/capture.c mdev/state.c \
             mdev/profile.c mdev/profile_out.c
mdev_DEPS := host-backends gpu-model base
