/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * sshtapd whose network process can be taken over, for the script tests.  All
 * else is the program itself: its listener, its monitor, how processes are
 * started and confined.
 *
 * A client that begins with "SSH-" is served as ever.  Any other one sends a
 * line of words, and behind it, if it likes, the text of a private key, and
 * ends its side.  The confined process obeys each word in turn and says what
 * came of it, in a line for each.  At last it waits for the monitor to end it,
 * unless "quit" was among the words.
 *
 *   list               names of attempts, each behind "seccomp" if that must
 *                      stop it, else "other"
 *   attempt NAME       the rest of the line; "errno N", or "done", which is bad
 *   open:PATH  mem     a file; the monitor's memory
 *   connect:PORT       of this machine
 *   kill:SIGNAL        to the monitor
 *   stderr:TEXT        a line into the descriptor for errors
 *   user:NAME          whom the next requests are about; root at first
 *   sign[:N]           a session hash, N times
 *   hash:N             SIGN of N bytes, which are no session hash if not 32
 *   probe[:N] login[:N]        KEY, without and with a good signature
 *   foreign spoilt empty       with one over another session, a broken one,
 *                      one without bytes
 *   tunnel:MODE:UNIT   end:SLOT
 *   log:LEVEL:TEXT     %XX in the text is a byte
 *   long:N flood:N     LOG of N bytes; N lines
 *   mute:N             N times SIGN, and no answer is read
 *   record:HEX bytes:HEX       anything at all; with a length word, or bare
 *   pass:N             N records with a descriptor beside each
 *   wait               for an answer
 *   pause:N            N milliseconds
 */

#include <sys/socket.h>
#include <netinet/in.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/proc.h"
#include "lib/signals.h"
#include "server/confine.h"
#include "server/ipc.h"
#include "server/network.h"
#include "server/request.h"
#include "server/spawn.h"
#include "tests/sandbox_attempts.h"
#include "transport/auth.h"
#include "transport/kex.h"
#include "transport/key.h"
#include "transport/keyfile.h"

#define INPUT_MAX	(16 * 1024)
#define LINE_SIZE	1200

/* What the linker makes of the two: see Makefile.in. */
int __real_network_main(void);
int __wrap_network_main(void);

static struct {
	struct setup_network setup;
	struct buf input, record;
	struct key *key;
	const char *user;
	uint8_t hash[KEX_HASH_SIZE];
	char mem[32];		/* path of the monitor's memory */
	pid_t monitor;
	int tcp;
} h = { .user = "root", .tcp = -1 };

/* ---- the client ---- */

static void __attribute__((format(printf, 1, 2)))
say(const char *fmt, ...)
{
	char line[LINE_SIZE];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line) - 1, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	if (n > (int)sizeof(line) - 2)
		n = (int)sizeof(line) - 2;
	line[n] = '\n';
	(void)send(SPAWN_IN, line, (size_t)n + 1, MSG_NOSIGNAL);
}

static void
wait_for(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	while (poll(&pfd, 1, -1) == -1 && errno == EINTR)
		continue;
}

static bool
is_genuine(void)
{
	char head[4];

	wait_for(SPAWN_IN);
	return recv(SPAWN_IN, head, sizeof(head), MSG_PEEK) ==
	    (ssize_t)sizeof(head) && memcmp(head, "SSH-", 4) == 0;
}

static int
read_input(void)
{
	uint8_t *p;
	ssize_t n;
	int r;

	for (;;) {
		if ((r = buf_put_space(&h.input, 1024, &p)) != 0)
			return r;
		n = recv(SPAWN_IN, p, 1024, 0);
		buf_drop_end(&h.input, 1024 - (n > 0 ? (size_t)n : 0));
		if (n == 0)
			return 0;
		if (n == -1 && errno != EAGAIN && errno != EINTR)
			return SSHTAP_ERR_CLOSED;
		wait_for(SPAWN_IN);
	}
}

/* ---- words ---- */

