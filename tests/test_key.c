/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Public and private keys: files and certificates that ssh-keygen made, and
 * everything that is almost right.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "lib/err.h"
#include "tests/key_util.h"
#include "transport/key.h"

static int
blob_result(const struct buf *b)
{
	struct view v = buf_view(b), copy = exact(&v, v.len);
	struct key *k = NULL;
	int r;

	r = key_from_blob(&copy, &k);
	assert_true((r == 0) == (k != NULL));
	key_free(k);
	drop(copy);
	return r;
}

static int
fields_result(const struct buf *b)
{
	struct view v = buf_view(b), copy = exact(&v, v.len), left = copy;
	struct key *k = NULL;
	int r;

	r = key_from_private_fields(&left, &k);
	assert_true((r == 0) == (k != NULL));
	if (r != 0)
		assert_ptr_equal(left.p, copy.p);
	key_free(k);
	drop(copy);
	return r;
}

static void
test_type_names(void **state)
{
	enum key_type type;
	struct view v;
	unsigned i, j;

	(void)state;
	for (i = 0; i < KEY_TYPE_COUNT; i++) {
		v = view_of_string(key_type_names[i]);
		assert_int_equal(key_type_from_name(&v, &type), 0);
		assert_int_equal(type, i);
		for (j = 0; j < KEY_TYPE_COUNT; j++) {
			v = view_of_string(key_algorithm_names[j][0]);
			assert_int_equal(key_type_has_algorithm(
			    (enum key_type)i, &v), i == j);
		}
	}
	v = view_of_string("ssh-dss");
	assert_int_equal(key_type_from_name(&v, &type),
	    SSHTAP_ERR_UNSUPPORTED);
	v = view_of_string("ssh-rs");
	assert_int_equal(key_type_from_name(&v, &type),
	    SSHTAP_ERR_UNSUPPORTED);
	v = view_of(NULL, 0);
	assert_int_equal(key_type_from_name(&v, &type),
	    SSHTAP_ERR_UNSUPPORTED);
	for (i = 0; i < KEY_TYPE_COUNT; i++)
		assert_false(key_type_has_algorithm((enum key_type)i, &v));
}

static void
test_blobs_cut_and_extended(void **state)
{
	struct view v;
	struct buf b;
	size_t i;
	unsigned t;

	(void)state;
	for (t = 0; t < KEY_TYPE_COUNT; t++) {
		buf_init(&b, KEY_BLOB_MAX);
		load_blob(key_file_names[t], ".pub", &b);
		assert_int_equal(blob_result(&b), 0);
		v = buf_view(&b);
		for (i = 0; i < v.len; i++) {
			struct view copy = exact(&v, i);
			struct key *k = NULL;

			assert_int_equal(key_from_blob(&copy, &k),
			    SSHTAP_ERR_TRUNCATED);
			assert_null(k);
			drop(copy);
		}
		assert_int_equal(buf_put_u8(&b, 0), 0);
		assert_int_equal(blob_result(&b), SSHTAP_ERR_TRAILING);
		buf_clear(&b);
	}
}

static void
test_blob_of_unknown_type(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 2 * KEY_BLOB_MAX);
	assert_int_equal(buf_put_cstring(&b, "ssh-dss"), 0);
	assert_int_equal(blob_result(&b), SSHTAP_ERR_UNSUPPORTED);
	buf_reset(&b);
	assert_int_equal(buf_put_cstring(&b, ""), 0);
	assert_int_equal(blob_result(&b), SSHTAP_ERR_UNSUPPORTED);
	buf_reset(&b);
	/* A certificate is not a key. */
	load_blob("ed25519", "-cert.pub", &b);
	assert_int_equal(blob_result(&b), SSHTAP_ERR_UNSUPPORTED);
	buf_clear(&b);
}

