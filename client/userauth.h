/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef USERAUTH_H
#define USERAUTH_H

#include "client/config.h"
#include "client/identity.h"
#include "client/prompt.h"
#include "transport/auth_client.h"
#include "transport/session.h"

/*
 * Which method to try next, with what: the user's preference over what the
 * server offers.  Asks the user when it must.
 */
struct userauth;

/*
 * Everything given outlives it.  Starts authentication on a keyed session.
 */
int userauth_new(const struct config *c, struct identities *is,
    struct prompt *p, struct session *s, struct userauth **up);
void userauth_free(struct userauth *u);

/*
 * Feed one packet.
 *
 * *donep:  set once the user is authenticated.
 * Returns 0; SSHTAP_ERR_AGAIN (a signal came while the user was asked: end);
 * SSHTAP_ERR_UNSUPPORTED (answer UNIMPLEMENTED); SSHTAP_ERR_AUTH
 * (nothing left to try: logged, with what was tried); others end the
 * connection.
 */
int userauth_input(struct userauth *u, const struct session_packet *p,
    bool *donep);

/* What was tried so far, for a server that hangs up on too many failures. */
void userauth_explain(const struct userauth *u);

/* True once anything but "none" was sent: a disconnect is then a refusal. */
bool userauth_has_tried(const struct userauth *u);

#endif /* USERAUTH_H */
