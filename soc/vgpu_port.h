// SPDX-License-Identifier: MIT
//
// What the machine needs from the GPU's window beside the device interface.
#ifndef SOC_VGPU_PORT_H
#define SOC_VGPU_PORT_H

#include <stdbool.h>

struct device;
struct device_class;
struct vgpu;

// A vGPU type that starts so names the socket of a vfio-user device: "vfio-user:/run/yamato/vm0.sock".
// Ending in ",sync" every doorbell waits for its work, so that the same image gives the same run twice.
#define VGPU_PORT_REMOTE "vfio-user:"

extern const struct device_class vgpu_port_class;

// The mediated device behind this window; NULL when there is none or `dev` is something else.
struct vgpu *vgpu_port_vgpu(struct device *dev);
// True while the GPU behind this window, wherever it is, has work. `dev` may be NULL.
bool vgpu_port_busy(struct device *dev);

#endif