static unsigned
number(const char *word)
{
	return *word == '\0' ? 1 : (unsigned)strtoul(word, NULL, 10);
}

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 0;
}

static size_t
decode_hex(const char *hex, uint8_t *out, size_t max)
{
	size_t n = 0;

	for (; hex[0] != '\0' && hex[1] != '\0' && n < max; hex += 2)
		out[n++] = (uint8_t)(digit(hex[0]) << 4 | digit(hex[1]));
	return n;
}

/* %XX in place. */
static void
decode_text(char *text)
{
	char *out = text;

	for (; *text != '\0'; text++) {
		if (*text == '%' && text[1] != '\0' && text[2] != '\0') {
			*out++ = (char)(digit(text[1]) << 4 | digit(text[2]));
			text += 2;
		} else
			*out++ = *text;
	}
	*out = '\0';
}

/* ---- what needs no monitor ---- */

static void
say_result(const char *what, long r)
{
	if (r == -1)
		say("%s: errno %d", what, errno);
	else
		say("%s: done", what);
}

static void
list_attempts(void)
{
	size_t i;

	for (i = 0; i < sandbox_attempt_count; i++)
		say("%s %s", (sandbox_attempts[i].stopped_by &
		    SANDBOX_HAS_SECCOMP) != 0 ? "seccomp" : "other",
		    sandbox_attempts[i].name);
}

static void
attempt(const char *name)
{
	size_t i;
	int r;

	for (i = 0; i < sandbox_attempt_count; i++) {
		if (strcmp(sandbox_attempts[i].name, name) != 0)
			continue;
		if ((r = sandbox_attempts[i].try()) != 0)
			say("errno %d", r);
		else
			say("done");
		return;
	}
	say("no such attempt");
}

static void
connect_to(unsigned port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };

	sin.sin_port = htons((uint16_t)port);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	say_result("connect", connect(h.tcp, (struct sockaddr *)&sin,
	    sizeof(sin)));
}

/* ---- requests ---- */

static bool
send_record(void)
{
	struct view v = buf_view(&h.record);

	return ipc_send(SPAWN_MONITOR, &v, NULL, 0) == 0;
}

/* Returns false when the monitor has closed; the answer is in h.record. */
static bool
receive(void)
{
	int fds[8];
	size_t nfds = 0;

	if (ipc_receive(SPAWN_MONITOR, &h.record, fds, &nfds) != 0) {
		say("closed");
		return false;
	}
	/* Devices stay open, as those of somebody who wants them. */
	return true;
}

static void
send_hash(size_t len)
{
	struct view alg = view_of_string("ssh-ed25519"), v;
	uint8_t bytes[256];

	memset(bytes, 0x5a, sizeof(bytes));
	v = view_of(bytes, len < sizeof(bytes) ? len : sizeof(bytes));
	buf_reset(&h.record);
	(void)request_put_sign(&h.record, &alg, &v);
	(void)send_record();
}

static void
sign(size_t len, unsigned count)
{
	while (count-- > 0) {
		send_hash(len);
		if (!receive())
			return;
		say("signed %d", h.record.len > 64);
	}
}

static void
mute(unsigned count)
{
	unsigned i;

	for (i = 0; i < count; i++)
		send_hash(KEX_HASH_SIZE);
	say("sent");
}

enum signature { PROBE, GOOD, FOREIGN, SPOILT, EMPTY };

static int
put_signature(struct buf *out, const struct auth_publickey *pk,
    enum signature what)
{
	struct view session = view_of(h.hash, sizeof(h.hash)), v;
	struct buf data;
	int r;

	if (what == FOREIGN)
		h.hash[0] ^= 1;
	buf_init(&data, INPUT_MAX);
	if ((r = auth_put_signed_data(&data, &session, pk)) == 0) {
		v = buf_view(&data);
		r = key_sign(h.key, &pk->algorithm, &v, out);
	}
	buf_clear(&data);
	if (what == FOREIGN)
		h.hash[0] ^= 1;
	if (r == 0 && what == SPOILT)
		out->base[out->head + out->len - 1] ^= 1;
	return r;
}