static void
test_blob_limit(void **state)
{
	struct buf b;
	uint8_t *p;

	(void)state;
	buf_init(&b, 2 * KEY_BLOB_MAX);
	load_blob("ed25519", ".pub", &b);
	assert_int_equal(buf_put_space(&b, KEY_BLOB_MAX - b.len, &p), 0);
	memset(p, 0, KEY_BLOB_MAX - (size_t)(p - b.base));
	assert_int_equal(blob_result(&b), SSHTAP_ERR_TRAILING);
	assert_int_equal(buf_put_u8(&b, 0), 0);
	assert_int_equal(blob_result(&b), SSHTAP_ERR_TOO_BIG);
	buf_clear(&b);
}

static void
test_ed25519_sizes(void **state)
{
	static const uint8_t bytes[65] = { 0 };
	struct view alg = view_of_string("ssh-ed25519");
	struct view data = view_of_string("x"), v;
	struct key *k = load_key("ed25519");
	struct buf b;
	size_t len;

	(void)state;
	buf_init(&b, 1024);
	for (len = 31; len <= 33; len++) {
		assert_int_equal(buf_put_cstring(&b, "ssh-ed25519"), 0);
		assert_int_equal(buf_put_string(&b, bytes, len), 0);
		assert_int_equal(blob_result(&b) == SSHTAP_ERR_FORMAT,
		    len != 32);
		buf_reset(&b);
	}
	for (len = 63; len <= 65; len++) {
		assert_int_equal(buf_put_cstring(&b, "ssh-ed25519"), 0);
		assert_int_equal(buf_put_string(&b, bytes, len), 0);
		v = buf_view(&b);
		assert_int_equal(key_verify(k, &alg, &v, &data),
		    len == 64 ? SSHTAP_ERR_SIGNATURE : SSHTAP_ERR_FORMAT);
		buf_reset(&b);
	}
	buf_clear(&b);
	key_free(k);
}

static int
point_result(const char *curve, const char *head, const char *x,
    const char *y)
{
	struct buf b;
	int r;

	buf_init(&b, 1024);
	put_point(&b, "ecdsa-sha2-nistp256", curve, head, x, y);
	r = blob_result(&b);
	buf_clear(&b);
	return r;
}

static void
test_ecdsa_points(void **state)
{
	(void)state;
	assert_int_equal(point_result("nistp256", "04", P256_X, P256_Y), 0);
	assert_int_equal(point_result("nistp384", "04", P256_X, P256_Y),
	    SSHTAP_ERR_FORMAT);
	/* Not on the curve. */
	assert_true(point_result("nistp256", "04", P256_X, P256_X) < 0);
	assert_true(point_result("nistp256", "04", P256_Y, P256_X) < 0);
	/* Infinity, compressed, hybrid, too long. */
	assert_int_equal(point_result("nistp256", "00", "", ""),
	    SSHTAP_ERR_FORMAT);
	assert_int_equal(point_result("nistp256", "", "", ""),
	    SSHTAP_ERR_FORMAT);
	assert_int_equal(point_result("nistp256", "03", P256_X, ""),
	    SSHTAP_ERR_FORMAT);
	assert_int_equal(point_result("nistp256", "07", P256_X, P256_Y),
	    SSHTAP_ERR_FORMAT);
	assert_int_equal(point_result("nistp256", "04", P256_X, P256_Y "00"),
	    SSHTAP_ERR_FORMAT);
}

static void
put_cstring_mpint_mpint(struct buf *b, const uint8_t *e, size_t e_len,
    const uint8_t *n, size_t n_len)
{
	assert_int_equal(buf_put_cstring(b, "ssh-rsa"), 0);
	assert_int_equal(buf_put_mpint(b, e, e_len), 0);
	assert_int_equal(buf_put_mpint(b, n, n_len), 0);
}

/* A blob with an odd modulus of so many bits, and exponent e. */
static int
rsa_result(size_t bits, const uint8_t *e, size_t e_len)
{
	uint8_t n[KEY_RSA_BITS_MAX / 8 + 1];
	size_t len = (bits + 7) / 8;
	struct buf b;
	int r;

	assert_true(len <= sizeof(n));
	memset(n, 0, sizeof(n));
	n[0] = (uint8_t)(1u << (bits - 1) % 8);
	n[len - 1] |= 1;
	buf_init(&b, KEY_BLOB_MAX);
	put_cstring_mpint_mpint(&b, e, e_len, n, len);
	r = blob_result(&b);
	buf_clear(&b);
	return r;
}

