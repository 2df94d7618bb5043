/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The keywords, in the order in which they are shown, and what to say of
 * those that are sshd's alone.  Of the latter some mean nothing for a server
 * that carries tunnels only: their lines can go.  The others say who may come
 * in or what holds then, and whoever wrote them relies on that; what to write
 * instead is told.
 */

#include <sys/socket.h>

#include <assert.h>
#include <string.h>
#include <strings.h>
#include <syslog.h>

#include "relay/tuning.h"
#include "server/config_impl.h"
#include "transport/cipher.h"
#include "transport/kex.h"
#include "transport/key.h"

static const struct setting_choice families[] = {
	{ "any", AF_UNSPEC },
	{ "inet", AF_INET },
	{ "inet6", AF_INET6 },
	{ NULL, 0 }
};

static const struct setting_choice facilities[] = {
	{ "DAEMON", LOG_DAEMON },
	{ "USER", LOG_USER },
	{ "AUTH", LOG_AUTH },
	{ "AUTHPRIV", LOG_AUTHPRIV },
	{ "LOCAL0", LOG_LOCAL0 },
	{ "LOCAL1", LOG_LOCAL1 },
	{ "LOCAL2", LOG_LOCAL2 },
	{ "LOCAL3", LOG_LOCAL3 },
	{ "LOCAL4", LOG_LOCAL4 },
	{ "LOCAL5", LOG_LOCAL5 },
	{ "LOCAL6", LOG_LOCAL6 },
	{ "LOCAL7", LOG_LOCAL7 },
	{ NULL, 0 }
};

static const struct setting_choice modes[] = {
	{ "no", 0 },
	{ "yes", TAP_ETHERNET | TAP_POINT_TO_POINT },
	{ "ethernet", TAP_ETHERNET },
	{ "point-to-point", TAP_POINT_TO_POINT },
	{ NULL, 0 }
};

#define YESNO	"yes or no"
#define COUNT	"a whole number"
#define COUNT1	"a number from 1 on"
#define TIME	"a time, as in 30 or 1h30m"
#define NAMES	"a list of algorithm names"
#define USERS	"at most 256 users, as in bob or bob@192.0.2.0/24, with " \
		"blanks between"
#define PATH	"an absolute path"
#define UNITS	"units, as in 0-9 12"

#define AT(m)		offsetof(struct server_config, m)
#define SET(f)		.set = server_config_set_ ## f
#define PUT(f)		.put = server_config_put_ ## f
#define START(f)	.start = server_config_start_ ## f
#define BOTH(f)		SET(f), PUT(f)
#define LIMITS(a, b)	.min = a, .max = b
#define REPEATS(n)	.repeats = true, .max = n

