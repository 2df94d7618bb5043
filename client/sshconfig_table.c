/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Which keys of ssh_config(5) concern a tunnel, and one small setter for each
 * kind of value.  Setters store into struct config and check; they do not
 * expand names (host, port and user may still change) and say nothing,
 * except about algorithms, where the message needs our own list.
 *
 * Three more kinds of keys there are.  Some we cannot honour and must not
 * ignore, because the user relies on them for where the connection goes or
 * whom it trusts: these are refused when set.  Some are ssh's and mean
 * nothing here.  All others are unknown.
 *
 * A few keys are not ssh's but ours, and ssh must not be asked about them:
 * they come from the command line only.
 */

#include "client/sshconfig_impl.h"

#include <sys/socket.h>

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "client/endpoint.h"
#include "client/options.h"
#include "client/proxyjump.h"
#include "lib/err.h"
#include "lib/setting.h"
#include "lib/text.h"
#include "lib/view.h"
#include "relay/tuning.h"
#include "transport/cipher.h"
#include "transport/kex.h"
#include "transport/key.h"
#include "transport/namelist.h"

extern char **environ;

#define MEMBER(c, k)	((void *)((char *)(c) + (k)->offset))

static int
set_bool(struct config *c, const struct sshconfig_key *k, const char *value)
{
	return setting_bool(value, MEMBER(c, k));
}

/* A letter of the command line may have said so already. */
static int
set_if_true(struct config *c, const struct sshconfig_key *k, const char *value)
{
	bool *member = MEMBER(c, k), is_set;

	if (setting_bool(value, &is_set) != 0)
		return SSHTAP_ERR_FORMAT;
	*member = *member || is_set;
	return 0;
}

/* Two more values say which extension proves the key; we always send one. */
static int
set_pubkey(struct config *c, const struct sshconfig_key *k, const char *value)
{
	if (strcasecmp(value, "unbound") == 0 ||
	    strcasecmp(value, "host-bound") == 0)
		value = "yes";
	return set_bool(c, k, value);
}

static int
set_count(struct config *c, const struct sshconfig_key *k, const char *value)
{
	unsigned *member = MEMBER(c, k);
	unsigned long n;

	if (text_get_number(value, SETTING_SECONDS_MAX, &n) != 0)
		return SSHTAP_ERR_FORMAT;
	*member = (unsigned)n;
	return 0;
}

static int
set_attempts(struct config *c, const struct sshconfig_key *k,
    const char *value)
{
	return strcmp(value, "0") == 0 ? SSHTAP_ERR_FORMAT :
	    set_count(c, k, value);
}

static int
set_port(struct config *c, const struct sshconfig_key *k, const char *value)
{
	unsigned long port;

	(void)k;
	if (text_get_number(value, 65535, &port) != 0 || port == 0)
		return SSHTAP_ERR_FORMAT;
	c->port = (unsigned)port;
	return 0;
}

static int
set_seconds(struct config *c, const struct sshconfig_key *k, const char *value)
{
	if (setting_is_none(value))
		value = "0";
	return setting_seconds(value, MEMBER(c, k));
}

static int
set_string(struct config *c, const struct sshconfig_key *k, const char *value)
{
	return config_set(MEMBER(c, k), value);
}

static int
set_optional(struct config *c, const struct sshconfig_key *k,
    const char *value)
{
	return config_set(MEMBER(c, k), setting_is_none(value) ? NULL : value);
}

static int
set_host(struct config *c, const struct sshconfig_key *k, const char *value)
{
	return endpoint_is_host(value) ? set_string(c, k, value) :
	    SSHTAP_ERR_FORMAT;
}

static int
set_family(struct config *c, const struct sshconfig_key *k, const char *value)
{
	static const struct setting_choice choices[] = {
		{ "any", AF_UNSPEC },
		{ "inet", AF_INET },
		{ "inet6", AF_INET6 },
		{ NULL, 0 }
	};

	(void)k;
	return setting_choose(choices, value, &c->address_family);
}

