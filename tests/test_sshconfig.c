/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The user's configuration: answers of ssh -G as texts, settings without an
 * ssh, jumps, and what is wrong told in one line.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/socket.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/proxyjump.h"
#include "client/sshconfig.h"
#include "lib/err.h"
#include "transport/cipher.h"
#include "transport/key.h"

#define NOWHERE	"/nonexistent"	/* a PATH without ssh */

static char last_line[LOG_LINE_MAX + 1];
static unsigned lines;
static char *saved_path;

static void
keep_line(void *ctx, enum log_level level, const char *line)
{
	(void)ctx;
	(void)level;
	(void)strncpy(last_line, line, LOG_LINE_MAX);
	lines++;
}

static int
set_up(void **state)
{
	static struct config c;

	lines = 0;
	log_set(LOG_LEVEL_DEBUG, keep_line, NULL);
	*state = &c;
	if (setenv("HOME", "/home/me", 1) != 0 ||
	    unsetenv("SSH_AUTH_SOCK") != 0 || setenv("PATH", NOWHERE, 1) != 0)
		return -1;
	if (config_init(&c) != 0)
		return -1;
	return config_set(&c.destination, "typed");
}

static int
tear_down(void **state)
{
	config_clear(*state);
	log_set(LOG_LEVEL_QUIET, NULL, NULL);
	return setenv("PATH", saved_path, 1);
}

static int
apply(struct config *c, const char *text, const char *defaults)
{
	struct view t = view_of_string(text), d = view_of_string(defaults);

	return sshconfig_apply(c, &t, &d);
}