static const struct server_config_key keys[] = {
	{ "Port", "a port from 1 to 65535", SET(port), PUT(ports), AT(ports),
	    REPEATS(SERVER_CONFIG_LISTEN_MAX), START(ports) },
	{ "ListenAddress", "host, host:port or [address]:port", BOTH(listen),
	    AT(listen), REPEATS(SERVER_CONFIG_LISTEN_MAX) },
	{ "AddressFamily", "any, inet or inet6", BOTH(choice),
	    AT(address_family), .choices = families },
	{ "TCPKeepAlive", YESNO, BOTH(yesno), AT(tcp_keepalive) },
	{ "KeepAlive", YESNO, SET(yesno), NULL, AT(tcp_keepalive) },
	{ "TCPCongestion", "a name such as cubic or bbr, or system",
	    BOTH(congestion), AT(congestion) },
	{ "TunnelOffload", YESNO, BOTH(yesno), AT(offload) },
	{ "BusyPoll", "microseconds from 0 to 1000", BOTH(number),
	    AT(busy_poll), LIMITS(0, TUNING_BUSY_POLL_MAX) },
	{ "HostKey", PATH, SET(hostkey), PUT(list), AT(host_keys),
	    REPEATS(SERVER_CONFIG_FILES_MAX), START(list) },
	{ "HostKeyAlgorithms", NAMES, SET(algorithms), PUT(string),
	    AT(hostkey_algs) },
	{ "KexAlgorithms", NAMES, SET(algorithms), PUT(string), AT(kex) },
	{ "Ciphers", NAMES, SET(algorithms), PUT(string), AT(ciphers) },
	{ "Compression", "yes, delayed or no", SET(compression), PUT(yesno),
	    AT(compression) },
	{ "RekeyLimit", "bytes and maybe a time, as in 1G 1h", BOTH(rekey),
	    AT(rekey_bytes) },
	{ "PubkeyAcceptedAlgorithms", NAMES, SET(algorithms), PUT(string),
	    AT(pubkey_algs) },
	{ "PubkeyAcceptedKeyTypes", NAMES, SET(algorithms), NULL,
	    AT(pubkey_algs) },
	{ "AuthorizedKeysFile", "at most 16 files, in which %% %h %u %U stand "
	    "for something", BOTH(files), AT(authorized_keys),
	    .max = SERVER_CONFIG_FILES_MAX, START(list) },
	{ "AllowUsers", USERS, SET(users), PUT(list), AT(allow_users),
	    REPEATS(SERVER_CONFIG_LIST_MAX), START(list) },
	{ "DenyUsers", USERS, SET(users), PUT(list), AT(deny_users),
	    REPEATS(SERVER_CONFIG_LIST_MAX) },
	{ "StrictModes", YESNO, BOTH(yesno), AT(strict_modes) },
	{ "MaxAuthTries", COUNT1, BOTH(number), AT(max_auth_tries),
	    LIMITS(1, SETTING_SECONDS_MAX) },
	{ "LoginGraceTime", TIME, SET(seconds), PUT(number),
	    AT(login_grace) },
	{ "MaxStartups", "start or start:rate:full, as in 10:30:100",
	    BOTH(startups), AT(startups_begin) },
	{ "PerSourceMaxStartups", COUNT1 ", or none", BOTH(or_none),
	    AT(per_source_max), LIMITS(1, SETTING_SECONDS_MAX) },
	{ "PerSourceNetBlockSize", "bits of IPv4 and maybe of IPv6, as in "
	    "32:64", BOTH(source), AT(per_source_v4) },
	{ "ClientAliveInterval", TIME, SET(seconds), PUT(number),
	    AT(alive_interval) },
	{ "ClientAliveCountMax", COUNT, BOTH(number), AT(alive_count_max),
	    LIMITS(0, SETTING_SECONDS_MAX) },
	{ "LogLevel", "QUIET, ERROR, INFO, VERBOSE or DEBUG", BOTH(level),
	    AT(log_level) },
	{ "SyslogFacility", "DAEMON, USER, AUTH, AUTHPRIV or LOCAL0 to LOCAL7",
	    BOTH(choice), AT(syslog_facility), .choices = facilities },
	{ "PidFile", PATH ", or none", BOTH(pid_file), AT(pid_file) },
	{ "PermitTunnel", "yes, no, ethernet or point-to-point", BOTH(choice),
	    AT(permit_tunnel), .choices = modes },
	{ "TunnelBridge", "the name of a bridge, or none, and maybe " UNITS,
	    SET(bridge), PUT(bridges), AT(bridges),
	    REPEATS(SERVER_CONFIG_RULES_MAX) },
	{ "TunnelMTU", "an MTU from 68 to 32750 and maybe " UNITS, SET(mtu),
	    PUT(mtus), AT(mtus), REPEATS(SERVER_CONFIG_RULES_MAX) },
	{ "TunnelAddress", "an address of a host with the length of its "
	    "prefix and one unit, each address once, as in 192.0.2.1/24 0",
	    SET(address), PUT(addresses), AT(addresses),
	    REPEATS(SERVER_CONFIG_RULES_MAX) },
};

#define KEY_COUNT	(sizeof(keys) / sizeof(keys[0]))

static_assert(KEY_COUNT <= SERVER_CONFIG_KEYS_MAX, "a bit for each keyword");
static_assert(SERVER_CONFIG_LIST_MAX == 256 && SERVER_CONFIG_FILES_MAX == 16 &&
    TAP_MTU_MIN == 68 && SERVER_CONFIG_MTU_MAX == 32750 &&
    TUNING_BUSY_POLL_MAX == 1000,
    "what is expected is told right");

#define NO_CERTIFICATES	"sshtapd knows no certificates"
#define NO_GROUPS	"sshtapd knows no groups: name the users with " \
			"AllowUsers and DenyUsers"
#define ONLY_FILES	"sshtapd runs no command: write the keys to an " \
			"AuthorizedKeysFile"
#define ONLY_KEYS	"a public key is the only way in, and enough: delete " \
			"the line"

struct foreign {
	const char *name;
	const char *text;
};