static int
set_strict(struct config *c, const struct sshconfig_key *k, const char *value)
{
	static const struct setting_choice choices[] = {
		{ "yes", CONFIG_STRICT_YES },
		{ "true", CONFIG_STRICT_YES },
		{ "ask", CONFIG_STRICT_ASK },
		{ "accept-new", CONFIG_STRICT_ACCEPT_NEW },
		{ "no", CONFIG_STRICT_NO },
		{ "off", CONFIG_STRICT_NO },
		{ "false", CONFIG_STRICT_NO },
		{ NULL, 0 }
	};
	int chosen;

	(void)k;
	if (setting_choose(choices, value, &chosen) != 0)
		return SSHTAP_ERR_FORMAT;
	c->strict = (enum config_strict)chosen;
	return 0;
}

static int
set_log_level(struct config *c, const struct sshconfig_key *k,
    const char *value)
{
	(void)k;
	return setting_log_level(value, &c->log_level);
}

/*
 * "yes" is the program's default mode, which here is Ethernet, and "no" is
 * what ssh prints when nobody has set it.
 */
static int
set_tunnel(struct config *c, const struct sshconfig_key *k, const char *value)
{
	static const struct setting_choice choices[] = {
		{ "ethernet", TAP_ETHERNET },
		{ "point-to-point", TAP_POINT_TO_POINT },
		{ "yes", TAP_ETHERNET },
		{ "true", TAP_ETHERNET },
		{ "no", TAP_ETHERNET },
		{ "false", TAP_ETHERNET },
		{ NULL, 0 }
	};
	int chosen;

	(void)k;
	if (setting_choose(choices, value, &chosen) != 0)
		return SSHTAP_ERR_FORMAT;
	c->mode = (enum tap_mode)chosen;
	return 0;
}

static int
set_units(struct config *c, const struct sshconfig_key *k, const char *value)
{
	uint32_t local, remote;
	int r;

	(void)k;
	if ((r = options_parse_units(value, &local, &remote)) != 0)
		return r;
	if (!c->local_unit_set) {
		c->local_unit = local;
		c->remote_unit = remote;
	}
	return 0;
}

/* Files as words: replaces what was there.  "none" alone is no file. */
static int
set_files(struct config *c, const struct sshconfig_key *k, const char *value)
{
	struct config_list *l = MEMBER(c, k);
	char *word;
	int r;

	config_list_clear(l);
	while ((r = setting_word(&value, &word)) == 0 && word != NULL) {
		r = setting_is_none(word) ? 0 : config_list_add(l, word);
		free(word);
		if (r != 0)
			return r;
	}
	return r;
}

/* The first one takes the place of the built-in names. */
static int
set_identity(struct config *c, const struct sshconfig_key *k,
    const char *value)
{
	(void)k;
	if (c->identities_are_default) {
		config_list_clear(&c->identities);
		c->identities_are_default = false;
	}
	return setting_is_none(value) ? 0 :
	    config_list_add(&c->identities, value);
}

static int
set_certificate(struct config *c, const struct sshconfig_key *k,
    const char *value)
{
	(void)k;
	return setting_is_none(value) ? 0 :
	    config_list_add(&c->certificates, value);
}

/* "SSH_AUTH_SOCK" and "$NAME" name a variable; unset, there is no agent. */
static int
set_agent(struct config *c, const struct sshconfig_key *k, const char *value)
{
	const char *path = value;

	(void)k;
	if (setting_is_none(value))
		path = NULL;
	else if (strcmp(value, "SSH_AUTH_SOCK") == 0)
		path = getenv(value);
	else if (value[0] == '$' && value[1] != '{')
		path = getenv(value + 1);
	if (path != NULL && *path == '\0')
		path = NULL;
	return config_set(&c->identity_agent, path);
}

