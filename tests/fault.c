/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * For each name the linker was told, calls of our objects come to
 * __wrap_NAME, and __real_NAME is what they would have called.
 */

#include "tests/fault.h"

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rand.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static enum fault_kind armed = FAULT_KIND_COUNT;
static unsigned long calls, fails_at;
static const char *failed;
static long live;

/* True when this call is the one. */
static bool
is_due(enum fault_kind kind, const char *name)
{
	if (kind != armed || ++calls != fails_at)
		return false;
	failed = name;
	return true;
}

void
fault_arm(enum fault_kind kind, unsigned long n)
{
	armed = kind;
	fails_at = n;
	calls = 0;
	failed = NULL;
}

unsigned long
fault_disarm(const char **namep)
{
	armed = FAULT_KIND_COUNT;
	*namep = failed;
	return calls;
}

long
fault_live(void)
{
	return live;
}

/* What libcrypto has is its own, and not counted among ours. */
#ifdef FAULT_WRAPS
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void __real_free(void *p);
#else
#define __real_malloc	malloc
#define __real_realloc	realloc
#define __real_free	free
#endif

static void *
crypto_malloc(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return is_due(FAULT_CRYPTO_ALLOC, "CRYPTO_malloc") ? NULL :
	    __real_malloc(size);
}

static void *
crypto_realloc(void *p, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return is_due(FAULT_CRYPTO_ALLOC, "CRYPTO_realloc") ? NULL :
	    __real_realloc(p, size);
}

static void
crypto_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	__real_free(p);
}

bool
fault_init(void)
{
	return CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc,
	    crypto_free) == 1;
}

#ifdef FAULT_WRAPS

bool
fault_is_possible(void)
{
	return true;
}

char *__real_strdup(const char *s);
char *__real_strndup(const char *s, size_t n);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);
void __wrap_free(void *p);

static void *
note(void *p)
{
	if (p != NULL)
		live++;
	return p;
}

void *
__wrap_malloc(size_t size)
{
	return is_due(FAULT_ALLOC, "malloc") ? NULL :
	    note(__real_malloc(size));
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return is_due(FAULT_ALLOC, "calloc") ? NULL :
	    note(__real_calloc(n, size));
}

void *
__wrap_realloc(void *p, size_t size)
{
	void *q;

	if (is_due(FAULT_ALLOC, "realloc"))
		return NULL;
	q = __real_realloc(p, size);
	return p == NULL ? note(q) : q;
}

char *
__wrap_strdup(const char *s)
{
	return is_due(FAULT_ALLOC, "strdup") ? NULL : note(__real_strdup(s));
}

char *
__wrap_strndup(const char *s, size_t n)
{
	return is_due(FAULT_ALLOC, "strndup") ? NULL :
	    note(__real_strndup(s, n));
}

void
__wrap_free(void *p)
{
	if (p != NULL)
		live--;
	__real_free(p);
}

#define WRAP(name)
#define CALL(type, name, params, args, failure)				\
	type __real_##name params;					\
	type __wrap_##name params;					\
	type								\
	__wrap_##name params						\
	{								\
		return is_due(FAULT_CALL, #name) ? failure :		\
		    __real_##name args;					\
	}
#include "tests/fault_calls.inc"
#undef CALL
#undef WRAP

/* The one with a number of arguments that depends on the type of key. */
EVP_PKEY *__real_EVP_PKEY_Q_keygen(OSSL_LIB_CTX *ctx, const char *propq,
    const char *type, ...);
EVP_PKEY *__wrap_EVP_PKEY_Q_keygen(OSSL_LIB_CTX *ctx, const char *propq,
    const char *type, ...);

EVP_PKEY *
__wrap_EVP_PKEY_Q_keygen(OSSL_LIB_CTX *ctx, const char *propq,
    const char *type, ...)
{
	EVP_PKEY *key;
	va_list ap;

	if (is_due(FAULT_CALL, "EVP_PKEY_Q_keygen"))
		return NULL;
	va_start(ap, type);
	if (strcmp(type, "RSA") == 0)
		key = __real_EVP_PKEY_Q_keygen(ctx, propq, type,
		    va_arg(ap, size_t));
	else if (strcmp(type, "EC") == 0)
		key = __real_EVP_PKEY_Q_keygen(ctx, propq, type,
		    va_arg(ap, char *));
	else
		key = __real_EVP_PKEY_Q_keygen(ctx, propq, type);
	va_end(ap);
	return key;
}

#else

bool
fault_is_possible(void)
{
	return false;
}

#endif /* FAULT_WRAPS */
