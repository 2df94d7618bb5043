/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef CHAN_UTIL_H
#define CHAN_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "channels/chan.h"
#include "channels/chan_msg.h"

/*
 * Two tables of channels, a client's and a server's, joined by a carrier in
 * memory.  What one sends waits in a queue until tables_pump delivers it, so
 * that messages can cross.  Or the test plays the peer of one side with bytes
 * of its own.  Every function here fails the test when it cannot do its work.
 */
#define QUEUE_MAX	4096
#define PAYLOAD_MAX	(CHAN_TUN_SUPER_MAX + 64)

struct message {
	uint8_t *p;
	size_t len;
};

/* One side: its table, what it has sent, and what it was told. */
struct side {
	struct chans *cs;
	struct message queue[QUEUE_MAX];
	unsigned first, last;
	bool is_blocked;	/* the carrier takes no frame */
	bool is_broken;		/* all sending fails */
	unsigned sends;

	char log[1024];		/* a letter for each event */
	struct chan *asked;	/* by the peer */
	struct chan *writable_first;	/* since the test set it to NULL */
	uint32_t answer;	/* to tun_request, 0 accepts */
	uint32_t mode, unit;
	uint32_t reason;
	char text[CHAN_TEXT_MAX];
	uint8_t frame[PAYLOAD_MAX];
	size_t frame_len;
	uint32_t takes;		/* of the last offload event */
	bool answers;		/* it with an offer of all, */
	int answered;		/* which brought this */
	uint8_t words[CHAN_TUN_WORDS];
	char data[1024], errors[1024];
	bool consumes;
	uint32_t status;
	char signal[64];
	char global[128];
	bool closes_on_frame;
	struct chan *reopened;	/* by a handler */
	bool reopens;
};

struct tables {
	struct side client, server;
};

/* Each notes its letter: O R F S A D d W Y N X E C T G. */
extern const struct chans_events side_events;

void side_init(struct side *s, bool is_server, enum carrier_peer peer,
    const struct chans_events *events);
void side_clear(struct side *s);

/* For cmocka: both with the book-keeping of an sshtap, or of an OpenSSH. */
int tables_setup(void **state);
int tables_setup_stock(void **state);
int tables_teardown(void **state);

/* Deliver the oldest message of one side to the other; false if none. */
bool tables_deliver(struct side *from, struct side *to);
void tables_pump(struct tables *p);

/* Take the oldest message a side has sent; the caller frees its bytes. */
struct message side_take(struct side *s);

/* It must be exactly these bytes. */
void side_expect(struct side *s, const void *bytes, size_t len);
void side_expect_nothing(const struct side *s);
#define EXPECT(s, ...) \
	side_expect(s, (const uint8_t[]){ __VA_ARGS__ }, \
	    sizeof((const uint8_t[]){ __VA_ARGS__ }))

/* Hand bytes of the test's own to a side; what chans_input returns. */
int side_inject(struct side *s, const void *bytes, size_t len);
int side_inject_msg(struct side *s, const struct chan_msg *m);
int side_inject_data(struct side *s, uint32_t recipient, size_t len);
int side_inject_extended(struct side *s, uint32_t recipient, uint32_t type,
    size_t len);
int side_inject_request(struct side *s, const char *name, bool want_reply,
    const void *rest, size_t len);
int side_inject_global(struct side *s, const char *name, bool want_reply);
#define INJECT(s, ...) \
	side_inject(s, (const uint8_t[]){ __VA_ARGS__ }, \
	    sizeof((const uint8_t[]){ __VA_ARGS__ }))

/* A tunnel from client to server; the server's end is server.asked. */
struct chan *tables_open_tun(struct tables *p);

/*
 * A tunnel or session whose far end is the test: our number is 0, the peer's
 * is 5.  The session has a window of 1000 and packets of 300 bytes.
 */
struct chan *side_open_tun(struct side *s, uint32_t window,
    uint32_t packet_max);
struct chan *side_open_session(struct side *s);

/* From a place with no more room around it than there must be. */
int side_send_frame(struct chan *c, uint8_t fill, size_t len);
int side_send_super(struct chan *c, const uint8_t words[CHAN_TUN_WORDS],
    uint8_t fill, size_t len);

#define PAIR(t) \
	cmocka_unit_test_setup_teardown(t, tables_setup, tables_teardown)
#define STOCK(t) \
	cmocka_unit_test_setup_teardown(t, tables_setup_stock, tables_teardown)

#endif /* CHAN_UTIL_H */
