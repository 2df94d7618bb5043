/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef RTNL_LINUX_H
#define RTNL_LINUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * rtnetlink(7): one request to the kernel and what it answers.  For the files
 * of Linux in this directory.
 */
struct nlmsghdr;

/* Attributes that are left, one after the other. */
struct rtnl_attrs {
	const uint8_t *p;
	size_t len;
};

struct rtnl_attr {
	unsigned type;
	struct rtnl_attrs value;
};

/*
 * The attributes behind the fixed part of a message, which has size bytes;
 * none when the message is shorter.
 */
struct rtnl_attrs rtnl_attrs(const uint8_t *p, size_t len, size_t size);

/* False at the end, and at anything that does not fit. */
bool rtnl_next(struct rtnl_attrs *as, struct rtnl_attr *a);

/* 0 when the value has another size. */
uint32_t rtnl_get_u32(const struct rtnl_attr *a);

/*
 * One message of an answer.
 *
 * type:    RTM_...
 * p, len:  what is behind its header, aligned for nothing.
 * Returns non-zero to end it.
 */
typedef int (rtnl_message_fn)(void *ctx, unsigned type, const uint8_t *p,
    size_t len);

/*
 * Send a request and read its answer to the end.
 *
 * h:       a whole message, with NLM_F_DUMP or NLM_F_ACK among its flags, so
 *          that the answer has an end.
 * fn:      NULL when no more than success is of interest.
 * has_changedp: NULL, or set when the answer is of no one moment: then some
 *          of what it lists may be missing or there twice.
 * Returns 0, the first non-zero value of fn, or SSHTAP_ERR_SYSTEM with the
 * errno of the kernel's refusal.
 */
int rtnl_ask(const struct nlmsghdr *h, rtnl_message_fn *fn, void *ctx,
    bool *has_changedp);

#endif /* RTNL_LINUX_H */
