/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * What a confined process has to do and still can, with the libraries of this
 * machine: whatever they call that no note of ours names ends it here.
 */

#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#ifdef SSH_TUN_LINUX
#include <net/if.h>
#include <netpacket/packet.h>

#include <poll.h>
#include <sched.h>
#endif

#include "lib/err.h"
#include "lib/fdpass.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/proc.h"
#include "lib/signals.h"
#include "tests/pair.h"
#include "tests/sandbox_util.h"
#include "transport/cipher.h"
#include "transport/compress.h"
#include "transport/ssh2.h"
#include "tun/offload.h"
#include "tun/tap.h"

#define BOTH	SANDBOX_ROLE_COUNT

/* Made before the child is, and used in it. */
static int pipe_fds[2], sockets[2];

static void
open_descriptors(void)
{
	assert_int_equal(proc_pipe(pipe_fds), 0);
	assert_int_equal(proc_socketpair(sockets), 0);
}

static void
close_descriptors(void)
{
	int i;

	for (i = 0; i < 2; i++) {
		proc_close(&pipe_fds[i]);
		proc_close(&sockets[i]);
	}
}

/* In one role or both; as root's child, where possible, and as a user's. */
static void
check(confined_fn *fn, enum sandbox_role role, const char *what)
{
	struct sandbox_config c;
	int r;

	for (r = 0; r < SANDBOX_ROLE_COUNT; r++) {
		if (role != BOTH && r != (int)role)
			continue;
		open_descriptors();
		c = (struct sandbox_config){ .role = (enum sandbox_role)r };
		assert_succeeded(confined_run(&c, true, fn, NULL), what);
		close_descriptors();
		if (geteuid() != 0)
			continue;
		open_descriptors();
		c = confined_config((enum sandbox_role)r);
		assert_succeeded(confined_run(&c, false, fn, NULL), what);
		close_descriptors();
	}
}

/* ---- descriptors, memory, time ---- */

static int
use_descriptors(void)
{
	char got[8] = "";

	assert_int_equal(write(pipe_fds[1], "pipe", 5), 5);
	assert_int_equal(read(pipe_fds[0], got, sizeof(got)), 5);
	assert_string_equal(got, "pipe");
	assert_int_equal(write(sockets[1], "pair", 5), 5);
	assert_int_equal(read(sockets[0], got, sizeof(got)), 5);
	assert_string_equal(got, "pair");
	assert_int_equal(close(pipe_fds[1]), 0);
	return 0;
}

static void
test_descriptors(void **state)
{
	(void)state;
	check(use_descriptors, BOTH, "descriptors");
}

static unsigned heard, rung;

static void
hear(void *ctx, int fd, unsigned events)
{
	char byte;

	(void)ctx;
	assert_true((events & LOOP_IN) != 0);
	assert_int_equal(read(fd, &byte, 1), 1);
	heard++;
}

static void
ring(void *ctx, uint64_t now_ms)
{
	(void)ctx;
	(void)now_ms;
	rung++;
}

static int
use_loop(void)
{
	static const struct loop_type types[] = { { "pipe", hear } };
	struct loop_timer timer = { .fn = ring };
	struct loop *l;

	assert_int_equal(loop_new(types, 1, &l), 0);
	assert_int_equal(loop_add(l, pipe_fds[0], 0, NULL, LOOP_IN), 0);
	assert_int_equal(write(pipe_fds[1], "x", 1), 1);
	assert_int_equal(loop_turn(l), 0);
	assert_int_equal(heard, 1);
	loop_timer_set(l, &timer, loop_now(l) + 1);
	while (rung == 0)
		assert_int_equal(loop_turn(l), 0);
	loop_free(l);
	return 0;
}

static void
test_loop(void **state)
{
	(void)state;
	check(use_loop, BOTH, "loop");
}

#define MUCH	(8 * 1024 * 1024)

static int
use_memory(void)
{
	char *p, *q;
	int i;

	assert_non_null(p = malloc(MUCH));
	memset(p, 1, MUCH);
	assert_non_null(q = realloc(p, 2 * MUCH));
	memset(q, 2, 2 * MUCH);
	free(q);
	/* Small ones come by another call, and are given back by it. */
	for (i = 0; i < 64; i++) {
		assert_non_null(p = malloc(100 * 1024));
		memset(p, i, 100 * 1024);
		free(p);
	}
	return 0;
}

static void
test_memory(void **state)
{
	(void)state;
	check(use_memory, BOTH, "memory");
}

