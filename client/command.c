/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The window of the channel bounds what waits here: the peer gets credit for
 * what has been written to our standard output or error, not before.  Pipes
 * stay blocking, because they are shared with other programs; poll(2) tells
 * when PIPE_BUF bytes can be written without waiting.  For a terminal it only
 * tells that there is some room, so a terminal is opened anew, non-blocking.
 *
 * The question for the interface's name is the same thing with the answer
 * kept instead of written.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/command.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/proc.h"

#define STDIN_CHUNK	(16 * 1024)
#define ANSWER_MAX	256
#define NAME_QUESTION	"echo \"$SSH_TUNNEL\""

struct stream {
	int fd;
	struct buf data;
	bool broken;			/* nobody reads: drop, keep credit */
};

struct command {
	const struct config *config;
	struct loop *loop;
	unsigned type;
	command_done_fn *done;
	void *ctx;
	struct chan *chan;		/* NULL once closed */
	bool is_question;
	bool running;
	struct stream out, err;
	struct buf in;			/* read, not yet sent */
	bool in_watched, in_ended;
	char answer[ANSWER_MAX];
};

static void
stream_init(struct stream *s)
{
	s->fd = -1;
	buf_init(&s->data, CHAN_SESSION_WINDOW);
}

void
command_output_init(struct command_output *o)
{
	o->out = o->err = -1;
}

static int
open_output(int fd)
{
	const char *name = isatty(fd) ? ttyname(fd) : NULL;
	int own = -1;

	if (name != NULL)
		own = open(name, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	/* A terminal that was handed over by another user is used as it is. */
	return own != -1 ? own : fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}

int
command_output_open(struct command_output *o)
{
	if ((o->out = open_output(STDOUT_FILENO)) != -1 &&
	    (o->err = open_output(STDERR_FILENO)) != -1)
		return 0;
	command_output_close(o);
	return SSHTAP_ERR_SYSTEM;
}

void
command_output_close(struct command_output *o)
{
	proc_close(&o->out);
	proc_close(&o->err);
}

static int
start(struct chans *cs, struct loop *l, unsigned type, const struct config *c,
    command_done_fn *done, void *ctx, bool is_question, struct command **cmdp)
{
	struct command *cmd;
	int r;

	if ((cmd = calloc(1, sizeof(*cmd))) == NULL)
		return SSHTAP_ERR_ALLOC;
	cmd->config = c;
	cmd->loop = l;
	cmd->type = type;
	cmd->done = done;
	cmd->ctx = ctx;
	cmd->is_question = is_question;
	stream_init(&cmd->out);
	stream_init(&cmd->err);
	buf_init(&cmd->in, STDIN_CHUNK);
	if ((r = chan_open_session(cs, cmd, &cmd->chan)) != 0) {
		command_free(cmd);
		return r;
	}
	*cmdp = cmd;
	return 0;
}

int
command_run(struct chans *cs, struct loop *l, unsigned type,
    const struct config *c, struct command_output *o, command_done_fn *done,
    void *ctx, struct command **cmdp)
{
	int r;

	if ((r = start(cs, l, type, c, done, ctx, false, cmdp)) != 0)
		return r;
	(*cmdp)->out.fd = o->out;
	(*cmdp)->err.fd = o->err;
	command_output_init(o);
	return 0;
}

int
command_ask_name(struct chans *cs, struct loop *l, unsigned type,
    const struct config *c, command_done_fn *done, void *ctx,
    struct command **cmdp)
{
	return start(cs, l, type, c, done, ctx, true, cmdp);
}

static void
unwatch(struct command *cmd)
{
	loop_remove(cmd->loop, cmd->out.fd);
	loop_remove(cmd->loop, cmd->err.fd);
	loop_remove(cmd->loop, STDIN_FILENO);
	cmd->in_watched = false;
}

void
command_free(struct command *cmd)
{
	if (cmd == NULL)
		return;
	unwatch(cmd);
	if (cmd->chan != NULL) {
		chan_set_user(cmd->chan, NULL);
		(void)chan_close(cmd->chan);
	}
	proc_close(&cmd->out.fd);
	proc_close(&cmd->err.fd);
	buf_clear(&cmd->out.data);
	buf_clear(&cmd->err.data);
	buf_clear(&cmd->in);
	free(cmd);
}

/*
 * SSH_TUNNEL is a comma-separated list; ours was opened last.  What a shell's
 * start-up files print beside it makes it no name.
 */
const char *
command_answer(const struct command *cmd)
{
	const char *name = strrchr(cmd->answer, ',');
	size_t letters, digits;

	name = name == NULL ? cmd->answer : name + 1;
	letters = strspn(name, "abcdefghijklmnopqrstuvwxyz");
	digits = strspn(name + letters, "0123456789");
	/* "tap3"; "feth3" and "utun3" where sshd is a Mac's. */
	return letters >= 3 && letters <= 4 && digits > 0 && digits <= 10 &&
	    name[letters + digits] == '\0' ? name : NULL;
}

/* Standard input. */

static void
watch_stdin(struct command *cmd, bool on)
{
	if (on == cmd->in_watched || cmd->in_ended)
		return;
	cmd->in_watched = on;
	if (!on)
		loop_remove(cmd->loop, STDIN_FILENO);
	else if (loop_add(cmd->loop, STDIN_FILENO, cmd->type, cmd->ctx,
	    LOOP_IN) != 0)
		cmd->in_watched = false;
}

static void
send_stdin(struct command *cmd)
{
	struct view v;
	size_t taken;

	while (cmd->in.len > 0) {
		v = buf_view(&cmd->in);
		if (chan_session_send(cmd->chan, &v, &taken) != 0) {
			watch_stdin(cmd, false);
			return;
		}
		buf_drop_front(&cmd->in, taken);
	}
	watch_stdin(cmd, true);
}

static void
read_stdin(struct command *cmd)
{
	uint8_t *p;
	ssize_t n;

	if (cmd->in.len > 0 ||
	    buf_put_space(&cmd->in, STDIN_CHUNK, &p) != 0)
		return;
	n = read(STDIN_FILENO, p, STDIN_CHUNK);
	buf_drop_end(&cmd->in, STDIN_CHUNK - (n > 0 ? (size_t)n : 0));
	if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR)) {
		watch_stdin(cmd, false);
		cmd->in_ended = true;
		(void)chan_send_eof(cmd->chan);
	} else
		send_stdin(cmd);
}

