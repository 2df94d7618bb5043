/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef DARWIN_SIM_KERNEL_H
#define DARWIN_SIM_KERNEL_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "regress/darwin-sim/abi.h"
#include "regress/darwin-sim/wire.h"

/*
 * The inside of darwin-kernel: one process, one thread.  Functions that play
 * a part of the kernel return an errno of Linux, positive, or 0.
 */

/* What the command line says. */
enum overload {
	OVERLOAD_NEVER,
	OVERLOAD_SILENT,	/* the frame is lost, and success reported */
	OVERLOAD_ENOBUFS
};

struct options {
	const char *name;	/* of the socket */
	bool is_old;		/* 10.13 and 10.14, else 15 */
	bool has_feth;
	bool has_tuntaposx;
	bool is_real;		/* interfaces are Linux's, too */
	bool is_epipe;		/* NDRV after destroy: EPIPE, SIGPIPE */
	unsigned blen_max;	/* BIOCSBLEN gives no more */
	enum overload overload;
	unsigned overload_every; /* frames to one that meets a full queue */
	unsigned busy_ms;	/* a destroyed unit stays EBUSY */
};
extern struct options options;

/* === kernel.c: the loop === */

/* Until a signal or WIRE_STOP. */
void kernel_run(void);

/* A descriptor that is watched; inside of what it belongs to. */
struct source {
	int fd;			/* -1: not watched */
	void (*ready)(struct source *s, uint32_t events);
};

/* is_node: looked at before every request, too, so that a close(2) is seen
 * by the request that comes after it. */
void source_add(struct source *s, bool is_node);
void source_remove(struct source *s);	/* closes it */

void die(const char *what) __attribute__((noreturn));
uint64_t now_ms(void);
/* calloc that ends the program. */
void *grow(size_t size);

struct client;

/* One request while it is answered. */
struct call {
	const struct wire_request *rq;
	uint8_t *in;		/* payload; may be modified */
	size_t in_len;
	struct wire_reply reply;
	const uint8_t *out;	/* payload of the reply, valid till the end */
	size_t out_len;
	int fd;			/* passed, then closed; -1: none */
	struct client *client;
};

bool call_is_root(const struct call *c);
/* Text into the reply's payload. */
void call_say(struct call *c, const char *text);
/* The argument of an ioctl: numbers of it. */
uint32_t get_u32(const uint8_t *p);
uint64_t get_u64(const uint8_t *p);
void put_u16(uint8_t *p, unsigned n);
void put_u32(uint8_t *p, uint32_t n);

/* === node.c: simulated descriptors === */

#define NODE_WATCHES_MAX	8

struct node;
struct watch;

/* What is NULL fails with ENOTSUP (sockets' calls: ENOTSOCK). */
struct node_ops {
	enum wire_kind kind;
	int (*ioctl)(struct node *n, struct call *c);
	int (*read)(struct node *n, struct call *c);
	int (*write)(struct node *n, struct call *c);
	int (*bind)(struct node *n, struct call *c);
	int (*connect)(struct node *n, struct call *c);
	int (*shutdown)(struct node *n, struct call *c);
	int (*setsockopt)(struct node *n, struct call *c);
	int (*getsockopt)(struct node *n, struct call *c);
	int (*getsockname)(struct node *n, struct call *c);
	/* For select(2). */
	bool (*is_readable)(const struct node *n);
	/* For poll(2) and kqueue(2): ENXIO when it cannot be watched. */
	int (*poll)(const struct node *n, uint32_t *bytesp);
	/* The other end wrote into the socket itself. */
	void (*packet)(struct node *n, const uint8_t *p, size_t len);
	void (*destroy)(struct node *n);	/* frees it, too */
};

struct node {
	struct source source;	/* first */
	struct node *next;
	const struct node_ops *ops;
	uint32_t handle;
	bool has_token;
	struct watch *watches[NODE_WATCHES_MAX];
};

/* Make the descriptor that is passed to the caller. */
int node_start(struct node *n, const struct node_ops *ops, struct call *c);
struct node *node_find(uint32_t handle);
/* Its readiness may have changed. */
void node_update(struct node *n);
int node_watch(struct node *n, struct call *c);
/* At the end of a call on it: tokens that have to be taken. */
void node_settle(struct node *n, struct call *c);

/* === iface.c === */

enum iface_kind {
	IFACE_OTHER,		/* lo0, en0 */
	IFACE_FETH,
	IFACE_UTUN,
	IFACE_TUNTAPOSX
};

struct real;

struct iface {
	struct iface *next;
	char name[ABI_IFNAMSIZ];
	enum iface_kind kind;
	unsigned unit, index;
	bool is_cloned;		/* may be destroyed by ioctl */
	unsigned flags;
	unsigned mtu, mtu_min, mtu_max;
	uint8_t type;		/* ABI_IFT_ */
	uint8_t lladdr[6], lladdr_len;
	unsigned header;	/* bytes in front of what the MTU counts */
	unsigned trailer;	/* appended to each frame */
	bool is_written;	/* by an NDRV socket: the I/O peer */
	bool is_stuck;		/* its queue will never move again */
	struct iface *peer;
	unsigned injected;	/* frames, for the overload */
	void *owner;		/* of utun and tuntaposx: its node, and where
				 * that points to this, which is cleared */
	struct iface **owner_ref;
	/* What the host sends, or somebody in its place. */
	void (*transmit)(struct iface *i, const uint8_t *p, size_t len);
	struct real *real;	/* with --veth, else NULL */
};