static int
set_rekey(struct config *c, const struct sshconfig_key *k, const char *value)
{
	char *bytes = NULL, *seconds = NULL, *rest = NULL;
	uint64_t limit;
	unsigned period;
	int r;

	(void)k;
	if ((r = setting_word(&value, &bytes)) != 0 ||
	    (r = setting_word(&value, &seconds)) != 0 ||
	    (r = setting_word(&value, &rest)) != 0)
		goto out;
	r = SSHTAP_ERR_FORMAT;
	if (bytes == NULL || rest != NULL ||
	    setting_rekey(bytes, seconds, &limit, &period) != 0)
		goto out;
	c->rekey_bytes = limit;
	c->rekey_ms = period * UINT64_C(1000);
	r = 0;
 out:
	free(bytes);
	free(seconds);
	free(rest);
	return r;
}

static int
set_congestion(struct config *c, const struct sshconfig_key *k,
    const char *value)
{
	if (!tuning_is_name(value))
		return SSHTAP_ERR_FORMAT;
	c->congestion_is_chosen = true;
	return config_set(MEMBER(c, k), strcmp(value, "system") == 0 ? NULL :
	    value);
}

static int
set_busy_poll(struct config *c, const struct sshconfig_key *k,
    const char *value)
{
	unsigned long us;

	(void)k;
	if (text_get_number(value, TUNING_BUSY_POLL_MAX, &us) != 0)
		return SSHTAP_ERR_FORMAT;
	c->busy_poll = (unsigned)us;
	return 0;
}

/* Our own names for the list that k sets, best first. */
static int
own_algorithms(const struct sshconfig_key *k, struct buf *out)
{
	const char *names = KEY_DEFAULT_HOSTKEY_LIST;

	if (k->offset == offsetof(struct config, kex))
		return kex_default_list(out);
	if (k->offset == offsetof(struct config, ciphers))
		names = CIPHER_DEFAULT_LIST;
	return buf_put(out, names, strlen(names));
}

static int
set_algorithms(struct config *c, const struct sshconfig_key *k,
    const char *value)
{
	struct buf own, out;
	struct view ours, v;
	char *s = NULL;
	int r;

	buf_init(&own, NAMELIST_MAX);
	buf_init(&out, NAMELIST_MAX);
	if ((r = own_algorithms(k, &own)) != 0)
		goto out;
	ours = buf_view(&own);
	if ((r = namelist_filter(&out, value, &ours)) != 0)
		goto out;
	if (out.len == 0) {
		log_error("%s \"%.200s\" names nothing that sshtap has: add "
		    "one of %.*s", k->name, value, (int)ours.len, ours.p);
		r = SSHTAP_ERR_NO_COMMON;
		goto out;
	}
	v = buf_view(&out);
	if ((r = view_to_cstring(&v, &s)) != 0 ||
	    (r = config_set(MEMBER(c, k), s)) != 0)
		goto out;
	if (k->offset == offsetof(struct config, hostkey_algs))
		c->hostkey_algs_set = true;
 out:
	free(s);
	buf_clear(&own);
	buf_clear(&out);
	return r;
}

/* Add "NAME=value", in place of one with the same name. */
static int
put_env(struct config *c, const char *s)
{
	size_t i, len = strcspn(s, "=") + 1;

	for (i = 0; i < c->env.n; i++) {
		if (strncmp(c->env.item[i], s, len) == 0)
			return config_set(&c->env.item[i], s);
	}
	return config_list_add(&c->env, s);
}

static int
set_env(struct config *c, const struct sshconfig_key *k, const char *value)
{
	(void)k;
	if (*value == '=' || strchr(value, '=') == NULL)
		return SSHTAP_ERR_FORMAT;
	return put_env(c, value);
}

/* "-PATTERN" takes back what a file has said, of which ssh has taken care. */
static int
send_env(struct config *c, const struct sshconfig_key *k, const char *value)
{
	struct view pattern = view_of_string(value), name;
	int r = 0;
	char **e;

	(void)k;
	if (*value == '-')
		return 0;
	for (e = environ; e != NULL && *e != NULL && r == 0; e++) {
		name = view_of(*e, strcspn(*e, "="));
		if (text_matches(&pattern, &name, false) &&
		    strchr(*e, '=') != NULL)
			r = put_env(c, *e);
	}
	return r;
}

