/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * sshtapd's configuration: every keyword with what it takes and what it does
 * not, the way lines are written, what is told of wrong ones, and that what is
 * shown is read back to the same.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/socket.h>
#include <sys/stat.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/err.h"
#include "lib/file.h"
#include "lib/text.h"
#include "server/config.h"
#include "server/config_impl.h"
#include "transport/cipher.h"
#include "transport/key.h"

#define FILE_NAME	"conf"
#define DUMP_MAX	(4 * SERVER_CONFIG_TEXT_MAX)

static char said[64][LOG_LINE_MAX + 1];
static unsigned lines;

static void
keep_line(void *ctx, enum log_level level, const char *line)
{
	(void)ctx;
	assert_int_equal(level, LOG_LEVEL_ERROR);
	assert_true(lines < 64);
	(void)snprintf(said[lines++], sizeof(said[0]), "%s", line);
}

static struct server_config config;

static int
set_up(void **state)
{
	lines = 0;
	log_set(LOG_LEVEL_DEBUG, keep_line, NULL);
	*state = &config;
	return server_config_init(&config);
}

static int
tear_down(void **state)
{
	server_config_clear(*state);
	log_set(LOG_LEVEL_QUIET, NULL, NULL);
	return 0;
}

static int
parse(struct server_config *c, const char *text)
{
	struct view v = view_of_string(text);

	return server_config_parse(c, FILE_NAME, &v);
}

/* A configuration of this text alone, which is fine. */
static void
take(struct server_config *c, const char *text)
{
	server_config_clear(c);
	assert_int_equal(server_config_init(c), 0);
	if (parse(c, text) != 0)
		fail_msg("\"%s\": %s", text, said[0]);
	assert_int_equal(lines, 0);
}

static void
assert_line(unsigned i, const char *needle)
{
	if (i >= lines || strstr(said[i], needle) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", needle,
		    i < lines ? said[i] : "");
}

/* A configuration of this text alone, of which one line is told. */
static void
refuse(struct server_config *c, const char *text, const char *needle)
{
	server_config_clear(c);
	assert_int_equal(server_config_init(c), 0);
	if (parse(c, text) != SSHTAP_ERR_FORMAT)
		fail_msg("\"%s\" is taken", text);
	assert_int_equal(lines, 1);
	assert_line(0, needle);
	lines = 0;
}

static char *
dump(const struct server_config *c)
{
	struct buf b;
	struct view v;
	char *s;

	buf_init(&b, DUMP_MAX);
	assert_int_equal(server_config_dump(c, &b), 0);
	v = buf_view(&b);
	assert_int_equal(view_to_cstring(&v, &s), 0);
	buf_clear(&b);
	return s;
}

/* What is shown is read to a configuration that shows the same. */
static void
assert_round_trip(const struct server_config *c)
{
	static struct server_config again;
	char *first = dump(c), *second;

	assert_int_equal(server_config_init(&again), 0);
	if (parse(&again, first) != 0)
		fail_msg("%s", said[0]);
	second = dump(&again);
	assert_string_equal(first, second);
	free(first);
	free(second);
	server_config_clear(&again);
}