static int
use_time(void)
{
	struct timeval tv;
	struct tm tm;
	time_t now;

	assert_true(proc_now_ms() > 0);
	assert_true((now = time(NULL)) > 0);
	assert_int_equal(gettimeofday(&tv, NULL), 0);
	assert_non_null(localtime_r(&now, &tm));
	assert_non_null(gmtime_r(&now, &tm));
	return 0;
}

static void
test_time(void **state)
{
	(void)state;
	check(use_time, BOTH, "time");
}

static int
use_log(void)
{
	struct log_output output = { .program = "test", .fd = pipe_fds[1] };
	char got[256] = "";

	log_set(LOG_LEVEL_ERROR, log_write, &output);
	errno = EACCES;
	log_error_r(SSHTAP_ERR_SYSTEM, "a number: %d, a text: %s", 7, "x");
	assert_true(read(pipe_fds[0], got, sizeof(got) - 1) > 0);
	assert_non_null(strstr(got, "test: a number: 7, a text: x: "));
	return 0;
}

static void
test_log(void **state)
{
	(void)state;
	check(use_log, BOTH, "log");
}

/* What was asked for before is delivered, and returned from. */
static int
use_signals(void)
{
	assert_int_equal(raise(SIGTERM), 0);
	assert_true(signals_have());
	assert_int_equal(signals_take(), SIGTERM);
	assert_false(signals_have());
	return 0;
}

static void
test_signals(void **state)
{
	(void)state;
	confined_before = signals_start;
	check(use_signals, SANDBOX_NETWORK, "signals");
	confined_before = NULL;
}

/* Nobody who was killed by an assertion may seem to have made a call. */
static int
use_abort(void)
{
	abort();
}

static void
test_abort(void **state)
{
	struct sandbox_config c = { .role = SANDBOX_NETWORK };
	int wstatus = confined_run(&c, true, use_abort, NULL);

	(void)state;
	assert_true(WIFSIGNALED(wstatus));
	assert_int_equal(WTERMSIG(wstatus), SIGABRT);
}

/* ---- files ---- */

static int file_fd = -1;

static int
use_file(void)
{
	return write(file_fd, "x", 1) == 1 ? 0 : 1;
}

static void
test_files_do_not_grow(void **state)
{
	struct sandbox_config c = { .role = SANDBOX_NETWORK };
	FILE *f = tmpfile();
	int wstatus;

	(void)state;
	assert_non_null(f);
	file_fd = fileno(f);
	wstatus = confined_run(&c, true, use_file, NULL);
	assert_true(WIFSIGNALED(wstatus));
	assert_int_equal(WTERMSIG(wstatus), SIGXFSZ);
	c.writes_file = true;
	assert_succeeded(confined_run(&c, true, use_file, NULL), "file");
	(void)fclose(f);
}

/* ---- the network process ---- */

static int
use_network_calls(void)
{
	int error = 0, on = 1;
	socklen_t len = sizeof(error);

	assert_int_equal(proc_set_nonblock(pipe_fds[0]), 0);
	assert_int_equal(proc_set_cloexec(pipe_fds[0]), 0);
	assert_int_equal(getsockopt(sockets[0], SOL_SOCKET, SO_ERROR, &error,
	    &len), 0);
	assert_int_equal(setsockopt(sockets[0], SOL_SOCKET, SO_KEEPALIVE, &on,
	    sizeof(on)), 0);
	/* No TCP: answered, but not with success. */
	assert_int_equal(setsockopt(sockets[0], IPPROTO_TCP, TCP_NODELAY, &on,
	    sizeof(on)), -1);
	return 0;
}

static void
test_network_calls(void **state)
{
	(void)state;
	check(use_network_calls, SANDBOX_NETWORK, "calls");
}

/* More than are allowed; the rest do not arrive. */
static int
use_passed_descriptors(void)
{
	int fds[FDPASS_MAX], i, last = -1;
	size_t nfds;
	char byte;

	for (i = 0; i < 2 * SANDBOX_FDS_MAX; i++) {
		assert_int_equal(fdpass_send(sockets[0], "x", 1, &pipe_fds[1],
		    1), 0);
		assert_int_equal(fdpass_receive(sockets[1], &byte, 1, fds,
		    &nfds), 1);
		if (nfds == 0)
			break;
		last = fds[0];
	}
	assert_true(last > pipe_fds[1] && last < SANDBOX_FDS_MAX);
	assert_int_equal(write(last, "far", 4), 4);
	return 0;
}

static void
test_passed_descriptors(void **state)
{
	(void)state;
	check(use_passed_descriptors, SANDBOX_NETWORK, "fdpass");
}

