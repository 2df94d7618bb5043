/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * sshtapd: the command line, the log, the configuration, and who runs what.
 *
 *	sshtapd           listener.c: waits for connections
 *	  +- monitor      monitor.c: root; one for each connection
 *	       +-         network.c: all that reads what the peer sends
 *	       +-         checker.c: authorized_keys and signatures, until login
 *
 * The last two are this program started anew (spawn.h), which is what -R is
 * for; nobody else uses it.
 */

#include "config.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <zlib.h>

#include "lib/err.h"
#include "lib/log.h"
#include "lib/proc.h"
#include "lib/signals.h"
#include "lib/text.h"
#include "priv/user.h"
#include "server/activation.h"
#include "server/check.h"
#include "server/config.h"
#include "server/confine.h"
#include "server/hostkeys.h"
#include "server/listener.h"
#include "server/monitor.h"
#include "server/network.h"
#include "server/output.h"
#include "server/spawn.h"

#define OVERRIDES_MAX	64

/* Makefile.in knows better. */
#ifndef SSHTAP_PRIVSEP_PATH
#define SSHTAP_PRIVSEP_PATH	"/run/sshtapd/empty"
#endif

static const char usage[] =
    "usage: sshtapd [-46DdeiqTtV] [-E log_file] [-f config_file]\n"
    "               [-h host_key_file] [-o option] [-p port]\n";

struct options {
	const char *config_file;	/* NULL: the default, may be missing */
	char *config_path;		/* the same, on the heap */
	const char *log_file;
	char *override[OVERRIDES_MAX];	/* "Keyword=value", in their order */
	size_t noverrides;
	bool foreground;		/* -D */
	bool log_is_stderr;		/* -e */
	bool is_inetd;			/* -i */
	bool quiet;			/* -q */
	bool test, dump;		/* -t, -T */
	bool version;
	unsigned debug;			/* -d */
};

enum start {
	START_TEST,
	START_FIRST,
	START_AGAIN		/* SIGHUP */
};

/* All that is configured; a reload replaces the whole. */
struct program {
	struct options options;
	struct output output;
	struct server_config config;
	struct hostkeys hostkeys;
	struct server server;
	struct user account;		/* of the other processes */
};

/* ---- the command line ---- */

static bool
add_override(struct options *o, const char *keyword, const char *value)
{
	char *s = text_format("%s%s%s", keyword, *keyword != '\0' ? "=" : "",
	    value);

	if (s == NULL || o->noverrides == OVERRIDES_MAX) {
		free(s);
		return false;
	}
	o->override[o->noverrides++] = s;
	return true;
}

/* Returns false for what is no such option. */
static bool
take_flag(struct options *o, int letter)
{
	switch (letter) {
	case 'D':
		o->foreground = true;
		break;
	case 'd':
		o->debug++;
		break;
	case 'e':
		o->log_is_stderr = true;
		break;
	case 'i':
		o->is_inetd = true;
		break;
	case 'q':
		o->quiet = true;
		break;
	case 'T':
		o->dump = true;
		break;
	case 't':
		o->test = true;
		break;
	case 'V':
		o->version = true;
		break;
	default:
		return false;
	}
	return true;
}

/* Returns false for what is no option, or has no room. */
static bool
take_option(struct options *o, int letter, const char *value)
{
	switch (letter) {
	case '4':
		return add_override(o, "AddressFamily", "inet");
	case '6':
		return add_override(o, "AddressFamily", "inet6");
	case 'E':
		o->log_file = value;
		return true;
	case 'f':
		o->config_file = value;
		return true;
	case 'h':
		return add_override(o, "HostKey", value);
	case 'o':
		return add_override(o, "", value);
	case 'p':
		return add_override(o, "Port", value);
	default:
		return take_flag(o, letter);
	}
}

static bool
parse_options(int argc, char **argv, struct options *o)
{
	int letter;

	while ((letter = getopt(argc, argv, "46DdE:ef:h:io:p:qTtV")) != -1)
		if (!take_option(o, letter, optarg))
			return false;
	if (optind < argc) {
		log_error("\"%s\" is no option: sshtapd takes nothing else",
		    argv[optind]);
		return false;
	}
	if (o->debug > 0)
		o->foreground = o->log_is_stderr = true;
	return true;
}

/* The listener leaves its directory, and may have to read the file again. */
static int
find_config_file(struct options *o)
{
	char *real;

	if (o->config_file == NULL)
		return 0;
	if ((real = realpath(o->config_file, NULL)) == NULL) {
		log_error("%s: %s", o->config_file, strerror(errno));
		return SSHTAP_ERR_SYSTEM;
	}
	o->config_file = o->config_path = real;
	return 0;
}

