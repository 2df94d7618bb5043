/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Many clients of a tunnel server in one process and one event loop, for the
 * script tests.
 *
 *   tunnels   open so many tunnels, whose devices a bridge of the server
 *             joins, and send frames from each to the next.  Then hold them
 *             until standard input ends.
 *   churn     log in, open a tunnel, send a frame, close, two at a time.
 *   strangers connections that never log in, each stopping somewhere else.
 *
 * What may take for ever has a limit: all of it that of -t, frames STALL_MS
 * after the last that came.  Whoever accepts a TCP connection only late is
 * waited for, since nothing else is worth doing then.
 */

#include <sys/socket.h>

#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/file.h"
#include "lib/proc.h"
#include "regress/load_peer.h"
#include "transport/kex.h"
#include "transport/key.h"
#include "transport/keyfile.h"
#include "transport/session.h"

#define PEERS_MAX	1000		/* LOOP_FDS_MAX, and some to spare */
#define COUNT_MAX	1000000u
#define TICK_MS		100
#define STALL_MS	5000
#define BURST_LEARN	8u	/* broadcasts under way, of all connections */

static void __attribute__((noreturn))
usage(void)
{
	fprintf(stderr,
	    "usage: loadtool [options] tunnels HOST PORT KEYFILE COUNT FRAMES\n"
	    "       loadtool [options] churn HOST PORT KEYFILE COUNT\n"
	    "       loadtool [options] strangers HOST PORT COUNT [PARALLEL]\n"
	    "  -k N   handshakes under way at one time (4)\n"
	    "  -t N   seconds for all of it, but for holding tunnels (60)\n"
	    "  -u N   units N, N + 1 ... rather than any\n"
	    "  -w N   milliseconds that a stranger stays (1000)\n");
	exit(2);
}

static void __attribute__((noreturn))
die(const char *what, int r)
{
	fprintf(stderr, "loadtool: %s: %s\n", what, err_text(r));
	exit(2);
}

static unsigned
number(const char *s, unsigned long max)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(s, &end, 10);
	if (errno != 0 || end == s || *end != '\0' || n > max)
		usage();
	return (unsigned)n;
}

/* === The loop === */

static void
tick(void *ctx, uint64_t now_ms)
{
	struct load *l = ctx;
	unsigned i;

	loop_timer_set(l->loop, &l->tick, now_ms + TICK_MS);
	if (now_ms / 1000 == l->tick_s)
		return;
	l->tick_s = now_ms / 1000;
	for (i = 0; i < l->npeers; i++)
		if (l->peers[i].stage == UP)
			wire_check(&l->peers[i].wire,
			    chans_tick(l->peers[i].chans, now_ms));
}

/* Input is only waited for, not read. */
static void
input_ready(void *ctx, int fd, unsigned events)
{
	struct load *l = ctx;
	char bytes[256];

	(void)events;
	if (read(fd, bytes, sizeof(bytes)) <= 0) {
		loop_remove(l->loop, fd);
		l->input_ended = true;
	}
}

static void
turn(struct load *l)
{
	unsigned i;

	for (i = 0; i < l->npeers; i++)
		peer_turn(&l->peers[i]);
	if (loop_turn(l->loop) != 0)
		die("poll", SSHTAP_ERR_SYSTEM);
	if (loop_now(l->loop) > l->until_ms) {
		fprintf(stderr, "loadtool: takes longer than -t allows\n");
		exit(1);
	}
}

/* Those that are on their way to a tunnel. */
static unsigned
handshakes(const struct load *l)
{
	unsigned i, n = 0;

	for (i = 0; i < l->npeers; i++)
		if (l->peers[i].stage == KEYS || l->peers[i].stage == AUTH ||
		    l->peers[i].stage == OPENING)
			n++;
	return n;
}

/* Milliseconds since *startp, which becomes now. */
static unsigned
lap(uint64_t *startp)
{
	uint64_t now = proc_now_ms(), start = *startp;

	*startp = now;
	return (unsigned)(now - start);
}

/* === tunnels === */

static void
open_all(struct load *l)
{
	unsigned next = 0;

	while (l->up < l->npeers && l->failed == 0) {
		while (next < l->npeers && handshakes(l) < l->handshakes)
			peer_start(&l->peers[next++]);
		turn(l);
	}
}