/* Both sides of a connection, from their first byte to a rekey. */
static int
use_session(void)
{
	static const char *const ciphers[] = { "aes256-gcm@openssh.com",
	    "aes128-gcm@openssh.com", "chacha20-poly1305@openssh.com" };
	struct pair p;
	size_t i;

	for (i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++) {
		pair_config(&p);
		p.config[SESSION_CLIENT].ciphers = ciphers[i];
		p.config[SESSION_CLIENT].compression = "zlib@openssh.com";
		pair_login(&p);
		assert_int_equal(session_rekey(pair_session(&p,
		    SESSION_SERVER)), 0);
		pair_pump(&p);
		assert_int_equal(session_rekeys(pair_session(&p,
		    SESSION_CLIENT)), 1);
		pair_close(&p);
	}
	return 0;
}

static void
test_session(void **state)
{
	(void)state;
	check(use_session, SANDBOX_NETWORK, "session");
	pair_free_keys();
}

static int
use_compression(void)
{
	struct compress *deflate, *inflate;
	static uint8_t bytes[200 * 1024];
	struct view in = view_of(bytes, sizeof(bytes)), packed, plain;
	struct buf half, whole;

	pair_fill(bytes, sizeof(bytes), 1);
	buf_init(&half, 2 * sizeof(bytes));
	buf_init(&whole, sizeof(bytes));
	assert_int_equal(compress_new_deflate(&deflate), 0);
	assert_int_equal(compress_new_inflate(&inflate), 0);
	assert_int_equal(compress_run(deflate, &in, &half), 0);
	packed = buf_view(&half);
	assert_int_equal(compress_run(inflate, &packed, &whole), 0);
	plain = buf_view(&whole);
	assert_true(view_equals(&plain, &in));
	compress_free(deflate);
	compress_free(inflate);
	buf_clear(&half);
	buf_clear(&whole);
	return 0;
}

static void
test_compression(void **state)
{
	(void)state;
	check(use_compression, SANDBOX_NETWORK, "compression");
}

/* ---- the checker ---- */

static struct buf blobs[KEY_TYPE_COUNT], signatures[KEY_TYPE_COUNT];
static const char *const algorithms[KEY_TYPE_COUNT] = {
	[KEY_ED25519] = "ssh-ed25519",
	[KEY_ECDSA_P256] = "ecdsa-sha2-nistp256",
	[KEY_RSA] = "rsa-sha2-512",
};

static void
sign_by_each(const struct view *data)
{
	struct view algorithm, blob;
	const struct key *k;
	int i;

	for (i = 0; i < KEY_TYPE_COUNT; i++) {
		k = pair_key((enum key_type)i, 0);
		blob = key_blob(k);
		algorithm = view_of_string(algorithms[i]);
		buf_init(&blobs[i], KEY_BLOB_MAX);
		buf_init(&signatures[i], KEY_SIGNATURE_MAX);
		assert_int_equal(buf_put_view(&blobs[i], &blob), 0);
		assert_int_equal(key_sign(k, &algorithm, data,
		    &signatures[i]), 0);
	}
}

/* From the bytes alone, right and wrong ones. */
static int
use_keys(void)
{
	struct view data = view_of_string("data"), algorithm, blob, signature;
	struct view other = view_of_string("Data");
	char fingerprint[KEY_FINGERPRINT_SIZE];
	struct key *k;
	int i;

	for (i = 0; i < KEY_TYPE_COUNT; i++) {
		blob = buf_view(&blobs[i]);
		signature = buf_view(&signatures[i]);
		algorithm = view_of_string(algorithms[i]);
		assert_int_equal(key_from_blob(&blob, &k), 0);
		assert_int_equal(key_verify(k, &algorithm, &signature, &data),
		    0);
		assert_int_equal(key_verify(k, &algorithm, &signature,
		    &other), SSHTAP_ERR_SIGNATURE);
		assert_int_equal(key_fingerprint(&blob, fingerprint), 0);
		key_free(k);
	}
	return 0;
}

static void
test_keys(void **state)
{
	struct view data = view_of_string("data");
	int i;

	(void)state;
	sign_by_each(&data);
	check(use_keys, BOTH, "keys");
	for (i = 0; i < KEY_TYPE_COUNT; i++) {
		buf_clear(&blobs[i]);
		buf_clear(&signatures[i]);
	}
	pair_free_keys();
}

/* ---- a device ---- */

#ifdef SSH_TUN_LINUX

#define TEST_TYPE	0x88b5	/* IEEE 802.3: for experiments */
#define WAIT_MS		10000

static uint8_t storage[TAP_HEADROOM + TAP_FRAME_MAX];
static uint8_t *const frame = storage + TAP_HEADROOM;
static bool wants_offload;
static unsigned offloads;

