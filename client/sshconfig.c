/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * ssh is asked twice at once: for this destination, and for what it says
 * without any configuration.  The second answer tells the user's lists of
 * algorithms from those that ssh was built with: an older ssh does not know
 * our best methods, and its not naming them must not take them away.
 *
 * The answer holds one "key value" per line, values unquoted.  Some names in
 * it are expanded already (known hosts, agent, remote command), some are not
 * (identities, certificates, ProxyCommand); an absolute path of the first kind
 * is therefore left alone, or a "%" in it would be expanded twice.  Versions
 * of ssh that leave those alone too print them with the "~" they came with.
 * A known_hosts path with a blank cannot be told from two paths; that is lost
 * in ssh's answer.
 *
 * Overrides of keys that ssh does not know are kept from it and applied here;
 * without ssh all of them are, in their order.  As in ssh the first value
 * given holds.
 */

#include "client/sshconfig.h"

#include <sys/wait.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "client/expand.h"
#include "client/sshconfig_impl.h"
#include "lib/err.h"
#include "lib/setting.h"

#define ORIGIN_SSH	"ssh configuration: "
#define ORIGIN_OPTION	"-o "

/* The one line about a value that a setter did not take. */
static void
log_refusal(const struct sshconfig_key *k, const char *origin,
    const char *value, int r)
{
	switch (r) {
	case SSHTAP_ERR_NO_COMMON:
		break;		/* the setter has told all */
	case SSHTAP_ERR_FORMAT:
	case SSHTAP_ERR_TOO_BIG:
		log_error("%s%s \"%.200s\": expected %s", origin, k->name,
		    value, k->wants);
		break;
	case SSHTAP_ERR_UNSUPPORTED:
		log_error("%s%s \"%.200s\" is not supported for a tunnel: "
		    "set %s", origin, k->name, value, k->wants);
		break;
	default:
		log_error_r(r, "%s%s", origin, k->name);
		break;
	}
}

static int
set_key(struct config *c, const struct sshconfig_key *k, const char *origin,
    const char *value)
{
	int r = *value == '\0' ? SSHTAP_ERR_FORMAT : k->set(c, k, value);

	if (r != 0)
		log_refusal(k, origin, value, r);
	return r == SSHTAP_ERR_TOO_BIG ? SSHTAP_ERR_FORMAT : r;
}

int
sshconfig_set(struct config *c, const char *key, const char *value)
{
	const struct sshconfig_key *k;

	if ((k = sshconfig_find_key(key)) == NULL)
		return SSHTAP_ERR_NOT_FOUND;
	return set_key(c, k, "", value);
}

/* The next line of ssh's answer; false at its end. */
static bool
take_line(struct view *text, struct view *keyp, struct view *valuep)
{
	struct view line;

	while (view_get_line(text, &line)) {
		if (!view_get_word(&line, keyp))
			continue;
		/* One blank divides; more of them belong to the value. */
		*valuep = line;
		if (line.len > 0)
			*valuep = view_of(line.p + 1, line.len - 1);
		return true;
	}
	return false;
}

static bool
is_key(const struct view *key, const char *name)
{
	return key->len == strlen(name) &&
	    strncasecmp((const char *)key->p, name, key->len) == 0;
}

/* The next value of this key; false when there is none left. */
static bool
take_value(struct view *text, const char *name, struct view *valuep)
{
	struct view key;

	while (take_line(text, &key, valuep)) {
		if (is_key(&key, name))
			return true;
	}
	return false;
}

/* True when both answers have the same values of this key, and some. */
static bool
is_same_value(const char *name, const struct view *text,
    const struct view *defaults)
{
	struct view a = *text, b = *defaults, value_a, value_b;
	bool has_a, has_b;
	size_t n = 0;

	for (;; n++) {
		has_a = take_value(&a, name, &value_a);
		has_b = take_value(&b, name, &value_b);
		if (!has_a || !has_b)
			return has_a == has_b && n > 0;
		if (!view_equals(&value_a, &value_b))
			return false;
	}
}