static void
assert_said(const char *needle)
{
	assert_int_equal(lines, 1);
	if (strstr(last_line, needle) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", needle, last_line);
	lines = 0;
}

static const char answer[] =
    "host typed\n"
    "user bob\n"
    "hostname real.example\n"
    "port 2222\n"
    "addressfamily inet6\n"
    "batchmode yes\n"
    "compression yes\n"
    "exitonforwardfailure yes\n"
    "hashknownhosts yes\n"
    "identitiesonly yes\n"
    "kbdinteractiveauthentication no\n"
    "passwordauthentication no\n"
    "pubkeyauthentication host-bound\n"
    "stricthostkeychecking accept-new\n"
    "tcpkeepalive no\n"
    "tunnel false\n"
    "somethingnew with a value\n"
    "connectionattempts 2\n"
    "numberofpasswordprompts 1\n"
    "serveralivecountmax 5\n"
    "serveraliveinterval 15\n"
    "requiredrsasize 1024\n"
    "ciphers aes128-ctr,aes128-gcm@openssh.com\n"
    "hostkeyalias alias\n"
    "hostkeyalgorithms ssh-ed25519-cert-v01@openssh.com,rsa-sha2-512,"
    "ssh-ed25519\n"
    "loglevel ERROR\n"
    "preferredauthentications publickey\n"
    "identityagent /run/agent\n"
    "identityfile ~/.ssh/a b\n"
    "identityfile /k2\n"
    "certificatefile /k2-cert.pub\n"
    "globalknownhostsfile none\n"
    "userknownhostsfile /a/known \"/b c/known\"\n"
    "setenv SSHCONFIG_A=x y\n"
    "bindaddress 192.0.2.1\n"
    "connecttimeout 30\n"
    "tunneldevice 4:any\n"
    "rekeylimit 1073741824 3600\n"
    "proxycommand nc '%h' %p #  two blanks\n"
    "remotecommand ls -l\n"
    "stdinnull yes\n"
    "forkafterauthentication no\n"
    "sessiontype default\n";

static void
test_whole_answer(void **state)
{
	struct config *c = *state;

	assert_int_equal(apply(c, answer, ""), 0);
	assert_int_equal(lines, 0);
	assert_string_equal(c->user, "bob");
	assert_string_equal(c->hostname, "real.example");
	assert_string_equal(c->host_key_alias, "alias");
	assert_string_equal(c->bind_address, "192.0.2.1");
	assert_string_equal(c->proxy_command, "nc '%h' %p #  two blanks");
	assert_string_equal(c->command, "ls -l");
	assert_string_equal(c->preferred_auths, "publickey");
	assert_string_equal(c->identity_agent, "/run/agent");
	assert_int_equal(c->port, 2222);
	assert_int_equal(c->address_family, AF_INET6);
	assert_int_equal(c->strict, CONFIG_STRICT_ACCEPT_NEW);
	assert_int_equal(c->connect_timeout, 30);
	assert_int_equal(c->connection_attempts, 2);
	assert_int_equal(c->password_prompts, 1);
	assert_int_equal(c->alive_interval, 15);
	assert_int_equal(c->alive_count_max, 5);
	assert_int_equal(c->rekey_bytes, 1073741824);
	assert_int_equal(c->rekey_ms, 3600000);
	assert_int_equal(c->mode, TAP_ETHERNET);
	assert_int_equal(c->local_unit, 4);
	assert_int_equal(c->log_level, LOG_LEVEL_ERROR);
	assert_true(c->batch_mode && c->compression && c->hash_known_hosts &&
	    c->identities_only && c->pubkey_auth &&
	    c->stdin_null && c->hostkey_algs_set);
	assert_false(c->kbdint_auth || c->password_auth || c->tcp_keepalive ||
	    c->background || c->no_command);
}

static void
test_lists_of_answer(void **state)
{
	struct config *c = *state;

	assert_int_equal(apply(c, answer, ""), 0);
	assert_string_equal(c->ciphers, "aes128-gcm@openssh.com");
	assert_string_equal(c->hostkey_algs, "rsa-sha2-512,ssh-ed25519");
	assert_int_equal(c->identities.n, 2);
	assert_string_equal(c->identities.item[0], "~/.ssh/a b");
	assert_false(c->identities_are_default);
	assert_int_equal(c->certificates.n, 1);
	assert_int_equal(c->global_known_hosts.n, 0);
	assert_int_equal(c->user_known_hosts.n, 2);
	assert_string_equal(c->user_known_hosts.item[1], "/b c/known");
	assert_int_equal(c->env.n, 1);
	assert_string_equal(c->env.item[0], "SSHCONFIG_A=x y");
}

/* Nothing that is cut off anywhere does more than be refused. */
static void
test_truncated_answer(void **state)
{
	struct view text, none = view_of(NULL, 0);
	struct config c;
	uint8_t *copy;
	size_t len;
	int r;

	(void)state;
	for (len = 0; len < sizeof(answer); len++) {
		/* Exactly as long, so that a read past it is noticed. */
		assert_non_null(copy = malloc(len + 1));
		memcpy(copy + 1, answer, len);
		text = view_of(copy + 1, len);
		assert_int_equal(config_init(&c), 0);
		lines = 0;
		r = sshconfig_apply(&c, &text, &none);
		assert_true(r == 0 || r == SSHTAP_ERR_FORMAT ||
		    r == SSHTAP_ERR_NO_COMMON);
		assert_int_equal(lines, r == 0 ? 0 : 1);
		config_clear(&c);
		free(copy);
	}
}

static void
test_nul_in_answer(void **state)
{
	static const char text[] = "user a\0b\n";
	static const char key[] = "us\0er b\n";
	struct view t = view_of(text, sizeof(text) - 1);
	struct view k = view_of(key, sizeof(key) - 1);
	struct view none = view_of(NULL, 0);

	assert_int_equal(sshconfig_apply(*state, &t, &none),
	    SSHTAP_ERR_FORMAT);
	assert_said("user");
	assert_int_equal(sshconfig_apply(*state, &k, &none),
	    SSHTAP_ERR_FORMAT);
}

/* An older ssh's own lists are not the user's wish. */
static void
test_default_lists_do_not_filter(void **state)
{
	static const char old[] =
	    "kexalgorithms curve25519-sha256\n"
	    "ciphers aes128-ctr,aes128-gcm@openssh.com\n"
	    "hostkeyalgorithms rsa-sha2-256\n"
	    "pubkeyacceptedalgorithms rsa-sha2-256\n"
	    "identityfile ~/.ssh/id_rsa\n"
	    "identityfile ~/.ssh/id_xmss\n";
	struct config *c = *state;
	char *kex;

	assert_non_null(kex = strdup(c->kex));
	assert_int_equal(apply(c, old, old), 0);
	assert_string_equal(c->kex, kex);
	assert_string_equal(c->ciphers, CIPHER_DEFAULT_LIST);
	assert_string_equal(c->hostkey_algs, KEY_DEFAULT_HOSTKEY_LIST);
	assert_false(c->hostkey_algs_set);
	assert_true(c->identities_are_default);
	assert_string_equal(c->identities.item[0], "~/.ssh/id_ed25519");
	free(kex);
}

/* One name more or less, and it is the user's list. */
static void
test_other_lists_do_filter(void **state)
{
	struct config *c = *state;

	assert_int_equal(apply(c, "kexalgorithms a,curve25519-sha256\n"
	    "identityfile /a\n", "kexalgorithms curve25519-sha256\n"
	    "identityfile /a\nidentityfile /b\n"), 0);
	assert_string_equal(c->kex, "curve25519-sha256");
	assert_int_equal(c->identities.n, 1);
	assert_false(c->identities_are_default);
}

static void
test_list_without_our_names(void **state)
{
	assert_int_equal(apply(*state, "ciphers aes128-ctr,3des-cbc\n", ""),
	    SSHTAP_ERR_NO_COMMON);
	assert_said("Ciphers \"aes128-ctr,3des-cbc\" names nothing that "
	    "sshtap has: add one of aes256-gcm@openssh.com");
	assert_int_equal(apply(*state, "kexalgorithms x\n", ""),
	    SSHTAP_ERR_NO_COMMON);
	assert_said("curve25519-sha256");
	assert_int_equal(apply(*state, "hostkeyalgorithms "
	    "ssh-ed25519-cert-v01@openssh.com\n", ""), SSHTAP_ERR_NO_COMMON);
	assert_said("HostKeyAlgorithms");
	assert_int_equal(apply(*state, "pubkeyacceptedalgorithms x", ""),
	    SSHTAP_ERR_NO_COMMON);
	assert_said("PubkeyAcceptedAlgorithms");
}

static void
test_list_prefixes(void **state)
{
	struct config *c = *state;

	assert_int_equal(sshconfig_set(c, "Ciphers", "+aes128-ctr"), 0);
	assert_string_equal(c->ciphers, CIPHER_DEFAULT_LIST);
	assert_int_equal(sshconfig_set(c, "Ciphers", "-*gcm*,x"), 0);
	assert_string_equal(c->ciphers, "chacha20-poly1305@openssh.com");
	assert_int_equal(sshconfig_set(c, "Ciphers",
	    "^x,aes128-gcm@openssh.com"), 0);
	assert_string_equal(c->ciphers, "aes128-gcm@openssh.com,"
	    "aes256-gcm@openssh.com,chacha20-poly1305@openssh.com");
	assert_int_equal(sshconfig_set(c, "Ciphers", "-*"),
	    SSHTAP_ERR_NO_COMMON);
}

static void
test_malformed_values(void **state)
{
	static const char *const bad[][2] = {
		{ "Port", "0" }, { "Port", "65536" }, { "Port", "22x" },
		{ "Port", "" }, { "AddressFamily", "inet5" },
		{ "BatchMode", "maybe" }, { "Compression", "" },
		{ "ConnectTimeout", "-1" }, { "ConnectTimeout", "1y" },
		{ "ConnectionAttempts", "0" }, { "HostName", "-x" },
		{ "HostName", "a b" }, { "LogLevel", "LOUD" },
		{ "NumberOfPasswordPrompts", "2147483648" },
		{ "ProxyJump", "a,,b" }, { "ProxyJump", "a:x" },
		{ "PubkeyAuthentication", "x" }, { "RekeyLimit", "1T" },
		{ "RekeyLimit", "15" }, { "RekeyLimit", "1G 1h 1" },
		{ "RekeyLimit", "1G x" }, { "ServerAliveInterval", "1m2" "x" },
		{ "SessionType", "shell" }, { "SetEnv", "A" },
		{ "SetEnv", "=b" }, { "StrictHostKeyChecking", "never" },
		{ "Tunnel", "tap" }, { "TunnelDevice", "tap0" },
		{ "UserKnownHostsFile", "\"/a" }, { "StdinNull", "2" },
		{ "RequiredRSASize", "x" }, { "ProxyUseFdpass", "x" },
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(sshconfig_set(*state, bad[i][0], bad[i][1]),
		    SSHTAP_ERR_FORMAT);
		assert_said(bad[i][0]);
		assert_non_null(strstr(last_line, "expected "));
	}
	assert_int_equal(sshconfig_set(*state, "NoSuchKey", "x"),
	    SSHTAP_ERR_NOT_FOUND);
}

static void
test_refused_settings(void **state)
{
	static const char *const bad[][2] = {
		{ "BindInterface", "eth0" }, { "ProxyUseFdpass", "yes" },
		{ "RevokedHostKeys", "/x" }, { "RequiredRSASize", "4096" },
		{ "SessionType", "subsystem" },
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(sshconfig_set(*state, bad[i][0], bad[i][1]),
		    SSHTAP_ERR_UNSUPPORTED);
		assert_said("is not supported");
	}
	assert_int_equal(sshconfig_set(*state, "RevokedHostKeys", "none"), 0);
	assert_int_equal(sshconfig_set(*state, "RequiredRSASize", "2048"), 0);
	assert_int_equal(sshconfig_set(*state, "ProxyUseFdpass", "no"), 0);
}

static void
test_tunnel_modes(void **state)
{
	struct config *c = *state;

	assert_int_equal(sshconfig_set(c, "tunnel", "point-to-point"), 0);
	assert_int_equal(c->mode, TAP_POINT_TO_POINT);
	assert_int_equal(sshconfig_set(c, "tunnel", "yes"), 0);
	assert_int_equal(c->mode, TAP_ETHERNET);
}

/* -w holds against TunnelDevice. */
static void
test_units_of_command_line_hold(void **state)
{
	struct config *c = *state;

	c->local_unit = 7;
	c->local_unit_set = true;
	assert_int_equal(sshconfig_set(c, "TunnelDevice", "1:2"), 0);
	assert_int_equal(c->local_unit, 7);
	assert_int_equal(c->remote_unit, TAP_UNIT_ANY);
}

static void
test_commands(void **state)
{
	struct config *c = *state;

	assert_int_equal(sshconfig_set(c, "RemoteCommand", "none"), 0);
	assert_null(c->command);
	assert_int_equal(config_set(&c->command, "ls"), 0);
	assert_int_equal(sshconfig_set(c, "RemoteCommand", "x"),
	    SSHTAP_ERR_UNSUPPORTED);
	assert_said("RemoteCommand \"x\"");
	assert_int_equal(sshconfig_set(c, "SessionType", "none"), 0);
	assert_true(c->no_command);
	assert_int_equal(sshconfig_set(c, "RemoteCommand", "x"), 0);
	assert_string_equal(c->command, "ls");
}

static void
test_environment(void **state)
{
	struct config *c = *state;

	assert_int_equal(setenv("SSHCONFIG_ONE", "1", 1), 0);
	assert_int_equal(setenv("SSHCONFIG_TWO", "2=3", 1), 0);
	assert_int_equal(sshconfig_set(c, "SendEnv", "SSHCONFIG_*"), 0);
	assert_int_equal(sshconfig_set(c, "SendEnv", "SSHCONFIG_?NE"), 0);
	assert_int_equal(sshconfig_set(c, "SendEnv", "SSHCONFIG"), 0);
	assert_int_equal(sshconfig_set(c, "SendEnv", "-SSHCONFIG_*"), 0);
	assert_int_equal(c->env.n, 2);
	assert_int_equal(sshconfig_set(c, "SetEnv", "SSHCONFIG_TWO=x"), 0);
	assert_int_equal(c->env.n, 2);
	assert_true(strcmp(c->env.item[0], "SSHCONFIG_TWO=x") == 0 ||
	    strcmp(c->env.item[1], "SSHCONFIG_TWO=x") == 0);
	assert_int_equal(unsetenv("SSHCONFIG_ONE"), 0);
	assert_int_equal(unsetenv("SSHCONFIG_TWO"), 0);
}

static void
test_agent(void **state)
{
	struct config *c = *state;

	assert_null(c->identity_agent);
	assert_int_equal(setenv("SSH_AUTH_SOCK", "/s", 1), 0);
	assert_int_equal(sshconfig_set(c, "IdentityAgent", "SSH_AUTH_SOCK"),
	    0);
	assert_string_equal(c->identity_agent, "/s");
	assert_int_equal(sshconfig_set(c, "IdentityAgent", "none"), 0);
	assert_null(c->identity_agent);
	assert_int_equal(sshconfig_set(c, "IdentityAgent", "$HOME"), 0);
	assert_string_equal(c->identity_agent, "/home/me");
	assert_int_equal(sshconfig_set(c, "IdentityAgent", "$SSHCONFIG_NO"),
	    0);
	assert_null(c->identity_agent);
	assert_int_equal(unsetenv("SSH_AUTH_SOCK"), 0);
}

static void
test_list_limit(void **state)
{
	struct config *c = *state;
	size_t i;

	for (i = 0; i < CONFIG_LIST_MAX; i++)
		assert_int_equal(sshconfig_set(c, "IdentityFile", "/k"), 0);
	assert_int_equal(sshconfig_set(c, "IdentityFile", "/k"),
	    SSHTAP_ERR_FORMAT);
	assert_said("at most 64 files");
}

static void
test_jump(void **state)
{
	static const char *const cases[][2] = {
		{ "j", "ssh -W '[%h]:%p' -- j" },
		{ "u@j:22", "ssh -l u -p 22 -W '[%h]:%p' -- j" },
		{ "ssh://u@[::1]:7", "ssh -l u -p 7 -W '[%h]:%p' -- ::1" },
		{ "a,b@c:1,[fe80::1%x]",
		    "ssh -J a,b@c:1 -W '[%h]:%p' -- fe80::1%%x" },
		{ "a;b", "ssh -W '[%h]:%p' -- 'a;b'" },
	};
	static const char *const bad[] = {
		"", ",", "a,", ",a", "a,,b", "-x", "a,-x", "@a", "a:0", "[a"
	};
	struct config *c = *state;
	char *out;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(proxyjump_command(c, cases[i][0], &out), 0);
		assert_string_equal(out, cases[i][1]);
		free(out);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(proxyjump_command(c, bad[i], &out),
		    SSHTAP_ERR_FORMAT);
	c->verbose = 2;
	assert_int_equal(config_set(&c->config_file, "my cfg"), 0);
	assert_int_equal(proxyjump_command(c, "j", &out), 0);
	assert_string_equal(out, "ssh -F 'my cfg' -v -W '[%h]:%p' -- j");
	free(out);
}

static void
add(struct config *c, const char *override)
{
	assert_int_equal(config_list_add(&c->overrides, override), 0);
}

static void
test_alone(void **state)
{
	struct config *c = *state;

	add(c, "HostName=%h.example");
	add(c, "port=33");
	add(c, "Port=34");
	add(c, "IdentityFile=\"~/a b\"");
	add(c, "IdentityFile=%d/%h");
	add(c, "ProxyCommand=nc '%h' %p");
	add(c, "ProxyJump=ignored");
	add(c, "SetEnv=SSHCONFIG_A=\"x y\" SSHCONFIG_B=z");
	add(c, "RemoteCommand=echo %n");
	add(c, "ForkAfterAuthentication=yes");
	add(c, "ControlMaster=no");
	c->verbose = 1;
	assert_int_equal(sshconfig_resolve(c), 0);
	assert_int_equal(lines, 0);
	assert_string_equal(c->hostname, "typed.example");
	assert_int_equal(c->port, 33);
	assert_int_equal(c->identities.n, 2);
	assert_string_equal(c->identities.item[0], "/home/me/a b");
	assert_string_equal(c->identities.item[1], "/home/me/typed.example");
	assert_string_equal(c->proxy_command, "nc 'typed.example' 33");
	assert_string_equal(c->env.item[0], "SSHCONFIG_A=x y");
	assert_string_equal(c->env.item[1], "SSHCONFIG_B=z");
	assert_string_equal(c->command, "echo typed");
	assert_true(c->background && c->stdin_null);
	assert_int_equal(c->log_level, LOG_LEVEL_VERBOSE);
}

/* What ssh does not know. */
static void
test_own_keys(void **state)
{
	struct config *c = *state;

	assert_string_equal(c->congestion, "cubic");
	assert_false(c->congestion_is_chosen);
	assert_true(c->offload);
	assert_int_equal(c->busy_poll, 0);
	add(c, "TCPCongestion=bbr");
	add(c, "tcpcongestion=reno");
	add(c, "TunnelOffload=no");
	add(c, "BusyPoll=1000");
	assert_int_equal(sshconfig_resolve(c), 0);
	assert_int_equal(lines, 0);
	assert_string_equal(c->congestion, "bbr");
	assert_true(c->congestion_is_chosen);
	assert_false(c->offload);
	assert_int_equal(c->busy_poll, 1000);
	assert_int_equal(sshconfig_set(c, "TCPCongestion", "system"), 0);
	assert_null(c->congestion);
}

static void
test_alone_defaults(void **state)
{
	struct config *c = *state;

	c->quiet = true;
	assert_int_equal(sshconfig_resolve(c), 0);
	assert_string_equal(c->hostname, "typed");
	assert_int_equal(c->port, 22);
	assert_string_equal(c->identities.item[0],
	    "/home/me/.ssh/id_ed25519");
	assert_string_equal(c->user_known_hosts.item[0],
	    "/home/me/.ssh/known_hosts");
	assert_int_equal(c->log_level, LOG_LEVEL_QUIET);
	assert_true(c->identities_are_default);
	assert_null(c->proxy_command);
}

static void
assert_alone_refuses(const char *override, int r, const char *needle)
{
	struct config c;

	assert_int_equal(config_init(&c), 0);
	assert_int_equal(config_set(&c.destination, "typed;x"), 0);
	add(&c, override);
	lines = 0;
	assert_int_equal(sshconfig_resolve(&c), r);
	assert_said(needle);
	config_clear(&c);
}

static void
test_alone_refusals(void **state)
{
	(void)state;
	assert_alone_refuses("Foo=1", SSHTAP_ERR_FORMAT,
	    "-o Foo: unknown option");
	assert_alone_refuses("Port=1 2", SSHTAP_ERR_FORMAT,
	    "-o Port \"1 2\": expected a port");
	assert_alone_refuses("Port=x", SSHTAP_ERR_FORMAT, "-o Port \"x\"");
	assert_alone_refuses("User=\"a", SSHTAP_ERR_FORMAT, "-o User");
	assert_alone_refuses("Ciphers=x", SSHTAP_ERR_NO_COMMON, "Ciphers");
	assert_alone_refuses("IdentityFile=%Z", SSHTAP_ERR_FORMAT,
	    "IdentityFile \"%Z\": unknown %-token");
	assert_alone_refuses("IdentityFile=~no such/x", SSHTAP_ERR_FORMAT,
	    "IdentityFile");
	assert_alone_refuses("IdentityFile=\"~no such/x\"",
	    SSHTAP_ERR_FORMAT, "no such user");
	assert_alone_refuses("ProxyCommand=nc %h", SSHTAP_ERR_FORMAT,
	    "a shell could act on");
	assert_alone_refuses("TCPCongestion=BBR", SSHTAP_ERR_FORMAT,
	    "-o TCPCongestion \"BBR\": expected a name");
	assert_alone_refuses("TCPCongestion=1234567890123456",
	    SSHTAP_ERR_FORMAT, "expected a name");
	assert_alone_refuses("TCPCongestion=a b", SSHTAP_ERR_FORMAT,
	    "expected a name");
	assert_alone_refuses("TunnelOffload=maybe", SSHTAP_ERR_FORMAT,
	    "expected yes or no");
	assert_alone_refuses("BusyPoll=1001", SSHTAP_ERR_FORMAT,
	    "expected microseconds");
	assert_alone_refuses("BusyPoll=-1", SSHTAP_ERR_FORMAT,
	    "expected microseconds");
}

static void
test_alone_needs_ssh_for_a_file(void **state)
{
	struct config *c = *state;

	assert_int_equal(config_set(&c->config_file, "none"), 0);
	assert_int_equal(sshconfig_resolve(c), 0);
	assert_int_equal(config_set(&c->config_file, "/x"), 0);
	assert_int_equal(sshconfig_resolve(c), SSHTAP_ERR_FORMAT);
	assert_said("-F \"/x\"");
}

/* A stand-in for ssh: a script in a directory of its own, first in PATH. */
static char stand_in_dir[64];

static void
put_stand_in(const char *body)
{
	char path[128];
	FILE *f;
	int fd;

	(void)snprintf(stand_in_dir, sizeof(stand_in_dir),
	    "/tmp/sshtap-test.XXXXXX");
	assert_non_null(mkdtemp(stand_in_dir));
	(void)snprintf(path, sizeof(path), "%s/ssh", stand_in_dir);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0700);
	assert_true(fd != -1);
	assert_non_null(f = fdopen(fd, "w"));
	assert_true(fprintf(f, "#!/bin/sh\n%s", body) > 0);
	assert_int_equal(fclose(f), 0);
	(void)snprintf(path, sizeof(path), "%s:/bin:/usr/bin", stand_in_dir);
	assert_int_equal(setenv("PATH", path, 1), 0);
}