/* The line or lines in what is shown. */
static void
assert_shown(const struct server_config *c, const char *want)
{
	char *s = dump(c);

	if (strstr(s, want) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", want, s);
	free(s);
}

static void
test_defaults(void **state)
{
	struct server_config *c = *state;
	struct server_config_tunnel t;

	take(c, "");
	assert_int_equal(c->ports_n, 1);
	assert_int_equal(c->ports[0], 22);
	assert_int_equal(c->listen_n, 0);
	assert_int_equal(c->address_family, AF_UNSPEC);
	assert_true(c->tcp_keepalive);
	assert_int_equal(c->host_keys.n, 1);
	assert_non_null(strstr(c->host_keys.item[0],
	    "/sshtapd/ssh_host_ed25519_key"));
	assert_string_equal(c->ciphers, CIPHER_DEFAULT_LIST);
	assert_string_equal(c->hostkey_algs, KEY_DEFAULT_HOSTKEY_LIST);
	assert_string_equal(c->pubkey_algs, KEY_DEFAULT_HOSTKEY_LIST);
	assert_non_null(strstr(c->kex, "curve25519-sha256"));
	assert_false(c->compression);
	assert_true(c->rekey_bytes == 0 && c->rekey_ms == 0);
	assert_int_equal(c->authorized_keys.n, 1);
	assert_string_equal(c->authorized_keys.item[0],
	    ".ssh/authorized_keys");
	assert_int_equal(c->allow_users.n, 1);
	assert_string_equal(c->allow_users.item[0], "root");
	assert_int_equal(c->deny_users.n, 0);
	assert_true(c->strict_modes);
	assert_int_equal(c->max_auth_tries, 6);
	assert_int_equal(c->login_grace, 120);
	assert_int_equal(c->startups_begin, 10);
	assert_int_equal(c->startups_rate, 30);
	assert_int_equal(c->startups_full, 100);
	assert_int_equal(c->per_source_max, 8);
	assert_int_equal(c->per_source_v4, 32);
	assert_int_equal(c->per_source_v6, 64);
	assert_int_equal(c->alive_interval, 15);
	assert_int_equal(c->alive_count_max, 3);
	assert_int_equal(c->log_level, LOG_LEVEL_INFO);
	assert_int_equal(c->syslog_facility, LOG_AUTH);
	assert_non_null(strstr(c->pid_file, "/run/sshtapd.pid"));
	assert_int_equal(c->permit_tunnel, TAP_ETHERNET);
	server_config_tunnel(c, 0, &t);
	assert_true(t.bridge == NULL && t.mtu == 0 && t.n == 0);
	assert_non_null(strstr(server_config_path(),
	    "/sshtapd/sshtapd_config"));
	assert_round_trip(c);
}

/* A line, and what is shown for it. */
static const struct {
	const char *text, *shown;
} values[] = {
	{ "Port 1\nPort 65535", "port 1\nport 65535\n" },
	{ "ListenAddress h", "listenaddress h\n" },
	{ "ListenAddress h:9", "listenaddress h:9\n" },
	{ "ListenAddress [h]:9", "listenaddress h:9\n" },
	{ "ListenAddress 192.0.2.1", "listenaddress 192.0.2.1\n" },
	{ "ListenAddress ::1", "listenaddress ::1\n" },
	{ "ListenAddress [::1]", "listenaddress ::1\n" },
	{ "ListenAddress [::1]:9", "listenaddress [::1]:9\n" },
	{ "ListenAddress [fe80::1%eth0.5]:9\nListenAddress 0.0.0.0",
	    "listenaddress [fe80::1%eth0.5]:9\n"
	    "listenaddress 0.0.0.0\n" },
	{ "AddressFamily any", "addressfamily any\n" },
	{ "AddressFamily INET", "addressfamily inet\n" },
	{ "AddressFamily inet6", "addressfamily inet6\n" },
	{ "TCPKeepAlive no", "tcpkeepalive no\n" },
	{ "KeepAlive false", "tcpkeepalive no\n" },
	{ "TCPCongestion bbr", "tcpcongestion bbr\n" },
	{ "TCPCongestion system", "tcpcongestion system\n" },
	{ "TunnelOffload no", "tunneloffload no\n" },
	{ "BusyPoll 0", "busypoll 0\n" },
	{ "BusyPoll 1000", "busypoll 1000\nhostkey" },
	{ "HostKey /a", "busypoll 0\nhostkey /a\nhostkeya" },
	{ "HostKey /a\nHostKey \"/b c\"",
	    "hostkey /a\nhostkey \"/b c\"\n" },
	{ "HostKeyAlgorithms rsa-sha2-512,nonsense,ssh-ed25519",
	    "hostkeyalgorithms rsa-sha2-512,ssh-ed25519\n" },
	{ "HostKeyAlgorithms -rsa*",
	    "hostkeyalgorithms ssh-ed25519,ecdsa-sha2-nistp256\n" },
	{ "HostKeyAlgorithms ^rsa-sha2-256", "hostkeyalgorithms "
	    "rsa-sha2-256,ssh-ed25519,ecdsa-sha2-nistp256,"
	    "rsa-sha2-512\n" },
	{ "HostKeyAlgorithms +nonsense", "hostkeyalgorithms "
	    KEY_DEFAULT_HOSTKEY_LIST "\n" },
	{ "KexAlgorithms curve25519-sha256",
	    "kexalgorithms curve25519-sha256\n" },
	{ "Ciphers chacha20-poly1305@openssh.com",
	    "ciphers chacha20-poly1305@openssh.com\n" },
	{ "PubkeyAcceptedAlgorithms ssh-ed25519",
	    "pubkeyacceptedalgorithms ssh-ed25519\n" },
	{ "PubkeyAcceptedKeyTypes ssh-ed25519",
	    "pubkeyacceptedalgorithms ssh-ed25519\n" },
	{ "Compression yes", "compression yes\n" },
	{ "Compression delayed", "compression yes\n" },
	{ "Compression NO", "compression no\n" },
	{ "RekeyLimit 1G 1h", "rekeylimit 1073741824 3600\n" },
	{ "RekeyLimit default none", "rekeylimit 0 0\n" },
	{ "RekeyLimit 16", "rekeylimit 16 0\n" },
	{ "AuthorizedKeysFile /etc/k/%u .ssh/%U %h/%% \"a b\"",
	    "authorizedkeysfile /etc/k/%u .ssh/%U %h/%% \"a b\"\n" },
	{ "AllowUsers a b@10.0.0.0/8\nAllowUsers c*@fe80::*",
	    "allowusers a\nallowusers b@10.0.0.0/8\n"
	    "allowusers c*@fe80::*\n" },
	{ "DenyUsers x@y@1.2.3.4", "denyusers x@y@1.2.3.4\n" },
	{ "AllowUsers \"=b c\" d#e 'f\"g' h\\\\i", "allowusers \"=b c\""
	    "\nallowusers d#e\nallowusers \"f\\\"g\"\n"
	    "allowusers \"h\\\\i\"\n" },
	{ "AllowUsers '#a'", "allowusers \"#a\"\n" },
	{ "StrictModes no", "strictmodes no\n" },
	{ "MaxAuthTries 1", "maxauthtries 1\n" },
	{ "LoginGraceTime 0", "logingracetime 0\n" },
	{ "LoginGraceTime 1m30s", "logingracetime 90\n" },
	{ "MaxStartups 5", "maxstartups 5:100:5\n" },
	{ "MaxStartups 1:1:1000", "maxstartups 1:1:1000\n" },
	{ "MaxStartups 7:100:7", "maxstartups 7:100:7\n" },
	{ "PerSourceMaxStartups none", "persourcemaxstartups none\n" },
	{ "PerSourceMaxStartups 1", "persourcemaxstartups 1\n" },
	{ "PerSourceNetBlockSize 24", "persourcenetblocksize 24:64\n" },
	{ "PerSourceNetBlockSize 0:128",
	    "persourcenetblocksize 0:128\n" },
	{ "ClientAliveInterval 1m", "clientaliveinterval 60\n" },
	{ "ClientAliveCountMax 0", "clientalivecountmax 0\n" },
	{ "LogLevel quiet", "loglevel QUIET\n" },
	{ "LogLevel FATAL", "loglevel ERROR\n" },
	{ "LogLevel VERBOSE", "loglevel VERBOSE\n" },
	{ "LogLevel DEBUG3", "loglevel DEBUG\n" },
	{ "SyslogFacility local7", "syslogfacility LOCAL7\n" },
	{ "SyslogFacility AUTHPRIV", "syslogfacility AUTHPRIV\n" },
	{ "PidFile none", "pidfile none\n" },
	{ "PidFile /a", "pidfile /a\n" },
	{ "PermitTunnel yes", "permittunnel yes\n" },
	{ "PermitTunnel no", "permittunnel no\n" },
	{ "PermitTunnel point-to-point",
	    "permittunnel point-to-point\n" },
	{ "TunnelBridge br0\nTunnelBridge none 1 3-5",
	    "tunnelbridge br0\ntunnelbridge none 1 3-5\n" },
	{ "TunnelMTU 68 2147483645\nTunnelMTU 32750",
	    "tunnelmtu 68 2147483645\ntunnelmtu 32750\n" },
	{ "TunnelAddress 10.0.0.1/24 3\nTunnelAddress FE80::1/64 3",
	    "tunneladdress 10.0.0.1/24 3\n"
	    "tunneladdress fe80::1/64 3\n" },
};

static void
test_values(void **state)
{
	struct server_config *c = *state;
	size_t i;

	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		take(c, values[i].text);
		assert_shown(c, values[i].shown);
		assert_round_trip(c);
	}
}

