/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef SESSION_IMPL_H
#define SESSION_IMPL_H

#include "lib/buf.h"
#include "transport/kex.h"
#include "transport/packet.h"
#include "transport/session.h"

/* What the files of a session share; nobody else includes this. */

/*
 * The first exchange and a rekey run through the same three steps; what
 * differs is what else may be received meanwhile (session.c, the table).
 */
enum session_state {
	SESSION_VERSION,		/* waiting for the identification */
	SESSION_INITIAL_KEXINIT,	/* ours is out, theirs is not here */
	SESSION_INITIAL_EXCHANGE,	/* waiting for INIT or REPLY */
	SESSION_INITIAL_NEWKEYS,	/* waiting for their NEWKEYS */
	SESSION_READY,
	SESSION_REKEY_KEXINIT,
	SESSION_REKEY_EXCHANGE,
	SESSION_REKEY_NEWKEYS,
	SESSION_FAILED,
	SESSION_STATE_COUNT
};

/* Keys of one direction, between derivation and NEWKEYS. */
struct session_keys {
	const struct cipher_alg *alg;
	uint8_t key[CIPHER_KEY_MAX];
	uint8_t iv[CIPHER_IV_MAX];
	bool compress;
};

struct session {
	struct session_config config;
	char *software, *kex_list, *hostkey_list, *cipher_list, *compress_list;
	char *sig_algs;
	enum session_state state;
	int failure;			/* returned ever after */
	uint64_t now_ms;

	uint64_t early_bytes, early_packets;	/* until authenticated */
	struct packet_in in;
	struct packet_out out;
	size_t output_max;		/* for frames */
	struct buf queue;		/* u32 length, payload: held back */

	struct buf version_ours, version_theirs;
	unsigned preamble_lines;

	/* The exchange under way. */
	uint64_t kex_started_ms;
	struct buf init_ours, init_theirs;
	struct proposal_choice choice, next_choice;
	const struct kex_method *method;
	struct kex_secret *secret;
	struct buf q_c, q_s;
	struct session_keys keys_in, keys_out;
	bool drop_guess;

	/* What lasts. */
	bool strict;			/* strict KEX is in force */
	bool peer_wants_ext_info;
	bool keyed, authenticated;
	bool compressing;		/* delayed compression has started */
	bool service_granted;		/* SERVICE_ACCEPT has come */
	bool has_late_ext_info;		/* the one of authentication */
	unsigned long rekeys;
	struct buf id, hostkey, kex_signature;
	struct buf server_sig_algs;
	bool peer_hostbound;

	uint32_t peer_reason;
	char peer_text[SESSION_TEXT_MAX];
	enum proposal_list failed_list;
	struct buf failed_ours, failed_theirs;
};

void session_set_state(struct session *s, enum session_state to);

/* Send past the queue: exchange messages and DISCONNECT. */
int session_send_now(struct session *s, const struct view *payload);

/* Send what was held back, as far as it may and fits. */
int session_flush_queue(struct session *s);

/* session_kex.c: does each list hold a name that we carry?  0 or ARGUMENT. */
int session_kex_check_lists(const struct session *s);

/* Begin an exchange, and the handlers of its messages. */
int session_kex_start(struct session *s);
int session_kex_input_init(struct session *s, const struct view *payload,
    uint32_t seq);
int session_kex_input_method(struct session *s, const struct view *payload);
int session_kex_input_newkeys(struct session *s, const struct view *payload);
int session_kex_start_compression(struct session *s);
void session_kex_clear(struct session *s);

/* session_ext.c: EXT_INFO, ours when the peer wants it, and theirs. */
int session_ext_send(struct session *s);
int session_ext_input(struct session *s, const struct view *payload,
    uint32_t seq);

#endif /* SESSION_IMPL_H */
