/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * What the carrier makes of a session: which peer it is by its
 * identification, and which codes reach the channel layer.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "channels/carrier_session.h"
#include "lib/err.h"
#include "transport/session.h"
#include "transport/ssh2.h"

/* A client's session that has read the peer's identification, no more. */
static struct session *
new_session(const char *software)
{
	static const struct session_ops ops = { .sign = NULL };
	struct session_config config = {
		.role = SESSION_CLIENT,
		.software = "sshtap_test",
		.kex = "curve25519-sha256",
		.hostkey = "ssh-ed25519",
		.ciphers = "aes256-gcm@openssh.com",
		.compression = "none",
		.ops = &ops
	};
	struct session_packet packet;
	struct session *s;
	char line[128];
	uint8_t *p;
	size_t len;

	assert_int_equal(session_new(&config, 0, &s), 0);
	(void)snprintf(line, sizeof(line), "SSH-2.0-%s\r\n", software);
	session_input_space(s, &p, &len);
	assert_true(len >= strlen(line));
	memcpy(p, line, strlen(line));
	session_input_received(s, strlen(line));
	assert_int_equal(session_next(s, 0, &packet), SSHTAP_ERR_AGAIN);
	return s;
}

static void
test_peer_by_software(void **state)
{
	static const struct {
		const char *software;
		enum carrier_peer peer;
	} peers[] = {
		{ "OpenSSH_9.2p1 Debian-2", CARRIER_PEER_OPENSSH },
		{ "OpenSSH_for_Windows_9.5", CARRIER_PEER_OPENSSH },
		{ "sshtap_0.1.0", CARRIER_PEER_SSHTAP },
		{ "AsyncSSH_2.20.0", CARRIER_PEER_OTHER },
		{ "NotOpenSSH_9.2", CARRIER_PEER_OTHER },
		{ "Open", CARRIER_PEER_OTHER },
	};
	struct session *s;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(peers) / sizeof(peers[0]); i++) {
		s = new_session(peers[i].software);
		assert_int_equal(carrier_session(s).peer, peers[i].peer);
		session_free(s);
	}
}

/* STATE is a channel's affair, a failed session is not. */
static void
test_failed_session_is_closed(void **state)
{
	struct session *s = new_session("OpenSSH_9.2");
	struct carrier carrier = carrier_session(s);
	uint8_t number = SSH_MSG_REQUEST_FAILURE;
	struct view payload = view_of(&number, 1);

	(void)state;
	session_disconnect(s, SSH_DISCONNECT_BY_APPLICATION, "bye");
	assert_int_equal(session_send(s, &payload), SSHTAP_ERR_STATE);
	assert_int_equal(carrier.ops->send(carrier.ctx, &payload),
	    SSHTAP_ERR_CLOSED);
	session_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_peer_by_software),
		cmocka_unit_test(test_failed_session_is_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