static void
drop_stand_in(void)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/ssh", stand_in_dir);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(stand_in_dir), 0);
}

static void
test_asks_ssh(void **state)
{
	struct config *c = *state;

	put_stand_in("echo 'Pseudo-terminal will not be allocated' >&2\n"
	    "case \"$*\" in *-F*)\n"
	    "  echo 'hostname localhost'; echo 'ciphers a'; exit 0;; esac\n"
	    "echo 'ciphers a'\n"
	    "echo 'hostname h.example'\n"
	    "echo 'user u'\n"
	    "echo \"setenv ARGS=$*\"\n"
	    "echo 'identityfile ~/%h'\n"
	    "echo 'userknownhostsfile /a%b ~/c'\n");
	add(c, "Port=2");
	add(c, "Tunnel=Yes");
	add(c, "busypoll=50");
	add(c, "TCPCongestion=\"bbr\"");
	add(c, "TunnelOffload=no");
	assert_int_equal(sshconfig_resolve(c), 0);
	drop_stand_in();
	assert_int_equal(lines, 0);
	assert_string_equal(c->hostname, "h.example");
	assert_string_equal(c->ciphers, CIPHER_DEFAULT_LIST);
	assert_string_equal(c->env.item[0],
	    "ARGS=-G -oPort=2 -oTunnel=ethernet -- typed");
	assert_int_equal(c->busy_poll, 50);
	assert_string_equal(c->congestion, "bbr");
	assert_false(c->offload);
	assert_string_equal(c->identities.item[0], "/home/me/h.example");
	assert_string_equal(c->user_known_hosts.item[0], "/a%b");
	assert_string_equal(c->user_known_hosts.item[1], "/home/me/c");
}

