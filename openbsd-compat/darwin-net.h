/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef DARWIN_NET_H
#define DARWIN_NET_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Numbers and layouts of the Darwin kernel, as far as port-net-darwin.c uses
 * them.  Some are in no public header (net/if_fake_var.h, the later BIOC
 * numbers), and none of them is on the other systems where that code is
 * tested.  Named after xnu's own, with a prefix; paths are those of its
 * source.  tests/darwin_numbers.c compares them with the headers of a system
 * that has them.
 *
 * 64-bit only, like every macOS since 10.15.
 */
static_assert(sizeof(void *) == 8 && sizeof(long) == 8,
    "these layouts are those of LP64");

/* bsd/net/if.h */
#define DARWIN_IFNAMSIZ		16
#define DARWIN_IFF_UP		0x1

/* bsd/sys/socket.h */
#define DARWIN_AF_INET		2
#define DARWIN_AF_LINK		18
#define DARWIN_AF_NDRV		27
#define DARWIN_AF_INET6		30
#define DARWIN_AF_SYSTEM	32
#define DARWIN_SO_NOSIGPIPE	0x1022

/* === Requests about interfaces === */

/* bsd/sys/sockio.h: 'i' and a number; the size is that of the structure. */
#define DARWIN_SIOCSIFFLAGS	0x80206910U	/* ifreq, flags */
#define DARWIN_SIOCGIFFLAGS	0xc0206911U
#define DARWIN_SIOCGIFMTU	0xc0206933U	/* ifreq, mtu */
#define DARWIN_SIOCSIFMTU	0x80206934U
#define DARWIN_SIOCSIFLLADDR	0x8020693cU	/* ifreq, addr */
#define DARWIN_SIOCGIFDEVMTU	0xc0206944U	/* ifreq, devmtu */
#define DARWIN_SIOCIFCREATE	0xc0206978U	/* ifreq, the name alone */
#define DARWIN_SIOCIFDESTROY	0x80206979U
#define DARWIN_SIOCSDRVSPEC	0x8028697bU	/* ifdrv */
#define DARWIN_SIOCGDRVSPEC	0xc028697bU

/* bsd/sys/socket.h, struct sockaddr */
struct darwin_sockaddr {
	uint8_t sa_len;
	uint8_t sa_family;
	uint8_t sa_data[14];
};

/* bsd/net/if.h, struct ifdevmtu */
struct darwin_ifdevmtu {
	int32_t ifdm_current;
	int32_t ifdm_min;
	int32_t ifdm_max;
};

/* bsd/net/if.h, struct ifreq; there, names like ifr_mtu are macros */
struct darwin_ifreq {
	char ifr_name[DARWIN_IFNAMSIZ];
	union {
		struct darwin_sockaddr addr;
		int16_t flags;
		int32_t mtu;
		struct darwin_ifdevmtu devmtu;
		uint8_t room[16];
	} u;
};
static_assert(sizeof(struct darwin_sockaddr) == 16 &&
    sizeof(struct darwin_ifdevmtu) == 12 &&
    sizeof(struct darwin_ifreq) == 32 &&
    offsetof(struct darwin_ifreq, u) == 16, "struct ifreq");

/* bsd/net/if.h, struct ifdrv; the pointer is to a request of the driver's */
struct darwin_ifdrv {
	char ifd_name[DARWIN_IFNAMSIZ];
	uint64_t ifd_cmd;
	uint64_t ifd_len;
	void *ifd_data;
};
static_assert(sizeof(struct darwin_ifdrv) == 40 &&
    offsetof(struct darwin_ifdrv, ifd_cmd) == 16 &&
    offsetof(struct darwin_ifdrv, ifd_len) == 24 &&
    offsetof(struct darwin_ifdrv, ifd_data) == 32, "struct ifdrv");

/* bsd/net/if_fake_var.h: the same number to set a peer and to get it */
#define DARWIN_IF_FAKE_S_CMD_SET_PEER	1
#define DARWIN_IF_FAKE_G_CMD_GET_PEER	1

/* bsd/net/if_fake_var.h, struct if_fake_request */
struct darwin_if_fake_request {
	uint64_t iffr_reserved[4];	/* zero, or EINVAL */
	union {
		char peer_name[DARWIN_IFNAMSIZ];
		uint8_t room[128];
	} u;
};
static_assert(sizeof(struct darwin_if_fake_request) == 160 &&
    offsetof(struct darwin_if_fake_request, u) == 32, "if_fake_request");

