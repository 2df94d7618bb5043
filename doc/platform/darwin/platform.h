/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef PLATFORM_H
#define PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What the programs of this directory share: rows of results, interfaces
 * that are thrown away, a reader and a writer of frames.
 *
 * Only interfaces that the program itself made are ever changed or destroyed.
 * They are feth units from PLATFORM_UNIT_FIRST up, and are destroyed however
 * the program ends, SIGKILL aside.
 *
 * Preparations that a program cannot go on without end it when they fail,
 * with a row that differs: the functions that return nothing to be checked.
 */
#define PLATFORM_UNIT_FIRST	31000
#define PLATFORM_UNIT_LAST	31999
#define PLATFORM_NAME_SIZE	16

/* Numbers that nothing but these programs uses (bsd/net/if.h, if_media.h). */
#define PLATFORM_IFF_BROADCAST	0x2
#define PLATFORM_IFF_RUNNING	0x40
#define PLATFORM_IFF_SIMPLEX	0x800
#define PLATFORM_IFF_MULTICAST	0x8000
#define PLATFORM_IFM_AVALID	0x1
#define PLATFORM_IFM_ACTIVE	0x2
#define PLATFORM_BIOCPROMISC	0x20004269U
#define PLATFORM_BIOCGSTATS	0x4008426fU	/* two u_int: seen, dropped */
#define PLATFORM_BIOCGHDRCMPLT	0x40044274U

/* Seconds that something on its way is waited for, before it is missed. */
#define PLATFORM_WAIT		3

/* === Rows === */

/*
 * Ends the program with 77 when this is no macOS, and no simulation of it, or
 * the caller is not root there.
 */
void check_begin(const char *program);
/* What main returns: 0, or 1 when a row differed. */
int check_end(void);

/* The outcome of a system call: 0 or the errno that is expected. */
void check_errno(const char *what, int expected, long result);
/* Either of two is as expected. */
void check_either(const char *what, int one, int other, long result);
void check_number(const char *what, long expected, long seen);
/* What read or write returns: a length, or -1 with errno. */
void check_length(const char *what, long expected, long result);
void check_flags(const char *what, unsigned expected, unsigned seen);
void check_text(const char *what, const char *expected, const char *seen);
void check_lladdr(const char *what, const uint8_t expected[6],
    const uint8_t seen[6]);
void check_yes(const char *what, bool seen);
/* Nothing is expected: the row only tells. */
void check_tell(const char *what, const char *fmt, ...)
    __attribute__((__format__(printf, 2, 3)));
void check_skip(const char *what, const char *reason);
/* fork(2), of a child that does not stay for ever whatever happens. */
int check_fork(void);
/* A preparation: no row unless result is -1, and then the end. */
void must(const char *what, long result);

/* === Interfaces === */

/* Ask for exactly this name; it is ours if 0 is returned. */
int feth_create(const char *name);
/* Make one of a name that is free. */
void feth_new(char name[PLATFORM_NAME_SIZE]);
/* Refuses (EPERM) a name that this program never made. */
int feth_destroy(const char *name);
/* peer "": none.  peerp has PLATFORM_NAME_SIZE bytes. */
int feth_set_peer(const char *name, const char *peer);
int feth_get_peer(const char *name, char *peerp);

/* A primary and its I/O peer, peers of each other and up. */
struct pair {
	char p[PLATFORM_NAME_SIZE];
	char q[PLATFORM_NAME_SIZE];
};
void pair_make(struct pair *pair);

/* The value, or -1 with errno. */
int interface_flags(const char *name);
int interface_mtu(const char *name);
int interface_mtu_max(const char *name);
int interface_media(const char *name);	/* ifm_status */
/* -1 with ENXIO once it is gone, waited for; 0 when it stays. */
int interface_wait_gone(const char *name);
/* 0 or -1. */
int interface_set_up(const char *name, bool up);
int interface_set_mtu(const char *name, int mtu);
int interface_set_lladdr(const char *name, const uint8_t *addr, uint8_t len);
int interface_lladdr(const char *name, uint8_t addr[6]);	/* getifaddrs */

/* A setting of the kernel; -1 with errno (ENOENT) when it has no such one. */
int setting(const char *name, int *valuep);

/* unit: as the kernel counts, n + 1 for utun n, 0 for any.  Or -1. */
int utun_open(unsigned unit);
void utun_name(int fd, char name[PLATFORM_NAME_SIZE]);

/* === Frames === */

/* An AF_NDRV socket, bound and connected to the interface, non-blocking. */
int ndrv_open(const char *ifname);
/* Only that: the result of socket(2). */
int ndrv_socket(void);
int ndrv_bind(int fd, const char *ifname);
int ndrv_connect(int fd, const char *ifname);

/*
 * A frame of len bytes that nobody on the host listens to, which tells its
 * number and can be seen to be whole.
 */
#define FRAME_MIN	14
#define FRAME_MAX	16000
#define FRAME_TYPE	0x88b5	/* IEEE 802: local experiments */
void frame_fill(uint8_t *frame, size_t len, unsigned number);
/* Ends the program rather than write less than a header. */
long frame_write(int fd, const uint8_t *frame, size_t len);
long frame_send(int fd, unsigned number, size_t len);

/* The first node that nobody has open; blocking, attached to nothing. */
int bpf_open(void);
int bpf_set(int fd, unsigned long request, unsigned value);
/* The value, or -1 with errno. */
long bpf_get(int fd, unsigned long request);
int bpf_attach(int fd, const char *ifname);

/* Whether select says so within these seconds. */
bool is_readable(int fd, int seconds);

/* One record of a bpf read. */
struct record {
	unsigned number;	/* of the frame */
	const uint8_t *frame;	/* valid until the next call */
	size_t hdrlen, caplen, datalen;
	size_t start, end;	/* of the record in its read */
};

/*
 * A bpf descriptor that reads: immediate, non-blocking, without the
 * interface's own frames unless sees_own.  Zeroed before reader_open.
 */
#define READER_SIZE	32768
struct reader {
	int fd;
	unsigned size;		/* of each read */
	size_t len, next;	/* of buf: what was read, what comes next */
	uint8_t buf[READER_SIZE];
};
void reader_open(struct reader *r, const char *ifname, unsigned size,
    bool sees_own);
/* Whether there is something to read, waited for. */
bool reader_wait(const struct reader *r);
/*
 * The next of our frames, waited for; those of others are passed over.
 * Returns false when none came, or the read failed.
 */
bool reader_next(struct reader *r, struct record *rec);
/* The next of anybody's; rec->number is not set. */
bool reader_any(struct reader *r, struct record *rec);
/* A row: the next of our frames is this one, and it is whole. */
void check_frame(const char *what, struct reader *r, unsigned number,
    size_t len);

#endif /* PLATFORM_H */