static void
test_bad_values(void **state)
{
	static const char *const cases[] = {
		"Port 0", "Port 65536", "Port -1", "Port 022", "Port ssh",
		"Port 22x",
		"ListenAddress -h", "ListenAddress h:", "ListenAddress h:0",
		"ListenAddress h:65536", "ListenAddress [::1", "ListenAddress "
		"[::1]x", "ListenAddress [::1]:", "ListenAddress []:1",
		"ListenAddress :22", "ListenAddress 1:2:3", "ListenAddress "
		"[a:b]", "ListenAddress a/b", "ListenAddress 'a b'",
		"ListenAddress u@h", "ListenAddress ssh://h",
		"AddressFamily inet5", "TCPKeepAlive 1", "TCPCongestion BBR",
		"TCPCongestion 1234567890123456", "TCPCongestion a/b",
		"TunnelOffload 1", "BusyPoll 1001", "BusyPoll -1", "BusyPoll "
		"no", "HostKey key",
		"HostKey ~/key",
		"Compression true", "RekeyLimit 15", "RekeyLimit 1T",
		"RekeyLimit 1G 1y",
		"AuthorizedKeysFile none", "AuthorizedKeysFile %k",
		"AuthorizedKeysFile a%", "AuthorizedKeysFile a %",
		"AllowUsers !root", "AllowUsers a,b", "AllowUsers @1.2.3.4",
		"AllowUsers a@", "AllowUsers a@host.example", "AllowUsers "
		"a@1.2.3", "AllowUsers a@10.0.0.1/8", "AllowUsers a@1.2.3.4/33",
		"AllowUsers a@10.*/8", "AllowUsers a@!1.2.3.4", "AllowUsers "
		"a@h*", "AllowUsers a@1.2.3.4%lo", "DenyUsers a b c@",
		"StrictModes maybe",
		"MaxAuthTries 0", "MaxAuthTries 2147483648",
		"LoginGraceTime none", "LoginGraceTime 2147483648",
		"MaxStartups 0", "MaxStartups 10:30", "MaxStartups 10:0:100",
		"MaxStartups 10:101:100", "MaxStartups 10:30:9", "MaxStartups "
		"10:30:100:1", "MaxStartups 10:30:1001", "MaxStartups :30:100",
		"MaxStartups 10:30:", "MaxStartups 10:", "MaxStartups 1001",
		"PerSourceMaxStartups 0", "PerSourceNetBlockSize 33",
		"PerSourceNetBlockSize 32:129", "PerSourceNetBlockSize :64",
		"PerSourceNetBlockSize 32:", "PerSourceNetBlockSize 1:2:3",
		"ClientAliveInterval -1", "ClientAliveCountMax none",
		"LogLevel DEBUG4", "SyslogFacility LOCAL8", "PidFile pid",
		"PermitTunnel true",
		"TunnelBridge sixteen-letters-", "TunnelBridge a/b",
		"TunnelBridge 'a b'", "TunnelBridge ..", "TunnelBridge br0 any",
		"TunnelBridge br0 5-4", "TunnelBridge br0 1-", "TunnelBridge "
		"br0 -1", "TunnelBridge br0 2147483646", "TunnelBridge br0 01",
		"TunnelBridge br0 1-2-3", "TunnelBridge br0 1,2",
		"TunnelBridge br0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17",
		"TunnelMTU 67", "TunnelMTU 32751", "TunnelMTU x", "TunnelMTU "
		"1500 a",
		"TunnelAddress 10.0.0.1/24", "TunnelAddress 10.0.0.1 1",
		"TunnelAddress 10.0.0.1/33 1", "TunnelAddress 10.0.0.1/0 1",
		"TunnelAddress 0.0.0.0/8 1", "TunnelAddress 224.0.0.1/24 1",
		"TunnelAddress ::/64 1", "TunnelAddress ff02::1/64 1",
		"TunnelAddress 10.0.0.1/24 1-2", "TunnelAddress 10.0.0.1/24 x",
		"TunnelAddress host/24 1"
	};
	char word[32];
	struct server_config *c = *state;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		(void)snprintf(word, sizeof(word), "line 1: %.*s \"",
		    (int)strcspn(cases[i], " "), cases[i]);
		refuse(c, cases[i], word);
	}
}

