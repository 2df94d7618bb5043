/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * All files are read once, at the start, by the user whose they are; the
 * judgement later needs no rights.  Over all files together the worst news
 * counts: a revocation before a match, a match before a change.
 *
 * A key that is accepted is remembered in memory as the line that is written,
 * so that the same question is not put twice.  The line goes to the first
 * UserKnownHostsFile in a single append: two tunnels that start together must
 * not mix their lines.  Failing to write is no reason to refuse a key that
 * the user has accepted.
 *
 * As with ssh, a host on another port than 22 is filed as "[host]:port", and
 * a key filed for the plain name is good for it as well.
 */

#include "client/hostcheck.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/file.h"
#include "lib/log.h"
#include "lib/proc.h"
#include "lib/text.h"
#include "transport/key.h"
#include "transport/known_hosts.h"
#include "transport/namelist.h"

#define TEXTS_MAX	(2 * CONFIG_LIST_MAX + 1)	/* one is our own */
#define ADDED_MAX	(64 * 1024)	/* lines of keys accepted by this run */
#define ASK_TRIES	3
#define SSH_PORT	22
#define TYPE_SIZE	32	/* of a key type for a message */
#define HINT_SIZE	512

/* One file. */
struct source {
	const char *path;	/* the configuration's */
	struct buf text;
};

struct hostcheck {
	const struct config *c;
	struct prompt *prompt;
	char name[KNOWN_HOSTS_NAME_MAX];	/* as it is filed */
	char plain[KNOWN_HOSTS_NAME_MAX];	/* without port, or "" */
	struct source source[TEXTS_MAX];	/* the last one: added */
	size_t n;
	int add_fd;		/* kept open, or -1 */
};

/* Everything there is to say about a key. */
struct verdict {
	enum known_hosts_answer answer;
	const char *path;	/* of the deciding line */
	unsigned long line;
	char type[TYPE_SIZE];	/* "ED25519" */
	char fingerprint[KEY_FINGERPRINT_SIZE];
};

/* ---- reading ---- */

/* Anything but a file (a directory, /dev/null, a pipe) holds no keys. */
static int
read_file(const char *path, struct buf *text)
{
	int r = file_read(path, FILE_ANY, text);

	return r == SSHTAP_ERR_NOT_FOUND || r == SSHTAP_ERR_FORMAT ? 0 : r;
}

/*
 * What cannot be read is no reason to stay at home.  Want of memory is: it
 * says nothing about the file, whose keys would be new to us.
 */
static int
read_files(struct hostcheck *h, const struct config_list *paths)
{
	struct source *src;
	size_t i;
	int r;

	for (i = 0; i < paths->n; i++) {
		src = &h->source[h->n++];
		src->path = paths->item[i];
		buf_init(&src->text, KNOWN_HOSTS_TEXT_MAX);
		r = read_file(src->path, &src->text);
		if (r == SSHTAP_ERR_ALLOC)
			return r;
		if (r != 0) {
			log_warn_r(r, "cannot read known hosts file %s, going "
			    "on without it", src->path);
			buf_reset(&src->text);
		}
	}
	return 0;
}

static int
set_names(struct hostcheck *h)
{
	const struct config *c = h->c;
	bool has_alias = c->host_key_alias != NULL;
	const char *host = has_alias ? c->host_key_alias : c->hostname;
	unsigned port = has_alias ? SSH_PORT : c->port;
	int r;

	if ((r = known_hosts_name(host, port, h->name)) != 0 ||
	    (port != SSH_PORT &&
	    (r = known_hosts_name(host, SSH_PORT, h->plain)) != 0))
		log_error_r(r, "host name \"%s\" cannot be looked up in known "
		    "hosts: check HostName and HostKeyAlias", host);
	return r;
}

/* ---- writing ---- */

/* The directory of the file, one level, for the user alone. */
static void
make_directory(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir;

	if (slash == NULL || slash == path ||
	    (dir = strndup(path, (size_t)(slash - path))) == NULL)
		return;
	if (mkdir(dir, 0700) == 0)
		log_verbose("created %s", dir);
	free(dir);
}

static int
open_for_adding(const char *path)
{
	int fd, tries;

	for (tries = 0; tries < 2; tries++) {
		fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC |
		    O_NOCTTY, 0600);
		if (fd != -1 || errno != ENOENT)
			break;
		make_directory(path);
	}
	return fd;
}

/* An editor may have left the last line without its end. */
static bool
lacks_line_end(int fd)
{
	struct stat st;
	char c;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
	    pread(fd, &c, 1, st.st_size - 1) == 1 && c != '\n';
}

