/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef ETHTAP_IMPL_H
#define ETHTAP_IMPL_H

#include "tun/ethtap.h"
#include "tun/tap.h"

/*
 * A device of the public interface around one of ours, which it takes over;
 * for ethtap.c, and for tests over a pair in memory.
 *
 * Returns NULL, and takes nothing over, when there is no memory.
 */
struct ethtap *ethtap_wrap(struct tap *tap);

#endif /* ETHTAP_IMPL_H */
