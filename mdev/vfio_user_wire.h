// SPDX-License-Identifier: MIT
//
// vfio-user on the wire: message header, commands, payload layouts and flag bits, as the protocol's
// specification in QEMU's documentation lays them out. Host byte order; every struct has the wire's
// exact size and is copied in and out of messages. Shared by server, client and tests.
#ifndef MDEV_VFIO_USER_WIRE_H
#define MDEV_VFIO_USER_WIRE_H

#include <stdint.h>

enum {
    VFU_HEADER_BYTES = 16,
    VFU_FDS_MAX = 16,                // file descriptors one message may carry
    VFU_XFER_MAX = 1 << 20,          // default max_data_xfer_size
    VFU_MSG_MAX = VFU_XFER_MAX + 4096,
};

// id, name
#define VFU_COMMANDS(X)                                                                            \
    X(1, VERSION)                                                                                  \
    X(2, DMA_MAP)                                                                                  \
    X(3, DMA_UNMAP)                                                                                \
    X(4, DEVICE_GET_INFO)                                                                          \
    X(5, GET_REGION_INFO)                                                                          \
    X(6, GET_REGION_IO_FDS)                                                                        \
    X(7, GET_IRQ_INFO)                                                                             \
    X(8, SET_IRQS)                                                                                 \
    X(9, REGION_READ)                                                                              \
    X(10, REGION_WRITE)                                                                            \
    X(11, DMA_READ)                                                                                \
    X(12, DMA_WRITE)                                                                               \
    X(13, DEVICE_RESET)                                                                            \
    X(15, REGION_WRITE_MULTI)                                                                      \
    X(16, DEVICE_FEATURE)                                                                          \
    X(17, MIG_DATA_READ)                                                                           \
    X(18, MIG_DATA_WRITE)
enum {
#define X(id, name) VFU_##name = id,
    VFU_COMMANDS(X)
#undef X
        VFU_COMMAND_LIMIT = 19
};

struct vfu_header {
    uint16_t id, command;
    uint32_t size;  // of the whole message
    uint32_t flags; // VFU_TYPE_MASK, VFU_NO_REPLY, VFU_ERROR
    uint32_t error; // errno, with VFU_ERROR
};
enum { VFU_TYPE_COMMAND = 0, VFU_TYPE_REPLY = 1, VFU_TYPE_MASK = 15, VFU_NO_REPLY = 16, VFU_ERROR = 32 };

struct vfu_version { // followed by JSON and its NUL
    uint16_t major, minor;
};
struct vfu_dma_map {
    uint32_t argsz, flags;
    uint64_t offset, addr, size;
};
enum { VFU_DMA_R = 1, VFU_DMA_W = 2, VFU_DMA_FLAGS = 15 };
struct vfu_dma_unmap {
    uint32_t argsz, flags;
    uint64_t addr, size;
};
enum { VFU_UNMAP_ALL = 2 };
struct vfu_device_info {
    uint32_t argsz, flags, regions, irqs;
};
enum { VFU_DEVICE_RESETS = 1, VFU_DEVICE_PCI = 2 };
struct vfu_region_info {
    uint32_t argsz, flags, index, cap_offset;
    uint64_t size, offset;
};
enum { VFU_REGION_R = 1, VFU_REGION_W = 2 };
struct vfu_region_io_fds {
    uint32_t argsz, flags, index, count;
};
struct vfu_io_fd { // count times after it in replies
    uint64_t offset, size;
    uint32_t fd_index, type, flags, padding;
    uint64_t datamatch;
};
enum { VFU_IO_FD_IOEVENTFD = 0 };
struct vfu_irq_info {
    uint32_t argsz, flags, index, count;
};
enum { VFU_IRQ_EVENTFD = 1, VFU_IRQ_MASKABLE = 2, VFU_IRQ_AUTOMASKED = 4, VFU_IRQ_NORESIZE = 8 };
struct vfu_irq_set { // followed by count bytes with VFU_SET_BOOL
    uint32_t argsz, flags, index, start, count;
};
enum {
    VFU_SET_NONE = 1, VFU_SET_BOOL = 2, VFU_SET_EVENTFD = 4, VFU_SET_DATA = 7,
    VFU_SET_MASK = 8, VFU_SET_UNMASK = 16, VFU_SET_TRIGGER = 32, VFU_SET_ACTION = 56,
};
struct vfu_region_access { // followed by the data in write requests and read replies
    uint64_t offset;
    uint32_t region, count;
};
struct vfu_write_multi { // after a u64 with their number
    uint64_t offset;
    uint32_t region, count;
    uint8_t data[8];
};
struct vfu_feature { // followed by the feature's data
    uint32_t argsz, flags;
};
enum { VFU_FEATURE_MASK = 0xffff, VFU_FEATURE_GET = 1 << 16, VFU_FEATURE_SET = 1 << 17,
       VFU_FEATURE_PROBE = 1 << 18 };
enum { VFU_FEATURE_MIGRATION = 1, VFU_FEATURE_STATE = 2, VFU_FEATURE_LOG_START = 6,
       VFU_FEATURE_LOG_STOP = 7, VFU_FEATURE_LOG_REPORT = 8 };
enum { VFU_MIGRATION_STOP_COPY = 1, VFU_MIGRATION_P2P = 2, VFU_MIGRATION_PRE_COPY = 4 };
struct vfu_device_state {
    uint32_t state;
    int32_t data_fd; // unused on this transport
};
enum { VFU_STATE_ERROR, VFU_STATE_STOP, VFU_STATE_RUNNING, VFU_STATE_STOP_COPY, VFU_STATE_RESUMING,
       VFU_STATE_RUNNING_P2P, VFU_STATE_PRE_COPY, VFU_STATE_PRE_COPY_P2P, VFU_STATE_COUNT };
struct vfu_log_start { // followed by the ranges
    uint64_t page_size;
    uint32_t ranges, reserved;
};
struct vfu_range {
    uint64_t iova, length;
};
struct vfu_log_report { // followed by the bitmap in replies
    uint64_t iova, length, page_size;
};
struct vfu_mig_data { // followed by the data in write requests and read replies
    uint32_t argsz, size;
};

// Regions and interrupts of a PCI function, by VFIO's numbers.
enum { VFU_REGION_BAR0 = 0, VFU_REGION_BAR1 = 1, VFU_REGION_CONFIG = 7, VFU_REGION_COUNT = 9 };
enum { VFU_IRQ_INTX, VFU_IRQ_MSI, VFU_IRQ_MSIX, VFU_IRQ_ERR, VFU_IRQ_REQ, VFU_IRQ_COUNT };

#endif
