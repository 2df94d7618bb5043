/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#include "ctl/value.h"

#include <sys/socket.h>

#include <arpa/inet.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "lib/err.h"
#include "lib/log.h"
#include "lib/text.h"

/* (uid_t)-1 is nobody's: "leave as it is" to setresuid. */
#define UID_LARGEST	4294967294ul

int
value_get_unit(const char *what, const char *s, int *unitp)
{
	unsigned long unit;

	if (strcmp(s, "any") == 0) {
		*unitp = TAP_UNIT_ANY;
		return 0;
	}
	if (text_get_number(s, TAP_UNIT_MAX, &unit) != 0) {
		log_error("%s \"%.64s\": expected \"any\" or a number from 0 "
		    "to %d without leading zeros", what, s, TAP_UNIT_MAX);
		return SSHTAP_ERR_FORMAT;
	}
	*unitp = (int)unit;
	return 0;
}

int
value_get_mtu(const char *what, const char *s, unsigned *mtup)
{
	unsigned long mtu;

	if (text_get_number(s, TAP_MTU_MAX, &mtu) != 0 ||
	    mtu < TAP_MTU_MIN) {
		log_error("%s \"%.64s\": expected a number of bytes from %d to "
		    "%d", what, s, TAP_MTU_MIN, TAP_MTU_MAX);
		return SSHTAP_ERR_FORMAT;
	}
	*mtup = (unsigned)mtu;
	return 0;
}

/* Two digits; -1 if they are none. */
static int
get_byte(const char *s)
{
	static const char digits[] = "0123456789abcdef";
	const char *high, *low;

	if (s[0] == '\0' || s[1] == '\0')
		return -1;
	high = strchr(digits, text_lower((uint8_t)s[0]));
	low = strchr(digits, text_lower((uint8_t)s[1]));
	if (high == NULL || low == NULL)
		return -1;
	return (int)((high - digits) * 16 + (low - digits));
}

static int
scan_lladdr(const char *s, uint8_t lladdr[TAP_LLADDR_LEN])
{
	int byte;
	size_t i;

	if (strlen(s) != VALUE_LLADDR_TEXT - 1)
		return SSHTAP_ERR_FORMAT;
	for (i = 0; i < TAP_LLADDR_LEN; i++, s += 3) {
		if ((byte = get_byte(s)) == -1 ||
		    s[2] != (i < TAP_LLADDR_LEN - 1 ? ':' : '\0'))
			return SSHTAP_ERR_FORMAT;
		lladdr[i] = (uint8_t)byte;
	}
	return 0;
}

int
value_get_lladdr(const char *what, const char *s,
    uint8_t lladdr[TAP_LLADDR_LEN])
{
	static const uint8_t zero[TAP_LLADDR_LEN];
	uint8_t found[TAP_LLADDR_LEN];

	if (scan_lladdr(s, found) != 0) {
		log_error("%s \"%.64s\": expected an Ethernet address like "
		    "02:00:5e:00:53:01", what, s);
		return SSHTAP_ERR_FORMAT;
	}
	if ((found[0] & 1) != 0) {
		log_error("%s \"%.64s\": this is a multicast address: the "
		    "first byte of a device's own is even", what, s);
		return SSHTAP_ERR_FORMAT;
	}
	if (memcmp(found, zero, sizeof(found)) == 0) {
		log_error("%s \"%.64s\": no device has the address of zeros",
		    what, s);
		return SSHTAP_ERR_FORMAT;
	}
	memcpy(lladdr, found, sizeof(found));
	return 0;
}

int
value_get_uid(const char *what, const char *s, uid_t *uidp)
{
	const struct passwd *pw;
	unsigned long uid;

	if (text_get_number(s, UID_LARGEST, &uid) == 0)
		*uidp = (uid_t)uid;
	else if ((pw = getpwnam(s)) != NULL)
		*uidp = pw->pw_uid;
	else {
		log_error("%s \"%.64s\": no such user", what, s);
		return SSHTAP_ERR_FORMAT;
	}
	return 0;
}

/* The ones of a mask; -1 if zeros are among them. */
static int
count_ones(const uint8_t mask[4])
{
	int n = 0, i;

	while (n < 32 && (mask[n / 8] & (0x80 >> n % 8)) != 0)
		n++;
	for (i = n; i < 32; i++)
		if ((mask[i / 8] & (0x80 >> i % 8)) != 0)
			return -1;
	return n;
}

int
value_get_inet(const char *what, const char *s, const char *mask_what,
    const char *mask, struct tap_address *ap)
{
	struct tap_address a = { .family = AF_INET };
	uint8_t ones[4];
	int n;

	if (inet_pton(AF_INET, s, a.bytes) != 1) {
		log_error("%s \"%.64s\": expected an IPv4 address", what, s);
		return SSHTAP_ERR_FORMAT;
	}
	if (inet_pton(AF_INET, mask, ones) != 1 ||
	    (n = count_ones(ones)) == -1) {
		log_error("%s \"%.64s\": expected a mask like 255.255.255.0",
		    mask_what, mask);
		return SSHTAP_ERR_FORMAT;
	}
	a.prefix_len = (unsigned)n;
	*ap = a;
	return 0;
}

int
value_get_inet6(const char *what, const char *s, const char *bits_what,
    const char *bits, struct tap_address *ap)
{
	struct tap_address a = { .family = AF_INET6 };
	unsigned long n;

	if (inet_pton(AF_INET6, s, a.bytes) != 1) {
		log_error("%s \"%.64s\": expected an IPv6 address", what, s);
		return SSHTAP_ERR_FORMAT;
	}
	if (text_get_number(bits, 128, &n) != 0) {
		log_error("%s \"%.64s\": expected a number of bits from 1 to "
		    "128", bits_what, bits);
		return SSHTAP_ERR_FORMAT;
	}
	a.prefix_len = (unsigned)n;
	*ap = a;
	return 0;
}

int
value_get_descriptor(const char *what, const char *s, int *fdp)
{
	unsigned long fd;

	if (text_get_number(s, INT_MAX, &fd) != 0) {
		log_error("%s \"%.64s\": expected the number of an open "
		    "descriptor", what, s);
		return SSHTAP_ERR_FORMAT;
	}
	*fdp = (int)fd;
	return 0;
}

void
value_put_lladdr(const uint8_t a[TAP_LLADDR_LEN], char out[VALUE_LLADDR_TEXT])
{
	(void)snprintf(out, VALUE_LLADDR_TEXT,
	    "%02x:%02x:%02x:%02x:%02x:%02x", a[0], a[1], a[2], a[3], a[4],
	    a[5]);
}