static void
test_algorithms_that_leave_nothing(void **state)
{
	struct server_config *c = *state;

	refuse(c, "Ciphers aes128-ctr", "Ciphers \"aes128-ctr\" names nothing "
	    "that sshtapd has: add one of " CIPHER_DEFAULT_LIST);
	refuse(c, "HostKeyAlgorithms -*", "names nothing");
	refuse(c, "KexAlgorithms x", "curve25519-sha256");
}

/* The way a line is written. */
static void
test_writing(void **state)
{
	static const char *const same[] = {
		"Port 2222", "port\t 2222 ", "  PORT=2222", "Port = 2222",
		"Port =2222", "Port= 2222", "Port \"2222\"", "Port '2222'",
		"Port 2222 # why", "Port 2222 #", "Port 2222\r\n",
		"# first\n\n \t\n  # second\nPort 2222\n", "Port 22\"22\"",
		"Port \"2222\" #", "Port=\t2222\n\n\n"
	};
	static const struct {
		const char *text, *needle;
	} bad[] = {
		{ "Port==2222", "\"=2222\"" },
		{ "Port 2222#why", "\"2222#why\"" },
		{ "Port \"2222\"#", "\"2222#\"" },
		{ "Port", "Port: nothing behind it: expected a port" },
		{ "Port =", "nothing behind it" },
		{ "Port # 22", "nothing behind it" },
		{ "Port \"\"", "Port: a quote is not closed, or nothing" },
		{ "Port \"22", "Port: a quote is not closed" },
		{ "Port 22 23", "Port: \"23\" is left over behind the value" },
		{ "Port 22 \"\"", "nothing is in it" },
		{ "RekeyLimit 1G 1h 1", "\"1\" is left over" },
		{ "TunnelAddress 10.0.0.1/24 1 2", "\"2\" is left over" },
		{ "\"Port\" 22", "unknown keyword" },
		{ "=22", ": : unknown keyword" },
		{ "Prot 22", "Prot: unknown keyword; see sshtapd_config(5)" },
		{ "Port 22\f", "control character" },
		{ "Port 22\x7f", "control character" },
		{ "Port 22\rHostKey /a", "control character" },
		{ "\x1b[31m 1", "control character" },
	};
	static const char with_nul[] = "Port 22\0 3";
	struct server_config *c = *state;
	struct view v;
	size_t i;

	for (i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		take(c, same[i]);
		assert_int_equal(c->ports_n, 1);
		assert_int_equal(c->ports[0], 2222);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refuse(c, bad[i].text, bad[i].needle);
	v = view_of(with_nul, sizeof(with_nul) - 1);
	assert_int_equal(server_config_parse(c, FILE_NAME, &v),
	    SSHTAP_ERR_FORMAT);
	assert_line(0, FILE_NAME " line 1: there is a control character");
}

static void
test_first_value_holds(void **state)
{
	struct server_config *c = *state;

	take(c, "MaxAuthTries 1\nmaxauthtries 2\nKeepAlive no\n"
	    "TCPKeepAlive yes\nAuthorizedKeysFile a b\nAuthorizedKeysFile c\n"
	    "PubkeyAcceptedKeyTypes ssh-ed25519\nPubkeyAcceptedAlgorithms "
	    "rsa-sha2-512\nPidFile none\nPidFile /a\n");
	assert_int_equal(c->max_auth_tries, 1);
	assert_false(c->tcp_keepalive);
	assert_int_equal(c->authorized_keys.n, 2);
	assert_string_equal(c->authorized_keys.item[1], "b");
	assert_string_equal(c->pubkey_algs, "ssh-ed25519");
	assert_null(c->pid_file);
	/* One that comes too late is checked all the same. */
	refuse(c, "MaxAuthTries 1\nMaxAuthTries x\n", "line 2");
}

static void
test_overrides_come_first(void **state)
{
	struct server_config *c = *state;

	assert_int_equal(server_config_override(c, "Port=1"), 0);
	assert_int_equal(server_config_override(c, "port 2 # two"), 0);
	assert_int_equal(server_config_override(c, "MaxAuthTries = 3"), 0);
	assert_int_equal(server_config_override(c, "MaxAuthTries=4"), 0);
	assert_int_equal(server_config_override(c, "AllowUsers=a b"), 0);
	assert_int_equal(server_config_override(c, "TunnelBridge=br1 1"), 0);
	assert_int_equal(parse(c, "Port 3\nMaxAuthTries 5\nAllowUsers c\n"
	    "TunnelBridge br0\nLogLevel QUIET\n"), 0);
	assert_int_equal(c->ports_n, 2);
	assert_int_equal(c->ports[0], 1);
	assert_int_equal(c->ports[1], 2);
	assert_int_equal(c->max_auth_tries, 3);
	assert_int_equal(c->allow_users.n, 2);
	assert_int_equal(c->bridges.n, 1);
	assert_int_equal(c->log_level, LOG_LEVEL_QUIET);
	assert_int_equal(lines, 0);
	assert_int_equal(server_config_override(c, "Port=x"),
	    SSHTAP_ERR_FORMAT);
	assert_line(0, "-o Port \"x\": expected a port from 1 to 65535");
	assert_int_equal(server_config_override(c, "Nonsense=1"),
	    SSHTAP_ERR_FORMAT);
	assert_line(1, "-o Nonsense: unknown keyword");
	assert_int_equal(server_config_override(c, ""), SSHTAP_ERR_FORMAT);
	assert_line(2, "expected Keyword=value");
	assert_int_equal(server_config_override(c, "PidFile=/a\nPort 5"),
	    SSHTAP_ERR_FORMAT);
	assert_line(3, "control character");
	assert_int_equal(server_config_override(c, "Port"),
	    SSHTAP_ERR_FORMAT);
	assert_int_equal(lines, 5);
}

static void
test_sshd_alone(void **state)
{
	static const struct {
		const char *text, *needle;
	} cases[] = {
		{ "X11Forwarding no", "delete the line, which changes" },
		{ "Subsystem sftp internal-sftp", "delete the line" },
		{ "KbdInteractiveAuthentication no", "delete the line" },
		{ "AcceptEnv LANG LC_*", "delete the line" },
		{ "printmotd no", "delete the line" },
		{ "UsePAM yes", "no PAM" },
		{ "PasswordAuthentication no", "public key is the only way" },
		{ "PermitRootLogin no", "AllowUsers" },
		{ "AllowGroups wheel", "no groups" },
		{ "AuthorizedKeysCommand /x", "AuthorizedKeysFile" },
		{ "TrustedUserCAKeys /x", "certificates" },
		{ "RevokedKeys /x", "take such keys out" },
		{ "Match User bob", "Match: settings of sshtapd hold for every "
		    "connection" },
		{ "Include /etc/x.conf", "Include: sshtapd reads one file" },
	};
	struct server_config *c = *state;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		refuse(c, cases[i].text, cases[i].needle);
}

static void
test_every_error_is_told(void **state)
{
	struct server_config *c = *state;
	char text[256] = "";
	unsigned i;

	assert_int_equal(parse(c, "Port 0\nLogLevel INFO\nMatch x\n\n"
	    "HostKey a\n"), SSHTAP_ERR_FORMAT);
	assert_int_equal(lines, 3);
	assert_line(0, FILE_NAME " line 1: Port \"0\": expected a port from 1 "
	    "to 65535");
	assert_line(1, FILE_NAME " line 3: Match: ");
	assert_line(2, FILE_NAME " line 5: HostKey \"a\": expected an absolute "
	    "path");
	lines = 0;
	for (i = 0; i < SERVER_CONFIG_ERRORS_MAX + 5; i++)
		(void)strcat(text, "Port 0\n");
	assert_int_equal(parse(c, text), SSHTAP_ERR_FORMAT);
	assert_int_equal(lines, SERVER_CONFIG_ERRORS_MAX + 1);
	assert_line(SERVER_CONFIG_ERRORS_MAX, "no more is looked at");
}

/* What is shown of a bad value is clean. */
static void
test_bad_bytes_are_not_shown(void **state)
{
	refuse(*state, "Port \xff\xc2\x9b" "31m", "Port \"??31m\"");
}

/* The line n times, each with a number from 1 on behind it. */
static char *
repeat(const char *line, unsigned n)
{
	struct buf b;
	struct view v;
	char *s;
	unsigned i;

	buf_init(&b, DUMP_MAX);
	for (i = 1; i <= n; i++)
		assert_int_equal(buf_put_format(&b, "%s%u\n", line, i), 0);
	v = buf_view(&b);
	assert_int_equal(view_to_cstring(&v, &s), 0);
	buf_clear(&b);
	return s;
}

static void
test_limits_of_repetition(void **state)
{
	static const struct {
		const char *line;
		unsigned max;
	} cases[] = {
		{ "Port ", SERVER_CONFIG_LISTEN_MAX },
		{ "ListenAddress h", SERVER_CONFIG_LISTEN_MAX },
		{ "HostKey /", SERVER_CONFIG_FILES_MAX },
		{ "AllowUsers ", SERVER_CONFIG_LIST_MAX },
		{ "DenyUsers ", SERVER_CONFIG_LIST_MAX },
		{ "TunnelBridge br0 ", SERVER_CONFIG_RULES_MAX },
		{ "TunnelMTU 1500 ", SERVER_CONFIG_RULES_MAX },
		{ "TunnelAddress 10.0.0.1/24 ", SERVER_CONFIG_RULES_MAX },
	};
	struct server_config *c = *state;
	char *text, number[32];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		text = repeat(cases[i].line, cases[i].max);
		take(c, text);
		assert_round_trip(c);
		free(text);
		text = repeat(cases[i].line, cases[i].max + 1);
		(void)snprintf(number, sizeof(number), "line %u: ",
		    cases[i].max + 1);
		refuse(c, text, number);
		free(text);
	}
}

