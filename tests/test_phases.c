/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * What becomes of each of the 256 message numbers in each phase of a
 * connection, for either side, with and without strict key exchange.  Each is
 * said with a body of its form and with none at all.  The policy is in two
 * tables, a row for a range of numbers and a column for a phase:
 *
 *	v  the peer's identification has not come
 *	k  waiting for its KEXINIT, x for INIT or REPLY, n for NEWKEYS
 *	f  keyed, and this is the first packet since
 *	s  keyed, the service is not granted
 *	a  authentication (client: has asked with "none")
 *	p  client: has asked whether a key would do
 *	c  authenticated, without a channel
 *	o  with a tunnel, e which the peer has ended, l which we have closed,
 *	z  which both have closed
 *	K  a rekey: ours is out and theirs is not here; X and N as x and n
 *	d  it has ended
 *
 * and in the cells:
 *
 *	+  handled; a body that is cut short ends the connection
 *	.  taken without an answer, whatever its body
 *	?  UNIMPLEMENTED, with its sequence number
 *	!  the end: PROTOCOL_ERROR, told to the peer with one DISCONNECT
 *	*  likewise, once its body has told for which channel it is
 *	B  the end: the peer's, and nothing is said
 *	V  the end: not an identification, and nothing is said
 *	-  nothing at all
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "lib/err.h"
#include "tests/phase_bench.h"
#include "transport/session_impl.h"
#include "transport/ssh2.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

#define TRUNCATED	'T'	/* as '!', but for the result */
#define UNEXPECTED	'#'

struct row {
	uint8_t first, last;
	const char *cells;
};

/* The columns, and with which letter each phase stands in them. */
static const char client_columns[] =
	          "v kxn fsap coelz KXN d";
static const char server_columns[] =
	          "v kxn fsa coelz KXN d";
static const char letters[] = {
	[PHASE_VERSION] = 'v',
	[PHASE_KEXINIT] = 'k',
	[PHASE_METHOD] = 'x',
	[PHASE_NEWKEYS] = 'n',
	[PHASE_FIRST] = 'f',
	[PHASE_SERVICE] = 's',
	[PHASE_AUTH] = 'a',
	[PHASE_PROBE] = 'p',
	[PHASE_READY] = 'c',
	[PHASE_OPEN] = 'o',
	[PHASE_EOF] = 'e',
	[PHASE_CLOSING] = 'l',
	[PHASE_CLOSED] = 'z',
	[PHASE_REKEY_KEXINIT] = 'K',
	[PHASE_REKEY_METHOD] = 'X',
	[PHASE_REKEY_NEWKEYS] = 'N',
	[PHASE_ENDED] = 'd',
};

/*
 * Where the rows come from:
 *   1 to 4	RFC 4253 section 11; strict key exchange wants nothing of 2 to
 *		4 between the KEXINITs and NEWKEYS, and in front of the former
 *		not either, which its sequence number will show
 *   5, 6	RFC 4253 section 10; nothing is asked for twice
 *   7		RFC 8308 section 2.4
 *   20 to 49	RFC 4253 sections 7.1 and 9; an exchange that a client starts
 *		before it is known would be work for nothing
 *   50 to 79	RFC 4252 sections 5 and 6; a late request is met with silence
 *		(5.1), and 60 to 79 mean nothing but what a method says that
 *		is under way; a BANNER may come from the request of the
 *		service on
 *   80 to 255	RFC 4252 section 6: not before authentication has ended;
 *		then RFC 4254, and 192 is not announced
 *   the rest	RFC 4253 section 11.4, except amid an exchange, where
 *		section 7.1 leaves no place for it
 */
