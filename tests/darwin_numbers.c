/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The numbers and layouts of openbsd-compat/darwin-net.h against those of
 * the system's headers, as far as the system has them: compiling this for
 * macOS is the test.  There is nothing to run, and elsewhere nothing to
 * compare.
 */

#include "openbsd-compat/darwin-net.h"

#include "openbsd-compat/port-net-darwin.h"

static_assert(DARWIN_IFNAMSIZ == DARWIN_NAME_SIZE, "one size of names");

#if defined(__APPLE__)

#include <sys/types.h>
#include <sys/ioctl.h>
#include <sys/kern_control.h>
#include <sys/socket.h>
#include <sys/sockio.h>

#include <net/if.h>

#define SAME(ours, theirs)						\
	static_assert((uint64_t)(ours) == (uint64_t)(theirs), #theirs)
#define SAME_SIZE(ours, theirs)						\
	SAME(sizeof(struct ours), sizeof(struct theirs))
#define SAME_FIELD(ours, our_field, theirs, their_field)		\
	SAME(offsetof(struct ours, our_field),				\
	    offsetof(struct theirs, their_field));			\
	SAME(sizeof(((struct ours *)0)->our_field),			\
	    sizeof(((struct theirs *)0)->their_field))

/* net/if.h, sys/socket.h */
SAME(DARWIN_IFNAMSIZ, IFNAMSIZ);
SAME(DARWIN_IFF_UP, IFF_UP);
SAME(DARWIN_AF_INET, AF_INET);
SAME(DARWIN_AF_LINK, AF_LINK);
SAME(DARWIN_AF_NDRV, AF_NDRV);
SAME(DARWIN_AF_INET6, AF_INET6);
SAME(DARWIN_AF_SYSTEM, AF_SYSTEM);
SAME(DARWIN_SO_NOSIGPIPE, SO_NOSIGPIPE);
SAME_SIZE(darwin_sockaddr, sockaddr);
SAME_FIELD(darwin_sockaddr, sa_len, sockaddr, sa_len);
SAME_FIELD(darwin_sockaddr, sa_family, sockaddr, sa_family);
SAME_FIELD(darwin_sockaddr, sa_data, sockaddr, sa_data);
SAME_SIZE(darwin_ifdevmtu, ifdevmtu);
SAME_FIELD(darwin_ifdevmtu, ifdm_current, ifdevmtu, ifdm_current);
SAME_FIELD(darwin_ifdevmtu, ifdm_min, ifdevmtu, ifdm_min);
SAME_FIELD(darwin_ifdevmtu, ifdm_max, ifdevmtu, ifdm_max);
SAME_SIZE(darwin_ifreq, ifreq);
SAME_FIELD(darwin_ifreq, ifr_name, ifreq, ifr_name);
SAME_FIELD(darwin_ifreq, u.addr, ifreq, ifr_addr);
SAME_FIELD(darwin_ifreq, u.flags, ifreq, ifr_flags);
SAME_FIELD(darwin_ifreq, u.mtu, ifreq, ifr_mtu);
SAME_FIELD(darwin_ifreq, u.devmtu, ifreq, ifr_devmtu);

/* sys/sockio.h; struct ifdrv is in no public header */
SAME(DARWIN_SIOCSIFFLAGS, SIOCSIFFLAGS);
SAME(DARWIN_SIOCGIFFLAGS, SIOCGIFFLAGS);
SAME(DARWIN_SIOCGIFMTU, SIOCGIFMTU);
SAME(DARWIN_SIOCSIFMTU, SIOCSIFMTU);
SAME(DARWIN_SIOCSIFLLADDR, SIOCSIFLLADDR);
SAME(DARWIN_SIOCGIFDEVMTU, SIOCGIFDEVMTU);
SAME(DARWIN_SIOCIFCREATE, SIOCIFCREATE);
SAME(DARWIN_SIOCIFDESTROY, SIOCIFDESTROY);
SAME(DARWIN_SIOCSDRVSPEC, _IOW('i', 123, struct darwin_ifdrv));
SAME(DARWIN_SIOCGDRVSPEC, _IOWR('i', 123, struct darwin_ifdrv));

/* sys/kern_control.h */
SAME(DARWIN_CTLIOCGINFO, CTLIOCGINFO);
SAME_SIZE(darwin_ctl_info, ctl_info);
SAME_FIELD(darwin_ctl_info, ctl_id, ctl_info, ctl_id);
SAME_FIELD(darwin_ctl_info, ctl_name, ctl_info, ctl_name);
SAME_SIZE(darwin_sockaddr_ctl, sockaddr_ctl);
SAME_FIELD(darwin_sockaddr_ctl, sc_len, sockaddr_ctl, sc_len);
SAME_FIELD(darwin_sockaddr_ctl, sc_family, sockaddr_ctl, sc_family);
SAME_FIELD(darwin_sockaddr_ctl, ss_sysaddr, sockaddr_ctl, ss_sysaddr);
SAME_FIELD(darwin_sockaddr_ctl, sc_id, sockaddr_ctl, sc_id);
SAME_FIELD(darwin_sockaddr_ctl, sc_unit, sockaddr_ctl, sc_unit);
SAME_FIELD(darwin_sockaddr_ctl, sc_reserved, sockaddr_ctl, sc_reserved);

/* A third party's, and so in no header of the system. */
SAME(DARWIN_TUNSIFHEAD, _IOW('t', 96, int));

#if __has_include(<sys/sys_domain.h>)
#include <sys/sys_domain.h>
SAME(DARWIN_SYSPROTO_CONTROL, SYSPROTO_CONTROL);
SAME(DARWIN_AF_SYS_CONTROL, AF_SYS_CONTROL);
#endif

#if __has_include(<net/if_utun.h>)
#include <net/if_utun.h>
SAME(DARWIN_UTUN_OPT_IFNAME, UTUN_OPT_IFNAME);
SAME(sizeof(DARWIN_UTUN_CONTROL_NAME), sizeof(UTUN_CONTROL_NAME));
#endif

#if __has_include(<net/ndrv.h>)
#include <net/ndrv.h>
SAME_SIZE(darwin_sockaddr_ndrv, sockaddr_ndrv);
SAME_FIELD(darwin_sockaddr_ndrv, snd_len, sockaddr_ndrv, snd_len);
SAME_FIELD(darwin_sockaddr_ndrv, snd_family, sockaddr_ndrv, snd_family);
SAME_FIELD(darwin_sockaddr_ndrv, snd_name, sockaddr_ndrv, snd_name);
#endif

#if __has_include(<net/bpf.h>)
#include <net/bpf.h>
SAME(DARWIN_BIOCGBLEN, BIOCGBLEN);
SAME(DARWIN_BIOCSBLEN, BIOCSBLEN);
SAME(DARWIN_BIOCGDLT, BIOCGDLT);
SAME(DARWIN_BIOCGETIF, BIOCGETIF);
SAME(DARWIN_BIOCSETIF, BIOCSETIF);
SAME(DARWIN_BIOCIMMEDIATE, BIOCIMMEDIATE);
SAME(DARWIN_BIOCSHDRCMPLT, BIOCSHDRCMPLT);
SAME(DARWIN_BIOCGSEESENT, BIOCGSEESENT);
SAME(DARWIN_BIOCSSEESENT, BIOCSSEESENT);
SAME(DARWIN_DLT_EN10MB, DLT_EN10MB);
SAME(DARWIN_BPF_ALIGNMENT, BPF_ALIGNMENT);
SAME(DARWIN_BPF_HDR_CAPLEN, offsetof(struct bpf_hdr, bh_caplen));
SAME(DARWIN_BPF_HDR_DATALEN, offsetof(struct bpf_hdr, bh_datalen));
SAME(DARWIN_BPF_HDR_HDRLEN, offsetof(struct bpf_hdr, bh_hdrlen));
SAME(DARWIN_BPF_HDR_LEN, offsetof(struct bpf_hdr, bh_hdrlen) +
    sizeof(((struct bpf_hdr *)0)->bh_hdrlen));
#ifdef BIOCSDVRTIN
SAME(DARWIN_BIOCSDVRTIN, BIOCSDVRTIN);
#endif
#endif

#endif /* __APPLE__ */
