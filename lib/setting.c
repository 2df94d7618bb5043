/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Small parsers without state.  Each wants its whole text to be the value:
 * what is left over makes it malformed, so that "30x" is never read as 30.
 */

#include "lib/setting.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/err.h"

#define DIGITS	"0123456789"

/* Below this ssh(1) refuses a RekeyLimit as too small. */
#define REKEY_BYTES_MIN	16

int
setting_choose(const struct setting_choice *choices, const char *s,
    int *chosenp)
{
	for (; choices->name != NULL; choices++) {
		if (strcasecmp(choices->name, s) == 0) {
			*chosenp = choices->value;
			return 0;
		}
	}
	return SSHTAP_ERR_FORMAT;
}

bool
setting_is_none(const char *s)
{
	return strcasecmp(s, "none") == 0;
}

int
setting_bool(const char *s, bool *valuep)
{
	if (strcasecmp(s, "yes") == 0 || strcasecmp(s, "true") == 0)
		*valuep = true;
	else if (strcasecmp(s, "no") == 0 || strcasecmp(s, "false") == 0)
		*valuep = false;
	else
		return SSHTAP_ERR_FORMAT;
	return 0;
}

/* Digits at *sp, up to max; *sp is moved behind them. */
static int
take_number(const char **sp, uint64_t max, uint64_t *valuep)
{
	uint64_t digit, value = 0;
	const char *s = *sp;

	if (*s == '\0' || strchr(DIGITS, *s) == NULL)
		return SSHTAP_ERR_FORMAT;
	for (; *s >= '0' && *s <= '9'; s++) {
		digit = (uint64_t)(*s - '0');
		if (digit > max || value > (max - digit) / 10)
			return SSHTAP_ERR_FORMAT;
		value = value * 10 + digit;
	}
	*sp = s;
	*valuep = value;
	return 0;
}

/* Seconds in a unit of time, 0 when there is no such unit. */
static uint64_t
time_unit(char unit)
{
	switch (unit) {
	case '\0':
	case 's':
	case 'S':
		return 1;
	case 'm':
	case 'M':
		return 60;
	case 'h':
	case 'H':
		return 60 * 60;
	case 'd':
	case 'D':
		return 24 * 60 * 60;
	case 'w':
	case 'W':
		return 7 * 24 * 60 * 60;
	default:
		return 0;
	}
}

int
setting_seconds(const char *s, unsigned *secondsp)
{
	uint64_t left = SETTING_SECONDS_MAX, unit, value;

	do {
		if (take_number(&s, left, &value) != 0 ||
		    (unit = time_unit(*s)) == 0 || value > left / unit)
			return SSHTAP_ERR_FORMAT;
		left -= value * unit;
		if (*s != '\0')
			s++;
	} while (*s != '\0');
	*secondsp = (unsigned)(SETTING_SECONDS_MAX - left);
	return 0;
}

int
setting_size(const char *s, uint64_t *sizep)
{
	static const char units[] = "kmg";
	unsigned shift = 0;
	uint64_t value;
	const char *at;

	if (take_number(&s, UINT64_MAX, &value) != 0)
		return SSHTAP_ERR_FORMAT;
	if (*s != '\0') {
		/* ASCII letters: this bit makes them small. */
		if ((at = strchr(units, *s | 0x20)) == NULL || s[1] != '\0')
			return SSHTAP_ERR_FORMAT;
		shift = 10 * (unsigned)(at - units + 1);
	}
	if (value > UINT64_MAX >> shift)
		return SSHTAP_ERR_FORMAT;
	*sizep = value << shift;
	return 0;
}

int
setting_rekey(const char *bytes, const char *seconds, uint64_t *bytesp,
    unsigned *secondsp)
{
	uint64_t limit = 0;
	unsigned period = 0;

	if (strcasecmp(bytes, "default") != 0 && !setting_is_none(bytes) &&
	    (setting_size(bytes, &limit) != 0 ||
	    (limit != 0 && limit < REKEY_BYTES_MIN)))
		return SSHTAP_ERR_FORMAT;
	if (seconds != NULL && !setting_is_none(seconds) &&
	    setting_seconds(seconds, &period) != 0)
		return SSHTAP_ERR_FORMAT;
	*bytesp = limit;
	*secondsp = period;
	return 0;
}

/* We have fewer levels than ssh: its outer ones fall together. */
int
setting_log_level(const char *s, enum log_level *levelp)
{
	static const struct setting_choice choices[] = {
		{ "quiet", LOG_LEVEL_QUIET },
		{ "fatal", LOG_LEVEL_ERROR },
		{ "error", LOG_LEVEL_ERROR },
		{ "info", LOG_LEVEL_INFO },
		{ "verbose", LOG_LEVEL_VERBOSE },
		{ "debug", LOG_LEVEL_DEBUG },
		{ "debug1", LOG_LEVEL_DEBUG },
		{ "debug2", LOG_LEVEL_DEBUG },
		{ "debug3", LOG_LEVEL_DEBUG },
		{ NULL, 0 }
	};
	int chosen;

	if (setting_choose(choices, s, &chosen) != 0)
		return SSHTAP_ERR_FORMAT;
	*levelp = (enum log_level)chosen;
	return 0;
}

/* True when the backslash at s takes the meaning off what follows. */
static bool
is_escape(const char *s, char quote)
{
	return s[0] == '\\' && (s[1] == '"' || s[1] == '\'' || s[1] == '\\' ||
	    (quote == '\0' && s[1] == ' '));
}

int
setting_word(const char **sp, char **wordp)
{
	const char *s = *sp + strspn(*sp, " \t");
	char *word, *out, quote = '\0';

	*wordp = NULL;
	if (*s == '\0')
		return 0;
	if ((word = out = malloc(strlen(s) + 1)) == NULL)
		return SSHTAP_ERR_ALLOC;
	for (; *s != '\0'; s++) {
		if (is_escape(s, quote))
			*out++ = *++s;
		else if (quote == '\0' && (*s == ' ' || *s == '\t'))
			break;
		else if (quote == '\0' && (*s == '"' || *s == '\''))
			quote = *s;
		else if (quote != '\0' && *s == quote)
			quote = '\0';
		else
			*out++ = *s;
	}
	*out = '\0';
	if (quote != '\0') {
		free(word);
		return SSHTAP_ERR_FORMAT;
	}
	*sp = s;
	*wordp = word;
	return 0;
}