static int
append_line(int fd, const struct view *line)
{
	struct buf out;
	struct view v;
	ssize_t n;
	int r;

	buf_init(&out, ADDED_MAX + 1);
	if ((lacks_line_end(fd) && (r = buf_put_u8(&out, '\n')) != 0) ||
	    (r = buf_put_view(&out, line)) != 0)
		goto out;
	v = buf_view(&out);
	if ((n = write(fd, v.p, v.len)) != (ssize_t)v.len) {
		if (n != -1)
			errno = ENOSPC;
		r = SSHTAP_ERR_SYSTEM;
	}
 out:
	buf_clear(&out);
	return r;
}

/* File what is already in memory; a failure is a warning. */
static void
write_line(struct hostcheck *h, const struct view *line,
    const struct verdict *v)
{
	const struct config_list *files = &h->c->user_known_hosts;
	int r = SSHTAP_ERR_SYSTEM;

	if (files->n == 0) {
		log_warn("host key of %s accepted but not filed: there is no "
		    "UserKnownHostsFile", h->name);
		return;
	}
	if (h->add_fd == -1)
		h->add_fd = open_for_adding(files->item[0]);
	if (h->add_fd == -1 || (r = append_line(h->add_fd, line)) != 0)
		log_warn_r(r, "host key of %s accepted but not filed: cannot "
		    "write %s", h->name, files->item[0]);
	else
		log_info("filed host key of %s: %s %s in %s", h->name,
		    v->type, v->fingerprint, files->item[0]);
	proc_close(&h->add_fd);
}

static int
add_key(struct hostcheck *h, const struct view *blob, const struct verdict *v)
{
	struct buf *added = &h->source[h->n - 1].text;
	size_t before = added->len;
	struct view all, line;
	int r;

	if ((r = known_hosts_put_line(added, h->name, blob,
	    h->c->hash_known_hosts)) != 0) {
		log_warn_r(r, "host key of %s accepted but not filed",
		    h->name);
		return 0;
	}
	all = buf_view(added);
	line = view_of(all.p + before, all.len - before);
	write_line(h, &line, v);
	return 0;
}

/* ---- constructor ---- */

/* Could a key be filed at all, with this policy and nobody to ask? */
static bool
may_add(const struct config *c)
{
	return c->user_known_hosts.n > 0 && c->strict != CONFIG_STRICT_YES &&
	    !(c->strict == CONFIG_STRICT_ASK && c->batch_mode);
}

int
hostcheck_new(const struct config *c, struct prompt *p, bool keep_open,
    struct hostcheck **hp)
{
	struct hostcheck *h;
	int r;

	if ((h = calloc(1, sizeof(*h))) == NULL)
		return SSHTAP_ERR_ALLOC;
	h->c = c;
	h->prompt = p;
	h->add_fd = -1;
	if ((r = set_names(h)) != 0 ||
	    (r = read_files(h, &c->user_known_hosts)) != 0 ||
	    (r = read_files(h, &c->global_known_hosts)) != 0)
		goto out;
	buf_init(&h->source[h->n].text, ADDED_MAX);
	h->source[h->n++].path = "this run";
	if (keep_open && may_add(c))
		h->add_fd = open_for_adding(c->user_known_hosts.item[0]);
	*hp = h;
	h = NULL;
 out:
	hostcheck_free(h);
	return r;
}

void
hostcheck_free(struct hostcheck *h)
{
	size_t i;

	if (h == NULL)
		return;
	for (i = 0; i < h->n; i++)
		buf_clear(&h->source[i].text);
	proc_close(&h->add_fd);
	free(h);
}

/* ---- algorithms ---- */

static int
collect_filed(const struct hostcheck *h, const struct view *preference,
    struct buf *filed)
{
	struct view text;
	size_t i;
	int r;

	for (i = 0; i < h->n; i++) {
		text = buf_view(&h->source[i].text);
		if ((r = known_hosts_algorithms(&text, h->name, preference,
		    filed)) != 0)
			return r;
		if (h->plain[0] != '\0' && (r = known_hosts_algorithms(&text,
		    h->plain, preference, filed)) != 0)
			return r;
	}
	return 0;
}

/* Those elements of list whose being filed is as asked, in list's order. */
static int
add_names(struct buf *out, const struct view *list, const struct view *filed,
    bool is_filed)
{
	struct view rest = *list, name;
	int r;

	while (view_get_name(&rest, &name)) {
		if (namelist_has_view(filed, &name) != is_filed)
			continue;
		if ((out->len > 0 && (r = buf_put_u8(out, ',')) != 0) ||
		    (r = buf_put_view(out, &name)) != 0)
			return r;
	}
	return 0;
}

