/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Addresses and bridges by ifconfig(8): the structures behind it are in no
 * public header, and differ from release to release.
 *
 * It is run without a shell, with a fixed environment, and with words that
 * were looked at before; of what it says the first line is read.  It says what
 * failed and, at the end, the text of the errno, in English, which is what
 * tells one failure from the other: its status is 1 for nearly all of them.
 *
 * It changes the prefix of an address that is there already, so that is
 * looked for first.
 */

#include "config.h"

#include "tun/tap_link.h"

#include <sys/types.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/log.h"
#include "lib/proc.h"
#include "lib/text.h"
#include "openbsd-compat/port-net-darwin.h"
#include "tun/tap_impl.h"

#define IFCONFIG	"/sbin/ifconfig"
#define TIME_MAX_MS	10000
#define SAID_MAX	256
#define ARGS_MAX	6

#define IPV4_LEN	4
#define IPV6_LEN	16
#define IPV6_MTU_MIN	1280	/* RFC 8200 section 5 */
#define ADDRESS_MAX	(INET6_ADDRSTRLEN + sizeof("/128"))

/* ---- ifconfig ---- */

/*
 * What its first line ends with.  ENOENT is kept for a system without
 * ifconfig: the one of a bridge is about its member.
 */
static const struct {
	const char *end;
	int error;
} ends[] = {
	{ "permission denied", EPERM },
	{ "Operation not permitted", EPERM },
	{ "does not exist", ENXIO },
	{ "no such interface", ENXIO },
	{ "Device not configured", ENXIO },
	{ "No such file or directory", ESRCH },
	{ "Resource busy", EBUSY },
	{ "File exists", EEXIST },
	{ "Invalid argument", EINVAL },
	{ "Can't assign requested address", EADDRNOTAVAIL },
	{ "Operation not supported", EOPNOTSUPP },
	{ "Operation not supported on socket", EOPNOTSUPP },
	{ "Address family not supported by protocol family", EAFNOSUPPORT },
};

static const char *
get_path(void)
{
#ifdef DARWIN_SIM
	const char *path = getenv("DARWIN_SIM_IFCONFIG");

	/* Never the system's own, which is another one's. */
	return path != NULL ? path : "";
#else
	return IFCONFIG;
#endif
}