static void
test_limits_of_words(void **state)
{
	struct server_config *c = *state;
	struct buf b;
	struct view v;
	unsigned i;

	buf_init(&b, SERVER_CONFIG_TEXT_MAX + 1);
	assert_int_equal(buf_put(&b, "AllowUsers", 10), 0);
	for (i = 0; i < SERVER_CONFIG_LIST_MAX; i++)
		assert_int_equal(buf_put(&b, " a", 2), 0);
	v = buf_view(&b);
	assert_int_equal(server_config_parse(c, FILE_NAME, &v), 0);
	assert_int_equal(c->allow_users.n, SERVER_CONFIG_LIST_MAX);
	assert_int_equal(buf_put(&b, " a", 2), 0);
	v = buf_view(&b);
	assert_int_equal(server_config_parse(c, FILE_NAME, &v),
	    SSHTAP_ERR_FORMAT);
	assert_line(0, "AllowUsers: more than 256 words");
	buf_reset(&b);
	assert_int_equal(buf_put(&b, "AuthorizedKeysFile", 18), 0);
	for (i = 0; i < SERVER_CONFIG_FILES_MAX + 1; i++)
		assert_int_equal(buf_put(&b, " a", 2), 0);
	v = buf_view(&b);
	lines = 0;
	assert_int_equal(server_config_parse(c, FILE_NAME, &v),
	    SSHTAP_ERR_FORMAT);
	assert_line(0, "AuthorizedKeysFile: too many");
	buf_clear(&b);
}