static void
test_rsa_limits(void **state)
{
	static const uint8_t f4[] = { 1, 0, 1 }, three[] = { 3 }, one[] = { 1 },
	    two[] = { 2 };
	uint8_t wide[33];

	(void)state;
	assert_int_equal(rsa_result(KEY_RSA_BITS_MIN - 1, f4, 3),
	    SSHTAP_ERR_WEAK_KEY);
	assert_int_equal(rsa_result(1024, f4, 3), SSHTAP_ERR_WEAK_KEY);
	assert_int_equal(rsa_result(KEY_RSA_BITS_MIN, f4, 3), 0);
	assert_int_equal(rsa_result(KEY_RSA_BITS_MAX, f4, 3), 0);
	assert_int_equal(rsa_result(KEY_RSA_BITS_MAX + 1, f4, 3),
	    SSHTAP_ERR_TOO_BIG);
	assert_int_equal(rsa_result(2048, three, 1), 0);
	assert_int_equal(rsa_result(2048, one, 1), SSHTAP_ERR_FORMAT);
	assert_int_equal(rsa_result(2048, two, 1), SSHTAP_ERR_FORMAT);
	assert_int_equal(rsa_result(2048, NULL, 0), SSHTAP_ERR_FORMAT);
	memset(wide, 0xff, sizeof(wide));
	assert_int_equal(rsa_result(2048, wide, 32), 0);
	wide[0] = 1;
	assert_int_equal(rsa_result(2048, wide, 33), SSHTAP_ERR_TOO_BIG);
}

static void
test_rsa_even_modulus(void **state)
{
	static const uint8_t f4[] = { 1, 0, 1 };
	uint8_t n[256] = { 0x80 };
	struct buf b;

	(void)state;
	buf_init(&b, 1024);
	put_cstring_mpint_mpint(&b, f4, 3, n, sizeof(n));
	assert_int_equal(blob_result(&b), SSHTAP_ERR_FORMAT);
	buf_clear(&b);
}

/* One number, one spelling: no needless zero in front, no sign. */
static void
test_rsa_mpints_are_minimal(void **state)
{
	static const uint8_t padded[] = { 0, 1, 0, 1 }, negative[] = { 0x81 };
	uint8_t n[256];
	struct buf b;

	(void)state;
	memset(n, 0xff, sizeof(n));
	buf_init(&b, 1024);
	assert_int_equal(buf_put_cstring(&b, "ssh-rsa"), 0);
	assert_int_equal(buf_put_string(&b, padded, sizeof(padded)), 0);
	assert_int_equal(buf_put_mpint(&b, n, sizeof(n)), 0);
	assert_int_equal(blob_result(&b), SSHTAP_ERR_FORMAT);
	buf_reset(&b);
	assert_int_equal(buf_put_cstring(&b, "ssh-rsa"), 0);
	assert_int_equal(buf_put_string(&b, negative, sizeof(negative)), 0);
	assert_int_equal(buf_put_mpint(&b, n, sizeof(n)), 0);
	assert_int_equal(blob_result(&b), SSHTAP_ERR_FORMAT);
	buf_clear(&b);
}

static void
test_private_fields_cut(void **state)
{
	unsigned t;

	(void)state;
	for (t = 0; t < KEY_TYPE_COUNT; t++) {
		struct key *k = NULL;
		struct view v, left;
		struct buf b;
		size_t i, used;

		buf_init(&b, TEST_FILE_MAX);
		load_fields(key_file_names[t], &b);
		v = left = buf_view(&b);
		assert_int_equal(key_from_private_fields(&left, &k), 0);
		key_free(k);
		/* The comment and the padding are not the key's. */
		used = v.len - left.len;
		assert_true(used < v.len);
		for (i = 0; i < used; i++) {
			struct view copy = exact(&v, i);

			left = copy;
			k = NULL;
			assert_int_equal(key_from_private_fields(&left, &k),
			    SSHTAP_ERR_TRUNCATED);
			assert_null(k);
			drop(copy);
		}
		buf_clear(&b);
	}
}

