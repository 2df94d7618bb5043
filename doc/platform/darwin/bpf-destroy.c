/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* The interface goes: what waits can be read, then ENXIO; select wakes. */

#include <sys/types.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "doc/platform/darwin/platform.h"
#include "openbsd-compat/darwin-net.h"

static struct reader reader, witness;

/* In a moment, so that the caller waits in select by then. */
static pid_t
destroy_soon(const char *name)
{
	struct timespec moment = { .tv_nsec = 100000000 };
	pid_t pid = check_fork();

	if (pid != 0)
		return pid;
	(void)nanosleep(&moment, NULL);
	_exit(feth_destroy(name) == 0 ? 0 : 1);
}

int
main(void)
{
	struct darwin_ifreq ifr = { .ifr_name = "" };
	struct record rec;
	struct pair pair;
	int host, status = -1;
	pid_t pid;

	check_begin("bpf-destroy");
	pair_make(&pair);
	reader_open(&reader, pair.q, READER_SIZE, false);
	reader_open(&witness, pair.q, READER_SIZE, false);
	host = ndrv_open(pair.p);
	must("the host sends a frame", frame_send(host, 1, 60));
	check_frame("a second reader has it", &witness, 1, 60);
	pid = destroy_soon(pair.q);
	check_yes("select wakes the second reader", reader_wait(&witness));
	check_errno("its read", ENXIO,
	    read(witness.fd, witness.buf, witness.size));
	must("wait for the child", waitpid(pid, &status, 0));
	check_number("the child destroyed it", 0, status);
	check_yes("select finds what waits", reader_wait(&reader));
	check_number("the frame is still there", 1,
	    reader_next(&reader, &rec) ? (long)rec.number : -1);
	check_yes("select finds the end", reader_wait(&reader));
	check_errno("read", ENXIO, read(reader.fd, reader.buf, reader.size));
	check_errno("read again", ENXIO,
	    read(reader.fd, reader.buf, reader.size));
	check_errno("read of another length", EINVAL,
	    read(reader.fd, reader.buf, 1));
	check_errno("BIOCGETIF", EINVAL,
	    ioctl(reader.fd, DARWIN_BIOCGETIF, &ifr));
	check_errno("BIOCGBLEN", 0, bpf_get(reader.fd, DARWIN_BIOCGBLEN));
	return check_end();
}