static void
test_limit_of_the_text(void **state)
{
	struct server_config *c = *state;
	char *text = malloc(SERVER_CONFIG_TEXT_MAX + 1);
	struct view v;

	assert_non_null(text);
	memset(text, '#', SERVER_CONFIG_TEXT_MAX + 1);
	v = view_of(text, SERVER_CONFIG_TEXT_MAX);
	assert_int_equal(server_config_parse(c, FILE_NAME, &v), 0);
	v = view_of(text, SERVER_CONFIG_TEXT_MAX + 1);
	assert_int_equal(server_config_parse(c, FILE_NAME, &v),
	    SSHTAP_ERR_TOO_BIG);
	assert_int_equal(lines, 1);
	free(text);
}

/* Cut anywhere, a text is taken or refused, and nothing is read behind. */
static void
test_every_truncation(void **state)
{
	static const char text[] = "AllowUsers \"a b\" c@10.0.0.0/8 # d\n"
	    "ListenAddress [::1]:22\nMaxStartups 10:30:100\n"
	    "AuthorizedKeysFile /etc/%u '%h/x'\nTunnelBridge br0 1-3 7\n"
	    "TunnelAddress fe80::1/64 3";
	struct server_config *c = *state;
	struct view v;
	char *copy;
	size_t len;
	int r;

	for (len = 0; len < sizeof(text); len++) {
		server_config_clear(c);
		assert_int_equal(server_config_init(c), 0);
		copy = malloc(len + 1);
		assert_non_null(copy);
		memcpy(copy + 1, text, len);
		v = view_of(copy + 1, len);
		r = server_config_parse(c, FILE_NAME, &v);
		assert_true(r == 0 || r == SSHTAP_ERR_FORMAT);
		assert_int_equal(lines, r == 0 ? 0 : 1);
		lines = 0;
		if (r == 0)
			assert_round_trip(c);
		free(copy);
	}
}