static int
set_jump(struct config *c, const struct sshconfig_key *k, const char *value)
{
	char *command;
	int r;

	if (setting_is_none(value))
		return set_optional(c, k, value);
	if ((r = proxyjump_command(c, value, &command)) != 0)
		return r;
	free(c->proxy_command);
	c->proxy_command = command;
	return 0;
}

static int
set_session_type(struct config *c, const struct sshconfig_key *k,
    const char *value)
{
	(void)k;
	if (strcasecmp(value, "subsystem") == 0)
		return SSHTAP_ERR_UNSUPPORTED;
	if (setting_is_none(value))
		c->no_command = true;
	else if (strcasecmp(value, "default") != 0)
		return SSHTAP_ERR_FORMAT;
	return 0;
}

/* ssh(1) refuses two commands as well; -N means neither. */
static int
set_command(struct config *c, const struct sshconfig_key *k, const char *value)
{
	if (setting_is_none(value) || c->no_command)
		return 0;
	return c->command != NULL ? SSHTAP_ERR_UNSUPPORTED :
	    set_string(c, k, value);
}

static int
refuse_true(struct config *c, const struct sshconfig_key *k, const char *value)
{
	bool is_set;

	(void)c;
	(void)k;
	if (setting_bool(value, &is_set) != 0)
		return SSHTAP_ERR_FORMAT;
	return is_set ? SSHTAP_ERR_UNSUPPORTED : 0;
}

static int
refuse_name(struct config *c, const struct sshconfig_key *k, const char *value)
{
	(void)c;
	(void)k;
	return setting_is_none(value) ? 0 : SSHTAP_ERR_UNSUPPORTED;
}

/* A smaller minimum than ours costs nothing. */
static int
refuse_bits(struct config *c, const struct sshconfig_key *k, const char *value)
{
	unsigned long bits;

	(void)c;
	(void)k;
	if (text_get_number(value, SETTING_SECONDS_MAX, &bits) != 0)
		return SSHTAP_ERR_FORMAT;
	return bits > KEY_RSA_BITS_MIN ? SSHTAP_ERR_UNSUPPORTED : 0;
}

#define YESNO	"yes or no"
#define COUNT	"a whole number"
#define TIME	"a time, as in 30 or 1h30m"
#define HOST	"a host name or address"
#define NAMES	"a list of algorithm names"
#define AT(m)	offsetof(struct config, m)
#define WORD	SSHCONFIG_WORD
#define WORDS	SSHCONFIG_WORDS
#define LINE	SSHCONFIG_LINE

