/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef DARWIN_SIM_ABI_H
#define DARWIN_SIM_ABI_H

/*
 * Numbers and layouts of the macOS kernel, for the simulated one and for its
 * tests.  They are written down here a second time, and not taken from
 * openbsd-compat/darwin-net.h, so that a wrong one there is found by whoever
 * runs against this.
 *
 * A layout is offsets (_AT) and sizes in bytes, of the 64-bit interface.
 * Sources: xnu bsd/sys/sockio.h, bsd/net/{if,bpf,bpf_private,ndrv,if_utun}.h,
 * bsd/net/if_fake_var.h, bsd/sys/{socket,kern_control,sys_domain}.h.
 */

/* The size and the direction of an ioctl's argument (bsd/sys/ioccom.h). */
#define ABI_IOC_LEN(request)	(((request) >> 16) & 0x1fff)
#define ABI_IOC_OUT		0x40000000u
#define ABI_IOC_IN		0x80000000u

/* Interfaces. */
#define ABI_SIOCSIFFLAGS	0x80206910u
#define ABI_SIOCGIFFLAGS	0xc0206911u
#define ABI_SIOCGIFMTU		0xc0206933u
#define ABI_SIOCSIFMTU		0x80206934u
#define ABI_SIOCGIFMEDIA	0xc02c6938u
#define ABI_SIOCSIFLLADDR	0x8020693cu
#define ABI_SIOCGIFDEVMTU	0xc0206944u
#define ABI_SIOCPROTOATTACH	0xc0206950u
#define ABI_SIOCIFCREATE	0xc0206978u
#define ABI_SIOCIFDESTROY	0x80206979u
#define ABI_SIOCIFCREATE2	0xc020697au
#define ABI_SIOCSDRVSPEC	0x8028697bu
#define ABI_SIOCGDRVSPEC	0xc028697bu
#define ABI_SIOCIFGCLONERS	0xc0106981u

#define ABI_IFNAMSIZ		16
#define ABI_UNIT_MAX		0x7fff

#define ABI_IFREQ_SIZE		32
#define ABI_IFREQ_UNION_AT	16	/* flags: 2 bytes; mtu: 4 */
#define ABI_IFREQ_SA_LEN_AT	16
#define ABI_IFREQ_SA_DATA_AT	18

#define ABI_DEVMTU_CURRENT_AT	16
#define ABI_DEVMTU_MIN_AT	20
#define ABI_DEVMTU_MAX_AT	24

#define ABI_MEDIA_SIZE		44
#define ABI_MEDIA_CURRENT_AT	16
#define ABI_MEDIA_STATUS_AT	24
#define ABI_MEDIA_ACTIVE_AT	28
#define ABI_MEDIA_COUNT_AT	32
#define ABI_IFM_AVALID		1
#define ABI_IFM_ACTIVE		2
#define ABI_IFM_ETHER		0x20

#define ABI_CLONEREQ_SIZE	16
#define ABI_CLONEREQ_TOTAL_AT	0
#define ABI_CLONEREQ_COUNT_AT	4
#define ABI_CLONEREQ_BUFFER_AT	8

#define ABI_IFDRV_SIZE		40
#define ABI_IFDRV_CMD_AT	16
#define ABI_IFDRV_LEN_AT	24
#define ABI_IFDRV_DATA_AT	32

#define ABI_FAKE_REQUEST_SIZE	160
#define ABI_FAKE_RESERVED	32	/* the first bytes; zero */
#define ABI_FAKE_PEER_AT	32
#define ABI_FAKE_SET_PEER	1
#define ABI_FAKE_GET_PEER	1

#define ABI_IFF_UP		0x1
#define ABI_IFF_BROADCAST	0x2
#define ABI_IFF_LOOPBACK	0x8
#define ABI_IFF_POINTOPOINT	0x10
#define ABI_IFF_RUNNING		0x40
#define ABI_IFF_PROMISC		0x100
#define ABI_IFF_ALLMULTI	0x200
#define ABI_IFF_SIMPLEX		0x800
#define ABI_IFF_MULTICAST	0x8000
/* What SIOCSIFFLAGS leaves alone. */
#define ABI_IFF_CANTCHANGE	(ABI_IFF_BROADCAST | ABI_IFF_POINTOPOINT | \
				ABI_IFF_RUNNING | ABI_IFF_SIMPLEX | \
				ABI_IFF_MULTICAST | ABI_IFF_ALLMULTI)

#define ABI_IFT_OTHER		1
#define ABI_IFT_ETHER		6
#define ABI_IFT_LOOP		24

#define ABI_AF_INET		2
#define ABI_AF_LINK		18
#define ABI_AF_NDRV		27
#define ABI_AF_INET6		30
#define ABI_AF_SYSTEM		32