static void
test_addresses_of_one_unit(void **state)
{
	struct server_config *c = *state;
	struct server_config_tunnel t;
	struct buf b;
	struct view v;
	int i;

	buf_init(&b, 1024);
	for (i = 1; i <= SERVER_CONFIG_ADDRESSES_MAX; i++)
		assert_int_equal(buf_put_format(&b,
		    "TunnelAddress 10.0.0.%d/24 5\n", i), 0);
	v = buf_view(&b);
	assert_int_equal(server_config_parse(c, FILE_NAME, &v), 0);
	server_config_tunnel(c, 5, &t);
	assert_int_equal(t.n, SERVER_CONFIG_ADDRESSES_MAX);
	assert_int_equal(parse(c, "TunnelAddress 10.0.1.1/24 6"), 0);
	assert_int_equal(parse(c, "TunnelAddress 10.0.0.99/24 5"), 0);
	assert_int_equal(buf_put_format(&b, "TunnelAddress 10.0.0.99/24 5"),
	    0);
	server_config_clear(c);
	assert_int_equal(server_config_init(c), 0);
	v = buf_view(&b);
	assert_int_equal(server_config_parse(c, FILE_NAME, &v),
	    SSHTAP_ERR_FORMAT);
	assert_line(0, "line 9: TunnelAddress: too many of them");
	buf_clear(&b);
	lines = 0;
	refuse(c, "TunnelAddress 10.0.0.1/24 5\nTunnelAddress 10.0.0.1/8 5",
	    "line 2: TunnelAddress \"5\": expected an address of a host");
}