/* name, wants, set, offset, form, repeats, is_own_default */
static const struct sshconfig_key keys[] = {
	{ "HostName", HOST, set_host, AT(hostname), WORD, false, false },
	{ "HostKeyAlias", HOST, set_host, AT(host_key_alias), WORD, false,
	    false },
	{ "Port", "a port from 1 to 65535", set_port, AT(port), WORD, false,
	    false },
	{ "User", "a user name", set_string, AT(user), WORD, false, false },
	{ "AddressFamily", "any, inet or inet6", set_family,
	    AT(address_family), WORD, false, false },
	{ "BindAddress", "an address", set_optional, AT(bind_address), WORD,
	    false, false },
	{ "ProxyCommand", "a command", set_optional, AT(proxy_command), LINE,
	    false, false },
	{ "ProxyJump", "[user@]host[:port], more of them after commas",
	    set_jump, AT(proxy_command), LINE, false, false },
	{ "ConnectTimeout", TIME, set_seconds, AT(connect_timeout), WORD,
	    false, false },
	{ "ConnectionAttempts", "a number from 1 on", set_attempts,
	    AT(connection_attempts), WORD, false, false },
	{ "TCPKeepAlive", YESNO, set_bool, AT(tcp_keepalive), WORD, false,
	    false },
	{ "KeepAlive", YESNO, set_bool, AT(tcp_keepalive), WORD, false,
	    false },
	{ "UserKnownHostsFile", "at most 64 files", set_files,
	    AT(user_known_hosts), LINE, false, false },
	{ "GlobalKnownHostsFile", "at most 64 files", set_files,
	    AT(global_known_hosts), LINE, false, false },
	{ "StrictHostKeyChecking", "yes, ask, accept-new or no", set_strict,
	    AT(strict), WORD, false, false },
	{ "HashKnownHosts", YESNO, set_bool, AT(hash_known_hosts), WORD,
	    false, false },
	{ "IdentityFile", "at most 64 files", set_identity, AT(identities),
	    WORD, true, true },
	{ "CertificateFile", "at most 64 files", set_certificate,
	    AT(certificates), WORD, true, false },
	{ "IdentitiesOnly", YESNO, set_bool, AT(identities_only), WORD, false,
	    false },
	{ "IdentityAgent", "a socket", set_agent, AT(identity_agent), WORD,
	    false, false },
	{ "PubkeyAuthentication", YESNO, set_pubkey, AT(pubkey_auth), WORD,
	    false, false },
	{ "PasswordAuthentication", YESNO, set_bool, AT(password_auth), WORD,
	    false, false },
	{ "KbdInteractiveAuthentication", YESNO, set_bool, AT(kbdint_auth),
	    WORD, false, false },
	{ "ChallengeResponseAuthentication", YESNO, set_bool, AT(kbdint_auth),
	    WORD, false, false },
	{ "PreferredAuthentications", "a list of methods", set_string,
	    AT(preferred_auths), WORD, false, false },
	{ "NumberOfPasswordPrompts", COUNT, set_count, AT(password_prompts),
	    WORD, false, false },
	{ "BatchMode", YESNO, set_bool, AT(batch_mode), WORD, false, false },
	{ "KexAlgorithms", NAMES, set_algorithms, AT(kex), WORD, false, true },
	{ "Ciphers", NAMES, set_algorithms, AT(ciphers), WORD, false, true },
	{ "HostKeyAlgorithms", NAMES, set_algorithms, AT(hostkey_algs), WORD,
	    false, true },
	{ "PubkeyAcceptedAlgorithms", NAMES, set_algorithms, AT(pubkey_algs),
	    WORD, false, true },
	{ "PubkeyAcceptedKeyTypes", NAMES, set_algorithms, AT(pubkey_algs),
	    WORD, false, true },
	{ "Compression", YESNO, set_bool, AT(compression), WORD, false,
	    false },
	{ "RekeyLimit", "bytes and maybe a time, as in 1G 1h", set_rekey,
	    AT(rekey_bytes), LINE, false, false },
	{ "ServerAliveInterval", TIME, set_seconds, AT(alive_interval), WORD,
	    false, false },
	{ "ServerAliveCountMax", COUNT, set_count, AT(alive_count_max), WORD,
	    false, false },
	{ "SendEnv", "patterns of at most 64 variables", send_env, AT(env),
	    WORDS, true, false },
	{ "SetEnv", "NAME=value, at most 64 of them", set_env, AT(env), WORDS,
	    true, false },
	{ "LogLevel", "QUIET, ERROR, INFO, VERBOSE or DEBUG", set_log_level,
	    AT(log_level), WORD, false, false },
	{ "Tunnel", "ethernet or point-to-point", set_tunnel, AT(mode), WORD,
	    false, false },
	{ "TunnelDevice", "a unit or any for each end, as in 0:any",
	    set_units, AT(local_unit), WORD, false, false },
	{ "StdinNull", YESNO, set_if_true, AT(stdin_null), WORD, false,
	    false },
	{ "ForkAfterAuthentication", YESNO, set_if_true, AT(background), WORD,
	    false, false },
	{ "SessionType", "default or none", set_session_type, AT(no_command),
	    WORD, false, false },
	{ "RemoteCommand", "none, or give no command behind the destination",
	    set_command, AT(command), LINE, false, false },
	/* Not to be ignored: these decide where we go and whom we trust. */
	{ "BindInterface", "an address with BindAddress instead",
	    refuse_name, 0, WORD, true, false },
	{ "ProxyUseFdpass", "no", refuse_true, 0, WORD, true, false },
	{ "RevokedHostKeys", "none, and list such keys as @revoked in a "
	    "known_hosts file", refuse_name, 0, WORD, true, false },
	{ "RequiredRSASize", "2048 or less", refuse_bits, 0, WORD, true,
	    false },
};