int
hostcheck_algorithms(const struct hostcheck *h, struct buf *out)
{
	struct view preference = view_of_string(h->c->hostkey_algs), have;
	struct buf filed;
	int r;

	if (h->c->hostkey_algs_set)
		return buf_put_view(out, &preference);
	/* Each file may name all of them. */
	buf_init(&filed, 2 * TEXTS_MAX * NAMELIST_MAX);
	if ((r = collect_filed(h, &preference, &filed)) != 0)
		goto out;
	have = buf_view(&filed);
	if ((r = add_names(out, &preference, &have, true)) == 0)
		r = add_names(out, &preference, &have, false);
 out:
	buf_clear(&filed);
	return r;
}

/* ---- judgement ---- */

static int
look_up(const struct hostcheck *h, const char *name, const struct view *blob,
    struct verdict *v)
{
	struct known_hosts_result found;
	unsigned long skipped;
	struct view text;
	size_t i;
	int r;

	for (i = 0; i < h->n; i++) {
		text = buf_view(&h->source[i].text);
		if ((r = known_hosts_check(&text, name, blob, &found,
		    &skipped)) != 0)
			return r;
		if (skipped > 0)
			log_debug("%s: %lu lines make no sense",
			    h->source[i].path, skipped);
		if (found.answer > v->answer) {
			v->answer = found.answer;
			v->path = h->source[i].path;
			v->line = found.line;
		}
	}
	return 0;
}

/*
 * A key of the plain name is as good; what else that name's lines say is
 * about another server.
 */
static int
look_up_plain(const struct hostcheck *h, const struct view *blob,
    struct verdict *v)
{
	struct verdict plain = { .answer = KNOWN_HOSTS_NEW };
	int r;

	if (h->plain[0] == '\0' || (v->answer != KNOWN_HOSTS_NEW &&
	    v->answer != KNOWN_HOSTS_OTHER_TYPE))
		return 0;
	if ((r = look_up(h, h->plain, blob, &plain)) != 0)
		return r;
	if (plain.answer == KNOWN_HOSTS_MATCH ||
	    plain.answer == KNOWN_HOSTS_REVOKED) {
		v->answer = plain.answer;
		v->path = plain.path;
		v->line = plain.line;
	}
	return 0;
}

/* "ssh-ed25519" is known to users as ED25519. */
static int
describe_key(const struct view *blob, struct verdict *v)
{
	struct view rest = *blob, type;
	const char *name = NULL;
	int r;

	if ((r = view_get_string(&rest, &type)) != 0 ||
	    (r = key_fingerprint(blob, v->fingerprint)) != 0)
		return r;
	if (view_is(&type, "ssh-ed25519"))
		name = "ED25519";
	else if (view_starts_with(&type, "ecdsa-sha2-"))
		name = "ECDSA";
	else if (view_is(&type, "ssh-rsa"))
		name = "RSA";
	if (name != NULL)
		type = view_of_string(name);
	(void)text_clean(v->type, sizeof(v->type), type.p, type.len, false);
	return 0;
}

/* The command that removes a host's lines from that file. */
static void
put_removal(const struct hostcheck *h, const struct verdict *v,
    char out[HINT_SIZE])
{
	static const char usual[] = "/.ssh/known_hosts";
	size_t len = strlen(v->path), tail = sizeof(usual) - 1;
	/* A shell would take brackets for a pattern. */
	const char *quote = strchr(h->name, '[') != NULL ? "'" : "";
	bool is_usual = len >= tail &&
	    strcmp(v->path + len - tail, usual) == 0;
	char *s;

	s = text_format("ssh-keygen%s%s -R %s%s%s", is_usual ? "" : " -f ",
	    is_usual ? "" : v->path, quote, h->name, quote);
	(void)text_clean(out, HINT_SIZE, s != NULL ? s : "ssh-keygen -R",
	    s != NULL ? strlen(s) : strlen("ssh-keygen -R"), false);
	free(s);
}

static int
refuse_changed(const struct hostcheck *h, const struct verdict *v)
{
	char removal[HINT_SIZE];

	put_removal(h, v, removal);
	log_error("REFUSED: host key of %s has changed: %s %s is not the one "
	    "in %s:%lu: someone may be listening in; if the host was "
	    "reinstalled, remove the line with %s", h->name, v->type,
	    v->fingerprint, v->path, v->line, removal);
	return SSHTAP_ERR_HOSTKEY;
}

static int
refuse_revoked(const struct hostcheck *h, const struct verdict *v)
{
	log_error("REFUSED: host key of %s is revoked: %s %s is marked "
	    "@revoked in %s:%lu: someone who has stolen it may be listening "
	    "in; ask the host's administrator for a new one", h->name,
	    v->type, v->fingerprint, v->path, v->line);
	return SSHTAP_ERR_HOSTKEY;
}