static const struct row client_rows[] = {
	/*          v kxn fsap coelz KXN d */
	{   0,   0, "V !!! !!!! !!!!! !!! -" },
	{   1,   1, "V BBB BBBB BBBBB BBB -" },	/* DISCONNECT */
	{   2,   4, "V .!! .... ..... ... -" },	/* IGNORE to DEBUG */
	{   5,   5, "V !!! !!!! !!!!! !!! -" },	/* SERVICE_REQUEST */
	{   6,   6, "V !!! ++!! !!!!! !!! -" },	/* SERVICE_ACCEPT */
	{   7,   7, "V !!! +!++ !!!!! !!! -" },	/* EXT_INFO */
	{   8,  19, "V !!! ???? ????? ?!! -" },
	{  20,  20, "V +!! ++++ +++++ +!! -" },	/* KEXINIT */
	{  21,  21, "V !!+ !!!! !!!!! !!+ -" },	/* NEWKEYS */
	{  22,  29, "V !!! ???? ????? ?!! -" },
	{  30,  30, "V !!! !!!! !!!!! !!! -" },	/* INIT */
	{  31,  31, "V !+! !!!! !!!!! !+! -" },	/* REPLY */
	{  32,  49, "V !!! !!!! !!!!! !!! -" },
	{  50,  50, "V !!! !!!! !!!!! !!! -" },	/* USERAUTH_REQUEST */
	{  51,  51, "V !!! !!++ !!!!! !!! -" },	/* FAILURE */
	{  52,  52, "V !!! !!+! !!!!! !!! -" },	/* SUCCESS */
	{  53,  53, "V !!! ++++ !!!!! !!! -" },	/* BANNER */
	{  54,  59, "V !!! ???? ????? ?!! -" },
	{  60,  60, "V !!! !!!+ !!!!! !!! -" },	/* PK_OK */
	{  61,  79, "V !!! !!!! !!!!! !!! -" },
	{  80,  82, "V !!! !!!! +++++ +!! -" },	/* GLOBAL_REQUEST, replies */
	{  83,  89, "V !!! !!!! ????? ?!! -" },
	{  90,  90, "V !!! !!!! +++++ +!! -" },	/* CHANNEL_OPEN */
	{  91,  92, "V !!! !!!! ***** *!! -" },	/* its answers */
	{  93,  93, "V !!! !!!! +++++ +!! -" },	/* WINDOW_ADJUST */
	{  94,  96, "V !!! !!!! *+*+* +!! -" },	/* DATA, EXTENDED, EOF */
	{  97, 100, "V !!! !!!! *+++* +!! -" },	/* CLOSE, REQUEST, replies */
	{ 101, 255, "V !!! !!!! ????? ?!! -" },
};

static const struct row server_rows[] = {
	/*          v kxn fsa coelz KXN d */
	{   0,   0, "V !!! !!! !!!!! !!! -" },
	{   1,   1, "V BBB BBB BBBBB BBB -" },	/* DISCONNECT */
	{   2,   4, "V .!! ... ..... ... -" },	/* IGNORE to DEBUG */
	{   5,   5, "V !!! ++! !!!!! !!! -" },	/* SERVICE_REQUEST */
	{   6,   6, "V !!! !!! !!!!! !!! -" },	/* SERVICE_ACCEPT */
	{   7,   7, "V !!! +!! !!!!! !!! -" },	/* EXT_INFO */
	{   8,  19, "V !!! ??? ????? ?!! -" },
	{  20,  20, "V +!! !!! +++++ +!! -" },	/* KEXINIT */
	{  21,  21, "V !!+ !!! !!!!! !!+ -" },	/* NEWKEYS */
	{  22,  29, "V !!! ??? ????? ?!! -" },
	{  30,  30, "V !+! !!! !!!!! !+! -" },	/* INIT */
	{  31,  31, "V !!! !!! !!!!! !!! -" },	/* REPLY */
	{  32,  49, "V !!! !!! !!!!! !!! -" },
	{  50,  50, "V !!! !!+ ..... .!! -" },	/* USERAUTH_REQUEST */
	{  51,  53, "V !!! !!! !!!!! !!! -" },	/* its answers, BANNER */
	{  54,  59, "V !!! ??? ????? ?!! -" },
	{  60,  79, "V !!! !!! !!!!! !!! -" },
	{  80,  82, "V !!! !!! +++++ +!! -" },	/* GLOBAL_REQUEST, replies */
	{  83,  89, "V !!! !!! ????? ?!! -" },
	{  90,  90, "V !!! !!! +++++ +!! -" },	/* CHANNEL_OPEN */
	{  91,  92, "V !!! !!! ***** *!! -" },	/* its answers */
	{  93,  93, "V !!! !!! +++++ +!! -" },	/* WINDOW_ADJUST */
	{  94,  96, "V !!! !!! *+*+* +!! -" },	/* DATA, EXTENDED, EOF */
	{  97, 100, "V !!! !!! *+++* +!! -" },	/* CLOSE, REQUEST, replies */
	{ 101, 255, "V !!! !!! ????? ?!! -" },
};