static int
apply_line(struct config *c, const struct view *key, const struct view *value,
    const struct view *text, const struct view *defaults)
{
	const struct sshconfig_key *k;
	char *name = NULL, *s = NULL;
	int r;

	if ((r = view_to_cstring(key, &name)) != 0) {
		log_error_r(r, ORIGIN_SSH "a name in the answer of ssh -G");
		return r;
	}
	if ((k = sshconfig_find_key(name)) == NULL ||
	    (k->is_own_default && is_same_value(name, text, defaults)))
		goto out;
	if ((r = view_to_cstring(value, &s)) != 0) {
		log_error_r(r, ORIGIN_SSH "%s", name);
		goto out;
	}
	r = set_key(c, k, ORIGIN_SSH, s);
 out:
	free(name);
	free(s);
	return r;
}

int
sshconfig_apply(struct config *c, const struct view *text,
    const struct view *defaults)
{
	struct view left = *text, key, value;
	int r = 0;

	while (r == 0 && take_line(&left, &key, &value))
		r = apply_line(c, &key, &value, text, defaults);
	return r;
}

/* Replace a string by its expansion; NULL stays. */
static int
expand(const struct config *c, const char *what, int (*fn)(
    const struct config *, const char *, char **), char **sp)
{
	char *s;
	int r;

	if (*sp == NULL)
		return 0;
	switch (r = fn(c, *sp, &s)) {
	case 0:
		free(*sp);
		*sp = s;
		break;
	case SSHTAP_ERR_FORMAT:
		log_error("%s \"%.200s\": unknown %%-token or variable", what,
		    *sp);
		break;
	case SSHTAP_ERR_ARGUMENT:
		log_error("%s \"%.200s\": the host or user name (%.200s, %.64s)"
		    " has characters that a shell could act on", what, *sp,
		    c->hostname, c->user);
		r = SSHTAP_ERR_FORMAT;
		break;
	case SSHTAP_ERR_NOT_FOUND:
		log_error("%s \"%.200s\": no such user, or no home directory",
		    what, *sp);
		r = SSHTAP_ERR_FORMAT;
		break;
	default:
		log_error_r(r, "%s \"%.200s\"", what, *sp);
		break;
	}
	return r;
}

/* is_done: ssh has expanded what is an absolute path now. */
static int
expand_paths(const struct config *c, const char *what, bool is_done,
    struct config_list *l)
{
	size_t i;
	int r = 0;

	for (i = 0; i < l->n && r == 0; i++) {
		if (!is_done || l->item[i][0] != '/')
			r = expand(c, what, expand_path, &l->item[i]);
	}
	return r;
}

static int
expand_all(struct config *c, bool from_ssh)
{
	const char *sock = getenv("SSH_AUTH_SOCK");
	int r;

	if ((r = expand_paths(c, "IdentityFile", false,
	    &c->identities)) != 0 ||
	    (r = expand_paths(c, "CertificateFile", false,
	    &c->certificates)) != 0 ||
	    (r = expand_paths(c, "UserKnownHostsFile", from_ssh,
	    &c->user_known_hosts)) != 0 ||
	    (r = expand_paths(c, "GlobalKnownHostsFile", from_ssh,
	    &c->global_known_hosts)) != 0)
		return r;
	/* What the environment says is a path as it stands. */
	if (c->identity_agent != NULL &&
	    !(from_ssh && *c->identity_agent == '/') &&
	    !(sock != NULL && strcmp(c->identity_agent, sock) == 0) &&
	    (r = expand(c, "IdentityAgent", expand_path,
	    &c->identity_agent)) != 0)
		return r;
	return expand(c, "ProxyCommand", expand_command, &c->proxy_command);
}

/* What follows from several settings, or from letters of the command line. */
static int
finish(struct config *c, bool from_ssh)
{
	int r;

	if ((r = expand_all(c, from_ssh)) != 0)
		return r;
	if (c->background)
		c->stdin_null = true;
	/* As with -N on the command line; ssh(1) leaves the command out. */
	if (c->no_command && c->command != NULL) {
		log_error("SessionType none and a command exclude each other");
		return SSHTAP_ERR_UNSUPPORTED;
	}
	if (c->quiet)
		c->log_level = LOG_LEVEL_QUIET;
	else if (c->verbose > 0)
		c->log_level = c->verbose > 1 ? LOG_LEVEL_DEBUG :
		    LOG_LEVEL_VERBOSE;
	return 0;
}

/* Split an override; *valuep points into it. */
static int
split_override(const char *s, char **keyp, const char **valuep)
{
	const char *sign;

	if ((sign = strchr(s, '=')) == NULL)
		return SSHTAP_ERR_FORMAT;
	if ((*keyp = strndup(s, (size_t)(sign - s))) == NULL)
		return SSHTAP_ERR_ALLOC;
	*valuep = sign + 1;
	return 0;
}