static int
refuse_unknown(const struct hostcheck *h, const struct verdict *v)
{
	if (v->answer == KNOWN_HOSTS_OTHER_TYPE)
		log_error("host key of %s is not known: %s %s, while %s:%lu "
		    "has a key of another type: add it with ssh-keyscan after "
		    "checking it", h->name, v->type, v->fingerprint, v->path,
		    v->line);
	else
		log_error("host key of %s is not known: %s %s: add it with "
		    "ssh-keyscan after checking it, connect once with ssh, "
		    "or use -o StrictHostKeyChecking=accept-new", h->name,
		    v->type, v->fingerprint);
	return SSHTAP_ERR_HOSTKEY;
}

static char *
make_question(const struct hostcheck *h, const struct verdict *v)
{
	char *known = NULL, *question = NULL;

	if (v->answer == KNOWN_HOSTS_OTHER_TYPE)
		known = text_format("Careful: %s:%lu knows this host by a key "
		    "of another type.\n", v->path, v->line);
	else
		known = strdup("");
	if (known != NULL)
		question = text_format("The host %s is not known here.  It "
		    "shows this %s key:\n    %s\n%sIs that its key?  (yes, "
		    "no, or the fingerprint you expect) ", h->name, v->type,
		    v->fingerprint, known);
	free(known);
	return question;
}

/* 0 when the user takes the key, SSHTAP_ERR_REFUSED when not. */
static int
ask_user(const struct hostcheck *h, const struct verdict *v)
{
	char *question = make_question(h, v), answer[PROMPT_ANSWER_MAX];
	int r = SSHTAP_ERR_ALLOC, tries;

	if (question == NULL)
		return r;
	for (tries = 0; tries < ASK_TRIES; tries++) {
		r = prompt_ask(h->prompt, PROMPT_CONFIRM, question, answer,
		    sizeof(answer));
		if (r != 0)
			break;
		if (strcasecmp(answer, "yes") == 0 ||
		    strcmp(answer, v->fingerprint) == 0)
			break;
		r = SSHTAP_ERR_REFUSED;
		if (strcasecmp(answer, "no") == 0 ||
		    strncmp(answer, "SHA256:", strlen("SHA256:")) == 0)
			break;
	}
	free(question);
	return r;
}

static int
ask_unknown(struct hostcheck *h, const struct view *blob,
    const struct verdict *v)
{
	int r = SSHTAP_ERR_NOT_FOUND;

	if (h->prompt != NULL)
		r = ask_user(h, v);
	if (r == SSHTAP_ERR_NOT_FOUND)
		return refuse_unknown(h, v);
	if (r == 0)
		return add_key(h, blob, v);
	if (r == SSHTAP_ERR_REFUSED)
		log_error("host key of %s was not accepted: %s %s: compare "
		    "it with what ssh-keygen -l says on that host", h->name,
		    v->type, v->fingerprint);
	else
		log_error_r(r, "host key of %s is not known, and asking "
		    "about it failed", h->name);
	return SSHTAP_ERR_HOSTKEY;
}

static int
judge_unknown(struct hostcheck *h, const struct view *blob,
    const struct verdict *v)
{
	switch (h->c->strict) {
	case CONFIG_STRICT_NO:
		return add_key(h, blob, v);
	case CONFIG_STRICT_ACCEPT_NEW:
		if (v->answer == KNOWN_HOSTS_OTHER_TYPE)
			return refuse_unknown(h, v);
		return add_key(h, blob, v);
	case CONFIG_STRICT_ASK:
		return ask_unknown(h, blob, v);
	case CONFIG_STRICT_YES:
		break;
	}
	return refuse_unknown(h, v);
}

int
hostcheck_verify(struct hostcheck *h, const struct view *blob)
{
	struct verdict v = { .answer = KNOWN_HOSTS_NEW, .path = "" };
	int r;

	if ((r = describe_key(blob, &v)) != 0 ||
	    (r = look_up(h, h->name, blob, &v)) != 0 ||
	    (r = look_up_plain(h, blob, &v)) != 0) {
		log_error_r(r, "host key of %s cannot be checked", h->name);
		return SSHTAP_ERR_HOSTKEY;
	}
	switch (v.answer) {
	case KNOWN_HOSTS_MATCH:
		log_debug("host key of %s: %s %s is the one in %s:%lu",
		    h->name, v.type, v.fingerprint, v.path, v.line);
		return 0;
	case KNOWN_HOSTS_CHANGED:
		return refuse_changed(h, &v);
	case KNOWN_HOSTS_REVOKED:
		return refuse_revoked(h, &v);
	case KNOWN_HOSTS_NEW:
	case KNOWN_HOSTS_OTHER_TYPE:
		break;
	}
	return judge_unknown(h, blob, &v);
}
