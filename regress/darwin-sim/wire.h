/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef DARWIN_SIM_WIRE_H
#define DARWIN_SIM_WIRE_H

#include <stdint.h>

/*
 * What libdarwinsim.so asks darwin-kernel, over a stream socket to an
 * abstract name: a request and its payload, a reply and its payload.  Both
 * sides are of one build, so numbers are in host order.
 *
 * A simulated descriptor is one end of a connected socket whose other end the
 * kernel has.  It is bound to the abstract name
 *
 *	darwin-sim:KIND:HANDLE:NAME
 *
 * (NAME being the kernel's own), by which any process recognises it; its last
 * close is a hang-up for the kernel.  A byte waits in it, the token, as long
 * as select(2) has to find it readable: the kernel sends the token, and a
 * reply with WIRE_TAKE orders the library to take it out again.
 */
#define WIRE_NAME_DEFAULT	"darwin-kernel"
#define WIRE_NAME_ENV		"DARWIN_SIM_NAME"
#define WIRE_NODE_PREFIX	"darwin-sim:"

#define WIRE_PAYLOAD_MAX	(64u * 1024 * 1024)

enum wire_kind {
	WIRE_BPF = 'b',
	WIRE_NDRV = 'n',
	WIRE_UTUN = 'u',
	WIRE_TUNTAPOSX = 't'
};

enum wire_op {
	WIRE_OPEN = 1,	/* payload: path; a: O_ACCMODE */
	WIRE_SOCKET,	/* a: domain, b: type, c: protocol */
	WIRE_IOCTL,	/* a: request; payload: its argument, and behind it
			 * what the argument points to */
	WIRE_BIND,	/* payload: address */
	WIRE_CONNECT,	/* payload: address */
	WIRE_SHUTDOWN,	/* a: how */
	WIRE_SETSOCKOPT, /* a: level, b: option; payload: value */
	WIRE_GETSOCKOPT, /* a: level, b: option, c: room */
	WIRE_GETSOCKNAME,
	WIRE_READ,	/* a: length */
	WIRE_WRITE,	/* payload: data */
	WIRE_POLL,	/* value: bytes that can be read */
	WIRE_WATCH,	/* passes a socket with a token for kqueue(2) */
	WIRE_IFADDRS,	/* payload: struct wire_iface, ... */
	WIRE_SYSCTL,	/* payload: name, NUL, new value; a: room for the
			 * old one, b: whether there is a new one */
	WIRE_LIST,	/* payload: text for darwinctl list */
	WIRE_STOP
};

/* Flags of requests. */
#define WIRE_NONBLOCK	0x1u	/* READ: O_NONBLOCK is set */
#define WIRE_TIMED_OUT	0x2u	/* READ: the device's read timeout is over */
#define WIRE_INTERRUPTED 0x4u	/* READ: a signal came */
#define WIRE_TO_ADDRESS	0x8u	/* WRITE: sendto(2) with an address */
#define WIRE_FOR_KEVENT	0x10u	/* POLL: kevent(2) looks at what has fired */

/* Flags of replies. */
#define WIRE_TAKE	0x100u	/* take the token */
#define WIRE_TAKE_WATCH	0x200u	/* and those of this process's watches */
#define WIRE_WAIT	0x400u	/* READ: wait for the token; value: for how
				 * many milliseconds, or 0 for ever */
#define WIRE_SIGPIPE	0x800u
#define WIRE_ABORT	0x1000u	/* the program is to abort; payload: why */

struct wire_request {
	uint32_t op;
	uint32_t uid;		/* effective */
	uint32_t handle;	/* of a simulated descriptor, or 0 */
	uint32_t flags;
	uint32_t a, b, c;
	uint32_t len;		/* bytes of payload */
};

struct wire_reply {
	int32_t error;		/* errno, or 0 */
	uint32_t flags;
	uint32_t value;		/* what the call returns */
	uint32_t len;		/* bytes of payload */
};

struct wire_iface {
	char name[16];
	uint32_t index;
	uint32_t flags;
	uint8_t type;
	uint8_t lladdr_len;	/* 6 or 0 */
	uint8_t lladdr[6];
};

#endif /* DARWIN_SIM_WIRE_H */