static void
put_key(enum signature what)
{
	struct auth_publickey pk = { .user = view_of_string(h.user),
	    .algorithm = view_of_string("ssh-ed25519") };
	struct buf signature;
	struct view v;

	buf_init(&signature, KEY_SIGNATURE_MAX);
	pk.blob = key_blob(h.key);
	if (what != PROBE && what != EMPTY &&
	    put_signature(&signature, &pk, what) != 0)
		say("cannot sign");
	v = buf_view(&signature);
	buf_reset(&h.record);
	(void)request_put_key(&h.record, &pk, v.len > 0 ? &v : NULL);
	buf_clear(&signature);
}

static void
ask_key(enum signature what, unsigned count)
{
	if (h.key == NULL) {
		say("no key");
		return;
	}
	while (count-- > 0) {
		put_key(what);
		(void)send_record();
		if (!receive())
			return;
		say("%s", h.record.len == 1 && buf_view(&h.record).p[0] == 1 ?
		    "yes" : "no");
	}
}

static void
ask_tunnel(const char *word)
{
	struct request_tunnel t = { .mode = number(word) };
	struct request_device d;

	word += strcspn(word, ":");
	t.unit = *word == ':' ? number(word + 1) : 0x7fffffff;
	buf_reset(&h.record);
	(void)request_put_tunnel(&h.record, &t);
	(void)send_record();
	if (!receive())
		return;
	if (request_get_device(buf_view(&h.record), &d) != 0)
		say("not an answer");
	else if (d.reason == 0)
		say("device %s slot %lu", d.name, (unsigned long)d.slot);
	else
		say("refused %lu %.*s", (unsigned long)d.reason,
		    (int)d.text.len, (const char *)d.text.p);
}

static void
end_tunnel(uint32_t slot)
{
	buf_reset(&h.record);
	(void)request_put_tunnel_end(&h.record, slot);
	(void)send_record();
}

static void
send_log(unsigned level, const char *text)
{
	buf_reset(&h.record);
	(void)request_put_log(&h.record, level, text);
	(void)send_record();
}

static void
send_long_log(size_t len)
{
	char text[4096];

	if (len >= sizeof(text))
		len = sizeof(text) - 1;
	memset(text, 'x', len);
	text[len] = '\0';
	send_log(LOG_LEVEL_INFO, text);
}

static void
flood(unsigned count)
{
	char text[64];
	unsigned i;

	for (i = 1; i <= count; i++) {
		snprintf(text, sizeof(text), "flood line=%u", i);
		send_log(LOG_LEVEL_INFO, text);
	}
	say("sent");
}

static void
send_bytes(const char *hex, bool is_record)
{
	uint8_t bytes[512];
	size_t n = decode_hex(hex, bytes, sizeof(bytes));

	if (!is_record) {
		(void)send(SPAWN_MONITOR, bytes, n, MSG_NOSIGNAL);
		return;
	}
	buf_reset(&h.record);
	(void)buf_put(&h.record, bytes, n);
	(void)send_record();
}

static void
pass(unsigned count)
{
	int fds[2] = { SPAWN_IN, SPAWN_IN };
	struct view v;

	while (count-- > 0) {
		buf_reset(&h.record);
		(void)request_put_log(&h.record, LOG_LEVEL_INFO, "passed");
		v = buf_view(&h.record);
		(void)ipc_send(SPAWN_MONITOR, &v, fds, 2);
	}
	say("passed");
}

/* ---- the start ---- */

