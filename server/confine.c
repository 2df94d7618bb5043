/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#include "server/confine.h"

#include <time.h>

#include <openssl/rand.h>

#include "lib/err.h"
#include "transport/kex.h"
#include "transport/namelist.h"

static struct sandbox_report report;

/* See sandbox.h for what has to come first. */
int
confine_prepare(void)
{
	uint8_t some[16];
	struct buf list;
	int r;

	tzset();
	if (RAND_bytes(some, sizeof(some)) != 1)
		return SSHTAP_ERR_CRYPTO;
	/* Asks libcrypto for ML-KEM. */
	buf_init(&list, NAMELIST_MAX);
	r = kex_default_list(&list);
	buf_clear(&list);
	return r;
}

int
confine(enum sandbox_role role, const struct setup_rights *rights)
{
	struct sandbox_config c = {
		.role = role,
		.chroot_dir = rights->chroot_dir,
		.has_ids = rights->has_ids,
		.uid = (uid_t)rights->uid,
		.gid = (gid_t)rights->gid,
	};

	return sandbox_enter(&c, &report);
}

const char *
confine_text(void)
{
	return report.text;
}