/* Likewise; ssh does not know them. */
static const struct sshconfig_key own_keys[] = {
	{ "BusyPoll", "microseconds from 0 to 1000", set_busy_poll,
	    AT(busy_poll), WORD, false, false },
	{ "TCPCongestion", "a name such as cubic or bbr, or system",
	    set_congestion, AT(congestion), WORD, false, false },
	{ "TunnelOffload", YESNO, set_bool, AT(offload), WORD, false, false },
};

#define KEY_COUNT	(sizeof(keys) / sizeof(keys[0]))
#define OWN_COUNT	(sizeof(own_keys) / sizeof(own_keys[0]))

static_assert(KEY_COUNT + OWN_COUNT <= SSHCONFIG_KEYS_MAX,
    "room to note each key");

/* ssh's own, which change nothing about a tunnel. */
static const char *const foreign[] = {
	"AddKeysToAgent", "CanonicalDomains", "CanonicalizeFallbackLocal",
	"CanonicalizeHostname", "CanonicalizeMaxDots",
	"CanonicalizePermittedCNAMEs", "CASignatureAlgorithms",
	"ChannelTimeout", "CheckHostIP", "ClearAllForwardings", "ControlMaster",
	"ControlPath", "ControlPersist", "DynamicForward",
	"EnableEscapeCommandline", "EnableSSHKeysign", "EscapeChar",
	"ExitOnForwardFailure",
	"FingerprintHash", "ForwardAgent", "ForwardX11", "ForwardX11Timeout",
	"ForwardX11Trusted", "GatewayPorts", "GSSAPIAuthentication",
	"GSSAPIDelegateCredentials", "HostbasedAcceptedAlgorithms",
	"HostbasedAuthentication", "IgnoreUnknown", "IPQoS",
	"KbdInteractiveDevices", "KnownHostsCommand", "LocalCommand",
	"LocalForward", "LogVerbose", "MACs",
	"NoHostAuthenticationForLocalhost", "ObscureKeystrokeTiming",
	"PermitLocalCommand", "PermitRemoteOpen", "PKCS11Provider",
	"RemoteForward", "RequestTTY", "SecurityKeyProvider",
	"StreamLocalBindMask", "StreamLocalBindUnlink", "SyslogFacility", "Tag",
	"UpdateHostKeys", "VerifyHostKeyDNS", "VersionAddendum",
	"VisualHostKey", "XAuthLocation"
};

const struct sshconfig_key *
sshconfig_find_key(const char *name)
{
	size_t i;

	for (i = 0; i < KEY_COUNT; i++) {
		if (strcasecmp(keys[i].name, name) == 0)
			return &keys[i];
	}
	for (i = 0; i < OWN_COUNT; i++) {
		if (strcasecmp(own_keys[i].name, name) == 0)
			return &own_keys[i];
	}
	return NULL;
}

bool
sshconfig_is_own(const char *s)
{
	size_t i, len = strcspn(s, "=");

	for (i = 0; i < OWN_COUNT; i++) {
		if (strlen(own_keys[i].name) == len &&
		    strncasecmp(own_keys[i].name, s, len) == 0)
			return true;
	}
	return false;
}

bool
sshconfig_is_foreign(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		if (strcasecmp(foreign[i], name) == 0)
			return true;
	}
	return false;
}
