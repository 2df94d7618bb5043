/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#include "server/confine.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "lib/err.h"
#include "lib/proc.h"
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

static void
try(const struct setup_rights *rights, int fd)
{
	int r;

	/* Nothing of this process is to be of use to anybody else. */
	if ((r = confine_prepare()) == 0)
		r = confine(SANDBOX_NETWORK, rights);
	(void)!write(fd, report.text, strlen(report.text));
	_exit(r == 0 ? 0 : PROC_EXIT_FAILURE);
}

int
confine_try(const struct setup_rights *rights, char text[SANDBOX_TEXT_MAX])
{
	int fds[2], wstatus, r;
	ssize_t n;
	pid_t pid;

	if ((r = proc_pipe(fds)) != 0)
		return r;
	if ((pid = proc_fork()) == 0)
		try(rights, fds[1]);
	proc_close(&fds[1]);
	n = pid == -1 ? -1 : read(fds[0], text, SANDBOX_TEXT_MAX - 1);
	proc_close(&fds[0]);
	text[n > 0 ? n : 0] = '\0';
	if (pid == -1 || (wstatus = proc_reap(pid)) == -1)
		return SSHTAP_ERR_SYSTEM;
	return proc_exit_status(wstatus) == 0 ? 0 : SSHTAP_ERR_PERMISSION;
}
