/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Nothing here does harm where it succeeds: what it reaches for is its own,
 * harmless, or its parent's, which is looked at and not changed.
 */

#include "config.h"

#include "tests/sandbox_attempts.h"

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>

#include <netinet/in.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#ifdef HAVE_LINUX_SECCOMP_H
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <linux/if.h>
#include <linux/if_tun.h>

#include <sched.h>
#endif

#include "sandbox/sandbox.h"

#define CHROOT		SANDBOX_HAS_CHROOT
#define IDS		SANDBOX_HAS_IDS
#define PRIVILEGES	SANDBOX_HAS_PRIVILEGES
#define LIMITS		SANDBOX_HAS_LIMITS
#define DATA		SANDBOX_HAS_DATA_LIMIT
#define LANDLOCK	SANDBOX_HAS_LANDLOCK
#define SECCOMP		SANDBOX_HAS_SECCOMP

static int tcp = -1, root = -1;
static pid_t parent = 1;	/* to ask for it later is a call too many */

void
sandbox_attempts_prepare(void)
{
	tcp = socket(AF_INET, SOCK_STREAM, 0);
	root = open("/", O_RDONLY | O_DIRECTORY);
	parent = getppid();
}

/* What a system call that fails with -1 comes to. */
static int
result(long r)
{
	return r == -1 ? errno : 0;
}

/* Files. */

static int
open_outside(void)
{
	return result(open("/etc/passwd", O_RDONLY));
}

static int
open_upwards(void)
{
	return result(open("../../../../../../etc/passwd", O_RDONLY));
}

static int
open_inside(void)
{
	return result(open("/", O_RDONLY | O_DIRECTORY));
}

static int
create_inside(void)
{
	return result(open("/sandbox-attempt", O_WRONLY | O_CREAT | O_EXCL,
	    0600));
}

static int
execute(void)
{
	char name[] = "true", *argv[] = { name, NULL };

	(void)execv("/bin/true", argv);
	(void)execv("/usr/bin/true", argv);
	return errno;
}

static int
change_root(void)
{
	return result(chroot("/"));
}

/* The network. */

static struct sockaddr_in
get_local(uint16_t port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };

	sin.sin_port = htons(port);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return sin;
}

static int
open_socket(void)
{
	return result(socket(AF_INET, SOCK_STREAM, 0));
}

static int
open_unix_socket(void)
{
	return result(socket(AF_UNIX, SOCK_DGRAM, 0));
}

static int
open_packet_socket(void)
{
	return result(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
}

/* Refused by the other side is as good as connected. */
static int
connect_socket(void)
{
	struct sockaddr_in sin = get_local(9);
	int r = result(connect(tcp, (struct sockaddr *)&sin, sizeof(sin)));

	return r == ECONNREFUSED ? 0 : r;
}

static int
bind_socket(void)
{
	struct sockaddr_in sin = get_local(0);

	return result(bind(tcp, (struct sockaddr *)&sin, sizeof(sin)));
}

static int
listen_socket(void)
{
	return result(listen(tcp, 1));
}

/* Processes. */

static int
fork_child(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	if (pid > 0)
		(void)waitpid(pid, NULL, 0);
	return result(pid);
}

static int
signal_parent(void)
{
	return result(kill(parent, 0));
}

static int
signal_all(void)
{
	return result(kill(-1, 0));
}

static int
become_root(void)
{
	return result(setuid(0));
}

static int
become_root_group(void)
{
	gid_t gid = 0;

	return result(setgroups(1, &gid));
}

/* Resources. */

static int
open_many(void)
{
	int fd = -1, i;

	for (i = 0; i < 2000; i++)
		if ((fd = dup(STDIN_FILENO)) == -1)
			return errno;
	return 0;
}

static int
open_high(void)
{
	return result(dup2(STDIN_FILENO, SANDBOX_FDS_MAX));
}

#ifdef HAVE_LINUX_SECCOMP_H

static int
open_by_handle(void)
{
	union {
		struct file_handle head;
		unsigned char room[sizeof(struct file_handle) + 8];
	} h = { .head = { .handle_bytes = 8, .handle_type = 1 } };

	return result(open_by_handle_at(root, &h.head, O_RDONLY));
}

static int
open_beside(void)
{
	return result(openat(root, "etc/passwd", O_RDONLY));
}

static int
mount_something(void)
{
	return result(mount("none", "/", "tmpfs", 0, NULL));
}

static int
unshare_user(void)
{
	return result(unshare(CLONE_NEWUSER));
}

static int
clone_child(void)
{
	long pid = syscall(SYS_clone, (long)SIGCHLD, 0l, 0l, 0l, 0l);

	if (pid == 0)
		_exit(0);
	if (pid > 0)
		(void)waitpid((pid_t)pid, NULL, 0);
	return result(pid);
}

static int
trace_parent(void)
{
	return result(ptrace(PTRACE_SEIZE, parent, NULL, NULL));
}

static int
read_parent(void)
{
	char byte, *there = (char *)(uintptr_t)&root;
	struct iovec ours = { .iov_base = &byte, .iov_len = 1 };
	struct iovec theirs = { .iov_base = there, .iov_len = 1 };

	return result(process_vm_readv(parent, &ours, 1, &theirs, 1, 0));
}

static int
signal_parent_by_thread(void)
{
	return result(syscall(SYS_tgkill, parent, parent, 0));
}

static int
map_program(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? errno : 0;
}

static int
make_program(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return 0;
	return result(mprotect(p, 4096, PROT_READ | PROT_EXEC));
}

static int
map_descriptor(void)
{
	void *p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, root, 0);

	return p == MAP_FAILED ? errno : 0;
}