static bool
has_stalled(const struct load *l)
{
	return loop_now(l->loop) - l->heard_ms > STALL_MS || l->failed != 0;
}

/* The bridge learns where each of us is. */
static void
learn(struct load *l)
{
	unsigned others = l->npeers - 1;

	l->heard_ms = loop_now(l->loop);
	while (l->heard < (uint64_t)l->npeers * others && !has_stalled(l)) {
		while (l->told < l->npeers &&
		    l->told * others < l->heard + BURST_LEARN * others &&
		    peer_send(&l->peers[l->told], LOAD_BROADCAST))
			l->told++;
		turn(l);
	}
}

static void
exchange(struct load *l, uint32_t frames)
{
	uint64_t all = (uint64_t)l->npeers * frames;
	unsigned i;

	l->frames = frames;
	l->heard_ms = loop_now(l->loop);
	for (i = 0; i < l->npeers; i++)
		peer_send_more(&l->peers[i]);
	while (l->received + l->corrupt + l->reordered + l->lost < all &&
	    !has_stalled(l))
		turn(l);
}

/* What is under way at the end has not been lost in between. */
static bool
report_frames(const struct load *l, uint32_t frames)
{
	uint64_t sent = 0;
	unsigned i;

	for (i = 0; i < l->npeers; i++)
		sent += l->peers[i].sent;
	printf("sent %llu received %llu lost %llu corrupt %llu reordered %llu"
	    " stray %llu\n", (unsigned long long)sent,
	    (unsigned long long)l->received,
	    (unsigned long long)(sent - l->received),
	    (unsigned long long)l->corrupt, (unsigned long long)l->reordered,
	    (unsigned long long)l->stray);
	return l->received == (uint64_t)l->npeers * frames &&
	    sent == l->received && l->corrupt == 0 && l->reordered == 0;
}

static void
hold(struct load *l)
{
	uint64_t until = l->until_ms, start = proc_now_ms();

	printf("holding\n");
	(void)fflush(stdout);
	l->until_ms = UINT64_MAX;
	if (loop_add(l->loop, STDIN_FILENO, FD_INPUT, l, LOOP_IN) != 0)
		die("standard input", SSHTAP_ERR_ARGUMENT);
	while (!l->input_ended && l->failed == 0)
		turn(l);
	l->until_ms = until + lap(&start);
}

static void
close_all(struct load *l)
{
	unsigned i;

	for (i = 0; i < l->npeers; i++)
		if (l->peers[i].stage == UP)
			peer_close(&l->peers[i]);
	while (l->ended < l->npeers && l->failed == 0)
		turn(l);
}

static int
run_tunnels(struct load *l, uint32_t frames)
{
	uint64_t start = proc_now_ms();
	bool ok = true;

	open_all(l);
	printf("opened %u of %u in %u ms\n", l->up, l->npeers, lap(&start));
	if (l->failed == 0 && frames > 0) {
		learn(l);
		printf("heard %llu broadcasts of %llu in %u ms\n",
		    (unsigned long long)l->heard,
		    (unsigned long long)l->npeers * (l->npeers - 1),
		    lap(&start));
		exchange(l, frames);
		ok = report_frames(l, frames);
		printf("exchanged in %u ms\n", lap(&start));
	}
	if (l->failed == 0)
		hold(l);
	lap(&start);
	close_all(l);
	printf("closed in %u ms, failed %u\n", lap(&start), l->failed);
	return ok && l->failed == 0 ? 0 : 1;
}

/* === churn === */

/* One frame, if there is room for it, and that was it. */
static bool
churned(struct peer *p)
{
	(void)peer_send(p, LOAD_BROADCAST);
	return true;
}

static int
run_churn(struct load *l, unsigned count)
{
	uint64_t start = proc_now_ms();
	unsigned i, started = 0, ms;

	l->is_up = churned;
	while (l->ended < count && l->failed == 0) {
		for (i = 0; i < l->npeers && started < count; i++)
			if (l->peers[i].stage == IDLE) {
				peer_start(&l->peers[i]);
				started++;
			}
		turn(l);
	}
	ms = lap(&start);
	printf("churned %u of %u in %u ms, failed %u\n", l->up, count, ms,
	    l->failed);
	return l->up == count && l->failed == 0 ? 0 : 1;
}