/* Any changed bit of any field makes the halves disagree. */
static void
test_private_fields_changed(void **state)
{
	static const size_t step[KEY_TYPE_COUNT] = {
		[KEY_ED25519] = 1, [KEY_ECDSA_P256] = 1, [KEY_RSA] = 7,
	};
	unsigned t;

	(void)state;
	for (t = 0; t < KEY_TYPE_COUNT; t++) {
		struct key *k = NULL;
		struct view v, left;
		struct buf b;
		size_t i, used, public_len;
		uint8_t *p;

		buf_init(&b, TEST_FILE_MAX);
		load_fields(key_file_names[t], &b);
		v = left = buf_view(&b);
		assert_int_equal(key_from_private_fields(&left, &k), 0);
		public_len = key_blob(k).len;
		key_free(k);
		used = v.len - left.len;
		memcpy(&p, &v.p, sizeof(p));
		/*
		 * libcrypto repairs a wrong CRT number of RSA by falling back
		 * on d, so there only the public half must not be changed.
		 */
		if (t == KEY_RSA)
			used = public_len;
		for (i = 0; i < used; i += step[t]) {
			p[i] ^= 0x10;
			assert_true(fields_result(&b) < 0);
			p[i] ^= 0x10;
		}
		assert_int_equal(fields_result(&b), 0);
		buf_clear(&b);
	}
}

static void
test_ed25519_foreign_public_half(void **state)
{
	struct buf b;
	unsigned i;

	(void)state;
	buf_init(&b, 1024);
	for (i = 0; i < 3; i++) {
		/* Wrong in front, wrong behind the seed, wrong in both. */
		unsigned front = i == 0 || i == 2, behind = i == 1 || i == 2;

		assert_int_equal(buf_put_cstring(&b, "ssh-ed25519"), 0);
		assert_int_equal(buf_put_u32(&b, 32), 0);
		put_hex(&b, ed25519_vectors[front].public);
		assert_int_equal(buf_put_u32(&b, 64), 0);
		put_hex(&b, ed25519_vectors[0].seed);
		put_hex(&b, ed25519_vectors[behind].public);
		assert_int_equal(fields_result(&b), SSHTAP_ERR_FORMAT);
		buf_reset(&b);
	}
	buf_clear(&b);
}

static void
test_ecdsa_foreign_private_half(void **state)
{
	static const char *const wrong[] = {
		"01", "", "00",
		/* The order of the group, and one byte more than it has. */
		"ffffffff00000000ffffffffffffffff"
		"bce6faada7179e84f3b9cac2fc632551",
		"01" P256_D,
	};
	struct buf b;
	size_t i;

	(void)state;
	buf_init(&b, 1024);
	put_p256(&b);
	put_hex_mpint(&b, P256_D);
	assert_int_equal(fields_result(&b), 0);
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		buf_reset(&b);
		put_p256(&b);
		put_hex_mpint(&b, wrong[i]);
		assert_true(fields_result(&b) < 0);
	}
	buf_clear(&b);
}

