// SPDX-License-Identifier: MIT
//
// What the machine needs from the GPU's window beside the device interface.
#ifndef SOC_VGPU_PORT_H
#define SOC_VGPU_PORT_H

struct device;
struct device_class;
struct vgpu;

extern const struct device_class vgpu_port_class;

// The mediated device behind this window; NULL when there is none or `dev` is something else.
struct vgpu *vgpu_port_vgpu(struct device *dev);

#endif