/* None of our ignored signals, none blocked.  Returns 0 or an errno. */
static int
set_attributes(posix_spawnattr_t *attr)
{
	sigset_t none, pipe_only;
	int e;

	(void)sigemptyset(&none);
	(void)sigemptyset(&pipe_only);
	(void)sigaddset(&pipe_only, SIGPIPE);
	if ((e = posix_spawnattr_setsigmask(attr, &none)) != 0 ||
	    (e = posix_spawnattr_setsigdefault(attr, &pipe_only)) != 0)
		return e;
	return posix_spawnattr_setflags(attr,
	    POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

/* Returns 0 or an errno. */
static int
set_files(posix_spawn_file_actions_t *actions, int said)
{
	int e;

	if ((e = posix_spawn_file_actions_addopen(actions, STDIN_FILENO,
	    "/dev/null", O_RDONLY, 0)) != 0 ||
	    (e = posix_spawn_file_actions_addopen(actions, STDOUT_FILENO,
	    "/dev/null", O_WRONLY, 0)) != 0)
		return e;
	return posix_spawn_file_actions_adddup2(actions, said, STDERR_FILENO);
}

/* argv is not changed; execve(2) is older than const.  As set_files. */
static int
spawn(char *const argv[], int said, pid_t *pidp)
{
	static char path[] = "PATH=/usr/bin:/bin:/usr/sbin:/sbin";
	static char locale[] = "LC_ALL=C";
	char *const env[] = { path, locale, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int e;

	if ((e = posix_spawnattr_init(&attr)) != 0)
		return e;
	if ((e = posix_spawn_file_actions_init(&actions)) != 0)
		goto out;
	if ((e = set_attributes(&attr)) == 0 &&
	    (e = set_files(&actions, said)) == 0)
		e = posix_spawn(pidp, get_path(), &actions, &attr, argv, env);
	(void)posix_spawn_file_actions_destroy(&actions);
 out:
	(void)posix_spawnattr_destroy(&attr);
	return e;
}

/*
 * Read to the end of a pipe; what does not fit is dropped.  Returns 0, or an
 * errno: ETIMEDOUT.
 */
static int
read_said(int fd, char said[SAID_MAX], size_t *lenp)
{
	const uint64_t deadline = proc_now_ms() + TIME_MAX_MS;
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	char chunk[SAID_MAX];
	size_t room;
	ssize_t n;
	int r;

	for (*lenp = 0;;) {
		r = poll(&pfd, 1, proc_poll_time(deadline));
		if (r == 0)
			return ETIMEDOUT;
		n = r == -1 ? -1 : read(fd, chunk, sizeof(chunk));
		if (n == -1 && errno != EINTR)
			return errno;
		if (n == 0)
			return 0;
		room = SAID_MAX - *lenp;
		if (n > 0 && room > 0) {
			room = (size_t)n < room ? (size_t)n : room;
			memcpy(said + *lenp, chunk, room);
			*lenp += room;
		}
	}
}

/* The errno behind the first line; EIO, after it was logged, for others. */
static int
understand(const char *said, size_t len)
{
	const char *lf = memchr(said, '\n', len);
	char line[SAID_MAX];
	size_t end, i;

	if (lf != NULL)
		len = (size_t)(lf - said);
	len = text_clean(line, sizeof(line), said, len, false);
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		end = strlen(ends[i].end);
		if (len >= end && strcmp(line + len - end, ends[i].end) == 0) {
			log_debug("%s", line);
			return ends[i].error;
		}
	}
	log_warn("ifconfig failed: %s", line[0] != '\0' ? line :
	    "it does not say why");
	return EIO;
}

/* Returns 0, or SSHTAP_ERR_SYSTEM with errno. */
static int
run(char *const argv[])
{
	char said[SAID_MAX];
	int e, fds[2], wstatus;
	size_t len = 0;
	pid_t pid;

	if (proc_pipe(fds) != 0)
		return SSHTAP_ERR_SYSTEM;
	e = spawn(argv, fds[1], &pid);
	proc_close(&fds[1]);
	if (e != 0)
		goto out;
	e = read_said(fds[0], said, &len);
	if (e != 0)
		(void)kill(pid, SIGKILL);
	wstatus = proc_reap(pid);
	if (e == 0 && proc_exit_status(wstatus) != 0)
		e = understand(said, len);
 out:
	proc_close(&fds[0]);
	errno = e;
	return e == 0 ? 0 : SSHTAP_ERR_SYSTEM;
}

/*
 * ifconfig with these words, of which the first is an interface: letters and
 * digits, so that it cannot be taken for an option.
 */
static int
run_ifconfig(const char *const words[ARGS_MAX])
{
	char argv0[] = "ifconfig";
	char *argv[ARGS_MAX + 2] = { argv0 };
	char *copy[ARGS_MAX];
	size_t i, n = 0;
	int r = 0, saved_errno;

	for (; n < ARGS_MAX && words[n] != NULL && r == 0; n++) {
		if ((copy[n] = strdup(words[n])) == NULL)
			r = SSHTAP_ERR_SYSTEM;
		argv[n + 1] = copy[n];
	}
	if (r == 0)
		r = run(argv);
	saved_errno = errno;
	for (i = 0; i < n; i++)
		free(copy[i]);
	errno = saved_errno;
	return r;
}

/* ---- interfaces ---- */

/* Letters, then digits: every interface of this system is called so. */
static bool
is_name(const char *name, const char *letters)
{
	size_t n = letters != NULL ? strlen(letters) :
	    strspn(name, "abcdefghijklmnopqrstuvwxyz");
	size_t digits;

	if (n == 0 || (letters != NULL && strncmp(name, letters, n) != 0))
		return false;
	digits = strspn(name + n, "0123456789");
	return digits > 0 && name[n + digits] == '\0' &&
	    n + digits < TAP_NAME_SIZE;
}

/* Returns 0, or SSHTAP_ERR_SYSTEM with errno. */
static int
expect_interface(const char *name)
{
	if (is_name(name, NULL))
		return darwin_interface_is_up(name) != -1 ? 0 :
		    SSHTAP_ERR_SYSTEM;
	errno = ENXIO;
	return SSHTAP_ERR_SYSTEM;
}

int
tap_link_up(const char *name, struct tap_fault *fault)
{
	if (expect_interface(name) == 0 && darwin_interface_up(name) == 0)
		return 0;
	return tap_fault_set(fault, TAP_STEP_UP, name);
}

/* ---- addresses ---- */

/*
 * The kernel keeps the number of the interface in the second group of a
 * link-local address, and shows it (in6_embed_scope).
 */
static bool
is_ipv6(const struct sockaddr_in6 *sin6, const uint8_t bytes[IPV6_LEN])
{
	uint8_t found[IPV6_LEN];

	memcpy(found, &sin6->sin6_addr, sizeof(found));
	if (found[0] == 0xfe && (found[1] & 0xc0) == 0x80)
		found[2] = found[3] = 0;
	return memcmp(found, bytes, sizeof(found)) == 0;
}

static bool
is_address(const struct sockaddr *sa, const struct tap_address *a)
{
	struct sockaddr_in6 sin6;
	struct sockaddr_in sin;

	if (sa == NULL || sa->sa_family != a->family)
		return false;
	if (a->family == AF_INET6) {
		memcpy(&sin6, sa, sizeof(sin6));
		return is_ipv6(&sin6, a->bytes);
	}
	memcpy(&sin, sa, sizeof(sin));
	return memcmp(&sin.sin_addr, a->bytes, IPV4_LEN) == 0;
}

/* Returns 0, or SSHTAP_ERR_SYSTEM with errno. */
static int
find_address(const char *name, const struct tap_address *a, bool *is_therep)
{
	struct ifaddrs *list, *ifa;

	if (getifaddrs(&list) == -1)
		return SSHTAP_ERR_SYSTEM;
	*is_therep = false;
	for (ifa = list; ifa != NULL && !*is_therep; ifa = ifa->ifa_next)
		*is_therep = strcmp(ifa->ifa_name, name) == 0 &&
		    is_address(ifa->ifa_addr, a);
	freeifaddrs(list);
	return 0;
}

/*
 * An IPv4 address of a point-to-point device has to have another end: itself,
 * as nothing is known of the other.
 */
static int
ask_address(const char *name, const struct tap_address *a, bool is_alias)
{
	const char *words[ARGS_MAX] = { name };
	char text[INET6_ADDRSTRLEN], prefix[ADDRESS_MAX];
	size_t n = 1;

	if (inet_ntop(a->family, a->bytes, text, sizeof(text)) == NULL)
		return SSHTAP_ERR_SYSTEM;
	(void)snprintf(prefix, sizeof(prefix), "%s/%u", text, a->prefix_len);
	words[n++] = a->family == AF_INET ? "inet" : "inet6";
	words[n++] = is_alias ? prefix : text;
	if (is_alias && a->family == AF_INET &&
	    (is_name(name, "utun") || is_name(name, "tun")))
		words[n++] = text;
	words[n] = is_alias ? "alias" : "-alias";
	return run_ifconfig(words);
}

/* The kernel does not say that the MTU is too small. */
static int
fail_add(const char *name, const struct tap_address *a,
    struct tap_fault *fault)
{
	int error = errno, r;
	unsigned mtu = 0;

	if (a->family == AF_INET6 && error == EINVAL &&
	    darwin_interface_mtu(name, &mtu, NULL) == 0 && mtu < IPV6_MTU_MIN)
		error = ERANGE;
	errno = error;
	r = tap_fault_set(fault, TAP_STEP_INET, name);
	if (error == ERANGE)
		fault->limit = mtu;
	return r;
}

int
tap_link_add_address(const char *name, const struct tap_address *a,
    bool *is_newp, struct tap_fault *fault)
{
	bool is_there = false;
	int r;

	if ((r = tap_address_check(a, name, fault)) != 0)
		return r;
	if (expect_interface(name) != 0 ||
	    find_address(name, a, &is_there) != 0 ||
	    (!is_there && ask_address(name, a, true) != 0))
		return fail_add(name, a, fault);
	if (is_newp != NULL)
		*is_newp = !is_there;
	return 0;
}

int
tap_link_remove_address(const char *name, const struct tap_address *a,
    struct tap_fault *fault)
{
	int r;

	if ((r = tap_address_check(a, name, fault)) != 0)
		return r;
	if ((expect_interface(name) == 0 &&
	    ask_address(name, a, false) == 0) ||
	    errno == EADDRNOTAVAIL || errno == ENXIO)
		return 0;
	return tap_fault_set(fault, TAP_STEP_INET, name);
}

/* ---- bridges ---- */

/*
 * Only an interface that is called so is one; a request for a bridge would
 * mean something else to another driver.  Returns 0, or SSHTAP_ERR_SYSTEM
 * with errno.
 */
static int
expect_bridge(const char *bridge)
{
	if (is_name(bridge, "bridge"))
		return 0;
	errno = expect_interface(bridge) == 0 ? EOPNOTSUPP : ENODEV;
	return SSHTAP_ERR_SYSTEM;
}

static int
ask_bridge(const char *name, const char *bridge, const char *what)
{
	const char *const words[ARGS_MAX] = { bridge, what, name };

	return run_ifconfig(words);
}

int
tap_link_join_bridge(const char *name, const char *bridge, bool *is_newp,
    struct tap_fault *fault)
{
	bool is_new = true;

	if (expect_interface(name) != 0)
		return tap_fault_set(fault, TAP_STEP_BRIDGE, name);
	if (expect_bridge(bridge) != 0)
		return tap_fault_set(fault, TAP_STEP_BRIDGE, bridge);
	if (ask_bridge(name, bridge, "addm") != 0) {
		if (errno == ENXIO) {
			errno = ENODEV;
			return tap_fault_set(fault, TAP_STEP_BRIDGE, bridge);
		}
		if (errno == ESRCH)
			errno = ENXIO;
		if (errno != EEXIST)
			return tap_fault_set(fault, TAP_STEP_BRIDGE, name);
		is_new = false;
	}
	if (is_newp != NULL)
		*is_newp = is_new;
	return 0;
}

/* It is not in it: ESRCH. */
int
tap_link_leave_bridge(const char *name, const char *bridge,
    struct tap_fault *fault)
{
	if (expect_bridge(bridge) != 0) {
		if (errno == ENODEV)
			return 0;
		return tap_fault_set(fault, TAP_STEP_BRIDGE, bridge);
	}
	if ((expect_interface(name) == 0 &&
	    ask_bridge(name, bridge, "deletem") == 0) ||
	    errno == ESRCH || errno == ENXIO)
		return 0;
	return tap_fault_set(fault, TAP_STEP_BRIDGE, name);
}