/* Returns false for "quit". */
static bool
obey(char *word)
{
	char *arg = word + strcspn(word, ":");
	size_t len = (size_t)(arg - word);

	if (*arg == ':')
		*arg++ = '\0';
#define IS(s)	(len == sizeof(s) - 1 && memcmp(word, (s), len) == 0)
	if (IS("quit"))
		return false;
	if (IS("list"))
		list_attempts();
	else if (IS("open"))
		say_result("open", open(arg, O_RDONLY));
	else if (IS("mem"))
		say_result("mem", open(h.mem, O_RDWR));
	else if (IS("connect"))
		connect_to(number(arg));
	else if (IS("kill"))
		say_result("kill", kill(h.monitor, (int)number(arg)));
	else if (IS("stderr")) {
		decode_text(arg);
		say_result("stderr", write(SPAWN_ERR, arg, strlen(arg)));
	} else if (IS("user"))
		h.user = arg;
	else if (IS("sign"))
		sign(KEX_HASH_SIZE, number(arg));
	else if (IS("hash"))
		sign(number(arg), 1);
	else if (IS("mute"))
		mute(number(arg));
	else if (IS("probe"))
		ask_key(PROBE, number(arg));
	else if (IS("login"))
		ask_key(GOOD, number(arg));
	else if (IS("foreign"))
		ask_key(FOREIGN, 1);
	else if (IS("spoilt"))
		ask_key(SPOILT, 1);
	else if (IS("empty"))
		ask_key(EMPTY, number(arg));
	else if (IS("tunnel"))
		ask_tunnel(arg);
	else if (IS("end"))
		end_tunnel(number(arg));
	else if (IS("log")) {
		decode_text(arg);
		send_log(number(arg), arg + strcspn(arg, ":") + 1);
	} else if (IS("long"))
		send_long_log(number(arg));
	else if (IS("flood"))
		flood(number(arg));
	else if (IS("record"))
		send_bytes(arg, true);
	else if (IS("bytes"))
		send_bytes(arg, false);
	else if (IS("pause"))
		(void)poll(NULL, 0, (int)number(arg));
	else if (IS("pass"))
		pass(number(arg));
	else if (IS("wait")) {
		if (receive())
			say("answer %zu", h.record.len);
	} else
		say("no such word: %s", word);
	return true;
#undef IS
}

static void
obey_line(char *line)
{
	char *word;

	if (strncmp(line, "attempt ", 8) == 0) {
		attempt(line + 8);
		return;
	}
	while ((word = strsep(&line, " ")) != NULL)
		if (*word != '\0' && !obey(word))
			return;
	/* Now it is the monitor's turn. */
	for (;;) {
		wait_for(SPAWN_MONITOR);
		if (!receive())
			return;
	}
}

static void
run(void)
{
	static char line[INPUT_MAX + 1];
	struct view v, text;

	if (read_input() != 0)
		return;
	v = buf_view(&h.input);
	text = v;
	if (!view_get_line(&text, &v))
		return;
	memcpy(line, v.p, v.len);
	line[v.len] = '\0';
	if (text.len > 0 && keyfile_parse_private(&text, &h.key, NULL, NULL,
	    NULL) != 0)
		say("this is no key");
	obey_line(line);
}

static void
prepare(void)
{
	h.monitor = getppid();
	snprintf(h.mem, sizeof(h.mem), "/proc/%ld/mem", (long)h.monitor);
	h.tcp = socket(AF_INET, SOCK_STREAM, 0);
	sandbox_attempts_prepare();
}

/* As the genuine one begins. */
static int
start(void)
{
	int r;

	if ((r = signals_start()) != 0 || (r = confine_prepare()) != 0 ||
	    (r = ipc_receive(SPAWN_MONITOR, &h.record, NULL, NULL)) != 0 ||
	    (r = setup_network_get(buf_view(&h.record), &h.setup)) != 0)
		return r;
	return confine(SANDBOX_NETWORK, &h.setup.rights);
}

int
__wrap_network_main(void)
{
	if (is_genuine())
		return __real_network_main();
	memset(h.hash, 0x5a, sizeof(h.hash));
	setup_network_init(&h.setup);
	buf_init(&h.input, INPUT_MAX);
	buf_init(&h.record, SETUP_MAX);
	prepare();
	if (start() == 0)
		run();
	return 0;
}