static int
map_much(void)
{
	void *p = mmap(NULL, 1024ul * 1024 * 1024, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? errno : 0;
}

static int
make_interface(void)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP };

	return result(ioctl(tcp, TUNSETIFF, &ifr));
}

/* What the monitor has turned on is not the network process's to change. */
static int
change_device(void)
{
	return result(ioctl(tcp, TUNSETOFFLOAD, 0UL));
}

static int
type_into_terminal(void)
{
	char byte = '\0';

	return result(ioctl(STDIN_FILENO, TIOCSTI, &byte));
}

static int
set_up_ring(void)
{
	char params[512] = "";

	return result(syscall(SYS_io_uring_setup, 1, params));
}

static int
load_bpf(void)
{
	char attr[128] = "";

	return result(syscall(SYS_bpf, 0, attr, sizeof(attr)));
}

static int
read_keys(void)
{
	/* KEYCTL_GET_KEYRING_ID of KEY_SPEC_SESSION_KEYRING, not made. */
	return result(syscall(SYS_keyctl, 0l, -3l, 0l, 0l, 0l));
}

static int
change_personality(void)
{
	return result(personality(ADDR_NO_RANDOMIZE));
}

static int
make_memory_file(void)
{
	return result(syscall(SYS_memfd_create, "x", 0u));
}

static int
handle_faults(void)
{
	/* UFFD_USER_MODE_ONLY */
	return result(syscall(SYS_userfaultfd, 1));
}

static int
become_dumpable(void)
{
	return result(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

static int
set_option(void)
{
	int one = 1;

	return result(setsockopt(tcp, SOL_SOCKET, SO_REUSEADDR, &one,
	    sizeof(one)));
}

static int
copy_descriptor(void)
{
	return result(fcntl(STDIN_FILENO, F_DUPFD, 0));
}

/* x32: the same kernel by another table of numbers. */
static int
call_other_table(void)
{
	return result(syscall(0x40000000l + SYS_getpid));
}

#endif

const struct sandbox_attempt sandbox_attempts[] = {
	{ "open a file outside", CHROOT | LANDLOCK | SECCOMP, open_outside },
	{ "open a file upwards", CHROOT | LANDLOCK | SECCOMP, open_upwards },
	{ "open the root", LANDLOCK | SECCOMP, open_inside },
	{ "create a file", CHROOT | LANDLOCK | SECCOMP, create_inside },
	{ "execve", CHROOT | LANDLOCK | SECCOMP, execute },
	{ "chroot", IDS | PRIVILEGES | SECCOMP, change_root },
	{ "socket", SECCOMP, open_socket },
	{ "socket of AF_UNIX", SECCOMP, open_unix_socket },
	{ "raw socket", IDS | PRIVILEGES | SECCOMP, open_packet_socket },
	{ "connect", SECCOMP, connect_socket },
	{ "bind", SECCOMP, bind_socket },
	{ "listen", SECCOMP, listen_socket },
	{ "fork", LIMITS | SECCOMP, fork_child },
	{ "kill the parent", IDS | SECCOMP, signal_parent },
	{ "kill everybody", SECCOMP, signal_all },
	{ "setuid(0)", IDS | SECCOMP, become_root },
	{ "setgroups", IDS | PRIVILEGES | SECCOMP, become_root_group },
	{ "many descriptors", LIMITS | SECCOMP, open_many },
	{ "a high descriptor", LIMITS | SECCOMP, open_high },
#ifdef HAVE_LINUX_SECCOMP_H
	{ "open_by_handle_at", IDS | PRIVILEGES | SECCOMP, open_by_handle },
	{ "openat an open directory", LANDLOCK | SECCOMP, open_beside },
	{ "mount", IDS | PRIVILEGES | SECCOMP, mount_something },
	{ "unshare", CHROOT | SECCOMP, unshare_user },
	{ "clone", LIMITS | SECCOMP, clone_child },
	{ "ptrace the parent", IDS | LANDLOCK | SECCOMP, trace_parent },
	{ "process_vm_readv the parent", IDS | LANDLOCK | SECCOMP,
	    read_parent },
	{ "tgkill the parent", IDS | SECCOMP, signal_parent_by_thread },
	{ "mmap PROT_EXEC", SECCOMP, map_program },
	{ "mprotect PROT_EXEC", SECCOMP, make_program },
	{ "mmap a descriptor", SECCOMP, map_descriptor },
	{ "much memory", DATA, map_much },
	{ "ioctl TUNSETIFF", SECCOMP, make_interface },
	{ "ioctl TUNSETOFFLOAD", SECCOMP, change_device },
	{ "ioctl TIOCSTI", SECCOMP, type_into_terminal },
	{ "io_uring_setup", SECCOMP, set_up_ring },
	{ "bpf", SECCOMP, load_bpf },
	{ "keyctl", SECCOMP, read_keys },
	{ "personality", SECCOMP, change_personality },
	{ "memfd_create", SECCOMP, make_memory_file },
	{ "userfaultfd", SECCOMP, handle_faults },
	{ "prctl", SECCOMP, become_dumpable },
	{ "setsockopt", SECCOMP, set_option },
	{ "fcntl F_DUPFD", SECCOMP, copy_descriptor },
	{ "another table of calls", SECCOMP, call_other_table },
#endif
};

const size_t sandbox_attempt_count =
    sizeof(sandbox_attempts) / sizeof(sandbox_attempts[0]);