/* All numbers of one key, with n, or d, of another. */
static void
test_rsa_foreign_halves(void **state)
{
	struct view mine[6], name, v;
	struct view blob, other_n, skipped;
	struct key *other = NULL;
	struct buf b, fields;
	unsigned i, j;

	(void)state;
	buf_init(&b, TEST_FILE_MAX);
	buf_init(&fields, TEST_FILE_MAX);
	load_fields("rsa", &fields);
	v = buf_view(&fields);
	assert_int_equal(view_get_string(&v, &name), 0);
	for (i = 0; i < 6; i++)
		assert_int_equal(view_get_string(&v, &mine[i]), 0);
	assert_int_equal(key_generate(KEY_RSA, &other), 0);
	blob = key_blob(other);
	assert_int_equal(view_get_string(&blob, &skipped), 0);
	assert_int_equal(view_get_string(&blob, &skipped), 0);
	assert_int_equal(view_get_string(&blob, &other_n), 0);
	/* Number i becomes another key's n, d becomes e; 6 changes nothing. */
	for (i = 0; i <= 6; i++) {
		buf_reset(&b);
		assert_int_equal(buf_put_string_view(&b, &name), 0);
		for (j = 0; j < 6; j++)
			assert_int_equal(buf_put_string_view(&b,
			    j != i ? &mine[j] : i == 0 ? &other_n :
			    &mine[1]), 0);
		if (i == 1 || i == 6)
			assert_int_equal(fields_result(&b), 0);
		else if (i != 3)
			assert_true(fields_result(&b) < 0);
	}
	key_free(other);
	buf_clear(&fields);
	buf_clear(&b);
}

static void
test_weak_private_key(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, TEST_FILE_MAX);
	load_fields("rsa1024", &b);
	assert_int_equal(fields_result(&b), SSHTAP_ERR_WEAK_KEY);
	buf_reset(&b);
	load_fields("ecdsa384", &b);
	assert_int_equal(fields_result(&b), SSHTAP_ERR_UNSUPPORTED);
	buf_clear(&b);
}

static void
test_fingerprints(void **state)
{
	/* As ssh-keygen -l prints them. */
	static const char *const wanted[KEY_TYPE_COUNT] = {
		[KEY_ED25519] =
		    "SHA256:bzQUE1jpzpTkDIn9QdAlCbwgz8tI2WaV8QSdP2hfJz4",
		[KEY_ECDSA_P256] =
		    "SHA256:GIFaEAnVU07aGeHU3dNbQhce4r708l5turm8nMyR8Mg",
		[KEY_RSA] =
		    "SHA256:iv+PP4/ZHr8DCes3uqc21Xai1exEqpuPk4EmRScStVs",
	};
	char text[KEY_FINGERPRINT_SIZE];
	struct view v;
	struct buf b;
	unsigned t;

	(void)state;
	buf_init(&b, KEY_BLOB_MAX);
	for (t = 0; t < KEY_TYPE_COUNT; t++) {
		buf_reset(&b);
		load_blob(key_file_names[t], ".pub", &b);
		v = buf_view(&b);
		assert_int_equal(key_fingerprint(&v, text), 0);
		assert_string_equal(text, wanted[t]);
	}
	/* The digest of nothing. */
	v = view_of(NULL, 0);
	assert_int_equal(key_fingerprint(&v, text), 0);
	assert_string_equal(text,
	    "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU");
	buf_clear(&b);
}

static int
cert_result(const struct buf *cert, const struct buf *plain)
{
	struct view v = buf_view(cert), copy = exact(&v, v.len);
	struct view w = buf_view(plain);
	int r;

	r = key_cert_matches(&copy, &w);
	drop(copy);
	return r;
}

static void
test_certificates(void **state)
{
	struct buf cert, plain;
	unsigned t, u;

	(void)state;
	buf_init(&cert, KEY_BLOB_MAX + 1);
	buf_init(&plain, KEY_BLOB_MAX);
	for (t = 0; t < KEY_TYPE_COUNT; t++) {
		buf_reset(&cert);
		load_blob(key_file_names[t], "-cert.pub", &cert);
		for (u = 0; u < KEY_TYPE_COUNT; u++) {
			buf_reset(&plain);
			load_blob(key_file_names[u], ".pub", &plain);
			assert_int_equal(cert_result(&cert, &plain),
			    t == u ? 0 : SSHTAP_ERR_NOT_FOUND);
		}
		/* The plain key is no certificate. */
		assert_int_equal(cert_result(&plain, &plain),
		    SSHTAP_ERR_UNSUPPORTED);
	}
	buf_reset(&cert);
	load_blob("ed25519", "-cert.pub", &cert);
	buf_reset(&plain);
	load_blob("ca", ".pub", &plain);
	assert_int_equal(cert_result(&cert, &plain), SSHTAP_ERR_NOT_FOUND);
	buf_clear(&plain);
	buf_clear(&cert);
}

