/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#include "ctl/json.h"

#include <string.h>

#include "lib/text.h"

/* Longer than any name of an interface; what exceeds it is cut. */
#define TEXT_MAX	256

void
json_init(struct json *j, FILE *out)
{
	*j = (struct json){ .out = out };
}

static void
put_comma(struct json *j)
{
	if (j->follows)
		(void)fputc(',', j->out);
	j->follows = true;
}

void
json_open(struct json *j, char bracket)
{
	put_comma(j);
	(void)fputc(bracket, j->out);
	j->follows = false;
}

void
json_close(struct json *j, char bracket)
{
	(void)fputc(bracket, j->out);
	j->follows = true;
}

/* Cleaned text has no control character left that would need more. */
static void
put_string(FILE *out, const char *text)
{
	char clean[TEXT_MAX];
	size_t i, len;

	len = text_clean(clean, sizeof(clean), text, strlen(text), false);
	(void)fputc('"', out);
	for (i = 0; i < len; i++) {
		if (clean[i] == '"' || clean[i] == '\\')
			(void)fputc('\\', out);
		(void)fputc(clean[i], out);
	}
	(void)fputc('"', out);
}

static void
put_name(struct json *j, const char *name)
{
	put_comma(j);
	(void)fprintf(j->out, "\"%s\":", name);
}

void
json_text(struct json *j, const char *name, const char *text)
{
	if (text == NULL) {
		json_null(j, name);
		return;
	}
	put_name(j, name);
	put_string(j->out, text);
}

void
json_number(struct json *j, const char *name, unsigned long value)
{
	put_name(j, name);
	(void)fprintf(j->out, "%lu", value);
}

void
json_bool(struct json *j, const char *name, bool value)
{
	put_name(j, name);
	(void)fputs(value ? "true" : "false", j->out);
}

void
json_null(struct json *j, const char *name)
{
	put_name(j, name);
	(void)fputs("null", j->out);
}