/* The values that are words: one, or as many as there are. */
static int
set_words(struct config *c, const struct sshconfig_key *k, const char *value)
{
	const char *left = value;
	char *word;
	size_t n = 0;
	int r;

	for (;; n++) {
		if ((r = setting_word(&left, &word)) != 0 || word == NULL)
			break;
		if (n > 0 && k->form == SSHCONFIG_WORD)
			r = SSHTAP_ERR_FORMAT;
		else if ((r = set_key(c, k, ORIGIN_OPTION, word)) != 0) {
			free(word);
			return r;
		}
		free(word);
		if (r != 0)
			break;
	}
	if (r == 0 && n == 0)
		r = SSHTAP_ERR_FORMAT;
	if (r != 0)
		log_refusal(k, ORIGIN_OPTION, value, r);
	return r;
}

/* Members that have their value, by offset. */
struct seen {
	size_t offset[SSHCONFIG_KEYS_MAX];
	size_t n;
};

/* True when it was there before; it is from now on. */
static bool
note_seen(struct seen *seen, const struct sshconfig_key *k)
{
	size_t i;

	for (i = 0; i < seen->n; i++) {
		if (seen->offset[i] == k->offset)
			return true;
	}
	if (seen->n < SSHCONFIG_KEYS_MAX)
		seen->offset[seen->n++] = k->offset;
	return false;
}

static int
apply_override(struct config *c, const char *s, struct seen *seen)
{
	const struct sshconfig_key *k;
	const char *value;
	char *key = NULL;
	int r;

	if ((r = split_override(s, &key, &value)) != 0)
		goto out;
	if ((k = sshconfig_find_key(key)) == NULL) {
		if (!sshconfig_is_foreign(key)) {
			log_error("-o %.64s: unknown option; see ssh_config(5)",
			    key);
			r = SSHTAP_ERR_FORMAT;
		}
	} else if (k->repeats || !note_seen(seen, k))
		r = k->form == SSHCONFIG_LINE ?
		    set_key(c, k, ORIGIN_OPTION, value) :
		    set_words(c, k, value);
 out:
	free(key);
	return r;
}

/* HostName may be made of the name that was typed. */
static int
expand_hostname(struct config *c)
{
	char *typed = NULL, *wanted = c->hostname;
	int r;

	if (*wanted == '\0')
		return config_set(&c->hostname, c->destination);
	if ((r = config_set(&typed, c->destination)) != 0)
		return r;
	c->hostname = typed;
	r = expand(c, "HostName", expand_path, &wanted);
	c->hostname = wanted;
	free(typed);
	return r;
}

/* only_own: all others have been ssh's to judge. */
static int
apply_overrides(struct config *c, bool only_own)
{
	struct seen seen = { .n = 0 };
	size_t i;
	int r = 0;

	for (i = 0; i < c->overrides.n && r == 0; i++) {
		if (!only_own || sshconfig_is_own(c->overrides.item[i]))
			r = apply_override(c, c->overrides.item[i], &seen);
	}
	return r;
}

/* There is no ssh: what the command line says, and our own defaults. */
static int
resolve_alone(struct config *c)
{
	bool had_command = c->command != NULL;
	int r;

	if (c->config_file != NULL && strcmp(c->config_file, "none") != 0 &&
	    strcmp(c->config_file, "/dev/null") != 0) {
		log_error("-F \"%s\": reading it takes ssh(1), which is not "
		    "in the path", c->config_file);
		return SSHTAP_ERR_FORMAT;
	}
	if ((r = apply_overrides(c, false)) != 0 ||
	    (r = expand_hostname(c)) != 0)
		return r;
	if (!had_command && (r = expand(c, "RemoteCommand", expand_command,
	    &c->command)) != 0)
		return r;
	return finish(c, false);
}

/* Lines that ssh writes in health too, or before it says what is wrong. */
static bool
is_noise(const struct view *line)
{
	static const char *const noise[] = {
		"debug1: ", "debug2: ", "debug3: ", "Pseudo-terminal ",
		"Warning: "
	};
	size_t i;

	for (i = 0; i < sizeof(noise) / sizeof(noise[0]); i++) {
		if (view_starts_with(line, noise[i]))
			return true;
	}
	return line->len == 0;
}

