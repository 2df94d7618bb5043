/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Who may log in.  Root looks up the account, reads its files with the
 * account's rights, and hands the bytes to the checker, which says yes or no.
 *
 * Whoever may not log in for whatever reason gets the same answer at the same
 * time: the checker is asked in any case, if need be about an empty text, and
 * a refusal leaves on the next tick of a clock that is slower than all of it.
 */

#include "server/monitor_impl.h"

#include <sys/resource.h>

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/log.h"
#include "lib/proc.h"
#include "priv/user.h"
#include "server/keysfile.h"

/* A refusal comes so long after its question, or a multiple of it. */
#define REFUSAL_MS	40

/* Whatever is longer is the name of no account. */
#define NAME_MAX_LEN	64

/* What is asked, and what came of it. */
struct login {
	struct auth_publickey pk;
	struct view signature;		/* empty: a probe */
	struct user account;		/* its name is NULL: there is none */
	struct check_verdict verdict;
	const char *reason;		/* of a refusal, in a word */
	char file[WORD_MAX];		/* that decided */
};

/* The name goes to the system's databases: no character of theirs is in it. */
static bool
is_name(const struct view *v)
{
	size_t i;

	if (v->len == 0 || v->len > NAME_MAX_LEN || v->p[0] == '-')
		return false;
	for (i = 0; i < v->len; i++)
		if (!((v->p[i] >= 'a' && v->p[i] <= 'z') ||
		    (v->p[i] >= 'A' && v->p[i] <= 'Z') ||
		    (v->p[i] >= '0' && v->p[i] <= '9') ||
		    strchr("._-@", v->p[i]) != NULL))
			return false;
	return true;
}

/* Without root there is one user to serve: our own. */
static bool
is_served(const struct server_monitor *m, const struct user *u)
{
	if (geteuid() != 0 && u->uid != geteuid())
		return false;
	return server_config_permits_user(m->config, u->name, m->conn->from);
}

static int
find_account(struct server_monitor *m, struct login *l)
{
	struct user u;
	char *name;
	int r;

	l->reason = "no-account";
	if (!is_name(&l->pk.user))
		return SSHTAP_ERR_NOT_FOUND;
	if ((r = view_to_cstring(&l->pk.user, &name)) != 0)
		return r;
	if ((r = user_named(name, &u)) == 0) {
		if (is_served(m, &u)) {
			l->account = u;
		} else {
			l->reason = "not-allowed";
			user_clear(&u);
			r = SSHTAP_ERR_REFUSED;
		}
	}
	free(name);
	return r;
}

/* One text; the verdict of the last one asked stays. */
static int
ask(struct server_monitor *m, struct login *l, struct view text)
{
	struct check_query q = {
		.text = text,
		.address = view_of_string(m->conn->from),
		.now = (int64_t)time(NULL),
		.session_id = buf_view(&m->session_id),
		.pk = l->pk,
		.signature = l->signature,
	};

	q.pk.hostkey = buf_view(&m->hostkey);
	return checker_ask(&m->checker, &q, &l->verdict);
}

static void
note_file(struct login *l, const char *path)
{
	struct view v = view_of_string(path);

	monitor_word(l->file, &v);
}

/* Ask about one file; *donep when it settles the matter. */
static int
ask_file(struct server_monitor *m, struct login *l, const char *pattern,
    bool *donep)
{
	char why[KEYSFILE_WHY_MAX], *path = NULL;
	struct buf text;
	int r;

	buf_init(&text, AUTHORIZED_KEYS_TEXT_MAX);
	if ((r = server_config_expand(pattern, l->account.name,
	    l->account.home, l->account.uid, &path)) == 0 &&
	    (r = keysfile_read(&l->account, path, m->config->strict_modes,
	    &text, why)) != 0 && r != SSHTAP_ERR_NOT_FOUND)
		log_warn("file-refused file=%s text=\"%s\" %s", path, why,
		    monitor_who(m));
	if (r == 0) {
		note_file(l, path);
		r = ask(m, l, buf_view(&text));
		/* Found, with whatever outcome: other files do not matter. */
		*donep = r != 0 || l->verdict.result != SSHTAP_ERR_NOT_FOUND;
	} else
		r = 0;		/* as if it were empty */
	free(path);
	buf_clear(&text);
	return r;
}

static int
ask_files(struct server_monitor *m, struct login *l)
{
	bool done = false;
	size_t i;
	int r = 0;

	for (i = 0; i < m->config->authorized_keys.n && !done; i++)
		r = ask_file(m, l, m->config->authorized_keys.item[i],
		    &done);
	/* The same work for those whom nobody has written of. */
	return r != 0 || done ? r : ask(m, l, view_of("", 0));
}