/* === strangers === */

static void
stranger_end(struct peer *p)
{
	struct load *l = p->load;

	if (p->stop == STOP_CONNECTED)
		l->unheard++;
	else if (p->session != NULL ?
	    session_peer_version(p->session).len > 0 :
	    p->nsaid >= 4 && memcmp(p->said, "SSH-", 4) == 0)
		l->accepted++;
	else
		l->refused++;
	peer_end(p);
}

static void
stranger_late(void *ctx, uint64_t now_ms)
{
	(void)now_ms;
	stranger_end(ctx);
}

static void
stranger_ready(void *ctx, int fd, unsigned events)
{
	struct peer *p = ctx;
	char bytes[4096];
	ssize_t n;
	size_t len;

	(void)events;
	n = read(fd, bytes, sizeof(bytes));
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		stranger_end(p);
		return;
	}
	len = sizeof(p->said) - p->nsaid;
	if (len > (size_t)n)
		len = (size_t)n;
	memcpy(p->said + p->nsaid, bytes, len);
	p->nsaid += len;
}

/* What it says before it stops; whether it is heard is not its concern. */
static void
stranger_say(struct peer *p)
{
	static const char version[] = "SSH-2.0-stranger\r\n";
	uint8_t garbage[512];
	struct session *s = NULL;
	struct view v = { NULL, 0 };
	size_t i;

	if (p->stop == STOP_VERSION)
		v = view_of(version, sizeof(version) - 1);
	else if (p->stop == STOP_KEXINIT && peer_session(p, &s) == 0)
		v = session_output(s);
	else if (p->stop == STOP_GARBAGE) {
		for (i = 0; i < sizeof(garbage); i++)
			garbage[i] = (uint8_t)(i * 7 + p->load->ended);
		v = view_of(garbage, sizeof(garbage));
	}
	if (v.len > 0 && write(p->fd, v.p, v.len) == -1)
		p->load->complaints++;
	session_free(s);
}

static void
stranger_start(struct peer *p, unsigned turn_of)
{
	struct load *l = p->load;
	int r;

	p->stop = (enum stop)(turn_of % STOP_COUNT);
	p->nsaid = 0;
	p->timer.fn = stranger_late;
	p->timer.ctx = p;
	if (p->stop == STOP_KEYS) {
		peer_start(p);
	} else {
		r = peer_connect(p);
		p->stage = KEYS;
		if (r == 0)
			r = loop_add(l->loop, p->fd, FD_STRANGER, p, LOOP_IN);
		if (r != 0) {
			peer_complain(p, "%s", err_text(r));
			peer_end(p);
			return;
		}
		stranger_say(p);
	}
	if (p->stop == STOP_CONNECTED)
		stranger_end(p);
	else if (p->stage != IDLE)
		loop_timer_set(l->loop, &p->timer,
		    loop_now(l->loop) + l->hold_ms);
}

/* Those with a session end where they are looked after. */
static void
strangers_turn(struct load *l)
{
	unsigned i;

	for (i = 0; i < l->npeers; i++)
		if (l->peers[i].session != NULL && l->peers[i].wire.ended)
			stranger_end(&l->peers[i]);
		else if (l->peers[i].session != NULL)
			wire_flush(&l->peers[i].wire);
	for (i = 0; i < l->npeers; i++)
		if (l->peers[i].session != NULL && l->peers[i].wire.ended)
			stranger_end(&l->peers[i]);
	turn(l);
}

static int
run_strangers(struct load *l, unsigned count)
{
	uint64_t start = proc_now_ms();
	unsigned i, started = 0, ms;

	l->is_stranger = true;
	while (l->ended < count && l->failed == 0) {
		for (i = 0; i < l->npeers && started < count; i++)
			if (l->peers[i].stage == IDLE)
				stranger_start(&l->peers[i], started++);
		strangers_turn(l);
	}
	ms = lap(&start);
	printf("accepted %u refused %u unheard %u failed %u in %u ms,"
	    " %u per second\n", l->accepted, l->refused, l->unheard,
	    l->failed, ms, count * 1000 / (ms + 1));
	return l->failed == 0 ? 0 : 1;
}

