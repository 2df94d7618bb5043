/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The other program at an end of tapctl serve, for the script tests: written
 * from what QEMU, VDE and OpenVPN do, not from ctl/, and as simple as that
 * allows.  Frames are relayed one by one between two ends:
 *
 *	stream:PATH		connect; four bytes of length, as QEMU has them
 *	listen:PATH		the same, for one that connects to us
 *	dgram:LOCAL,REMOTE	a datagram for each frame, as QEMU sends them
 *	stdio			two bytes of length, as vde_plug has them
 *
 * A relay ends with 0 when an end closes.  openvpn stands in for OpenVPN:
 * one end is the socket pair that it makes for a program (open_tun_afunix in
 * its src/openvpn/tun_afunix.c), with the same variables and the same end:
 * the socket is closed and the program gets SIGINT, or after SIGHUP nothing.
 */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define FRAME_MAX	65535
#define OPENVPN_BUFFER	65536
#define RAW_MAX		(128 * 1024)

struct end {
	int in, out;
	unsigned length_size;		/* 0: datagrams */
	struct sockaddr_un to;		/* sun_family 0: connected */
};

static volatile sig_atomic_t stopped;

static void
usage(void)
{
	fprintf(stderr,
	    "usage: plugtool relay END END\n"
	    "       plugtool raw PATH HEX[*COUNT] ...\n"
	    "       plugtool datagram PATH HEX ...\n"
	    "       plugtool openvpn TYPE MTU LLADDR END PROGRAM [ARG ...]\n");
	exit(2);
}

static void
die(const char *what)
{
	fprintf(stderr, "plugtool: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void
note_stop(int sig)
{
	stopped = sig;
}

static void
set_address(struct sockaddr_un *sun, const char *path, size_t len)
{
	if (len >= sizeof(sun->sun_path))
		usage();
	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	memcpy(sun->sun_path, path, len);
}

static int
open_socket(int type)
{
	int fd = socket(AF_UNIX, type, 0);

	if (fd == -1)
		die("socket");
	return fd;
}

static int
connect_stream(const char *path)
{
	int fd = open_socket(SOCK_STREAM);
	struct sockaddr_un sun;

	set_address(&sun, path, strlen(path));
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) != 0)
		die(path);
	return fd;
}

static int
bind_to(int type, const char *path, size_t len)
{
	int fd = open_socket(type);
	struct sockaddr_un sun;

	set_address(&sun, path, len);
	(void)unlink(sun.sun_path);
	(void)umask(0);
	if (bind(fd, (struct sockaddr *)&sun, sizeof(sun)) != 0)
		die(path);
	return fd;
}

static int
accept_stream(const char *path)
{
	int fd = bind_to(SOCK_STREAM, path, strlen(path)), conn = -1;

	if (listen(fd, 1) != 0 || (conn = accept(fd, NULL, NULL)) == -1)
		die(path);
	(void)close(fd);
	return conn;
}

static void
open_end(const char *spec, struct end *e)
{
	const char *colon = strchr(spec, ':'), *comma;

	memset(e, 0, sizeof(*e));
	if (strcmp(spec, "stdio") == 0) {
		e->in = STDIN_FILENO;
		e->out = STDOUT_FILENO;
		e->length_size = 2;
		return;
	}
	if (colon == NULL)
		usage();
	if (strncmp(spec, "dgram:", 6) == 0) {
		if ((comma = strchr(spec, ',')) == NULL)
			usage();
		e->in = bind_to(SOCK_DGRAM, colon + 1,
		    (size_t)(comma - colon - 1));
		set_address(&e->to, comma + 1, strlen(comma + 1));
	} else {
		e->length_size = 4;
		if (strncmp(spec, "stream:", 7) == 0)
			e->in = connect_stream(colon + 1);
		else if (strncmp(spec, "listen:", 7) == 0)
			e->in = accept_stream(colon + 1);
		else
			usage();
	}
	e->out = e->in;
}