static void
assert_answer_refused(struct config *c, const char *body, const char *needle)
{
	put_stand_in(body);
	assert_int_equal(sshconfig_resolve(c), SSHTAP_ERR_FORMAT);
	drop_stand_in();
	assert_said(needle);
}

static void
test_complaints_of_ssh(void **state)
{
	assert_answer_refused(*state, "echo 'debug1: x' >&2\n"
	    "echo 'cfg: line 2: Bad configuration option: frob' >&2\n"
	    "echo 'cfg: terminating' >&2\necho 'hostname x'\nexit 255\n",
	    "ssh configuration: cfg: line 2: Bad configuration option: frob");
	assert_answer_refused(*state, "exit 3\n", "status 3");
	assert_answer_refused(*state, "kill -9 $$\n", "signal 9");
	assert_answer_refused(*state, "echo hello\n", "as OpenSSH does");
	assert_answer_refused(*state, "echo hostname a\necho port x\n",
	    "ssh configuration: Port \"x\": expected a port");
}

/* More than any ssh prints; and complaints that would fill a pipe. */
static void
test_floods_of_ssh(void **state)
{
	assert_answer_refused(*state, "while :; do echo "
	    "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'"
	    " || exit 0; done 2>/dev/null\n", "more than 1048576 bytes");
	assert_answer_refused(*state, "echo first >&2\n"
	    "dd if=/dev/zero bs=1024 count=200 >&2 2>/dev/null\nexit 1\n",
	    "ssh configuration: first");
}