/* Without strict key exchange, RFC 4253 section 7.1 allows them in it. */
static const char lax_client[] =
	            "V ... .... ..... ... -";
static const char lax_server[] =
	            "V ... ... ..... ... -";

static const char *
find_cells(enum session_role role, unsigned number, bool is_lax)
{
	bool is_client = role == SESSION_CLIENT;
	const struct row *rows = is_client ? client_rows : server_rows;
	size_t i, n = is_client ? COUNT(client_rows) : COUNT(server_rows);

	if (is_lax && number >= SSH_MSG_IGNORE && number <= SSH_MSG_DEBUG)
		return is_client ? lax_client : lax_server;
	for (i = 0; i < n; i++)
		if (number >= rows[i].first && number <= rows[i].last)
			return rows[i].cells;
	fail();
	return NULL;
}

/* The column of a phase, or NULL when that side has no such phase. */
static const char *
find_column(enum session_role role, enum phase phase)
{
	return strchr(role == SESSION_CLIENT ? client_columns :
	    server_columns, letters[phase]);
}

static char
expected(const struct phase_bench *b, unsigned number, bool is_empty)
{
	const char *columns = b->victim == SESSION_CLIENT ? client_columns :
	    server_columns;
	const char *cells = find_cells(b->victim, number, b->is_lax);
	char cell = cells[find_column(b->victim, b->phase) - columns];

	if ((cell == '+' || cell == '*') && is_empty &&
	    phase_has_body((uint8_t)number))
		return TRUNCATED;
	return cell == '*' ? '!' : cell;
}

/* Each number once, in order, and a cell for each column. */
static void
check_table(enum session_role role, const struct row *rows, size_t n)
{
	const char *columns = role == SESSION_CLIENT ? client_columns :
	    server_columns;
	unsigned next = 0;
	size_t i, k;

	for (i = 0; i < n; i++) {
		assert_int_equal(rows[i].first, next);
		next = rows[i].last + 1u;
		assert_int_equal(strlen(rows[i].cells), strlen(columns));
		for (k = 0; columns[k] != '\0'; k++)
			assert_int_equal(columns[k] == ' ',
			    rows[i].cells[k] == ' ');
	}
	assert_int_equal(next, 256);
}

static void
test_tables_are_whole(void **state)
{
	(void)state;
	check_table(SESSION_CLIENT, client_rows, COUNT(client_rows));
	check_table(SESSION_SERVER, server_rows, COUNT(server_rows));
}

/* What was seen, in the words of the tables. */

static bool
heard_one(const struct phase_bench *b, uint8_t number, uint32_t value)
{
	struct view rest = buf_view(&b->heard), m;
	uint32_t said;
	uint8_t type;

	return view_get_string(&rest, &m) == 0 && view_end(&rest) == 0 &&
	    view_get_u8(&m, &type) == 0 && view_get_u32(&m, &said) == 0 &&
	    type == number && said == value;
}

static bool
heard_number(const struct phase_bench *b, uint8_t number)
{
	struct view rest = buf_view(&b->heard), m;

	while (view_get_string(&rest, &m) == 0)
		if (m.p[0] == number)
			return true;
	return false;
}

/* One DISCONNECT; our KEXINIT may be out before theirs proves to be bad. */
static bool
heard_end(struct phase_bench *b)
{
	struct view rest = buf_view(&b->heard), m;

	if (view_get_string(&rest, &m) == 0 && m.p[0] == SSH_MSG_KEXINIT)
		buf_drop_front(&b->heard, b->heard.len - rest.len);
	return heard_one(b, SSH_MSG_DISCONNECT,
	    SSH_DISCONNECT_PROTOCOL_ERROR);
}