/* bsd/net/if_fake.c: an address made of "feth" and the unit, big-endian */
#define DARWIN_FETH_LLADDR_PREFIX	"feth"
/* bsd/net/if_fake.c, feth_max_mtu: a cluster without an Ethernet header */
#define DARWIN_FETH_FRAME_MAX	16384

/* === bpf(4) === */

/* bsd/net/bpf.h; the last one is in its private part */
#define DARWIN_BIOCGBLEN	0x40044266U	/* u_int */
#define DARWIN_BIOCSBLEN	0xc0044266U	/* u_int, changed */
#define DARWIN_BIOCGDLT		0x4004426aU	/* u_int */
#define DARWIN_BIOCGETIF	0x4020426bU	/* ifreq */
#define DARWIN_BIOCSETIF	0x8020426cU	/* ifreq */
#define DARWIN_BIOCIMMEDIATE	0x80044270U	/* u_int */
#define DARWIN_BIOCSHDRCMPLT	0x80044275U	/* u_int */
#define DARWIN_BIOCGSEESENT	0x40044276U	/* u_int */
#define DARWIN_BIOCSSEESENT	0x80044277U	/* u_int */
#define DARWIN_BIOCSDVRTIN	0x80044292U	/* int; macOS 15 */

/* bsd/net/dlt.h */
#define DARWIN_DLT_EN10MB	1

/* bsd/net/bpf.c: nodes (debug.bpf_maxdevices), buffers */
#define DARWIN_BPF_NODES	256
#define DARWIN_BPF_BUFSIZE_MAX	33554432

/*
 * bsd/net/bpf.h, struct bpf_hdr: two 32-bit words of time, caplen, datalen,
 * hdrlen.  Its sizeof is 20, of which 18 bytes are there.
 */
#define DARWIN_BPF_HDR_CAPLEN	8
#define DARWIN_BPF_HDR_DATALEN	12
#define DARWIN_BPF_HDR_HDRLEN	16
#define DARWIN_BPF_HDR_LEN	18	/* SIZEOF_BPF_HDR */
#define DARWIN_BPF_ALIGNMENT	4	/* sizeof(int32_t) on LP64, too */

/* === AF_NDRV === */

/* bsd/net/ndrv.h, struct sockaddr_ndrv */
struct darwin_sockaddr_ndrv {
	uint8_t snd_len;
	uint8_t snd_family;
	uint8_t snd_name[DARWIN_IFNAMSIZ];
};
static_assert(sizeof(struct darwin_sockaddr_ndrv) == 18, "sockaddr_ndrv");

/* bsd/net/ndrv_var.h: what SO_SNDBUF is at first */
#define DARWIN_NDRVSNDQ		8192

/* === utun === */

/* bsd/sys/sys_domain.h, bsd/sys/kern_control.h, bsd/net/if_utun.h */
#define DARWIN_SYSPROTO_CONTROL	2
#define DARWIN_AF_SYS_CONTROL	2
#define DARWIN_CTLIOCGINFO	0xc0644e03U	/* ctl_info */
#define DARWIN_UTUN_CONTROL_NAME	"com.apple.net.utun_control"
#define DARWIN_UTUN_OPT_IFNAME	2

/* bsd/sys/kern_control.h, struct ctl_info */
struct darwin_ctl_info {
	uint32_t ctl_id;
	char ctl_name[96];
};
static_assert(sizeof(struct darwin_ctl_info) == 100, "ctl_info");

/* bsd/sys/kern_control.h, struct sockaddr_ctl */
struct darwin_sockaddr_ctl {
	uint8_t sc_len;
	uint8_t sc_family;
	uint16_t ss_sysaddr;
	uint32_t sc_id;
	uint32_t sc_unit;	/* 0: any; else the unit and 1 */
	uint32_t sc_reserved[5];
};
static_assert(sizeof(struct darwin_sockaddr_ctl) == 32 &&
    offsetof(struct darwin_sockaddr_ctl, sc_id) == 4, "sockaddr_ctl");

/* === tuntaposx === */

/* Its tuntap_ioctls.h: int; a family word in front of each packet of a tun. */
#define DARWIN_TUNSIFHEAD	0x80047460U
#define DARWIN_TUNTAPOSX_UNITS	16

#endif /* DARWIN_NET_H */