/* Standard output and error. */

static void
write_stream(struct command *cmd, struct stream *s)
{
	size_t len = s->data.len < PIPE_BUF ? s->data.len : PIPE_BUF;
	ssize_t n = write(s->fd, buf_view(&s->data).p, len);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == -1) {
		/* Nobody reads it any more: let the command know. */
		s->broken = true;
		n = (ssize_t)s->data.len;
		if (s == &cmd->out && cmd->chan != NULL)
			(void)chan_close(cmd->chan);
	}
	buf_drop_front(&s->data, (size_t)n);
	if (cmd->chan != NULL)
		(void)chan_session_consumed(cmd->chan, (size_t)n);
	if (s->data.len == 0)
		loop_remove(cmd->loop, s->fd);
}

/* The last of the output may be written after the channel is gone. */
static void
end_if_drained(struct command *cmd)
{
	if (cmd->chan == NULL && cmd->out.data.len == 0 &&
	    cmd->err.data.len == 0)
		cmd->done(cmd->ctx);
}

void
command_ready(struct command *cmd, int fd, unsigned events)
{
	(void)events;
	if (fd == STDIN_FILENO && cmd->in_watched) {
		read_stdin(cmd);
		return;
	}
	if (fd == cmd->out.fd && cmd->out.data.len > 0)
		write_stream(cmd, &cmd->out);
	else if (fd == cmd->err.fd && cmd->err.data.len > 0)
		write_stream(cmd, &cmd->err);
	end_if_drained(cmd);
}

/* Events of the channel. */

void
command_opened(struct command *cmd)
{
	const char *line = cmd->is_question ? NAME_QUESTION :
	    cmd->config->command;
	size_t i;
	char *name, *value;
	int r;

	for (i = 0; i < cmd->config->env.n; i++) {
		if ((name = strdup(cmd->config->env.item[i])) == NULL)
			continue;
		if ((value = strchr(name, '=')) != NULL) {
			*value++ = '\0';
			(void)chan_session_env(cmd->chan, name, value);
		}
		free(name);
	}
	if ((r = chan_session_exec(cmd->chan, line)) != 0) {
		log_error_r(r, "cannot run the command");
		(void)chan_close(cmd->chan);
	}
}

void
command_refused(struct command *cmd, const char *text)
{
	if (!cmd->is_question)
		log_error("%s refused to run the command: %s",
		    cmd->config->destination, text);
}

void
command_exec_result(struct command *cmd, bool ok)
{
	cmd->running = ok;
	if (!ok) {
		command_refused(cmd, "its shell was not started");
		(void)chan_close(cmd->chan);
	} else if (cmd->is_question || cmd->config->stdin_null)
		(void)chan_send_eof(cmd->chan);
	else
		watch_stdin(cmd, true);
}

static void
keep_answer(struct command *cmd, const struct view *bytes)
{
	size_t have = strlen(cmd->answer), i;

	for (i = 0; i < bytes->len && have + 1 < sizeof(cmd->answer); i++)
		if (bytes->p[i] != '\0' && bytes->p[i] != '\n' &&
		    bytes->p[i] != '\r')
			cmd->answer[have++] = (char)bytes->p[i];
	cmd->answer[have] = '\0';
}

void
command_data(struct command *cmd, bool is_stderr, const struct view *bytes)
{
	struct stream *s = is_stderr ? &cmd->err : &cmd->out;

	if (cmd->is_question) {
		if (!is_stderr)
			keep_answer(cmd, bytes);
	} else if (!s->broken && buf_put_view(&s->data, bytes) == 0) {
		/* It is watched as long as something is left. */
		if (s->data.len > bytes->len || loop_add(cmd->loop, s->fd,
		    cmd->type, cmd->ctx, LOOP_OUT) == 0)
			return;
		s->broken = true;
		buf_reset(&s->data);
	}
	(void)chan_session_consumed(cmd->chan, bytes->len);
}

void
command_writable(struct command *cmd)
{
	if (cmd->running)
		send_stdin(cmd);
}

void
command_exited(struct command *cmd, uint32_t status, const char *signal)
{
	if (cmd->is_question)
		return;
	if (signal != NULL)
		log_warn("the command on %s was killed by signal %s",
		    cmd->config->destination, signal);
	else if (status != 0)
		log_warn("the command on %s ended with status %u",
		    cmd->config->destination, status);
}

void
command_closed(struct command *cmd)
{
	cmd->chan = NULL;
	cmd->running = false;
	watch_stdin(cmd, false);
	end_if_drained(cmd);
}
