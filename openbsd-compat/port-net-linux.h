/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef PORT_NET_LINUX_H
#define PORT_NET_LINUX_H

/*
 * sys_tun_open of port-net.h, the Linux way: one TUN/TAP descriptor, which
 * the caller returns as both of its own.
 *
 * Returns the descriptor, or -1 with errno as sys_tun_open has it.
 */
int sys_tun_open_linux(int tun, int mode, char **ifname);

#endif /* PORT_NET_LINUX_H */