/* False when it has closed. */
static bool
read_all(int fd, uint8_t *p, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = read(fd, p, len);
		if (n == -1 && errno == EINTR && !stopped)
			continue;
		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

static bool
write_all(int fd, const uint8_t *p, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = write(fd, p, len);
		if (n == -1 && errno == EINTR && !stopped)
			continue;
		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

static bool
receive(const struct end *e, uint8_t *frame, size_t *lenp)
{
	uint8_t length[4];
	ssize_t n;
	unsigned i;

	if (e->length_size == 0) {
		if ((n = recv(e->in, frame, FRAME_MAX, 0)) < 0)
			return false;
		*lenp = (size_t)n;
		return true;
	}
	if (!read_all(e->in, length, e->length_size))
		return false;
	*lenp = 0;
	for (i = 0; i < e->length_size; i++)
		*lenp = *lenp * 256 + length[i];
	if (*lenp > FRAME_MAX) {
		fprintf(stderr, "plugtool: a frame of %zu bytes\n", *lenp);
		exit(2);
	}
	return read_all(e->in, frame, *lenp);
}

/* A datagram that nobody is there for is lost; an empty one is none. */
static bool
send_frame(const struct end *e, const uint8_t *frame, size_t len)
{
	uint8_t length[4] = { 0, 0, (uint8_t)(len >> 8), (uint8_t)len };
	ssize_t n;

	if (len == 0)
		return true;
	if (e->length_size > 0)
		return write_all(e->out, length + 4 - e->length_size,
		    e->length_size) && write_all(e->out, frame, len);
	do {
		if (e->to.sun_family == 0)
			n = send(e->out, frame, len, 0);
		else
			n = sendto(e->out, frame, len, 0,
			    (const struct sockaddr *)&e->to, sizeof(e->to));
	} while (n == -1 && errno == EINTR && !stopped);
	return n != -1 || e->to.sun_family != 0;
}

static void
relay(const struct end *a, const struct end *b)
{
	struct pollfd fds[2] = { { a->in, POLLIN, 0 }, { b->in, POLLIN, 0 } };
	static uint8_t frame[FRAME_MAX];
	size_t len;

	while (!stopped) {
		/* A signal may have come just before. */
		if (poll(fds, 2, 100) == -1) {
			if (errno != EINTR)
				die("poll");
			continue;
		}
		if (fds[0].revents != 0 && (!receive(a, frame, &len) ||
		    !send_frame(b, frame, len)))
			return;
		if (fds[1].revents != 0 && (!receive(b, frame, &len) ||
		    !send_frame(a, frame, len)))
			return;
	}
}

/* "HEX" or "HEX*COUNT", the same bytes again and again. */
static size_t
put_hex(const char *s, uint8_t *out, size_t size)
{
	size_t len = 0, once, count = 1, i;
	char *star = strchr(s, '*'), digits[3] = "";

	if (star != NULL)
		count = strtoul(star + 1, NULL, 10);
	for (; s[0] != '\0' && s[0] != '*' && s[1] != '\0'; s += 2) {
		memcpy(digits, s, 2);
		if (len == size)
			usage();
		out[len++] = (uint8_t)strtoul(digits, NULL, 16);
	}
	once = len;
	for (i = 1; i < count; i++, len += once) {
		if (size - len < once)
			usage();
		memcpy(out + len, out, once);
	}
	return len;
}

/* Each argument is written by itself; ends when the other side closes. */
static int
main_raw(char **argv)
{
	static uint8_t bytes[RAW_MAX];
	int fd = connect_stream(argv[2]);
	ssize_t n;
	size_t i;

	for (i = 3; argv[i] != NULL; i++)
		if (!write_all(fd, bytes, put_hex(argv[i], bytes, RAW_MAX)))
			break;
	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		continue;
	return n == 0 || errno == ECONNRESET ? 0 : 1;
}

/* What macOS gives as the address of a socket that was not bound. */
static void
bind_to_zeros(int fd)
{
	struct sockaddr sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_family = AF_UNIX;
	if (bind(fd, &sa, sizeof(sa)) != 0)
		die("bind");
}

static int
main_datagram(char **argv)
{
	static uint8_t bytes[RAW_MAX];
	int fd = open_socket(SOCK_DGRAM);
	struct sockaddr_un sun;
	size_t i, len;

	bind_to_zeros(fd);
	set_address(&sun, argv[2], strlen(argv[2]));
	for (i = 3; argv[i] != NULL; i++) {
		len = put_hex(argv[i], bytes, RAW_MAX);
		if (sendto(fd, bytes, len, 0, (struct sockaddr *)&sun,
		    sizeof(sun)) == -1)
			die(argv[2]);
	}
	return 0;
}

static void
set_number(const char *name, int value)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%d", value);
	(void)setenv(name, text, 1);
}

static pid_t
start_program(char **argv, const int fds[2])
{
	pid_t pid = fork();

	if (pid == -1)
		die("fork");
	if (pid != 0)
		return pid;
	(void)close(fds[1]);
	set_number("TUNTAP_SOCKET_FD", fds[0]);
	(void)setenv("TUNTAP_DEV_TYPE", argv[2], 1);
	(void)setenv("TUNTAP_MTU", argv[3], 1);
	if (*argv[4] != '\0')
		(void)setenv("TUNTAP_LLADDR", argv[4], 1);
	execvp(argv[6], argv + 6);
	die(argv[6]);
	return -1;
}

/* The program's status is ours. */
static int
main_openvpn(char **argv)
{
	int fds[2], i, size = OPENVPN_BUFFER, status = 0;
	struct end other, pair;
	pid_t pid;

	open_end(argv[5], &other);
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, fds) != 0)
		die("socketpair");
	for (i = 0; i < 2; i++) {
		(void)setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &size,
		    sizeof(size));
		(void)setsockopt(fds[i], SOL_SOCKET, SO_RCVBUF, &size,
		    sizeof(size));
	}
	pid = start_program(argv, fds);
	(void)close(fds[0]);
	memset(&pair, 0, sizeof(pair));
	pair.in = pair.out = fds[1];
	relay(&pair, &other);
	(void)close(fds[1]);
	/* It has no right to do so once it has given root up. */
	if (stopped != SIGHUP)
		(void)kill(pid, SIGINT);
	if (waitpid(pid, &status, 0) != pid)
		die("waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

int
main(int argc, char **argv)
{
	struct sigaction sa;
	struct end a, b;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = note_stop;
	(void)sigaction(SIGTERM, &sa, NULL);
	(void)sigaction(SIGHUP, &sa, NULL);
	sa.sa_handler = SIG_IGN;
	(void)sigaction(SIGPIPE, &sa, NULL);
	if (argc == 4 && strcmp(argv[1], "relay") == 0) {
		open_end(argv[2], &a);
		open_end(argv[3], &b);
		relay(&a, &b);
		return 0;
	}
	if (argc > 3 && strcmp(argv[1], "raw") == 0)
		return main_raw(argv);
	if (argc > 3 && strcmp(argv[1], "datagram") == 0)
		return main_datagram(argv);
	if (argc < 7 || strcmp(argv[1], "openvpn") != 0)
		usage();
	return main_openvpn(argv);
}