static const struct foreign others[] = {
	{ "AllowGroups", NO_GROUPS },
	{ "AuthenticationMethods", ONLY_KEYS },
	{ "AuthorizedKeysCommand", ONLY_FILES },
	{ "AuthorizedKeysCommandUser", ONLY_FILES },
	{ "AuthorizedPrincipalsCommand", NO_CERTIFICATES },
	{ "AuthorizedPrincipalsCommandUser", NO_CERTIFICATES },
	{ "AuthorizedPrincipalsFile", NO_CERTIFICATES },
	{ "ChannelTimeout", "sshtapd ends a tunnel when its client has gone, "
	    "which ClientAliveInterval tells, and not before" },
	{ "DenyGroups", NO_GROUPS },
	{ "DisableForwarding", "what may be forwarded is a tunnel: say "
	    "PermitTunnel no" },
	{ "HostCertificate", NO_CERTIFICATES },
	{ "HostKeyAgent", "sshtapd reads its keys from the files of HostKey" },
	{ "Include", "sshtapd reads one file: put the lines here" },
	{ "Match", "settings of sshtapd hold for every connection: limit keys "
	    "with from= and tunnel= in their authorized_keys file, users with "
	    "AllowUsers, units with TunnelBridge" },
	{ "PasswordAuthentication", ONLY_KEYS },
	{ "PermitRootLogin", "AllowUsers and DenyUsers say who may log in, "
	    "which is root unless they say otherwise" },
	{ "PubkeyAuthentication", ONLY_KEYS },
	{ "RDomain", "sshtapd knows no routing domains" },
	{ "RefuseConnection", "sshtapd refuses by DenyUsers alone" },
	{ "RequiredRSASize", "RSA keys have at least 2048 bits here: name "
	    "others to PubkeyAcceptedAlgorithms if that is too few" },
	{ "RevokedKeys", "take such keys out of the AuthorizedKeysFile" },
	{ "TrustedUserCAKeys", NO_CERTIFICATES },
	{ "UnusedConnectionTimeout", "sshtapd ends such a connection when its "
	    "client has gone, which ClientAliveInterval tells" },
	{ "UsePAM", "sshtapd asks no PAM whether an account may be used: "
	    "AllowUsers and DenyUsers say it" },
};

/* The rest, without which nothing is different here. */
static const char *const harmless[] = {
	"AcceptEnv", "AllowAgentForwarding", "AllowStreamLocalForwarding",
	"AllowTcpForwarding", "Banner", "CASignatureAlgorithms",
	"ChallengeResponseAuthentication", "ChrootDirectory", "DebianBanner",
	"ExposeAuthInfo", "FingerprintHash", "ForceCommand", "GatewayPorts",
	"GSSAPIAuthentication", "GSSAPICleanupCredentials",
	"GSSAPIDelegateCredentials", "GSSAPIKexAlgorithms",
	"GSSAPIKeyExchange", "GSSAPIStoreCredentialsOnRekey",
	"GSSAPIStrictAcceptorCheck", "HostbasedAcceptedAlgorithms",
	"HostbasedAcceptedKeyTypes", "HostbasedAuthentication",
	"HostbasedUsesNameFromPacketOnly", "IgnoreRhosts",
	"IgnoreUserKnownHosts", "IPQoS", "KbdInteractiveAuthentication",
	"KerberosAuthentication", "KerberosGetAFSToken",
	"KerberosOrLocalPasswd", "KerberosTicketCleanup",
	"KeyRegenerationInterval", "LogVerbose", "MACs", "MaxSessions",
	"ModuliFile", "PAMServiceName", "PermitEmptyPasswords", "PermitListen",
	"PermitOpen", "PermitTTY", "PermitUserEnvironment", "PermitUserRC",
	"PerSourcePenalties", "PerSourcePenaltyExemptList", "PrintLastLog",
	"PrintMotd", "Protocol", "PubkeyAuthOptions",
	"RhostsRSAAuthentication", "RSAAuthentication", "SecurityKeyProvider",
	"ServerKeyBits", "SetEnv", "SkeyAuthentication", "SshdAuthPath",
	"SshdSessionPath", "StreamLocalBindMask", "StreamLocalBindUnlink",
	"Subsystem", "UseDNS", "UseLogin", "UsePrivilegeSeparation",
	"VersionAddendum", "X11DisplayOffset", "X11Forwarding",
	"X11MaxDisplays", "X11UseLocalhost", "XAuthLocation"
};

const struct server_config_key *
server_config_key(size_t i)
{
	return i < KEY_COUNT ? &keys[i] : NULL;
}

const struct server_config_key *
server_config_find_key(const char *name)
{
	size_t i;

	for (i = 0; i < KEY_COUNT; i++) {
		if (strcasecmp(keys[i].name, name) == 0)
			return &keys[i];
	}
	return NULL;
}

/* That of the first name which the member has. */
uint64_t
server_config_key_bit(const struct server_config_key *k)
{
	size_t i;

	for (i = 0; keys[i].offset != k->offset; i++)
		;
	return UINT64_C(1) << i;
}

const char *
server_config_foreign(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (strcasecmp(others[i].name, name) == 0)
			return others[i].text;
	}
	for (i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++) {
		if (strcasecmp(harmless[i], name) == 0)
			return "sshtapd has no such thing: delete the line, "
			    "which changes nothing";
	}
	return NULL;
}

int
server_config_algorithms(const struct server_config_key *k, struct buf *out)
{
	const char *names = KEY_DEFAULT_HOSTKEY_LIST;

	if (k->offset == AT(kex))
		return kex_default_list(out);
	if (k->offset == AT(ciphers))
		names = CIPHER_DEFAULT_LIST;
	return buf_put(out, names, strlen(names));
}
