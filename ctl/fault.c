/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#include "ctl/fault.h"

#include <string.h>

#include "lib/err.h"
#include "lib/log.h"

void
fault_report(int r, const struct tap_fault *fault)
{
	char text[TAP_FAULT_TEXT_MAX];

	if (r == SSHTAP_ERR_SYSTEM)
		log_error("%s", tap_fault_text(fault, text, sizeof(text)));
	else
		log_error_r(r, "the device");
}

void
fault_report_device(const char *name, int r)
{
	if (r == SSHTAP_ERR_NOT_FOUND)
		log_error("there is no device %s", name);
	else
		log_error_r(r, "%s", name);
}

/* What Linux allows, the more liberal of the two (dev_valid_name, dev.c). */
int
fault_check_name(const char *name)
{
	size_t len = strlen(name);

	if (len > 0 && len < TAP_NAME_SIZE && strcmp(name, ".") != 0 &&
	    strcmp(name, "..") != 0 &&
	    strcspn(name, "/: \t\n\v\f\r") == len)
		return 0;
	log_error("\"%.64s\" is no name of an interface", name);
	return SSHTAP_ERR_FORMAT;
}
