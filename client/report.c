/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* Words only; nothing is decided here. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client/report.h"
#include "lib/err.h"
#include "lib/log.h"
#include "transport/ssh2.h"

/* Names of devices of our mode, as Linux and BSD have them. */
static const char *
device_prefix(const struct config *c)
{
	return c->mode == TAP_ETHERNET ? "tap" : "tun";
}

static const char *
permit_value(const struct config *c)
{
	return c->mode == TAP_ETHERNET ? "ethernet" : "point-to-point";
}

static void
report_no_common(const struct config *c, const struct session *s)
{
	struct view ours = session_failed_ours(s);
	struct view theirs = session_failed_theirs(s);

	log_error("no %s algorithm in common with %s: we offer %.*s; it "
	    "offers %.*s", proposal_list_text(session_failed_list(s)),
	    c->destination, (int)ours.len, (const char *)ours.p,
	    (int)theirs.len, (const char *)theirs.p);
}

static void
report_not_ssh(const struct config *c, const char *said)
{
	log_error("%s port %u does not speak SSH%s%s%s: is it the right port "
	    "(-p)?", c->hostname, c->port, *said != '\0' ? ": it said \"" : "",
	    said, *said != '\0' ? "\"" : "");
}

void
report_session(const struct config *c, const struct session *s, int r,
    const char *said)
{
	const char *text;
	uint32_t reason;

	switch (r) {
	case SSHTAP_ERR_NO_COMMON:
		report_no_common(c, s);
		break;
	case SSHTAP_ERR_VERSION:
		report_not_ssh(c, said);
		break;
	case SSHTAP_ERR_DISCONNECT:
		text = session_peer_text(s, &reason);
		log_error("%s ended the connection: %s (reason %u)",
		    c->destination, *text != '\0' ? text : "no text", reason);
		break;
	case SSHTAP_ERR_HOSTKEY:
	case SSHTAP_ERR_AUTH:
		/* Said where it was decided, with all that is known there. */
		break;
	case SSHTAP_ERR_SIGNATURE:
		log_error("%s could not prove that it owns its host key: "
		    "someone may be listening in", c->destination);
		break;
	case SSHTAP_ERR_MAC:
		log_error("a packet from %s is corrupt or was tampered with",
		    c->destination);
		break;
	case SSHTAP_ERR_TIMEOUT:
		log_error("%s did not finish a key exchange within %d s",
		    c->destination, SESSION_KEX_TIMEOUT_MS / 1000);
		break;
	default:
		log_error_r(r, "connection to %s failed", c->destination);
		break;
	}
}

/* What sshd says instead of its identification (sshd.c, since 8.5 and 9.8). */
static bool
is_busy_text(const char *said)
{
	return strcmp(said, "Exceeded MaxStartups") == 0 ||
	    strcmp(said, "Not allowed at this time") == 0;
}

void
report_closed(const struct config *c, const struct session *s,
    const char *said)
{
	if (session_peer_version(s).len == 0 && is_busy_text(said))
		log_error("%s takes no more connections from here for now: it "
		    "said \"%s\": try again in a minute", c->destination,
		    said);
	else if (session_peer_version(s).len == 0 && *said != '\0')
		report_not_ssh(c, said);
	else if (session_peer_version(s).len == 0 && c->proxy_command != NULL)
		log_error("the proxy command for %s ended before an SSH server "
		    "answered: %s", c->destination, c->proxy_command);
	else if (session_peer_version(s).len == 0)
		log_error("%s port %u closed the connection before it said "
		    "anything: is it an SSH server, and does it let this host "
		    "in?", c->hostname, c->port);
	else
		log_error("%s closed the connection", c->destination);
}

void
report_refused(const struct config *c, uint32_t reason, const char *text,
    const char *said)
{
	char unit[16] = "";

	if (c->remote_unit != TAP_UNIT_ANY)
		snprintf(unit, sizeof(unit), "%s%u", device_prefix(c),
		    c->remote_unit);
	/* The reason is always 2; the DEBUG text tells (sshd, serverloop.c). */
	if (strstr(said, "rejected tunnel device forwarding") != NULL)
		log_error("%s does not let %s make tunnels: set \"PermitTunnel "
		    "%s\" in its sshd_config", c->destination, c->user,
		    permit_value(c));
	else if (strstr(said, "Failed to open the tunnel device") != NULL)
		log_error("%s could not open its tunnel device %s: it is in "
		    "use, or %s may not open it%s", c->destination,
		    *unit != '\0' ? unit : "(any)", c->user,
		    strcmp(c->user, "root") == 0 || *unit != '\0' ? "" :
		    ": only root can ask for any unit, others name one that "
		    "was made for them (-w any:N)");
	else if (reason == SSH_OPEN_UNKNOWN_CHANNEL_TYPE)
		log_error("the SSH server on %s knows no tunnels: it takes "
		    "OpenSSH's sshd, or sshtapd", c->destination);
	/* sshtapd's texts say all. */
	else if (reason == SSH_OPEN_ADMINISTRATIVELY_PROHIBITED)
		log_error("%s does not permit the tunnel: %s", c->destination,
		    *text != '\0' ? text : "it does not say why");
	else
		log_error("%s refused the tunnel: %s (reason %u)%s%s",
		    c->destination, *text != '\0' ? text : "no text", reason,
		    *said != '\0' ? ": " : "", said);
}

/* Is it a matter of the unit that was, or was not, asked for? */
static bool
is_about_unit(const struct tap_fault *fault)
{
	return fault->step == TAP_STEP_FOREIGN ||
	    fault->step == TAP_STEP_REQUEST ||
	    (fault->step == TAP_STEP_DRIVER &&
	    (fault->error == EACCES || fault->error == EPERM));
}

void
report_tap(int r, const struct tap_fault *fault)
{
	char text[TAP_FAULT_TEXT_MAX];

	if (r != SSHTAP_ERR_SYSTEM)
		log_error_r(r, "cannot open a device here");
	else
		log_error("cannot open a device here: %s%s",
		    tap_fault_text(fault, text, sizeof(text)),
		    is_about_unit(fault) ? "; see -w" : "");
}

void
report_up(const struct config *c, const struct session *s,
    const char *near_name, const char *far_name)
{
	const struct proposal_choice *k = session_choice(s);

	if (far_name != NULL)
		log_info("tunnel up: %s here, %s on %s", near_name, far_name,
		    c->destination);
	else
		log_info("tunnel up: %s here, a %s device of its choice on %s",
		    near_name, device_prefix(c), c->destination);
	log_verbose("keys by %s and %s, sealed with %s", k->kex, k->hostkey,
	    k->cipher_c2s);
}