static void
clear_options(struct options *o)
{
	free(o->config_path);
	while (o->noverrides > 0)
		free(o->override[--o->noverrides]);
}

/* ---- the log ---- */

static enum log_level
log_level(const struct program *p)
{
	if (p->options.quiet)
		return LOG_LEVEL_QUIET;
	return p->options.debug > 0 ? LOG_LEVEL_DEBUG : p->config.log_level;
}

/* Until here all goes to standard error: somebody is there to read it. */
static int
start_log(struct program *p)
{
	const struct options *o = &p->options;

	p->output.facility = p->config.syslog_facility;
	p->output.to_syslog = !o->log_is_stderr && o->log_file == NULL;
	if (o->log_file != NULL) {
		p->output.fd = open(o->log_file,
		    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
		if (p->output.fd == -1) {
			log_error("cannot write the log file %s: %s",
			    o->log_file, strerror(errno));
			return SSHTAP_ERR_SYSTEM;
		}
	}
	output_start(&p->output, log_level(p));
	return 0;
}

/* ---- the configuration ---- */

static int
read_config(const struct options *o, struct server_config *c)
{
	const char *path = o->config_file != NULL ? o->config_file :
	    server_config_path();
	size_t i;
	int r;

	for (i = 0; i < o->noverrides; i++)
		if ((r = server_config_override(c, o->override[i])) != 0)
			return r;
	/* As many start an sshd that is to read none. */
	if (strcmp(path, "/dev/null") == 0)
		return 0;
	r = server_config_read(c, path);
	if (r == SSHTAP_ERR_NOT_FOUND) {
		if (o->config_file == NULL)
			return 0;
		log_error("%s: no such file", path);
	}
	return r;
}

/* Every connection would fail where nothing is left to offer. */
static int
check_algorithms(const struct server_config *c, const struct hostkeys *h)
{
	struct view wanted = view_of_string(c->hostkey_algs);
	struct buf algs;
	int r;

	buf_init(&algs, SERVER_CONFIG_TEXT_MAX);
	r = hostkeys_algorithms(h, &wanted, &algs);
	if (r == 0 && algs.len == 0) {
		log_error("no host key is of a type that HostKeyAlgorithms "
		    "names: %s", c->hostkey_algs);
		r = SSHTAP_ERR_NOT_FOUND;
	}
	buf_clear(&algs);
	return r;
}

/*
 * A first start finds no key: then one is made, at the first place.  A test
 * before that start makes none and is content.
 */
static int
load_hostkeys(const struct server_config *c, enum start start,
    struct hostkeys *h)
{
	const char *paths[SERVER_CONFIG_LIST_MAX];
	bool has_none = true;
	size_t i;
	int r;

	for (i = 0; i < c->host_keys.n; i++) {
		paths[i] = c->host_keys.item[i];
		if (access(paths[i], F_OK) == 0)
			has_none = false;
	}
	if (has_none && start == START_TEST)
		return 0;
	if (has_none && start == START_FIRST &&
	    (r = hostkeys_make(paths[0])) != 0)
		return r;
	if ((r = hostkeys_load(h, paths, c->host_keys.n)) != 0)
		log_error("there is no host key that can be used (HostKey)");
	return r == 0 ? check_algorithms(c, h) : r;
}

/* Without root a test cannot tell what root will get. */
static int
check_system(const struct server_config *c, enum start start)
{
	if (start == START_TEST && geteuid() != 0)
		return 0;
	return server_monitor_check(c);
}

static int
load(const struct options *o, enum start start, struct server_config *c,
    struct hostkeys *h)
{
	int r;

	memset(h, 0, sizeof(*h));
	if ((r = server_config_init(c)) == 0 &&
	    (r = read_config(o, c)) == 0 &&
	    (r = check_system(c, start)) == 0 &&
	    (r = load_hostkeys(c, start, h)) == 0)
		return 0;
	if (r == SSHTAP_ERR_ALLOC)
		log_error_r(r, "cannot read the configuration");
	hostkeys_clear(h);
	server_config_clear(c);
	return r;
}

/* For listener.h. */
static int
reload(void *ctx, struct server *s)
{
	struct program *p = ctx;
	struct server_config c;
	struct hostkeys h;
	int r;

	if ((r = load(&p->options, START_AGAIN, &c, &h)) != 0)
		return r;
	server_config_clear(&p->config);
	hostkeys_clear(&p->hostkeys);
	p->config = c;
	p->hostkeys = h;
	s->config = &p->config;
	s->hostkeys = &p->hostkeys;
	log_set_level(log_level(p));
	hostkeys_show(&p->hostkeys);
	return 0;
}

/* ---- what the other processes become ---- */

/* Each level that is missing: a boot empties where it is. */
static int
make_empty_directory(const char *path)
{
	char *copy = strdup(path), *slash;
	int r = 0;

	if (copy == NULL)
		return SSHTAP_ERR_ALLOC;
	for (slash = strchr(copy + 1, '/'); r == 0; slash =
	    strchr(slash + 1, '/')) {
		if (slash != NULL)
			*slash = '\0';
		if (mkdir(copy, 0755) == -1 && errno != EEXIST)
			r = SSHTAP_ERR_SYSTEM;
		if (slash == NULL)
			break;
		*slash = '/';
	}
	if (r != 0)
		log_error_r(r, "cannot make the directory %s", path);
	free(copy);
	return r;
}

static int
set_rights(struct program *p)
{
	static const char *const names[] = { "sshtapd", "_sshtapd", "nobody",
	    NULL };
	static char dir[] = SSHTAP_PRIVSEP_PATH;
	struct setup_rights *rights = &p->server.rights;
	int r;

	if (geteuid() != 0) {
		log_warn("not root: no other user and no chroot confine what "
		    "faces the network, and only uid=%lu can log in",
		    (unsigned long)geteuid());
		return 0;
	}
	if ((r = user_first_of(names, &p->account)) != 0) {
		log_error("there is no account for what faces the network: "
		    "add a user \"sshtapd\" without login");
		return r;
	}
	if (strcmp(p->account.name, "nobody") == 0)
		log_warn("there is no account \"sshtapd\": \"nobody\" is used, "
		    "and shared with others");
	rights->has_ids = true;
	rights->uid = (uint32_t)p->account.uid;
	rights->gid = (uint32_t)p->account.gid;
	rights->chroot_dir = dir;
	return make_empty_directory(dir);
}

/* Each connection would fail where this does. */
static int
try_sandbox(const struct program *p)
{
	char text[SANDBOX_TEXT_MAX];
	int r = confine_try(&p->server.rights, text);

	if (r == 0)
		log_info("sandbox text=\"%s\"", text);
	else
		log_error_r(r, "cannot confine what faces the network: %s",
		    text);
	return r;
}

/* ---- running ---- */

static int
test(const struct program *p)
{
	struct view v;
	struct buf b;
	int r = 0;

	if (!p->options.dump)
		return 0;
	buf_init(&b, SERVER_CONFIG_TEXT_MAX);
	if ((r = server_config_dump(&p->config, &b)) != 0)
		log_error_r(r, "cannot show the configuration");
	v = buf_view(&b);
	if (fwrite(v.p, 1, v.len, stdout) != v.len || fflush(stdout) != 0)
		r = SSHTAP_ERR_SYSTEM;
	buf_clear(&b);
	return r == 0 ? 0 : PROC_EXIT_FAILURE;
}

/* One connection on standard input and output. */
static int
run_inetd(struct program *p)
{
	struct server_conn c = { .listener = -1 };
	struct stat in, out;

	/* If it is ignored, a number may be another's before we kill it. */
	(void)signal(SIGCHLD, SIG_DFL);
	c.rfd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	c.wfd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (c.rfd == -1 || c.wfd == -1 || fstat(c.rfd, &in) == -1 ||
	    fstat(c.wfd, &out) == -1 || proc_set_nonblock(c.rfd) != 0 ||
	    proc_set_nonblock(c.wfd) != 0) {
		log_error_r(SSHTAP_ERR_SYSTEM, "cannot use standard input "
		    "and output");
		return PROC_EXIT_FAILURE;
	}
	if (S_ISSOCK(in.st_mode) && in.st_dev == out.st_dev &&
	    in.st_ino == out.st_ino) {
		proc_close(&c.wfd);
		c.wfd = c.rfd;
	}
	proc_null(STDIN_FILENO);
	proc_null(STDOUT_FILENO);
	/* inetd(8) puts the connection there, too. */
	if (p->output.to_syslog || p->options.log_file != NULL)
		proc_null(STDERR_FILENO);
	server_conn_name(&c);
	return server_monitor_run(&p->server, &c);
}

static void
write_pid(const char *path)
{
	FILE *f;

	if (path == NULL)
		return;
	if ((f = fopen(path, "w")) == NULL ||
	    fprintf(f, "%ld\n", (long)getpid()) < 0)
		log_warn_r(SSHTAP_ERR_SYSTEM, "cannot write %s", path);
	if (f != NULL)
		(void)fclose(f);
}

/* The parent ends once the sockets are there, so that a script can go on. */
static int
detach(const struct program *p)
{
	pid_t pid;

	if (p->options.foreground)
		return 0;
	if ((pid = fork()) == -1) {
		log_error_r(SSHTAP_ERR_SYSTEM, "cannot go into the background");
		return SSHTAP_ERR_SYSTEM;
	}
	if (pid > 0)
		_exit(0);
	(void)setsid();
	proc_null(STDIN_FILENO);
	proc_null(STDOUT_FILENO);
	if (p->output.to_syslog || p->options.log_file != NULL)
		proc_null(STDERR_FILENO);
	return 0;
}

static int
serve(struct program *p, struct listener *l)
{
	char *pid_file = NULL;
	pid_t self;
	int status;

	if (detach(p) != 0)
		return PROC_EXIT_FAILURE;
	/* A reload may name another one, which is not ours to remove. */
	if (p->config.pid_file != NULL)
		pid_file = strdup(p->config.pid_file);
	write_pid(pid_file);
	self = getpid();
	activation_notify("READY=1");
	status = listener_run(l);
	if (getpid() == self && pid_file != NULL)
		(void)unlink(pid_file);
	free(pid_file);
	return status;
}

static int
run_listener(struct program *p)
{
	struct listener_options o = { .server = &p->server, .reload = reload,
	    .ctx = p };
	int fds[ACTIVATION_SOCKETS_MAX], status = PROC_EXIT_FAILURE, r;
	struct listener *l = NULL;

	/* Nobody waits for the monitors: each looks after itself. */
	if (signal(SIGCHLD, SIG_IGN) == SIG_ERR || chdir("/") == -1 ||
	    (r = signals_start()) != 0 ||
	    (r = activation_sockets(fds, &o.nfds)) != 0) {
		log_error_r(SSHTAP_ERR_SYSTEM, "cannot start");
		return status;
	}
	activation_init();
	o.fds = fds;
	hostkeys_show(&p->hostkeys);
	if ((r = listener_new(&o, &l)) != 0)
		log_error_r(r, "there is no address to listen at");
	else
		status = serve(p, l);
	listener_free(l);
	return status;
}

static int
run(struct program *p)
{
	bool is_test = p->options.test || p->options.dump;
	int status = PROC_EXIT_FAILURE;

	/* Standard error may be the peer: what fails is not for it. */
	if (p->options.is_inetd && !p->options.log_is_stderr && !is_test) {
		p->output.facility = LOG_AUTH;
		p->output.to_syslog = true;
		output_start(&p->output, LOG_LEVEL_INFO);
	}
	if (find_config_file(&p->options) != 0 ||
	    load(&p->options, is_test ? START_TEST : START_FIRST,
	    &p->config, &p->hostkeys) != 0)
		return status;
	if (is_test) {
		status = test(p);
		goto out;
	}
	p->server.config = &p->config;
	p->server.hostkeys = &p->hostkeys;
	p->server.software = "sshtapd_" PACKAGE_VERSION;
	if (start_log(p) != 0 || set_rights(p) != 0 || try_sandbox(p) != 0 ||
	    user_protect_memory() != 0)
		goto out;
	status = p->options.is_inetd ? run_inetd(p) : run_listener(p);
 out:
	hostkeys_clear(&p->hostkeys);
	server_config_clear(&p->config);
	user_clear(&p->account);
	return status;
}

static int
run_role(const char *role)
{
	if (strcmp(role, SPAWN_NETWORK) == 0)
		return network_main();
	if (strcmp(role, SPAWN_CHECKER) == 0)
		return check_main();
	return PROC_EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
	static struct program p = { .output = { .fd = STDERR_FILENO } };
	int status = PROC_EXIT_FAILURE;

	if (argc == 3 && strcmp(argv[1], SPAWN_OPTION) == 0)
		return run_role(argv[2]);
	/* Root reads a number from one of our files, and starters vary. */
	(void)umask(022);
	output_start(&p.output, LOG_LEVEL_INFO);
	if (proc_open_standard() != 0 || spawn_init(argv[0]) != 0) {
		log_error("cannot start: call it by its absolute path");
		return status;
	}
	if (!parse_options(argc, argv, &p.options)) {
		fputs(usage, stderr);
	} else if (p.options.version) {
		printf("sshtapd %s, %s, zlib %s\n", PACKAGE_VERSION,
		    OpenSSL_version(OPENSSL_VERSION), zlibVersion());
		status = 0;
	} else
		status = run(&p);
	clear_options(&p.options);
	return status;
}
