// SPDX-License-Identifier: MIT
//
// Version negotiation of vfio-user: the reply speaks the client's minor version at most, names only
// capabilities that the client proposed, and so is never longer than the proposal (QEMU's client
// accepts nothing else).
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "mdev/vfio_user_priv.h"

enum { MINOR = 1 };

// Capabilities with a number: the smaller of both sides' limits holds.
static const struct {
    const char *name;
    json_int_t ours;
} limits[] = {
    {"max_msg_fds", VFU_FDS_MAX},
    {"max_data_xfer_size", VFU_XFER_MAX},
    {"max_dma_maps", VFU_MAPS_MAX},
    {"pgsizes", 4096},
};

static int agree(struct vfu *v, json_t *offer, json_t *answer)
{
    json_t *caps = json_object_get(offer, "capabilities");
    json_t *multiple;
    if (!caps) {
        return 0;
    }
    if (!json_is_object(caps)) {
        return -EINVAL;
    }
    for (unsigned i = 0; i < sizeof limits / sizeof *limits; i++) {
        json_t *their = json_object_get(caps, limits[i].name);
        json_int_t n = limits[i].ours;
        if (!their) {
            continue;
        }
        if (!json_is_integer(their) || json_integer_value(their) < 0) {
            return -EINVAL;
        }
        if (!strcmp(limits[i].name, "pgsizes")) {
            n = 4096; // the only one, whatever is offered
        } else if (json_integer_value(their) < n) {
            n = json_integer_value(their);
        }
        if (!strcmp(limits[i].name, "max_data_xfer_size")) {
            v->xfer_max = (uint32_t)n;
        }
        json_object_set_new(answer, limits[i].name, json_integer(n));
    }
    multiple = json_object_get(caps, "write_multiple");
    if (multiple && !json_is_boolean(multiple)) {
        return -EINVAL;
    }
    if (json_is_true(multiple)) {
        json_object_set_new(answer, "write_multiple", json_true());
    }
    return 0;
}

int vfu_cmd_version(struct vfu *v, const struct vfu_msg *m)
{
    struct vfu_version ver;
    json_t *offer, *answer;
    char *text = NULL;
    void *out;
    int rc;

    memcpy(&ver, m->data, sizeof ver);
    if (v->negotiated || ver.major != 0) {
        return -EINVAL;
    }
    ver.minor = ver.minor < MINOR ? ver.minor : MINOR;
    if (m->n == sizeof ver) { // no proposal: the protocol's defaults
        out = vfu_reply(v, sizeof ver);
        if (out) {
            memcpy(out, &ver, sizeof ver);
            v->negotiated = true;
        }
        return 0;
    }
    if (m->data[m->n - 1] != 0) {
        return -EINVAL;
    }
    offer = json_loads((const char *)m->data + sizeof ver, 0, NULL);
    answer = json_object();
    rc = json_is_object(offer) ? agree(v, offer, answer) : -EINVAL;
    if (!rc) {
        json_t *whole = json_pack("{s:O}", "capabilities", answer);
        text = json_dumps(whole, JSON_COMPACT);
        json_decref(whole);
        rc = text ? 0 : -ENOMEM;
    }
    if (!rc) {
        out = vfu_reply(v, sizeof ver + strlen(text) + 1);
        if (out) {
            memcpy(out, &ver, sizeof ver);
            memcpy((char *)out + sizeof ver, text, strlen(text) + 1);
            v->negotiated = true;
        }
    }
    free(text);
    json_decref(answer);
    json_decref(offer);
    return rc;
}
