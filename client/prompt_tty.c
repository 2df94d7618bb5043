/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * One question on the terminal.  ECHO is off only between two calls of
 * tcsetattr in ask_once, and every way out passes the second one; a signal
 * that comes in between waits for it (prompt_signals.c).  After a stop the
 * question is put again.
 *
 * A process in the background is stopped by the first tcsetattr, with nothing
 * changed yet.  The second must not be: SIGTTOU is blocked around it.
 */

#include "client/prompt_impl.h"

#include <openssl/crypto.h>

#include <errno.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "lib/err.h"

static int
write_all(int fd, const char *s)
{
	size_t len = strlen(s);
	ssize_t n;

	while (len > 0) {
		if ((n = write(fd, s, len)) == -1 && errno != EINTR)
			return SSHTAP_ERR_SYSTEM;
		if (n > 0) {
			s += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

/* What was typed ahead was not meant as an answer: TCSAFLUSH drops it. */
static int
set_echo_off(int tty, struct termios *savedp)
{
	struct termios t;

	if (tcgetattr(tty, savedp) == -1)
		return SSHTAP_ERR_SYSTEM;
	t = *savedp;
	t.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
	return tcsetattr(tty, TCSAFLUSH, &t) == -1 ? SSHTAP_ERR_SYSTEM : 0;
}

static void
restore_terminal(int tty, const struct termios *saved)
{
	sigset_t mask, old;

	(void)sigemptyset(&mask);
	(void)sigaddset(&mask, SIGTTOU);
	(void)sigprocmask(SIG_BLOCK, &mask, &old);
	while (tcsetattr(tty, TCSANOW, saved) == -1 && errno == EINTR)
		continue;
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
}

/*
 * A line, byte by byte so that nothing behind it is taken.  One that is too
 * long is read to its end, so that its rest does not answer the next question.
 */
static int
read_line(int tty, const struct prompt_signals *ps, char *answer, size_t size)
{
	size_t len = 0;
	ssize_t n;
	char c;
	int r;

	for (;;) {
		if ((r = prompt_signals_wait(ps, tty)) != 0)
			goto out;
		if ((n = read(tty, &c, 1)) == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			r = SSHTAP_ERR_SYSTEM;
			goto out;
		}
		if (n == 0) {
			r = SSHTAP_ERR_REFUSED;
			goto out;
		}
		if (c == '\n' || c == '\r')
			break;
		if (len < size - 1)
			answer[len] = c;
		len++;
	}
	if (len > size - 1) {
		r = SSHTAP_ERR_TOO_BIG;
		goto out;
	}
	answer[len] = '\0';
 out:
	OPENSSL_cleanse(&c, sizeof(c));
	return r;
}

static int
ask_once(int tty, bool echo, const char *text, const struct prompt_signals *ps,
    char *answer, size_t size)
{
	struct termios saved;
	int r;

	if (!echo && (r = set_echo_off(tty, &saved)) != 0)
		return r;
	if ((r = write_all(tty, text)) == 0)
		r = read_line(tty, ps, answer, size);
	/* The line end of a secret was not echoed; that of ^D and ^C never. */
	if (!echo || r != 0)
		(void)write_all(tty, "\n");
	if (!echo)
		restore_terminal(tty, &saved);
	return r;
}

int
prompt_ask_tty(int tty, bool echo, const char *text, char *answer, size_t size)
{
	struct prompt_signals ps;
	int r, saved_errno, sig;

	do {
		prompt_signals_hold(&ps);
		r = ask_once(tty, echo, text, &ps, answer, size);
		saved_errno = errno;
		if (r != 0)
			OPENSSL_cleanse(answer, size);
		sig = prompt_signals_release(&ps);
		errno = saved_errno;
	} while (r == SSHTAP_ERR_AGAIN && sig == SIGTSTP);
	return r == SSHTAP_ERR_AGAIN ? SSHTAP_ERR_REFUSED : r;
}