static void
log_complaint(const struct sshconfig_query *q)
{
	struct view left = buf_view(&q->err), line;
	int wstatus = q->status;

	while (view_get_line(&left, &line)) {
		if (is_noise(&line))
			continue;
		log_error(ORIGIN_SSH "%.*s", (int)line.len, line.p);
		return;
	}
	if (WIFSIGNALED(wstatus))
		log_error(ORIGIN_SSH "ssh -G was ended by signal %d",
		    WTERMSIG(wstatus));
	else
		log_error(ORIGIN_SSH "ssh -G failed with status %d; try it by "
		    "hand", WEXITSTATUS(wstatus));
}

/*
 * ssh prints "Tunnel yes" as point-to-point, its own default mode; ours is
 * Ethernet.  Only from the command line can the two be told apart.
 */
static const char *
translate_override(const char *s)
{
	if (strcasecmp(s, "Tunnel=yes") == 0 ||
	    strcasecmp(s, "Tunnel=true") == 0)
		return "Tunnel=ethernet";
	return s;
}

static int
build_query(const struct config *c, struct sshconfig_query *q)
{
	size_t i;
	int r;

	if ((r = sshconfig_query_add(q, "ssh", "")) != 0 ||
	    (r = sshconfig_query_add(q, "-G", "")) != 0)
		return r;
	if (c->config_file != NULL &&
	    ((r = sshconfig_query_add(q, "-F", "")) != 0 ||
	    (r = sshconfig_query_add(q, "", c->config_file)) != 0))
		return r;
	for (i = 0; i < c->overrides.n; i++) {
		if (!sshconfig_is_own(c->overrides.item[i]) &&
		    (r = sshconfig_query_add(q, "-o",
		    translate_override(c->overrides.item[i]))) != 0)
			return r;
	}
	if ((r = sshconfig_query_add(q, "--", "")) != 0)
		return r;
	return sshconfig_query_add(q, "", c->destination);
}

static int
build_default_query(struct sshconfig_query *q)
{
	static const char *const words[] = {
		"ssh", "-G", "-F", "/dev/null", "--", "localhost"
	};
	size_t i;
	int r = 0;

	for (i = 0; i < sizeof(words) / sizeof(words[0]) && r == 0; i++)
		r = sshconfig_query_add(q, words[i], "");
	return r;
}

static bool
has_succeeded(const struct sshconfig_query *q)
{
	int wstatus = q->status;

	return WIFEXITED(wstatus) && WEXITSTATUS(wstatus) == 0 &&
	    !q->out_too_big;
}

static int
apply_answers(struct config *c, const struct sshconfig_query q[2])
{
	struct view text = buf_view(&q[0].out), left = text, value;
	struct view defaults = view_of(NULL, 0);
	int r;

	if (q[0].out_too_big) {
		log_error(ORIGIN_SSH "ssh -G prints more than %d bytes",
		    SSHCONFIG_OUTPUT_MAX);
		return SSHTAP_ERR_FORMAT;
	}
	if (!has_succeeded(&q[0])) {
		log_complaint(&q[0]);
		return SSHTAP_ERR_FORMAT;
	}
	if (!take_value(&left, "hostname", &value)) {
		log_error(ORIGIN_SSH "the ssh in the path does not answer "
		    "-G as OpenSSH does");
		return SSHTAP_ERR_FORMAT;
	}
	if (has_succeeded(&q[1]))
		defaults = buf_view(&q[1].out);
	if ((r = sshconfig_apply(c, &text, &defaults)) != 0 ||
	    (r = apply_overrides(c, true)) != 0)
		return r;
	return finish(c, true);
}

int
sshconfig_resolve(struct config *c)
{
	struct sshconfig_query q[2];
	int r;

	sshconfig_query_init(&q[0]);
	sshconfig_query_init(&q[1]);
	if ((r = build_query(c, &q[0])) != 0 ||
	    (r = build_default_query(&q[1])) != 0 ||
	    (r = sshconfig_query_run(q, 2)) != 0) {
		if (r == SSHTAP_ERR_NOT_FOUND)
			r = resolve_alone(c);
		else
			log_error_r(r, "asking ssh for its configuration");
		goto out;
	}
	r = apply_answers(c, q);
 out:
	sshconfig_query_clear(&q[0]);
	sshconfig_query_clear(&q[1]);
	return r;
}
