// SPDX-License-Identifier: MIT
//
// The link between an Ethernet device and its backend: a queue towards the guest, so that a device
// without receive buffers loses nothing that real hardware would not lose; and the null backend.
#include "soc/net.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/err.h"
#include "soc/net_priv.h"

void netdev_connect(struct netdev *net, struct netdev_client *client)
{
    net->client = client;
}

void netdev_send(struct netdev *net, const uint8_t *frame, size_t n)
{
    net->sent++;
    if (n <= NET_FRAME_MAX) {
        net->ops->send(net, frame, n);
    }
}

void netdev_ready(struct netdev *net)
{
    struct net_queue *q = &net->queue;
    while (q->count && net->client &&
           net->client->received(net->client, q->data[q->head], q->bytes[q->head])) {
        q->head = (q->head + 1) % ARRAY_LEN(q->bytes);
        q->count--;
        net->received++;
    }
}

void netdev_deliver(struct netdev *net, const uint8_t *frame, size_t n)
{
    struct net_queue *q = &net->queue;
    unsigned at;
    if (n > NET_FRAME_MAX || q->count == ARRAY_LEN(q->bytes)) {
        net->dropped++;
        return;
    }
    at = (q->head + q->count++) % ARRAY_LEN(q->bytes);
    memcpy(q->data[at], frame, n);
    q->bytes[at] = (uint16_t)n;
    netdev_ready(net);
}

void netdev_destroy(struct netdev *net)
{
    if (net) {
        net->ops->destroy(net);
    }
}

// ---- null
// ----------------------------------------------------------------------------------------

static void null_send(struct netdev *net, const uint8_t *frame, size_t n)
{
    (void)net, (void)frame, (void)n;
}

static void null_destroy(struct netdev *net)
{
    free(net);
}

static const struct netdev_ops null_ops = {"null", null_send, null_destroy};

struct netdev *netdev_create(const struct netdev_config *cfg, struct err *err)
{
    struct netdev *net;
    if (strncmp(cfg->spec, "user", 4) == 0 && (!cfg->spec[4] || cfg->spec[4] == ',')) {
        return net_slirp_create(cfg, err);
    }
    if (strcmp(cfg->spec, "null") != 0 && strcmp(cfg->spec, "none") != 0) {
        err_set(err, -EINVAL,
                "network: unknown backend '%s'; use user[,hostfwd=tcp::PORT-:PORT] or null",
                cfg->spec);
        return NULL;
    }
    net = calloc(1, sizeof *net);
    if (!net) {
        err_set(err, -ENOMEM, "network: no memory");
        return NULL;
    }
    net->ops = &null_ops;
    net->log = cfg->log;
    return net;
}