void iface_boot(void);
struct iface *iface_find(const uint8_t name[ABI_IFNAMSIZ]);
/* The one of that name whose unit is still being torn down: EBUSY. */
bool iface_is_busy(const char *name);
/* Returns NULL when the system does not make a real one. */
struct iface *iface_create(enum iface_kind kind, const char *name,
    unsigned unit, unsigned flags);
/* Nothing refers to it afterwards. */
void iface_destroy(struct iface *i);
/* All of them, for the end. */
void iface_destroy_all(void);
/* Take over what somebody changed on the real one. */
void iface_sync(struct iface *i);
void iface_set_flags(struct iface *i, unsigned flags);
/* It arrives at the host. */
void iface_input(struct iface *i, const uint8_t *p, size_t len);
/* From bpf or NDRV: ENETDOWN, ENOBUFS. */
int iface_inject(struct iface *i, const uint8_t *p, size_t len);
int iface_ioctl(struct call *c);
int iface_addrs(struct call *c);
int iface_list(struct call *c);

/* === feth.c === */

int feth_create(struct call *c);
int feth_set_spec(struct iface *i, struct call *c);
int feth_get_spec(struct iface *i, struct call *c);
void feth_unlink(struct iface *i);

/* === bpf.c, bpf_ioctl.c, bpf_filter.c === */

struct bpf_insn {
	uint16_t code;
	uint8_t jt, jf;
	uint32_t k;
};

struct bpf_buffer {
	uint8_t *bytes;
	size_t len;
	unsigned frames;
};

struct bpf {
	struct node node;	/* first */
	unsigned unit;
	unsigned mode;		/* of open(2): O_ACCMODE */
	struct iface *iface;
	size_t blen;
	struct bpf_buffer store, hold;	/* blen bytes each once attached */
	bool is_immediate, is_complete; /* BIOCIMMEDIATE, BIOCSHDRCMPLT */
	bool is_promisc, is_batch, drops_head, has_no_stamp, diverts;
	unsigned direction;	/* ABI_BPF_DIR_ */
	uint32_t write_max;
	uint64_t timeout_us;
	uint64_t deadline_ms;	/* of the frames in store, or 0 */
	bool is_timed_out;
	uint32_t received, dropped;
	struct bpf_insn insns[ABI_BPF_INSNS_MAX];
	unsigned ninsns;
};

int bpf_open(struct call *c, const char *suffix);
int bpf_ioctl(struct node *n, struct call *c);
void bpf_flush(struct bpf *b);
void bpf_free_buffers(struct bpf *b);
void bpf_attach(struct bpf *b, struct iface *i);
/* Of the record in front of the interface's frames. */
unsigned bpf_header_len(const struct bpf *b);
/* A frame passes an interface in a direction, ABI_BPF_DIR_. */
void bpf_tap(const struct iface *i, const uint8_t *p, size_t len,
    unsigned direction);
void bpf_detach_all(const struct iface *i);
/* BIOCSDVRTIN is set for one of them. */
bool bpf_is_diverted(const struct iface *i);
/* Returns the time of the next one, or UINT64_MAX. */
uint64_t bpf_run_timers(uint64_t now);

/* What of a frame the filter wants: 0, or a length.  Reference: McCanne and
 * Jacobson, "The BSD Packet Filter", 1993. */
uint32_t bpf_filter(const struct bpf_insn *insns, unsigned n,
    const uint8_t *p, size_t len);
bool bpf_filter_is_valid(const struct bpf_insn *insns, unsigned n);

/* === ndrv.c, utun.c, tuntaposx.c, sysctl.c === */

int ndrv_socket(struct call *c);
void ndrv_detach_all(const struct iface *i);
int utun_socket(struct call *c);
/* path: what follows /dev/. */
int tuntaposx_open(struct call *c, const char *path);

int sysctl_call(struct call *c);
/* A number of net.link.fake, or 0 where there is no such one. */
int sysctl_fake(const char *name);

/* === real.c: interfaces of Linux === */

void real_boot(void);
/* Returns NULL with a line on stderr. */
struct real *real_create(struct iface *i);
void real_destroy(struct real *r);
void real_deliver(struct real *r, const uint8_t *p, size_t len);
void real_set_flags(struct real *r, unsigned flags);
/* Returns false when the interface is gone. */
bool real_sync(struct real *r, struct iface *i);
void real_set_mtu(struct real *r, unsigned mtu);
void real_set_lladdr(struct real *r, const uint8_t lladdr[6]);
/* A program writes frames there: the side that a user has is its peer. */
void real_attached(const struct iface *i);

/* === veth.c: for real.c === */

void veth_boot(void);
/* Returns a packet socket on the hidden end, or -1 with errno. */
int veth_create(const char *name, int *indexp);
void veth_destroy(int index);
/* An address of its own for IPv6, as any interface of Linux has, or none. */
void veth_set_link_local(int index, bool wanted);
/* One frame, whole, as the program that sent it made it; or -1. */
ssize_t veth_receive(int fd, uint8_t *p, size_t size);

#endif /* DARWIN_SIM_KERNEL_H */
