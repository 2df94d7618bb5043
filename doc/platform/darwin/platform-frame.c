/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Frames through AF_NDRV and bpf, for the programs: see platform.h.  A socket
 * on the primary stands for the host: what is written there takes the way of
 * what the host sends.
 */

#include "doc/platform/darwin/platform.h"

#include <sys/types.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "openbsd-compat/darwin-net.h"

/* === Writing === */

int
ndrv_socket(void)
{
	int fd = socket(DARWIN_AF_NDRV, SOCK_RAW, 0);

	if (fd != -1)
		(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static void
ndrv_address(struct darwin_sockaddr_ndrv *nd, const char *ifname)
{
	memset(nd, 0, sizeof(*nd));
	nd->snd_len = sizeof(*nd);
	nd->snd_family = DARWIN_AF_NDRV;
	(void)snprintf((char *)nd->snd_name, sizeof(nd->snd_name), "%s",
	    ifname);
}

int
ndrv_bind(int fd, const char *ifname)
{
	struct darwin_sockaddr_ndrv nd;

	ndrv_address(&nd, ifname);
	return bind(fd, (struct sockaddr *)(void *)&nd, sizeof(nd));
}

int
ndrv_connect(int fd, const char *ifname)
{
	struct darwin_sockaddr_ndrv nd;

	ndrv_address(&nd, ifname);
	return connect(fd, (struct sockaddr *)(void *)&nd, sizeof(nd));
}

int
ndrv_open(const char *ifname)
{
	int fd = ndrv_socket(), one = 1;

	must("an AF_NDRV socket", fd);
	must("bind it", ndrv_bind(fd, ifname));
	must("connect it", ndrv_connect(fd, ifname));
	must("SO_NOSIGPIPE", setsockopt(fd, SOL_SOCKET, DARWIN_SO_NOSIGPIPE,
	    &one, sizeof(one)));
	return fd;
}

/*
 * To nobody's address, from one that holds the number, both locally
 * administered.
 */
static const uint8_t frame_head[10] = { 0x02, 0, 0, 0, 0, 0x01,
    0x02, 't', 'a', 'p' };
#define AT_NUMBER	10
#define AT_TYPE		12

void
frame_fill(uint8_t *frame, size_t len, unsigned number)
{
	memcpy(frame, frame_head, sizeof(frame_head));
	frame[AT_NUMBER] = (uint8_t)(number >> 8);
	frame[AT_NUMBER + 1] = (uint8_t)number;
	frame[AT_TYPE] = FRAME_TYPE >> 8;
	frame[AT_TYPE + 1] = FRAME_TYPE & 0xff;
	for (size_t i = FRAME_MIN; i < len; i++)
		frame[i] = (uint8_t)(i * 7 + number + (i >> 8));
}

long
frame_write(int fd, const uint8_t *frame, size_t len)
{
	if (len < FRAME_MIN) {
		errno = EINVAL;
		must("write a runt: never", -1);
	}
	return write(fd, frame, len);
}

long
frame_send(int fd, unsigned number, size_t len)
{
	static uint8_t frame[FRAME_MAX];

	if (len < FRAME_MIN || len > sizeof(frame)) {
		errno = EINVAL;
		must("send a runt, or a giant: never", -1);
	}
	frame_fill(frame, len, number);
	return frame_write(fd, frame, len);
}

/* === Reading === */

int
bpf_open(void)
{
	char path[32];
	int fd = -1;

	errno = EBUSY;
	for (unsigned i = 0; i < DARWIN_BPF_NODES && fd == -1 &&
	    errno == EBUSY; i++) {
		(void)snprintf(path, sizeof(path), "/dev/bpf%u", i);
		fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	must("open a bpf node", fd);
	return fd;
}

int
bpf_set(int fd, unsigned long request, unsigned value)
{
	return ioctl(fd, request, &value);
}

long
bpf_get(int fd, unsigned long request)
{
	unsigned value = 0;

	return ioctl(fd, request, &value) == -1 ? -1 : (long)value;
}

int
bpf_attach(int fd, const char *ifname)
{
	struct darwin_ifreq ifr = { .ifr_name = "" };

	(void)snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", ifname);
	return ioctl(fd, DARWIN_BIOCSETIF, &ifr);
}

void
reader_open(struct reader *r, const char *ifname, unsigned size,
    bool sees_own)
{
	int fd = bpf_open();
	long granted;

	must("BIOCSBLEN", bpf_set(fd, DARWIN_BIOCSBLEN, size));
	must("BIOCIMMEDIATE", bpf_set(fd, DARWIN_BIOCIMMEDIATE, 1));
	must("BIOCSSEESENT", bpf_set(fd, DARWIN_BIOCSSEESENT, sees_own));
	must("BIOCSETIF", bpf_attach(fd, ifname));
	must("BIOCGBLEN", granted = bpf_get(fd, DARWIN_BIOCGBLEN));
	must("O_NONBLOCK", fcntl(fd, F_SETFL, O_NONBLOCK));
	if ((size_t)granted > sizeof(r->buf)) {
		errno = ENOBUFS;
		must("a buffer as asked for", -1);
	}
	r->fd = fd;
	r->size = (unsigned)granted;
	r->len = r->next = 0;
}

bool
is_readable(int fd, int seconds)
{
	struct timeval tv = { .tv_sec = seconds };
	fd_set set;
	int n;

	FD_ZERO(&set);
	FD_SET(fd, &set);
	must("select", n = select(fd + 1, &set, NULL, NULL, &tv));
	return n == 1;
}

bool
reader_wait(const struct reader *r)
{
	return is_readable(r->fd, PLATFORM_WAIT);
}

static bool
refill(struct reader *r)
{
	ssize_t n;

	if (!reader_wait(r) || (n = read(r->fd, r->buf, r->size)) <= 0)
		return false;
	r->len = (size_t)n;
	r->next = 0;
	return true;
}

/* Ends the program when the kernel's records are not as we know them. */
static void
next_record(struct reader *r, struct record *rec)
{
	const uint8_t *p = r->buf + r->next;
	size_t left = r->len - r->next;
	uint32_t caplen, datalen;
	uint16_t hdrlen;

	errno = EINVAL;
	must("a whole record", left < DARWIN_BPF_HDR_LEN ? -1 : 0);
	memcpy(&caplen, p + DARWIN_BPF_HDR_CAPLEN, sizeof(caplen));
	memcpy(&datalen, p + DARWIN_BPF_HDR_DATALEN, sizeof(datalen));
	memcpy(&hdrlen, p + DARWIN_BPF_HDR_HDRLEN, sizeof(hdrlen));
	must("a record with its frame", hdrlen < DARWIN_BPF_HDR_LEN ||
	    hdrlen > left || caplen > left - hdrlen ? -1 : 0);
	rec->frame = p + hdrlen;
	rec->hdrlen = hdrlen;
	rec->caplen = caplen;
	rec->datalen = datalen;
	rec->start = r->next;
	rec->end = r->next + hdrlen + caplen;
	r->next = (rec->end + DARWIN_BPF_ALIGNMENT - 1) /
	    DARWIN_BPF_ALIGNMENT * DARWIN_BPF_ALIGNMENT;
}

bool
reader_any(struct reader *r, struct record *rec)
{
	if (r->next >= r->len && !refill(r))
		return false;
	next_record(r, rec);
	return true;
}

bool
reader_next(struct reader *r, struct record *rec)
{
	do {
		if (!reader_any(r, rec))
			return false;
	} while (rec->caplen < FRAME_MIN ||
	    memcmp(rec->frame, frame_head, sizeof(frame_head)) != 0);
	rec->number = (unsigned)rec->frame[AT_NUMBER] << 8 |
	    rec->frame[AT_NUMBER + 1];
	return true;
}

void
check_frame(const char *what, struct reader *r, unsigned number, size_t len)
{
	static uint8_t frame[FRAME_MAX];
	char expected[48], seen[48] = "no frame";
	struct record rec;

	frame_fill(frame, len, number);
	(void)snprintf(expected, sizeof(expected), "%zu bytes", len);
	if (reader_next(r, &rec)) {
		if (rec.number != number)
			(void)snprintf(seen, sizeof(seen), "frame %u, not %u",
			    rec.number, number);
		else
			(void)snprintf(seen, sizeof(seen), "%zu bytes%s",
			    rec.caplen, rec.caplen == len &&
			    memcmp(rec.frame, frame, len) != 0 ?
			    ", damaged" : "");
		if (rec.datalen != rec.caplen)
			(void)snprintf(seen + strlen(seen),
			    sizeof(seen) - strlen(seen), " of %zu",
			    rec.datalen);
	}
	check_text(what, expected, seen);
}
