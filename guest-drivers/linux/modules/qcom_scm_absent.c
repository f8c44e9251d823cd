// SPDX-License-Identifier: GPL-2.0-only
//
// Linked into msm.ko. Only the a5xx and a6xx code calls the Qualcomm secure monitor, to let a
// protected GPU start; a kernel built without it exports none of these. Here they answer that
// there is no such monitor, which that code handles. Never reached on an a2xx.

#include <linux/errno.h>
#include <linux/qcom_scm.h>

bool qcom_scm_is_available(void)
{
	return false;
}

int qcom_scm_pas_auth_and_reset(u32 peripheral)
{
	return -EOPNOTSUPP;
}

int qcom_scm_set_remote_state(u32 state, u32 id)
{
	return -EOPNOTSUPP;
}
