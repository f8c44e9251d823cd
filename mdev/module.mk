# SPDX-License-Identifier: MIT
mdev_SRCS := mdev/mdev.c mdev/types.c mdev/vgpu.c mdev/gmmu.c mdev/region.c mdev/ring.c \
             mdev/audit.c mdev/sched.c mdev/engine.c mdev/queue.c mdev/irq.c mdev/capture.c mdev/state.c \
             mdev/details.c mdev/profile.c mdev/profile_details.c mdev/profile_share.c mdev/profile_out.c mdev/pci.c \
             mdev/vfio_user.c mdev/vfio_user_cmd.c mdev/vfio_user_version.c mdev/vfio_user_dma.c \
             mdev/vfio_user_irq.c mdev/vfio_user_migrate.c mdev/vfio_user_remote.c \
             mdev/daemon.c mdev/daemon_device.c mdev/daemon_ctl.c mdev/daemon_metrics.c \
             mdev/daemon_conf.c mdev/daemon_jail.c mdev/daemon_tree.c mdev/vfio_user_client.c
mdev_DEPS := host-backends gpu-model base
mdev_PKGS := jansson libseccomp
