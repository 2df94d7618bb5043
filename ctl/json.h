/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stdio.h>

/*
 * JSON (RFC 8259) on a stream, without line ends between its parts: arrays of
 * objects of plain members.  Errors of the stream stay in it (ferror(3)).
 */
struct json {
	FILE *out;
	bool follows;		/* something stands in front: a comma is due */
};

void json_init(struct json *j, FILE *out);

void json_open(struct json *j, char bracket);	/* '[' or '{' */
void json_close(struct json *j, char bracket);	/* ']' or '}' */

/*
 * One member of an object.  name is ours and needs no escape.  Text that is
 * not fit to be shown (text_clean) is replaced; NULL is null.
 */
void json_text(struct json *j, const char *name, const char *text);
void json_number(struct json *j, const char *name, unsigned long value);
void json_bool(struct json *j, const char *name, bool value);
void json_null(struct json *j, const char *name);

#endif /* JSON_H */