static void
test_reading_a_file(void **state)
{
	struct server_config *c = *state;
	char dir[] = "/tmp/sshtap-config.XXXXXX", *path;
	FILE *f;

	assert_non_null(mkdtemp(dir));
	assert_non_null(path = text_format("%s/conf", dir));
	assert_int_equal(server_config_read(c, path), SSHTAP_ERR_NOT_FOUND);
	assert_int_equal(lines, 0);
	assert_non_null(f = fopen(path, "w"));
	assert_true(fputs("MaxAuthTries 2\n", f) != EOF);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, 0620), 0);
	assert_int_equal(server_config_read(c, path), SSHTAP_ERR_PERMISSION);
	assert_int_equal(lines, 1);
	assert_line(0, path);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(server_config_read(c, path), 0);
	assert_int_equal(c->max_auth_tries, 2);
	assert_int_equal(server_config_read(c, dir), SSHTAP_ERR_FORMAT);
	assert_int_equal(lines, 2);
	assert_int_equal(unlink(path) | rmdir(dir), 0);
	free(path);
}

/* Each keyword has its entry in the manual page. */
static void
test_manual_has_every_keyword(void **state)
{
	const struct server_config_key *k;
	char *path = text_format("%s/doc/sshtapd_config.5", getenv("SRCDIR"));
	char *item, *page;
	struct buf b;
	struct view v;
	size_t i;

	(void)state;
	buf_init(&b, SERVER_CONFIG_TEXT_MAX);
	assert_non_null(path);
	assert_int_equal(file_read(path, FILE_ANY, &b), 0);
	v = buf_view(&b);
	assert_int_equal(view_to_cstring(&v, &page), 0);
	for (i = 0; (k = server_config_key(i)) != NULL; i++) {
		item = text_format(k->put != NULL ? "\n.It Cm %s " :
		    "\n.Cm %s\n", k->name);
		assert_non_null(item);
		if (strstr(page, item) == NULL)
			fail_msg("%s is not in the manual page", k->name);
		free(item);
	}
	buf_clear(&b);
	free(page);
	free(path);
}

#define WITH_CONFIG(t)	cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CONFIG(test_defaults),
		WITH_CONFIG(test_values),
		WITH_CONFIG(test_bad_values),
		WITH_CONFIG(test_algorithms_that_leave_nothing),
		WITH_CONFIG(test_writing),
		WITH_CONFIG(test_first_value_holds),
		WITH_CONFIG(test_overrides_come_first),
		WITH_CONFIG(test_sshd_alone),
		WITH_CONFIG(test_every_error_is_told),
		WITH_CONFIG(test_bad_bytes_are_not_shown),
		WITH_CONFIG(test_limits_of_repetition),
		WITH_CONFIG(test_limits_of_words),
		WITH_CONFIG(test_limit_of_the_text),
		WITH_CONFIG(test_every_truncation),
		WITH_CONFIG(test_addresses_of_one_unit),
		WITH_CONFIG(test_reading_a_file),
		WITH_CONFIG(test_manual_has_every_keyword),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