static void
test_certificates_cut_and_extended(void **state)
{
	struct buf cert, plain;
	struct view v, w;
	uint8_t *p;
	unsigned t;
	size_t i;

	(void)state;
	buf_init(&cert, KEY_BLOB_MAX + 1);
	buf_init(&plain, KEY_BLOB_MAX);
	for (t = 0; t < KEY_TYPE_COUNT; t++) {
		buf_reset(&cert);
		buf_reset(&plain);
		load_blob(key_file_names[t], "-cert.pub", &cert);
		load_blob(key_file_names[t], ".pub", &plain);
		v = buf_view(&cert);
		w = buf_view(&plain);
		for (i = 0; i < v.len; i++) {
			struct view copy = exact(&v, i);

			assert_int_equal(key_cert_matches(&copy, &w),
			    SSHTAP_ERR_TRUNCATED);
			drop(copy);
		}
		for (i = 0; i < w.len; i++) {
			struct view copy = exact(&w, i);

			assert_true(key_cert_matches(&v, &copy) < 0);
			drop(copy);
		}
		assert_int_equal(buf_put_u8(&cert, 0), 0);
		assert_int_equal(cert_result(&cert, &plain),
		    SSHTAP_ERR_TRAILING);
	}
	assert_int_equal(buf_put_space(&cert, KEY_BLOB_MAX + 1 - cert.len,
	    &p), 0);
	memset(p, 0, KEY_BLOB_MAX + 1 - (size_t)(p - cert.base));
	assert_int_equal(cert_result(&cert, &plain), SSHTAP_ERR_TOO_BIG);
	buf_clear(&plain);
	buf_clear(&cert);
}

static void
test_certificate_algorithms(void **state)
{
	struct view alg = view_of_string("rsa-sha2-512"), v;
	struct buf b;

	(void)state;
	buf_init(&b, 64);
	assert_int_equal(key_cert_algorithm(&alg, &b), 0);
	v = buf_view(&b);
	assert_true(view_is(&v, "rsa-sha2-512-cert-v01@openssh.com"));
	buf_reset(&b);
	alg = view_of_string("ssh-ed25519");
	assert_int_equal(key_cert_algorithm(&alg, &b), 0);
	v = buf_view(&b);
	assert_true(view_is(&v, "ssh-ed25519-cert-v01@openssh.com"));
	buf_reset(&b);
	alg = view_of_string("ssh-rsa");
	assert_int_equal(key_cert_algorithm(&alg, &b),
	    SSHTAP_ERR_UNSUPPORTED);
	assert_int_equal(b.len, 0);
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_type_names),
		cmocka_unit_test(test_blobs_cut_and_extended),
		cmocka_unit_test(test_blob_of_unknown_type),
		cmocka_unit_test(test_blob_limit),
		cmocka_unit_test(test_ed25519_sizes),
		cmocka_unit_test(test_ecdsa_points),
		cmocka_unit_test(test_rsa_limits),
		cmocka_unit_test(test_rsa_even_modulus),
		cmocka_unit_test(test_rsa_mpints_are_minimal),
		cmocka_unit_test(test_private_fields_cut),
		cmocka_unit_test(test_private_fields_changed),
		cmocka_unit_test(test_ed25519_foreign_public_half),
		cmocka_unit_test(test_ecdsa_foreign_private_half),
		cmocka_unit_test(test_rsa_foreign_halves),
		cmocka_unit_test(test_weak_private_key),
		cmocka_unit_test(test_fingerprints),
		cmocka_unit_test(test_certificates),
		cmocka_unit_test(test_certificates_cut_and_extended),
		cmocka_unit_test(test_certificate_algorithms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