/* === Start and end === */

static void
read_key(struct load *l, const char *path)
{
	struct view text;
	struct buf file;
	int r;

	buf_init(&file, KEYFILE_TEXT_MAX);
	if ((r = file_read(path, FILE_ANY, &file)) == 0) {
		text = buf_view(&file);
		r = keyfile_parse_private(&text, &l->key, NULL, NULL, NULL);
	}
	buf_clear(&file);
	if (r != 0)
		die(path, r);
	if (key_type(l->key) == KEY_RSA)
		die(path, SSHTAP_ERR_UNSUPPORTED);
}

static void
set_up(struct load *l, const char *host, const char *port, unsigned npeers)
{
	static const struct loop_type types[] = {
		[FD_WIRE] = { "wire", wire_ready },
		[FD_STRANGER] = { "stranger", stranger_ready },
		[FD_INPUT] = { "input", input_ready },
	};
	struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
	};
	struct buf list;
	unsigned i;

	if (npeers == 0 || getaddrinfo(host, port, &hints, &l->address) != 0)
		usage();
	(void)signal(SIGPIPE, SIG_IGN);
	buf_init(&list, sizeof(l->kex) - 1);
	if (kex_default_list(&list) != 0 ||
	    loop_new(types, sizeof(types) / sizeof(types[0]),
	    &l->loop) != 0 ||
	    (l->peers = calloc(npeers, sizeof(*l->peers))) == NULL)
		die("start", SSHTAP_ERR_ALLOC);
	memcpy(l->kex, buf_view(&list).p, list.len);
	buf_clear(&list);
	l->npeers = npeers;
	for (i = 0; i < npeers; i++) {
		l->peers[i].load = l;
		l->peers[i].n = i;
		l->peers[i].fd = -1;
	}
	loop_update_now(l->loop);
	l->until_ms += loop_now(l->loop);
	l->tick.fn = tick;
	l->tick.ctx = l;
	loop_timer_set(l->loop, &l->tick, loop_now(l->loop) + TICK_MS);
}

static void
clear(struct load *l)
{
	unsigned i;

	for (i = 0; i < l->npeers; i++)
		peer_end(&l->peers[i]);
	loop_timer_cancel(l->loop, &l->tick);
	loop_free(l->loop);
	free(l->peers);
	key_free(l->key);
	freeaddrinfo(l->address);
}

static void
get_options(struct load *l, int argc, char **argv)
{
	int c;

	l->handshakes = 4;
	l->until_ms = 60 * 1000;
	l->first_unit = CHAN_TUN_UNIT_ANY;
	l->hold_ms = 1000;
	while ((c = getopt(argc, argv, "+k:t:u:w:")) != -1)
		if (c == 'k')
			l->handshakes = number(optarg, PEERS_MAX);
		else if (c == 't')
			l->until_ms = number(optarg, 3600) * 1000u;
		else if (c == 'u')
			l->first_unit = number(optarg, COUNT_MAX);
		else if (c == 'w')
			l->hold_ms = number(optarg, 60000);
		else
			usage();
	if (l->handshakes == 0)
		usage();
}

int
main(int argc, char **argv)
{
	static struct load l;
	int status;

	get_options(&l, argc, argv);
	argc -= optind;
	argv += optind;
	if (argc == 6 && strcmp(argv[0], "tunnels") == 0) {
		read_key(&l, argv[3]);
		set_up(&l, argv[1], argv[2], number(argv[4], PEERS_MAX));
		status = run_tunnels(&l, number(argv[5], COUNT_MAX));
	} else if (argc == 5 && strcmp(argv[0], "churn") == 0) {
		read_key(&l, argv[3]);
		set_up(&l, argv[1], argv[2], 2);
		status = run_churn(&l, number(argv[4], COUNT_MAX));
	} else if ((argc == 4 || argc == 5) &&
	    strcmp(argv[0], "strangers") == 0) {
		set_up(&l, argv[1], argv[2],
		    argc == 5 ? number(argv[4], PEERS_MAX) : 8);
		status = run_strangers(&l, number(argv[3], COUNT_MAX));
	} else
		usage();
	clear(&l);
	return status;
}