static char
seen_end(struct phase_bench *b)
{
	bool is_told = heard_end(b);

	if (b->phase == PHASE_ENDED)
		return b->heard.len == 0 && b->result == SSHTAP_ERR_PROTOCOL ?
		    '-' : UNEXPECTED;
	if (b->s->state != SESSION_FAILED)
		return UNEXPECTED;
	if (b->result == SSHTAP_ERR_PROTOCOL && is_told)
		return '!';
	if (b->result == SSHTAP_ERR_TRUNCATED && is_told)
		return TRUNCATED;
	if (b->result == SSHTAP_ERR_DISCONNECT && b->heard.len == 0)
		return 'B';
	return b->result == SSHTAP_ERR_VERSION && b->heard.len == 0 ? 'V' :
	    UNEXPECTED;
}

static char
seen(struct phase_bench *b)
{
	if (b->result != 0)
		return seen_end(b);
	if (b->s->state != b->marks.state)
		return '+';
	if (heard_one(b, SSH_MSG_UNIMPLEMENTED, b->marks.seq))
		return '?';
	if (heard_number(b, SSH_MSG_UNIMPLEMENTED) ||
	    heard_number(b, SSH_MSG_DISCONNECT))
		return UNEXPECTED;
	return b->heard.len == 0 ? '.' : '+';
}

/* Once it has ended it says no more and takes nothing. */
static void
check_end(struct phase_bench *b)
{
	static const uint8_t data = SSH_MSG_CHANNEL_DATA;
	struct view v = view_of(&data, 1);
	int r = b->result;

	phase_say(b, &v);
	assert_int_equal(b->result, r);
	assert_int_equal(b->heard.len, 0);
}

static void
start_again(struct phase_bench *b, unsigned number)
{
	enum session_role victim = b->victim;
	enum phase phase = b->phase;
	bool is_lax = b->is_lax;

	if (number < SSH_MSG_KEXINIT || number > SSH_MSG_KEX_LAST) {
		phase_renew(b);
		return;
	}
	phase_leave(b);
	phase_reach(b, victim, phase, is_lax);
}

static void
check_message(struct phase_bench *b, unsigned number, bool is_empty)
{
	char want = expected(b, number, is_empty), got;
	struct buf m;
	struct view v;

	buf_init(&m, 64 * 1024);
	if (is_empty)
		assert_int_equal(buf_put_u8(&m, (uint8_t)number), 0);
	else
		phase_put_body(b, (uint8_t)number, &m);
	v = buf_view(&m);
	phase_say(b, &v);
	buf_clear(&m);
	got = seen(b);
	/* What is handled need not be answered. */
	if (want == '+' && got == '.')
		got = '+';
	if (got != want)
		fail_msg("%s, phase %c%s, number %u%s: %c instead of %c "
		    "(%s)", b->victim == SESSION_CLIENT ? "client" : "server",
		    letters[b->phase], b->is_lax ? ", lax" : "", number,
		    is_empty ? ", empty" : "", got, want,
		    err_text(b->result));
	if (b->result != 0)
		check_end(b);
	if (want == '+' || want == TRUNCATED)
		start_again(b, number);
	else if (b->phase != PHASE_ENDED)
		phase_revive(b);
}

static void
check_phase(enum session_role victim, enum phase phase, bool is_lax)
{
	struct phase_bench b;
	unsigned number;

	if (find_column(victim, phase) == NULL)
		return;
	phase_reach(&b, victim, phase, is_lax);
	for (number = 0; number <= UINT8_MAX; number++) {
		check_message(&b, number, false);
		check_message(&b, number, true);
	}
	/* Whatever was refused has left no trace. */
	if (phase != PHASE_ENDED)
		phase_go_on(&b);
	phase_leave(&b);
}

static void
check_all(enum session_role victim, bool is_lax)
{
	unsigned phase;

	for (phase = 0; phase < COUNT(letters); phase++)
		check_phase(victim, (enum phase)phase, is_lax);
}

static void
test_client(void **state)
{
	(void)state;
	check_all(SESSION_CLIENT, false);
}

static void
test_client_lax(void **state)
{
	(void)state;
	check_all(SESSION_CLIENT, true);
}

static void
test_server(void **state)
{
	(void)state;
	check_all(SESSION_SERVER, false);
}

