/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef NETWORK_H
#define NETWORK_H

/*
 * The network process of a connection: everything that reads what the peer
 * sends.  It starts without rights and gains none; what it needs it asks of
 * the monitor (request.h) on SPAWN_MONITOR.  Returns the exit status.
 */
int network_main(void);

#endif /* NETWORK_H */