static void
fill_frame(uint8_t mark)
{
	memset(frame, 0xff, 12);
	frame[12] = TEST_TYPE >> 8;
	frame[13] = TEST_TYPE & 0xff;
	memset(frame + 14, mark, 50);
}

static bool
is_frame(uint8_t mark)
{
	return frame[12] == TEST_TYPE >> 8 && frame[13] ==
	    (TEST_TYPE & 0xff) && frame[14] == mark;
}

static void
wait_for(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	assert_int_equal(poll(&pfd, 1, WAIT_MS), 1);
}

static int
receive(struct tap *t)
{
	struct offload o;
	size_t len;

	return tap_offloads(t) == 0 ? tap_recv(t, frame, TAP_FRAME_MAX, &len) :
	    tap_recv_super(t, frame, NULL, &o, &len);
}

static int
reply(struct tap *t)
{
	struct iovec iov[2] = { { .iov_base = NULL },
	    { .iov_base = frame, .iov_len = 64 } };
	struct offload o = { .flags = 0 };

	return tap_offloads(t) == 0 ? tap_send(t, frame, 64) :
	    tap_send_super(t, &o, iov, 2);
}

/* Receives the device, a frame from it, and sends one. */
static int
use_device(void)
{
	int fds[FDPASS_MAX];
	struct tap *t;
	size_t nfds;
	char byte;
	int r;

	assert_int_equal(fdpass_receive(sockets[1], &byte, 1, fds, &nfds), 1);
	assert_int_equal(nfds, 1);
	assert_int_equal(tap_adopt(fds[0], fds[0], TAP_ETHERNET, "tap",
	    offloads, &t), 0);
	do {
		wait_for(tap_read_fd(t));
		r = receive(t);
		assert_true(r == 0 || r == SSHTAP_ERR_AGAIN);
	} while (r != 0 || !is_frame(1));
	fill_frame(2);
	assert_int_equal(reply(t), 0);
	tap_close(t);
	return 0;
}

static int
open_packet_socket(const char *name)
{
	struct sockaddr_ll sll = { .sll_family = AF_PACKET,
	    .sll_protocol = htons(TEST_TYPE) };
	int s = socket(AF_PACKET, SOCK_RAW, htons(TEST_TYPE));

	assert_int_not_equal(s, -1);
	sll.sll_ifindex = (int)if_nametoindex(name);
	assert_int_equal(bind(s, (struct sockaddr *)&sll, sizeof(sll)), 0);
	return s;
}

/* In a network of its own, the device's other side. */
static int
run_host(void)
{
	struct tap_request rq = { .unit = TAP_UNIT_ANY, .mode = TAP_ETHERNET,
	    .up = true, .offload = wants_offload };
	struct sandbox_config c = confined_config(SANDBOX_NETWORK);
	struct tap_fault fault;
	struct tap *t;
	int fd, s;

	if (unshare(CLONE_NEWNET) == -1 || tap_open(&rq, &t, &fault) != 0)
		return CONFINED_FAILED;
	offloads = tap_offloads(t);
	s = open_packet_socket(tap_name(t));
	fill_frame(1);
	assert_int_equal(send(s, frame, 64, 0), 64);
	fd = tap_read_fd(t);
	assert_int_equal(fdpass_send(sockets[0], "x", 1, &fd, 1), 0);
	assert_succeeded(confined_run(&c, false, use_device, NULL), "device");
	do {
		wait_for(s);
		assert_true(recv(s, frame, TAP_FRAME_MAX, 0) > 14);
	} while (!is_frame(2));
	return 0;
}

static void
check_device(bool offload)
{
	int wstatus;

	wants_offload = offload;
	if (!is_root_or_says())
		skip();
	(void)confined_dir();
	open_descriptors();
	wstatus = child_run(run_host);
	close_descriptors();
	if (proc_exit_status(wstatus) == CONFINED_FAILED) {
		print_message("no network or no device of one's own here\n");
		skip();
	}
	assert_succeeded(wstatus, "host");
}

static void
test_device(void **state)
{
	(void)state;
	check_device(false);
}

static void
test_device_with_offload(void **state)
{
	(void)state;
	check_device(true);
}

#endif

static int
tear_down(void **state)
{
	(void)state;
	confined_remove_dir();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_loop),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_abort),
		cmocka_unit_test(test_files_do_not_grow),
		cmocka_unit_test(test_network_calls),
		cmocka_unit_test(test_passed_descriptors),
		cmocka_unit_test(test_session),
		cmocka_unit_test(test_compression),
		cmocka_unit_test(test_keys),
#ifdef SSH_TUN_LINUX
		cmocka_unit_test(test_device),
		cmocka_unit_test(test_device_with_offload),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, tear_down);
}