static void
test_real_ssh(void **state)
{
	struct config *c = *state;

	assert_int_equal(setenv("PATH", saved_path, 1), 0);
	if (system("command -v ssh >/dev/null 2>&1") != 0) {
		print_message("no ssh in the path\n");
		skip();
	}
	assert_int_equal(config_set(&c->config_file, "/dev/null"), 0);
	add(c, "HostName=192.0.2.7");
	add(c, "ProxyJump=u@j:2200");
	add(c, "RekeyLimit=1G 1h");
	add(c, "BusyPoll=7");
	assert_int_equal(sshconfig_resolve(c), 0);
	assert_int_equal(c->busy_poll, 7);
	assert_string_equal(c->hostname, "192.0.2.7");
	assert_string_equal(c->proxy_command, "ssh -F /dev/null -l u -p 2200 "
	    "-W '[192.0.2.7]:22' -- j");
	assert_int_equal(c->rekey_ms, 3600000);
	assert_string_equal(c->ciphers, CIPHER_DEFAULT_LIST);
	assert_true(c->identities_are_default);
	assert_int_equal(lines, 0);
	add(c, "NoSuchOption=1");
	assert_int_equal(sshconfig_resolve(c), SSHTAP_ERR_FORMAT);
	assert_said("ssh configuration: ");
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_whole_answer),
		TEST(test_lists_of_answer),
		TEST(test_truncated_answer),
		TEST(test_nul_in_answer),
		TEST(test_default_lists_do_not_filter),
		TEST(test_other_lists_do_filter),
		TEST(test_list_without_our_names),
		TEST(test_list_prefixes),
		TEST(test_malformed_values),
		TEST(test_refused_settings),
		TEST(test_tunnel_modes),
		TEST(test_units_of_command_line_hold),
		TEST(test_commands),
		TEST(test_environment),
		TEST(test_agent),
		TEST(test_list_limit),
		TEST(test_jump),
		TEST(test_alone),
		TEST(test_own_keys),
		TEST(test_alone_defaults),
		TEST(test_alone_refusals),
		TEST(test_alone_needs_ssh_for_a_file),
		TEST(test_asks_ssh),
		TEST(test_complaints_of_ssh),
		TEST(test_floods_of_ssh),
		TEST(test_real_ssh),
	};
	const char *path = getenv("PATH");
	int failed;

	if (path == NULL || (saved_path = strdup(path)) == NULL)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	free(saved_path);
	return failed;
}
