// SPDX-License-Identifier: MIT
//
// Backends that net.c chooses from.
#ifndef SOC_NET_PRIV_H
#define SOC_NET_PRIV_H

#include "soc/net.h"

struct netdev *net_slirp_create(const struct netdev_config *cfg, struct err *err);

#endif