static const char *
reason_of(const struct check_verdict *v)
{
	if (v->result == SSHTAP_ERR_SIGNATURE)
		return "bad-signature";
	if (v->result == SSHTAP_ERR_UNSUPPORTED)
		return "unsupported-key";
	if (v->result != SSHTAP_ERR_REFUSED)
		return "unknown-key";
	switch (v->answer.reason) {
	case AUTHORIZED_KEYS_BAD_OPTION:
		return "bad-option";
	case AUTHORIZED_KEYS_CA:
		return "certificate-authority";
	case AUTHORIZED_KEYS_EXPIRED:
		return "expired";
	case AUTHORIZED_KEYS_FROM:
		return "from";
	default:
		return "unknown-key";
	}
}

/* Returns 0 when it is a yes. */
static int
judge(struct server_monitor *m, struct login *l)
{
	bool has_account = find_account(m, l) == 0;
	int r;

	l->verdict.result = SSHTAP_ERR_NOT_FOUND;
	r = has_account ? ask_files(m, l) : ask(m, l, view_of("", 0));
	if (r != 0) {
		l->reason = "checker-failed";
		log_error_r(r, "the checker failed %s", monitor_who(m));
		return r;
	}
	if (!has_account)
		return SSHTAP_ERR_REFUSED;
	l->reason = reason_of(&l->verdict);
	return l->verdict.result;
}

/* Until the next tick, or the end of the connection. */
static void
wait_for_tick(struct server_monitor *m, uint64_t asked_ms)
{
	struct pollfd pfd = { .fd = m->fd, .events = 0 };
	uint64_t passed = proc_now_ms() - asked_ms;

	(void)poll(&pfd, 1, (int)(REFUSAL_MS - passed % REFUSAL_MS));
}

static void
log_login(const struct server_monitor *m, const struct login *l, bool is_ok)
{
	char fingerprint[KEY_FINGERPRINT_SIZE] = "?", algorithm[WORD_MAX];
	char user[WORD_MAX];
	bool is_probe = l->signature.len == 0;

	(void)key_fingerprint(&l->pk.blob, fingerprint);
	monitor_word(algorithm, &l->pk.algorithm);
	monitor_word(user, &l->pk.user);
	if (is_ok)
		log_info("login method=%s key=%s fingerprint=%s file=%s "
		    "line=%lu %s", l->pk.hostbound ? "publickey-hostbound" :
		    "publickey", algorithm, fingerprint, l->file,
		    l->verdict.answer.line, monitor_who(m));
	else
		log_at(is_probe ? LOG_LEVEL_VERBOSE : LOG_LEVEL_INFO,
		    "refuse user=%s reason=%s key=%s fingerprint=%s %s", user,
		    l->reason, algorithm, fingerprint, monitor_who(m));
}

/* From here on it is somebody we know. */
static void
admit(struct server_monitor *m, const struct login *l)
{
	monitor_word(m->user, &l->pk.user);
	m->user_id = l->account.uid;
	m->group_id = l->account.gid;
	m->granted = l->verdict.answer;
	request_set_phase(&m->requests, REQUEST_PHASE_USER);
	m->deadline_ms = 0;
	(void)alarm(0);
	checker_stop(&m->checker);
	/* Frames come before strangers. */
	(void)setpriority(PRIO_PROCESS, (id_t)m->network,
	    getpriority(PRIO_PROCESS, 0));
	if (m->conn->listener != -1)
		(void)!write(m->conn->listener, "", 1);
	proc_close(&m->conn->listener);
}

static void
reply(struct server_monitor *m, bool is_yes)
{
	struct buf out;

	buf_init(&out, 1);
	if (buf_put_bool(&out, is_yes) == 0)
		monitor_reply(m, &out, NULL, 0);
	buf_clear(&out);
}

int
monitor_answer_key(struct server_monitor *m, struct view record)
{
	struct login l;
	uint64_t asked_ms = proc_now_ms();
	bool is_ok;
	int r;

	memset(&l, 0, sizeof(l));
	if ((r = request_get_key(record, &l.pk, &l.signature)) != 0)
		return r;
	if (m->failures >= m->config->max_auth_tries)
		return SSHTAP_ERR_AUTH;
	is_ok = judge(m, &l) == 0;
	if (is_ok && l.signature.len > 0)
		admit(m, &l);
	if (!is_ok || l.signature.len > 0)
		log_login(m, &l, is_ok);
	if (!is_ok) {
		m->failures++;
		wait_for_tick(m, asked_ms);
	}
	user_clear(&l.account);
	reply(m, is_ok);
	return 0;
}