/* bpf(4). */
#define ABI_BIOCGBLEN		0x40044266u
#define ABI_BIOCSBLEN		0xc0044266u
#define ABI_BIOCSETF		0x80104267u
#define ABI_BIOCFLUSH		0x20004268u
#define ABI_BIOCPROMISC		0x20004269u
#define ABI_BIOCGDLT		0x4004426au
#define ABI_BIOCGETIF		0x4020426bu
#define ABI_BIOCSETIF		0x8020426cu
#define ABI_BIOCSRTIMEOUT	0x8010426du
#define ABI_BIOCGRTIMEOUT	0x4010426eu
#define ABI_BIOCGSTATS		0x4008426fu
#define ABI_BIOCIMMEDIATE	0x80044270u
#define ABI_BIOCVERSION		0x40044271u
#define ABI_BIOCGHDRCMPLT	0x40044274u
#define ABI_BIOCSHDRCMPLT	0x80044275u
#define ABI_BIOCGSEESENT	0x40044276u
#define ABI_BIOCSSEESENT	0x80044277u
#define ABI_BIOCSETFNR		0x8010427eu
/* Private ones: none of them in the old profile. */
#define ABI_BIOCGHEADDROP	0x40044280u
#define ABI_BIOCSHEADDROP	0x80044280u
#define ABI_BIOCGDIRECTION	0x4004428au
#define ABI_BIOCSDIRECTION	0x8004428bu
#define ABI_BIOCSWRITEMAX	0x8004428cu
#define ABI_BIOCGWRITEMAX	0x4004428du
#define ABI_BIOCGBATCHWRITE	0x4004428eu
#define ABI_BIOCSBATCHWRITE	0x8004428fu
#define ABI_BIOCGNOTSTAMP	0x40044290u
#define ABI_BIOCSNOTSTAMP	0x80044291u
#define ABI_BIOCGDVRTIN		0x40044292u
#define ABI_BIOCSDVRTIN		0x80044292u
#define ABI_FIONREAD		0x4004667fu
#define ABI_FIONBIO		0x8004667eu

#define ABI_BPF_NODES		4	/* that exist at boot */
#define ABI_BPF_NODES_MAX	256
#define ABI_BPF_BLEN		4096	/* when nobody has set it */
#define ABI_BPF_BLEN_MIN	32
#define ABI_BPF_BLEN_MAX_OLD	524288
#define ABI_BPF_BLEN_MAX	33554432
#define ABI_BPF_INSNS_MAX	512
#define ABI_BPF_INSN_SIZE	8
#define ABI_BPF_PROGRAM_SIZE	16
#define ABI_BPF_PROGRAM_PTR_AT	8
#define ABI_BPF_ALIGN(n)	(((n) + 3) & ~(size_t)3)
#define ABI_BPF_DIR_NONE	0
#define ABI_BPF_DIR_IN		1
#define ABI_BPF_DIR_OUT		2
#define ABI_BPF_DIR_INOUT	3

#define ABI_BPF_HDRLEN		18	/* of Ethernet: the frame is there */
#define ABI_BPF_HDRLEN_NULL	20	/* of DLT_NULL */
#define ABI_BPF_SEC_AT		0
#define ABI_BPF_USEC_AT		4
#define ABI_BPF_CAPLEN_AT	8
#define ABI_BPF_DATALEN_AT	12
#define ABI_BPF_HDRLEN_AT	16

#define ABI_DLT_NULL		0
#define ABI_DLT_EN10MB		1

/* AF_NDRV. */
#define ABI_SOCKADDR_NDRV_SIZE	18
#define ABI_SOCKADDR_NDRV_NAME_AT 2
#define ABI_NDRV_SNDBUF		8192
#define ABI_SOL_SOCKET		0xffff
#define ABI_SO_SNDBUF		0x1001
#define ABI_SO_NOSIGPIPE	0x1022

/* utun: a kernel control. */
#define ABI_SYSPROTO_CONTROL	2
#define ABI_AF_SYS_CONTROL	2
#define ABI_CTLIOCGINFO		0xc0644e03u
#define ABI_CTL_INFO_SIZE	100
#define ABI_CTL_INFO_NAME_AT	4
#define ABI_UTUN_CONTROL_NAME	"com.apple.net.utun_control"
#define ABI_SOCKADDR_CTL_SIZE	32
#define ABI_SOCKADDR_CTL_SYSADDR_AT 2
#define ABI_SOCKADDR_CTL_ID_AT	4
#define ABI_SOCKADDR_CTL_UNIT_AT 8
#define ABI_UTUN_OPT_IFNAME	2
#define ABI_UTUN_OPT_MAX_PENDING 16

/* tuntaposx, a kernel extension: /dev/tap0 to /dev/tap15, and tun. */
#define ABI_TUNTAPOSX_NODES	16
#define ABI_TUNSIFHEAD		0x80047460u
#define ABI_TUNGIFHEAD		0x40047461u

#endif /* DARWIN_SIM_ABI_H */