static void
test_server_lax(void **state)
{
	(void)state;
	check_all(SESSION_SERVER, true);
}

/* Answers, where the tables say no more than that it is handled. */

static int
say(struct phase_bench *b, uint8_t number)
{
	struct buf m;
	struct view v;

	buf_init(&m, 64 * 1024);
	phase_put_body(b, number, &m);
	v = buf_view(&m);
	phase_say(b, &v);
	buf_clear(&m);
	return b->result;
}

static void
test_answers(void **state)
{
	static const struct {
		enum session_role victim;
		enum phase phase;
		uint8_t number, answer;
	} cases[] = {
		{ SESSION_CLIENT, PHASE_SERVICE, SSH_MSG_SERVICE_ACCEPT,
		    SSH_MSG_USERAUTH_REQUEST },
		{ SESSION_SERVER, PHASE_SERVICE, SSH_MSG_SERVICE_REQUEST,
		    SSH_MSG_SERVICE_ACCEPT },
		{ SESSION_SERVER, PHASE_AUTH, SSH_MSG_USERAUTH_REQUEST,
		    SSH_MSG_USERAUTH_FAILURE },
		{ SESSION_CLIENT, PHASE_READY, SSH_MSG_GLOBAL_REQUEST,
		    SSH_MSG_REQUEST_FAILURE },
		{ SESSION_CLIENT, PHASE_READY, SSH_MSG_CHANNEL_OPEN,
		    SSH_MSG_CHANNEL_OPEN_FAILURE },
		{ SESSION_SERVER, PHASE_READY, SSH_MSG_CHANNEL_OPEN,
		    SSH_MSG_CHANNEL_OPEN_CONFIRMATION },
		{ SESSION_CLIENT, PHASE_OPEN, SSH_MSG_CHANNEL_REQUEST,
		    SSH_MSG_CHANNEL_FAILURE },
		{ SESSION_SERVER, PHASE_OPEN, SSH_MSG_CHANNEL_CLOSE,
		    SSH_MSG_CHANNEL_CLOSE },
		{ SESSION_SERVER, PHASE_REKEY_KEXINIT,
		    SSH_MSG_GLOBAL_REQUEST, SSH_MSG_REQUEST_FAILURE },
	};
	struct phase_bench b;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		phase_reach(&b, cases[i].victim, cases[i].phase, false);
		assert_int_equal(say(&b, cases[i].number), 0);
		assert_true(heard_number(&b, cases[i].answer));
		phase_leave(&b);
	}
}

/* Of the two occasions for EXT_INFO neither comes twice. */
static void
test_ext_info_is_not_repeated(void **state)
{
	struct phase_bench b;

	(void)state;
	phase_reach(&b, SESSION_CLIENT, PHASE_FIRST, false);
	assert_int_equal(say(&b, SSH_MSG_EXT_INFO), 0);
	assert_int_equal(say(&b, SSH_MSG_EXT_INFO), SSHTAP_ERR_PROTOCOL);
	phase_leave(&b);
	phase_reach(&b, SESSION_CLIENT, PHASE_FIRST, false);
	assert_int_equal(say(&b, SSH_MSG_EXT_INFO), 0);
	assert_int_equal(say(&b, SSH_MSG_SERVICE_ACCEPT), 0);
	assert_int_equal(say(&b, SSH_MSG_EXT_INFO), 0);
	assert_int_equal(say(&b, SSH_MSG_EXT_INFO), SSHTAP_ERR_PROTOCOL);
	phase_leave(&b);
	phase_reach(&b, SESSION_SERVER, PHASE_FIRST, false);
	assert_int_equal(say(&b, SSH_MSG_EXT_INFO), 0);
	assert_int_equal(say(&b, SSH_MSG_EXT_INFO), SSHTAP_ERR_PROTOCOL);
	phase_leave(&b);
}

static int
free_keys(void **state)
{
	(void)state;
	pair_free_keys();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables_are_whole),
		cmocka_unit_test(test_client),
		cmocka_unit_test(test_client_lax),
		cmocka_unit_test(test_server),
		cmocka_unit_test(test_server_lax),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_ext_info_is_not_repeated),
	};

	return cmocka_run_group_tests(tests, NULL, free_keys);
}
